"""What guards on the response are for: the ordering of loops, not their numbers."""

import statistics

import pytest

from service.trial.plan import TrialParams, plan_tasks
from service.trial.result import Result
from service.trial.session import run_session

TREATMENT_S = 600.0
GUARDED, NAIVE = "integral", "naive-integral"


def sessions(cohort: str, arms: tuple[str, ...] = (NAIVE,)) -> dict[str, list[Result]]:
    """Let the same two people go through the loop with and without guards."""
    params = TrialParams(
        "ems-flutter", (cohort,), 2, 23, comparators=arms, crossover=True,
        treatment_s=TREATMENT_S,
    )  # fmt: skip
    found: dict[str, list[Result]] = {}
    for task in plan_tasks(params):
        result = run_session(task)
        assert result.randomised, result.reason
        assert result.violations == ()
        found.setdefault(task.arm.name, []).append(result)
    return found


def dose_ma_s(results: list[Result]) -> float:
    return statistics.fmean(one.dose for one in results)


def peak(results: list[Result]) -> float:
    return max(one.peak_tone_ratio or 0.0 for one in results)


@pytest.mark.timeout(280)
def test_guards_halve_the_dose_where_nothing_helps() -> None:
    found = sessions("weak")
    assert dose_ma_s(found[NAIVE]) > 2.0 * dose_ma_s(found[GUARDED])
    assert all(one.stop != "reached" for one in found[GUARDED])


@pytest.mark.timeout(280)
def test_guards_cut_dose_tenfold_and_the_rise_of_tone_where_it_harms() -> None:
    found = sessions("adverse-ems")
    assert dose_ma_s(found[NAIVE]) > 10.0 * dose_ma_s(found[GUARDED])
    assert peak(found[NAIVE]) > peak(found[GUARDED])
    assert all(one.stop == "adverse" for one in found[GUARDED])
