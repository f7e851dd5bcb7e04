from typing import Any

import numpy as np
import pytest

from service.trial.outcome import Group, flow, groups, summarise
from service.trial.plan import TrialParams
from service.trial.report import TrialReport
from service.trial.result import Result


def result(subject: int = 0, arm: str = "integral", **known: Any) -> Result:
    given = {"randomised": True, "stop": "not_reached", "reason": "", "unit": "mA"}
    given |= known
    return Result("weak", subject, arm, **given)


def test_nobody_is_lost_on_the_way() -> None:
    results = [
        result(randomised=False, stop="checking", reason="calibration refused: noise"),
        result(stop="reached", reason="relaxed and weaned"),
        result(stop="not_reached", reason="treatment time is over"),
        result(stop="not_reached", reason="relapsed"),
        result(stop="not_reached", reason="no benefit at the ceiling"),
        result(stop="adverse", reason="cramp"),
        result(stop="adverse", reason="cramp"),
        result(stop="adverse", reason="treatment time is over, after 1 adverse"),
        result(stop="fault", reason="emg_stale"),
        result(stop="treating", reason="did not end within 9 s"),
    ]
    found = flow(results)
    assert found == {
        "assessed": 10,
        "not_randomised": {"calibration refused: noise": 1},
        "randomised": 9,
        "completed": 3,
        "stopped_by_guard": {
            "cramp": 2,
            "no benefit at the ceiling": 1,
            "treatment time is over, after 1 adverse": 1,
        },
        "failed": {"did not end within 9 s": 1, "emg_stale": 1},
    }


def test_the_row_of_an_arm() -> None:
    results = (
        result(0, reached_s=10.0, stop="reached", dose=100.0, naive_dose=1e3,
               peak_tone_ratio=1.0, updates=900, false_relaxed=9, treatable=True),
        result(1, reached_s=30.0, dose=300.0, naive_dose=1e3,
               peak_tone_ratio=2.0, updates=100, missed_relaxed=5, treatable=True),
        result(2, dose=500.0, naive_dose=1e3, treatable=False,
               violations=("slew", "time")),
        result(3, randomised=False, stop="checking"),
    )  # fmt: skip
    row = summarise(Group("weak", "integral", results), np.random.default_rng(1))
    assert row["n"] == 3
    assert row["reached_fraction"] == pytest.approx(2 / 3)
    assert row["kept_fraction"] == pytest.approx(1 / 3)
    assert row["reached_of_treatable"] == 1.0
    assert row["time_to_threshold_s"]["median"] == 20.0
    assert row["dose_ma_s_median"] == row["dose_median"] == 300.0
    assert row["unit"] == "mA"
    assert row["outcomes"] == {"not_reached": 2, "reached": 1}
    assert row["dose_to_naive_median"] == pytest.approx(0.3)
    assert row["peak_tone_ratio_p95"] == pytest.approx(1.95)
    assert row["limit_violations"] == 2
    assert row["false_relaxed_fraction"] == pytest.approx(0.009)
    assert row["missed_relaxed_fraction"] == pytest.approx(0.005)
    low, high = row["reached_fraction_ci95"]
    assert low < 2 / 3 < high


def test_an_arm_without_subjects_is_unknown() -> None:
    only = (result(randomised=False, stop="checking", reason="noise"),)
    row = summarise(Group("weak", "sham", only), np.random.default_rng(1))
    assert row["n"] == 0
    assert row["reached_fraction"] is row["dose_ma_s_median"] is None
    assert row["false_relaxed_fraction"] is None


def test_groups_keep_the_order_of_the_plan() -> None:
    found = groups([result(0, "b"), result(1, "a"), result(2, "b")])
    assert [(g.arm, len(g.results)) for g in found] == [("b", 2), ("a", 1)]


def test_rows_come_in_the_order_of_the_arms() -> None:
    params = TrialParams("ems-flutter-demo", ("weak",), 3, 1)
    found = [result(0, "sham"), result(1, "integral"), result(2, "open-loop")]
    rows = TrialReport(params, tuple(found)).to_data()["arms"]
    assert [row["name"] for row in rows] == ["integral", "open-loop", "sham"]


def test_the_report_tells_of_every_violation() -> None:
    params = TrialParams("ems-flutter-demo", ("weak",), 1, 1)
    broken = result(0, violations=("slew: 9 mA",), updates=1)
    report = TrialReport(params, (broken,))
    assert report.to_data()["violations"] == [
        {"cohort": "weak", "subject": 0, "arm": "integral", "what": "slew: 9 mA"}
    ]
    text = report.to_text()
    assert "weak/0/integral: slew: 9 mA" in text
    assert "1 assessed; 1 randomised; 0 completed" in text


def test_a_dose_that_is_no_current_has_its_own_unit() -> None:
    results = (result(0, unit="kPa", dose=100.0, counts={"zones_ended": 2}),)
    row = summarise(Group("weak", "program", results), np.random.default_rng(1))
    assert row["unit"] == "kPa"
    assert row["dose_median"] == 100.0
    assert row["dose_ma_s_median"] is None
    assert row["n_treatable"] is row["reached_of_treatable"] is None
    assert row["counts"] == {"zones_ended": 2}


def test_what_was_observed_is_complete_and_has_no_dose() -> None:
    found = {"unit": "", "stop": "observed", "reason": "finished by the operator"}
    results = (
        result(0, **found, counts={"insertions": 6}, finding="reset"),
        result(1, **found, counts={"insertions": 6}, finding="no_change"),
    )
    row = summarise(Group("weak", "program", results), np.random.default_rng(1))
    assert row["flow"]["completed"] == 2
    assert row["unit"] is row["dose_median"] is row["dose_ma_s_median"] is None
    assert row["findings"] == {"no_change": 1, "reset": 1}
    assert row["counts"] == {"insertions": 12}
    assert row["outcomes"] == {"observed": 2}
    assert row["reached_fraction"] is row["reached_fraction_ci95"] is None
