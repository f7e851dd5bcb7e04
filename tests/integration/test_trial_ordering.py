"""What guards on the response are for: the ordering of loops, not their numbers."""

import statistics
from dataclasses import replace

import pytest

from bench.ordering import continuous
from bench.ordering.render import missed
from bench.ordering.runs import GUARDED, PARTS, RESPONDERS, STEP, WEAK
from service.trial.arms import NAIVE, NAIVE_OPEN_LOOP
from service.trial.plan import TrialParams, plan_tasks
from service.trial.result import Result
from service.trial.session import run_session

TREATMENT_S = 600.0
#: Longer than any loop with guards needs; one without goes on to the end.
HELPED_S = 300.0
SEED, PEOPLE = 23, 2

Sessions = dict[str, list[Result]]


def lived_through(params: TrialParams) -> Sessions:
    found: Sessions = {}
    for task in plan_tasks(params):
        result = run_session(task)
        assert result.randomised, result.reason
        assert result.violations == ()
        found.setdefault(task.arm.name, []).append(result)
    return found


def sessions(cohort: str) -> Sessions:
    """Let the same two people go through the loop with and without guards."""
    params = TrialParams(
        "ems-flutter", (cohort,), PEOPLE, SEED, comparators=(NAIVE,), crossover=True,
        treatment_s=TREATMENT_S,
    )  # fmt: skip
    return lived_through(params)


def dose_ma_s(results: list[Result]) -> float:
    return statistics.fmean(one.dose for one in results)


def peak(results: list[Result]) -> float:
    return max(one.peak_tone_ratio or 0.0 for one in results)


@pytest.mark.timeout(280)
def test_guards_halve_the_dose_where_nothing_helps() -> None:
    found = sessions("weak")
    assert dose_ma_s(found[NAIVE]) > 2.0 * dose_ma_s(found[GUARDED])
    assert all(one.stop != "reached" for one in found[GUARDED])
    assert all(one.treated_s < TREATMENT_S for one in found[GUARDED])
    assert all(one.residual_amplitude == 0.0 for one in found[GUARDED])
    assert all((one.residual_amplitude or 0.0) > 0.0 for one in found[NAIVE])


@pytest.mark.timeout(280)
def test_guards_cut_dose_tenfold_and_the_rise_of_tone_where_it_harms() -> None:
    found = sessions("adverse-ems")
    assert dose_ma_s(found[NAIVE]) > 10.0 * dose_ma_s(found[GUARDED])
    assert peak(found[NAIVE]) > peak(found[GUARDED])
    assert all(one.stop == "adverse" for one in found[GUARDED])
    assert all(one.residual_amplitude == 0.0 for one in found[GUARDED])


@pytest.mark.timeout(280)
def test_guards_cost_no_success_where_it_helps_and_leave_nothing_on() -> None:
    params = PARTS[0].params(PEOPLE, SEED)
    found = lived_through(replace(params, treatment_s=HELPED_S))
    assert set(found) == {GUARDED, STEP, NAIVE, NAIVE_OPEN_LOOP}
    for guarded, bare in zip(found[GUARDED], found[NAIVE], strict=True):
        assert guarded.reached_s is not None
        assert guarded.reached_s == bare.reached_s
        assert guarded.dose < bare.dose
    doses = {arm: dose_ma_s(own) for arm, own in found.items()}
    assert max(doses, key=doses.__getitem__) == NAIVE_OPEN_LOOP
    for arm in (GUARDED, STEP):
        assert [one.residual_amplitude for one in found[arm]] == [0.0] * PEOPLE
    for arm in (NAIVE, NAIVE_OPEN_LOOP):
        assert {one.reason for one in found[arm]} == {"treatment time is over"}
    kept_on = [one.residual_amplitude or 0.0 for one in found[NAIVE_OPEN_LOOP]]
    assert min(kept_on) > 0.0


def test_under_continuous_stimulation_all_orders_are_those_expected() -> None:
    cells = continuous.run(12, 1, 2)

    assert {len(people) for people in cells.values()} == {12}
    assert missed(cells) == []
    again = cells[(RESPONDERS, GUARDED)][3]
    alone = continuous.run(4, 1, 1)
    assert alone[(RESPONDERS, GUARDED)][3] == again


def test_an_unguarded_loop_breaks_the_orders(monkeypatch) -> None:
    bare = tuple(replace(one, guarded=False) for one in continuous.LOOPS)
    harm = tuple(one for one in bare if one.name in {NAIVE, GUARDED})
    monkeypatch.setattr(continuous, "CELLS", ((RESPONDERS, bare), (WEAK, harm)))

    told = "; ".join(missed(continuous.run(4, 1, 1)))
    assert "weak-spasm, let go: integral = 1 in everybody" in told
    assert "weak-spasm, median dose" in told
