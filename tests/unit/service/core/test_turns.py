"""Whose turn it is: most tension first, charge balanced, nobody waits for ever."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.turns import Need, TargetedPlan, pick

PLAN = TargetedPlan()


def test_the_two_with_the_most_tension_are_picked_in_that_order() -> None:
    needs = [Need(0, 3.0, 0.0), Need(1, 9.0, 0.0), Need(2, 20.0, 0.0)]

    assert pick(needs, PLAN) == (2, 1)


def test_of_alike_tension_the_one_with_less_charge_goes_first() -> None:
    needs = [Need(0, 10.0, 900.0), Need(1, 9.0, 100.0), Need(2, 8.1, 50.0)]

    assert pick(needs, PLAN) == (2, 1)
    assert pick(needs, replace(PLAN, balance_pct_mvc=0.5)) == (0, 1)


def test_who_is_beyond_the_band_does_not_win_by_charge() -> None:
    needs = [Need(0, 10.0, 900.0), Need(1, 7.9, 0.0)]

    assert pick(needs, replace(PLAN, at_once=1)) == (0,)


def test_who_has_waited_too_long_goes_first() -> None:
    needs = [Need(0, 20.0, 0.0), Need(1, 20.0, 0.0), Need(2, 1.0, 0.0, waited=4)]

    assert pick(needs, PLAN) == (2, 0)
    assert pick([*needs[:2], replace(needs[2], waited=3)], PLAN) == (0, 1)


def test_muscles_on_their_way_down_get_what_is_left() -> None:
    easing = [Need(k, -1.0, 10.0 - k, is_tense=False) for k in range(2)]

    assert pick([*easing, Need(2, 1.0, 500.0)], PLAN) == (2, 1)
    assert pick(easing, PLAN) == (1, 0)
    assert pick([], PLAN) == ()


def test_more_than_two_at_once_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="expected 1 to 2, got 3"):
        TargetedPlan(at_once=3)


def test_the_share_of_one_muscle_is_an_equal_one_and_some_slack() -> None:
    assert [PLAN.share(n) for n in (1, 2, 4)] == [1.0, 0.75, 0.5]


def bouts(excess: list[float], n_bouts: int = 100) -> tuple[Counter, list[int]]:
    """Return how often each muscle was picked, and the longest wait of each."""
    charge, waited = [0.0] * len(excess), [0] * len(excess)
    count, longest = Counter(), [0] * len(excess)
    for _ in range(n_bouts):
        needs = [
            Need(k, e, charge[k], waited[k]) for k, e in enumerate(excess) if e > 0
        ]
        chosen = pick(needs, PLAN)
        assert len(chosen) == len(set(chosen)) <= 2
        for need in needs:
            k = need.muscle
            charge[k] += 36.0 * (k in chosen)
            waited[k] = 0 if k in chosen else waited[k] + 1
            longest[k] = max(longest[k], waited[k])
        count.update(chosen)
    return count, longest


@pytest.mark.parametrize("n", [3, 4, 5])
def test_alike_muscles_get_the_same_over_100_bouts(n: int) -> None:
    count, _ = bouts([10.0 + 0.2 * k for k in range(n)])

    assert sum(count.values()) == 200
    assert max(count.values()) - min(count.values()) <= 1


def test_the_least_tense_is_not_left_out_and_the_tensest_gets_most() -> None:
    count, longest = bouts([25.0, 15.0, 4.0])

    assert count[0] > count[1] > count[2] >= 100 // 6
    assert max(longest) <= PLAN.longest_wait_bouts


@settings(max_examples=60)
@given(st.lists(st.floats(-5.0, 40.0), min_size=1, max_size=6))
def test_nobody_who_is_tense_waits_for_ever(excess: list[float]) -> None:
    count, longest = bouts(excess, 40)

    tense = {k for k, e in enumerate(excess) if e > 0}
    assert set(count) == tense
    assert max(longest) <= PLAN.longest_wait_bouts + len(tense)
