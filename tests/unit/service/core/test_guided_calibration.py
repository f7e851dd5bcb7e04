"""Guided calibration: prompts in order, trials that count, trials that are repeated."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dsp.types import QualityFlag
from service.core.calibrating import begin_calibration
from service.core.calibration import CalibrationRun, conclude
from service.core.limits import compiled_limits
from service.core.model import Command, Phase, Sample, SampleArrived, Verb
from service.core.program import CalibrationPlan, Program
from service.core.session import reduce
from service.core.state import Session, Setup
from service.core.steps import cues, plan_steps
from service.core.tone import Calibration
from service.core.trials import judge
from tests.support.sites import ONE_SITE

PLAN = CalibrationPlan(
    rest_s=10, mvc_s=4, mvc_trials=3, pause_s=5, relax_s=3, baseline_s=6
)
NOISE_UV = 3.0
BASELINE_UV = 60.0


def play(plan: CalibrationPlan, trials_uv: list[float], **given) -> CalibrationRun:
    """Play a calibration in which each trial reaches what is listed."""
    steps = plan_steps(
        plan,
        noise_given="noise_uv" in given,
        mvc_given="mvc_uv" in given,
    )
    run = CalibrationRun(steps, 0.0, plan=plan, **given)
    now_s, left = 0.0, list(trials_uv)
    rng = np.random.default_rng(1)
    levels = {"noise": 1.0, "baseline": BASELINE_UV}
    current = left.pop(0) if left else math.nan
    while run.steps:
        name = run.step.name
        contracts = name in {"mvc", "rvc"}
        rms = current if contracts else levels.get(name, NOISE_UV)
        rms *= 1 + 0.01 * rng.standard_normal()
        run = run.recorded(Sample(now_s, rms, QualityFlag.GOOD, 0.0, rms))
        now_s += 0.02
        if run.finished(now_s):
            run = run.advanced(now_s)
            if contracts:
                current = left.pop(0) if left else math.nan
        assert now_s < 1000
    assert not left, "all trials were asked for"
    return run


def calibration(plan=PLAN, trials=(400.0, 405.0, 395.0), **given) -> Calibration:
    result = conclude(play(plan, list(trials), **given))
    assert isinstance(result, Calibration), result
    return result


def test_three_trials_that_agree_are_enough_and_the_best_window_counts() -> None:
    result = calibration()

    assert result.mvc_uv == pytest.approx(405.0, rel=0.04)
    assert result.noise_uv == pytest.approx(NOISE_UV, rel=0.1)
    assert result.baseline_pct_mvc == pytest.approx(100 * BASELINE_UV / 405, rel=0.05)
    assert (result.kind, result.origin, result.unit) == ("mvc", "measured", "pct_mvc")
    assert result.warnings == ()


def test_an_outlier_is_left_out_and_replaced_by_one_more_trial() -> None:
    run = play(PLAN, [400.0, 2500.0, 405.0, 398.0])

    result = conclude(run)

    assert isinstance(result, Calibration)
    assert result.mvc_uv == pytest.approx(405.0, rel=0.04)
    (warning,) = result.warnings
    assert warning.startswith("trial 2 was left out: 25")
    assert "far from the median" in warning


def test_a_trial_without_contraction_is_repeated() -> None:
    run = play(PLAN, [400.0, 3.5, 405.0, 402.0])

    verdicts = run.judgement.verdicts

    assert [bool(v.rejected) for v in verdicts] == [False, True, False, False]
    assert "no contraction was seen" in verdicts[1].rejected


def test_trials_that_do_not_agree_are_repeated_but_not_for_ever() -> None:
    run = play(PLAN, [300.0, 200.0, 400.0, 250.0, 500.0])

    result = conclude(run)

    assert isinstance(result, Calibration)
    assert any("differ by 2" in warning for warning in result.warnings)


def test_what_never_succeeds_is_refused_with_the_reason() -> None:
    refused = conclude(play(PLAN, [3.5] * 5))

    assert isinstance(refused, str)
    assert "no trial counts (no contraction was seen" in refused
    assert "repeat" in refused


def test_a_single_trial_needs_no_other() -> None:
    result = calibration(replace(PLAN, mvc_trials=1), [400.0])

    assert result.mvc_uv == pytest.approx(400.0, rel=0.04)


def test_a_load_stands_for_a_contraction_that_hurts_and_says_so() -> None:
    plan = replace(PLAN, reference="rvc", rvc_pct_mvc=20.0)

    result = calibration(plan, [80.0, 84.0, 82.0])

    assert result.mvc_uv == pytest.approx(5 * 82.0, rel=0.03)
    assert result.unit == "pct_mvc_from_rvc"
    assert "20 %MVC, which was not measured" in result.warnings[0]


def test_noise_recorded_apart_leaves_the_tone_of_the_rest_known() -> None:
    result = calibration(replace(PLAN, noise_s=8.0))

    assert result.noise_uv == pytest.approx(1.0, rel=0.1)
    assert result.rest_uv == pytest.approx(math.sqrt(NOISE_UV**2 - 1), rel=0.1)


def test_given_values_leave_the_baseline() -> None:
    steps = plan_steps(PLAN, noise_given=True, mvc_given=True)
    result = calibration(
        trials=[], noise_uv=3.0, mvc_uv=500.0, origin="stored", kind="rvc"
    )

    assert [step.name for step in steps] == ["relax", "baseline"]
    assert result.mvc_uv == pytest.approx(math.sqrt(500.0**2 - 9.0))
    assert (result.origin, result.kind) == ("stored", "rvc")


def test_what_was_recorded_before_one_could_react_does_not_count() -> None:
    late = Sample(1.2, 9.0, QualityFlag.GOOD, lag_s=0.0, short_uv=9.0)
    steps = plan_steps(replace(PLAN, mvc_trials=1), noise_given=True, mvc_given=False)
    run = CalibrationRun(steps[1:], 0.0, plan=PLAN, noise_uv=1.0)

    assert run.step.name == "mvc"
    assert run.recorded(late).rms_uv == ()
    assert run.recorded(replace(late, t_s=1.51)).rms_uv == (9.0,)
    assert run.recorded(replace(late, t_s=1.8, lag_s=0.4)).rms_uv == ()


def test_motion_is_no_contraction_but_does_not_end_a_rest() -> None:
    moving = Sample(5.0, 900.0, QualityFlag.DRIFT, 0.0, 900.0)
    steps = plan_steps(replace(PLAN, mvc_trials=1), noise_given=False, mvc_given=False)
    rest = CalibrationRun(steps, 0.0, plan=PLAN)
    mvc = CalibrationRun(steps[1:], 0.0, plan=PLAN, noise_uv=3.0)

    assert mvc.recorded(moving).rms_uv == ()
    assert mvc.recorded(replace(moving, quality=QualityFlag.GOOD)).rms_uv == (900.0,)
    assert rest.recorded(moving).rms_uv == (900.0,), "the low percentile leaves it out"
    (verdict,) = mvc.advanced(6.0).judgement.verdicts
    assert "keep cables from moving" in verdict.rejected


def test_a_contraction_is_counted_down_to_and_cheered() -> None:
    rest, mvc, *_ = plan_steps(PLAN, noise_given=False, mvc_given=False)

    before, during, alone = cues(rest, mvc), cues(mvc, rest), cues(rest, None)

    assert before[-3:] == ((7.0, "three"), (8.0, "two"), (9.0, "one"))
    assert during == ((2.0, "harder, keep going"), (3.0, "one more second"))
    assert alone == ((5.0, "5 seconds more"),)


def test_every_cue_is_given_once() -> None:
    steps = plan_steps(PLAN, noise_given=False, mvc_given=False)
    run = CalibrationRun(steps, 0.0, plan=PLAN)
    heard = []
    for k in range(100):
        run, words = run.said(0.1 * k)
        heard += words

    assert heard == [words for _, words in cues(steps[0], steps[1])]


def test_a_submaximal_trial_is_its_median_not_its_peak() -> None:
    plan = replace(PLAN, reference="rvc")
    trial = (80.0,) * 5 + (300.0,)

    assert judge((trial,), 0.0, plan).reference_uv == 80.0
    assert judge((trial,), 0.0, PLAN).reference_uv == 300.0


def new_session(plan: CalibrationPlan) -> Session:
    program = replace(Program(), calibration=plan)
    setup = Setup("s", program, compiled_limits(), ONE_SITE)
    return Session(setup, phase=Phase.CHECKING)


def test_the_session_tells_prompts_cues_and_verdicts() -> None:
    session, notes = begin_calibration(
        new_session(PLAN), Command(0.0, Verb.CALIBRATE, noise_uv=3.0)
    )
    told = list(notes)
    now_s = 0.0
    while session.phase is Phase.CALIBRATING:
        now_s += 0.05
        run = session.calibrating
        assert run is not None
        level = {"mvc": 400.0, "baseline": 60.0}.get(run.step.name, 3.0)
        sample = Sample(now_s, level, QualityFlag.GOOD, 0.0, level)
        session, notes = reduce(session, SampleArrived(now_s, sample))
        told += notes

    prompts = [n.detail for n in told if n.kind == "prompt"]
    assert [p["task"] for p in prompts][:3] == ["rest", "mvc", "rest"]
    assert prompts[0]["text"] == "Get ready"
    trials = [(p["trial"], p["of"]) for p in prompts if p["task"] == "mvc"]
    assert trials == [(1, 3), (2, 3), (3, 3)]
    assert [n.detail["text"] for n in told if n.kind == "cue"][:3] == [
        "three",
        "two",
        "one",
    ]
    verdicts = [n.detail for n in told if n.kind == "trial"]
    assert [v["counts"] for v in verdicts] == [True] * 3
    assert verdicts[0]["achieved_uv"] == pytest.approx(400.0, rel=0.01)
    assert session.phase is Phase.READY


def test_values_that_are_none_are_refused() -> None:
    for bad in (0.0, -1.0, math.nan, math.inf):
        command = Command(0.0, Verb.CALIBRATE, noise_uv=bad)
        session, (note,) = begin_calibration(new_session(PLAN), command)

        assert session.phase is Phase.CHECKING
        assert "finite and above 0" in str(note.detail["why"])
