"""Pushes: long on-parts between long rests, once nothing else is left."""

from dataclasses import replace

import pytest

from service.config.programs import BoutConfig
from service.core.dose import ON_WINDOW_S
from service.core.guards import Window
from service.core.laws.integral import IntegralLaw
from service.core.laws.protocol import Observation
from service.core.limits import COMPILED, Quantity
from service.core.program import Bout, ResponsePlan, Success
from service.core.response import GAINED_PATIENCE, PATIENCE, Response
from service.core.rhythm import SPLIT, Rhythm, longest_on_s
from service.core.slew import FORGOTTEN_S
from service.core.tone import CARRIED_RATIO, Calibration, Relaxation

BOUT = Bout(push_s=36.0, rest_s=24.0)
FULL_S = COMPILED[Quantity.ON_FRACTION].absolute * ON_WINDOW_S


def play(n: int, *, pushes: list[bool], near: bool = False) -> list[tuple]:
    """Return (off before it, on) of each part, pushes wanted as the list says."""
    rhythm, found = Rhythm(), []
    for k in range(n):
        wanted = pushes[min(k, len(pushes) - 1)]
        off_s = rhythm.off_s(BOUT, pushes=wanted)
        rhythm = rhythm.after(pushes=wanted, near=near)
        found.append((off_s, pytest.approx(rhythm.on_s(BOUT))))
    return found


def test_without_a_reason_bouts_stay_usual() -> None:
    assert play(4, pushes=[False]) == [(2.0, 3.0)] * 4


def test_a_push_has_a_rest_before_and_after_it() -> None:
    usual, push = (2.0, 3.0), (24.0, 36.0)
    wanted = [False, True, True, False]
    assert play(5, pushes=wanted) == [usual, push, push, (24.0, 3.0), usual]


def test_a_push_near_the_threshold_is_measured_before_its_end() -> None:
    divided = [(24.0, 36.0 * SPLIT), (2.0, 36.0 * (1.0 - SPLIT))]
    assert play(3, pushes=[True], near=True) == [*divided, divided[0]]


def test_no_minute_has_more_on_time_than_may_be() -> None:
    assert longest_on_s(BOUT) == pytest.approx(FULL_S)
    assert longest_on_s(Bout()) == pytest.approx(FULL_S)
    assert longest_on_s(replace(BOUT, push_s=37.0)) > FULL_S + 0.5
    assert longest_on_s(replace(BOUT, rest_s=22.0)) > FULL_S + 0.5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"push_s": 35.9, "rest_s": 20.0}, "of any minute on"),
        ({"push_s": 40.0}, "push_s"),
        ({"push_s": 1.0, "rest_s": 1.5}, "rest_s"),
        ({"rest_s": FORGOTTEN_S}, "rest_s"),
        ({"touches": 5}, "touches"),
    ],
)
def test_a_program_that_would_push_too_much_is_refused(changed, message) -> None:
    stated = {"push_s": 36.0, **changed}
    with pytest.raises(ValueError, match=message):
        BoutConfig.model_validate(stated)


def test_the_smallest_rise_holds_only_above_the_threshold() -> None:
    law = IntegralLaw(least_up_ma_per_s=0.2)

    def level_ma(tone_pct_mvc: float, **more) -> float:
        seen = Observation(
            t_s=10.1, level_ma=5.0, level_t_s=10.0, tone_pct_mvc=tone_pct_mvc,
            threshold_pct_mvc=3.0, cap_ma=30.0, relaxed=False, quiet=False,
            closed=None,
        )  # fmt: skip
        return law.step(None, replace(seen, **more))[1]

    assert level_ma(3.1) == pytest.approx(5.02)
    assert level_ma(13.0) == pytest.approx(5.05)
    assert level_ma(2.9) < 5.0
    assert level_ma(3.1, relaxed=True) == level_ma(3.1, quiet=True) == 5.0


