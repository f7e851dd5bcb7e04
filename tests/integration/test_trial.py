"""A small trial, through the true engine, as the command runs it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.config.programs import ProgramConfig
from service.core.plans import Modality
from service.trial.plan import Task, TrialParams, find_program, plan_tasks
from service.trial.session import run_session
from service.trial.trial import Work, run_trial
from tests.support.hurried import SHIPPED, hurried

BRIEF = """
name = "brief"
title = "A treatment in a hurry"
wean_ma_per_s = 5.0
[actuation]
max_amplitude_ma = 30.0
pulse_width_us = 200.0
frequency_hz = 4.0
[success]
hold_s = 5.0
[calibration]
rest_s = 5.0
mvc_trials = 1
relax_s = 3.0
baseline_s = 5.0
[timing]
treatment_s = 80.0
reassess_s = 3.0
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "brief.toml"
    path.write_text(BRIEF)
    return str(path)


def test_the_command_tells_arms_apart_and_goes_on_where_it_was(
    program: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    asked = f"trial --program {program} --cohort responder --subjects 1 --seed 1"
    command = [*asked.split(), "--crossover", "--out", str(out), "--json"]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    report = json.loads(first.stdout)
    rows = {arm["name"]: arm for arm in report["arms"]}
    assert list(rows) == ["integral", "open-loop", "sham"]
    assert rows["integral"]["reached_fraction"] == 1.0
    assert rows["integral"]["dose_ma_s_median"] > 0
    assert rows["sham"]["reached_fraction"] == rows["sham"]["dose_ma_s_median"] == 0.0
    assert all(row["limit_violations"] == 0 for row in rows.values())
    assert all(row["flow"]["randomised"] == 1 for row in rows.values())
    lines = (out / "sessions.jsonl").read_text().splitlines()
    assert len(lines) == 3

    (out / "sessions.jsonl").write_text(f"{lines[0]}\n{lines[1]}\n{lines[2][:40]}")
    again = CliRunner().invoke(app, command)
    assert json.loads(again.stdout) == report
    assert (out / "sessions.jsonl").read_text().splitlines() == lines

    other = [*command[:-4], "--seed", "2", "--crossover", "--out", str(out)]
    refused = CliRunner().invoke(app, other)
    assert refused.exit_code == 2
    assert "another trial" in refused.stderr


def task(program: str, cohort: str, treatment_s: float) -> Task:
    params = TrialParams(
        program, (cohort,), 1, 1, comparators=(), treatment_s=treatment_s
    )
    return plan_tasks(params)[0]


def test_who_answers_adversely_is_let_go_at_once(program: str) -> None:
    result = run_session(task(program, "adverse-ems", 80.0))
    assert result.stop == "adverse"
    assert result.strikes == 1
    assert result.treated_s < 60.0
    assert result.peak_tone_ratio is not None
    assert 1.0 < result.peak_tone_ratio < 1.5
    assert result.violations == ()


def test_who_is_never_ready_is_not_randomised(program: str) -> None:
    given = task(program, "null", 80.0)
    plan = given.arm.program.calibration
    strict = replace(plan, noise_refuse_pct_mvc=1e-6)
    demanding = replace(given.arm.program, calibration=strict)
    result = run_session(replace(given, arm=replace(given.arm, program=demanding)))
    assert not result.randomised
    assert result.reason.startswith("calibration refused: the rest recording is #")
    assert result.dose == 0.0


@pytest.mark.timeout(280)  # two interpreters start, beside the other half of the tests
def test_workers_change_nothing(program: str, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra batch is not installed")
    params = TrialParams(
        program, ("null",), 2, 3, comparators=("sham",), treatment_s=5.0
    )
    alone = run_trial(params, Work())
    together = run_trial(params, Work(workers=2, out=tmp_path / "out"))
    assert together.to_json() == alone.to_json()


#: Of each shipped program a cohort that sets it apart.
TRIED = {
    "acupressure-mat": "mat-intolerant",
    "biofeedback": "responder-tonic",
    "ems-flutter": "responder-tonic",
    "ems-targeted": "adverse-ems",
    "massage": "responder-spasm",
    "massage-percussion": "adverse-vibration",
    "needling-observation": "needle-sequence-reset",
    "pressure-release": "responder-spasm",
    "pressure-release-hands": "responder-tonic",
}


def test_every_shipped_program_is_tried() -> None:
    assert set(TRIED) == set(SHIPPED) - {"ems-flutter-demo"}


@pytest.mark.parametrize("name", TRIED)
def test_no_program_leaves_a_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = hurried(name, 60.0)
    monkeypatch.setattr("service.trial.plan.find_program", lambda _: quick)
    params = TrialParams(name, (TRIED[name],), 2, 1, comparators=())
    (row,) = run_trial(params, Work()).to_data()["arms"]
    assert row["n"] == 2
    assert row["limit_violations"] == 0
    assert row["flow"]["failed"] == {}
    assert row["updates"] > 0
    assert (row["dose_median"] is None) == (not quick.actuates)
    assert quick.actuates is False or row["dose_median"] > 0
    is_electrical = quick.modality is Modality.EMS
    assert (row["dose_ma_s_median"] is None) == (not is_electrical)


def test_a_mat_ends_the_zones_of_those_who_cannot_stand_it() -> None:
    result = run_session(whole("acupressure-mat", "mat-intolerant"))
    assert result.reason == "no zone is tolerated"
    assert result.counts == {"zones_ended": 4}
    assert result.violations == ()


@pytest.mark.parametrize(
    ("cohort", "finding"),
    [("needle-sequence", "no_change"), ("needle-sequence-reset", "reset")],
)
def test_an_observation_tells_the_models_of_needles_apart(
    cohort: str, finding: str
) -> None:
    result = run_session(whole("needling-observation", cohort))
    assert result.stop == "observed"
    assert result.finding == finding
    assert result.counts["insertions"] == 6
    assert result.counts["answered"] > 0
    assert result.dose == 0.0


def whole(name: str, cohort: str) -> Task:
    """Return a session of a program with a short calibration."""
    (given,) = plan_tasks(TrialParams(name, (cohort,), 1, 1, comparators=()))
    return replace(given, arm=replace(given.arm, program=hurried(name, 120.0)))


def test_plots_are_asked_for_with_a_folder() -> None:
    asked = ["trial", "--program", "ems-flutter", "--cohort", "null", "--plots"]
    refused = CliRunner().invoke(app, asked)
    assert refused.exit_code == 2
    assert "--plots: expected --out FOLDER" in refused.stderr


def test_shipped_programs_are_found_by_name() -> None:
    assert find_program("ems-flutter").max_amplitude == 30.0
    assert ProgramConfig.from_core(find_program("ems-flutter-demo"))