def test_a_tone_that_is_not_of_now_says_relaxed_with_a_margin_only() -> None:
    success = Success()
    carried = CARRIED_RATIO * success.threshold_pct_mvc
    fresh = Relaxation().after(1.0, 2.9, success)
    assert fresh.relaxed
    assert not fresh.after(2.0, 2.9, success, fresh=False).relaxed
    assert fresh.after(2.0, carried - 0.01, success, fresh=False).relaxed
    held = fresh.after(2.0, 2.9, success, fresh=False)
    assert [below for _, below in held.history] == [True, True]
    assert not fresh.lapsed().relaxed
    assert fresh.lapsed().history == fresh.history


def test_an_interruption_gives_no_time_at_the_ceiling_back() -> None:
    plan = ResponsePlan()
    there = Response().at_level(10.0, 30.0, 30.0)
    held = there.interrupted(90.0).at_level(91.0, 0.5, 30.0)
    assert held.at_cap_since_s is None
    back = held.at_level(130.0, 30.0, 30.0)
    over_s = 130.0 + PATIENCE * plan.useless_s - 80.0
    assert not back.overdue(plan, over_s - 0.1)
    assert back.overdue(plan, over_s)
    left = back.at_level(140.0, 20.0, 30.0).at_level(150.0, 30.0, 30.0)
    assert left.at_cap_since_s == 150.0


def test_the_time_at_the_ceiling_begins_when_it_is_felt_and_survives_a_rest() -> None:
    lagging = Response().at_level(10.0, 30.0, 30.0, felt=25.0)
    assert lagging.at_cap_since_s is None
    there = lagging.at_level(20.0, 30.0, 30.0, felt=30.0)
    assert there.at_cap_since_s == 20.0
    assert there.at_level(50.0, 30.0, 30.0, felt=15.0).at_cap_since_s == 20.0
    assert there.at_level(50.0, 25.0, 30.0, felt=30.0).at_cap_since_s is None


def test_pushes_are_compared_with_pushes() -> None:
    plan = ResponsePlan()

    def told(tones: list[tuple[float, float, int]]) -> bool:
        windows = tuple(Window(t, 30.0, tone, step) for t, tone, step in tones)
        now_s = tones[-1][0]
        return Response(at_cap_since_s=0.0, at_cap=windows).useless(plan, now_s)

    # After a push tone is low, as it was after the one before: nothing has changed.
    assert told([(5.0, 10.0, 0), (20.0, 10.0, 0), (60.0, 7.0, 1), (122.0, 7.0, 1)])
    assert not told([(5.0, 10.0, 0), (20.0, 10.0, 0), (60.0, 7.0, 1), (122.0, 6.0, 1)])


def test_a_push_after_which_tone_is_clearly_lower_earns_another() -> None:
    plan = ResponsePlan()

    def told(tone: float, step: int, now_s: float) -> bool:
        windows = (Window(60.0, 30.0, tone, step),)
        response = Response(at_cap_since_s=0.0, at_cap=windows)
        return response.gained(plan, now_s, bar_pct_mvc=8.0)

    assert told(7.9, 1, 150.0)
    assert not told(8.1, 1, 150.0)
    assert not told(7.9, 0, 150.0)
    assert not told(7.9, 1, GAINED_PATIENCE * plan.useless_s)


def test_a_smaller_rise_is_adverse_before_anything_has_helped() -> None:
    plan, calibration = ResponsePlan(), Calibration(3.0, 600.0, 10.0, 0.1)

    def strikes(tone: float, *, has_helped: bool) -> int:
        response = Response(has_helped=has_helped)
        for k in (1, 2):
            response = response.measured(tone)
            response = response.window_closed(plan, calibration, 5.0 * k, 10.0)
        return response.strikes

    assert strikes(11.9, has_helped=False) == 1
    assert strikes(11.8, has_helped=False) == 0
    assert strikes(12.4, has_helped=True) == 0
    assert strikes(12.6, has_helped=True) == 1
