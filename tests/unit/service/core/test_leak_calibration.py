"""Leak calibration: stepped intensity on a relaxed muscle, and what it decides."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from drivers.clock import ManualClock
from drivers.sources.simulated import SimulatedSource
from drivers.subject.person import Task
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import Stimulation, StimulationLine
from drivers.subject.subject import SimulatedSubject
from dsp.types import QualityFlag
from service.config.rig import Filtering
from service.config.treatment import DisturbanceConfig
from service.core.leak import LeakPlan, LeakResult, LeakRun, judge_leak
from service.core.model import Sample
from service.core.tone import Calibration
from service.engine.feed import Feed

PLAN = LeakPlan(maximum_ma=20.0)
CALIBRATION = Calibration(3.0, 600.0)
THRESHOLD_PCT = 3.0
ALLOWED_UV = 0.25 * 18.0


def play(level_of, plan: LeakPlan = PLAN, quality=QualityFlag.GOOD) -> LeakRun:
    run, now_s = LeakRun(plan, 0.0, 1.0), 0.0
    while not run.finished(now_s):
        rms = level_of(run.amplitude_ma(now_s))
        run = run.recorded(Sample(now_s, rms, quality))
        now_s += 0.02
    return run


def at_the_end(run: LeakRun, calibration: Calibration = CALIBRATION):
    return judge_leak(run, run.started_s + 1000.0, calibration, THRESHOLD_PCT)


def judged(level_of, **more) -> LeakResult:
    result = at_the_end(play(level_of, **more))
    assert isinstance(result, LeakResult), result
    return result


def test_the_intensity_rises_slowly_to_every_step_and_is_zero_before_and_after() -> (
    None
):
    plan = LeakPlan(maximum_ma=20.0, up_ma_per_s=1.0)
    run = LeakRun(plan, 10.0, 1.0)

    asked = [run.amplitude_ma(10.0 + t) for t in (-1, 0, 4.9, 7.5, 10, 14.9, 15.5)]
    steps = [(run.amplitude_ma(10 + 0.1 * k), 0.1 * k) for k in range(600)]
    rises = [b[0] - a[0] for a, b in pairwise(steps) if b[0] > a[0]]

    assert asked == pytest.approx([0, 0, 0, 2.5, 5, 5, 5.5])
    assert max(rises) <= 0.1 + 1e-9
    assert max(ma for ma, _ in steps) == 20.0
    assert run.finished(10.0 + 5.0 + 4 * 10.0)
    assert not run.finished(10.0 + 5.0 + 4 * 10.0 - 0.1)
    assert steps[-1][0] == 0.0


def test_no_leak_is_none() -> None:
    result = judged(lambda _: 3.5)

    assert result.slope_uv_per_ma == 0.0
    assert result.refusal == ""
    assert result.allowed_uv == pytest.approx(ALLOWED_UV)


def test_a_small_leak_is_measured_and_allowed() -> None:
    result = judged(lambda ma: math.hypot(3.0, 0.1 * ma))

    assert result.slope_uv_per_ma == pytest.approx(0.1)
    assert result.slope_pct_mvc_per_ma == pytest.approx(0.1 / 6.0)
    assert result.worst_uv == pytest.approx(2.0)
    assert result.refusal == ""


def test_more_than_a_quarter_of_the_threshold_is_refused_in_words() -> None:
    result = judged(lambda ma: math.hypot(3.0, 0.3 * ma))

    assert result.worst_uv == pytest.approx(6.0)
    assert "leaves 6.0 µV (0.30 µV per mA), expected at most 4.5 µV" in result.refusal
    assert "off-windows" in result.refusal


def test_a_muscle_that_is_not_relaxed_says_nothing_about_a_leak() -> None:
    answer = at_the_end(play(lambda _: 60.0))

    assert isinstance(answer, str)
    assert "at 10.0 %MVC without stimulation" in answer


def test_a_step_without_a_measurement_is_named() -> None:
    def level(ma: float) -> float:
        return math.nan if ma >= 15 else 3.0

    answer = at_the_end(play(level))
    bad = play(lambda _: 3.0, quality=QualityFlag.ARTIFACT)

    assert isinstance(answer, str)
    assert "at 15, 20 mA" in answer
    assert "at 0, 5, 10, 15, 20 mA" in str(at_the_end(bad))


def test_every_step_is_judged_when_it_is_over_and_too_much_ends_the_steps() -> None:
    def verdicts(level_of) -> list:
        run = LeakRun(PLAN, 0.0, 1.0)
        for k in range(4000):
            now_s = 0.02 * k
            run = run.recorded(
                Sample(now_s, level_of(run.amplitude_ma(now_s)), QualityFlag.GOOD)
            )
            verdict = judge_leak(run, now_s, CALIBRATION, THRESHOLD_PCT)
            if verdict is not None:
                return [run.step_at(now_s), verdict]
        return []

    leaking, refused = verdicts(lambda ma: math.hypot(3.0, 0.8 * ma))
    clean, passed = verdicts(lambda _: 3.0)
    tense, why = verdicts(lambda _: 60.0)

    assert leaking == 3, "15 and 20 mA are spared to the person"
    assert refused.worst_uv == pytest.approx(8.0)
    assert refused.measured_ma == 10.0
    assert refused.refusal
    assert refused.slope_uv_per_ma == pytest.approx(0.8)
    assert (clean, passed.refusal, passed.measured_ma) == (5, "", 20.0)
    assert tense == 1, "no stimulation where the muscle is not relaxed"
    assert "relax and repeat" in why


def test_steps_are_on_the_grid_of_the_device_and_never_fall() -> None:
    plan = LeakPlan(maximum_ma=15.0, grid_ma=0.5)
    run = LeakRun(plan, 0.0, 1.0)

    asked = [run.amplitude_ma(0.05 * k) for k in range(round(40 / 0.05))]

    assert plan.amplitudes_ma == pytest.approx((0, 3.5, 7.5, 11, 15))
    until_end = asked[: asked.index(15.0)]
    assert all(b >= a for a, b in pairwise(until_end))
    assert plan.on_s == pytest.approx(4 * 5.0 + 15.0 / 0.8)


def test_windows_that_reach_into_the_rise_do_not_count() -> None:
    run = LeakRun(LeakPlan(20.0, up_ma_per_s=1.0), 0.0, 1.0)
    early = Sample(12.45, 9.0, QualityFlag.GOOD)

    assert run.recorded(early).rms_uv == ()
    assert run.recorded(replace(early, t_s=12.55)).rms_uv == ((), (9.0,))
    assert run.recorded(replace(early, t_s=12.55, lag_s=0.2)).rms_uv == ()


def leak_of(
    treatment: DisturbanceConfig | None, up_ma_per_s: float = 0.8
) -> LeakResult | str:
    """Play the steps on a simulated person who rests, through the chain of a feed."""
    clock, line = ManualClock(), StimulationLine()
    params = subject_params("responder", 1)
    subject = SimulatedSubject(params, 2048.0, 1, 1)
    source = SimulatedSource("emg", subject, clock, line)
    feed = Feed("emg", source.open(), Filtering(), 1.0, treatment)
    source.prompt(Task.REST)
    plan = LeakPlan(maximum_ma=20.0, up_ma_per_s=up_ma_per_s)
    run = LeakRun(plan, 5.0, 1.0)
    while not run.finished(clock.now_s()):
        ma = run.amplitude_ma(clock.now_s())
        line.put(Stimulation(ma, 5.0, 200.0), clock.now_s() + 1.0)
        feed.expect_pulses(5.0 if ma else 0.0)
        for chunk in source.poll(0.1):
            feed.take(chunk)
        sample = feed.sample(0)
        assert sample is not None
        run = run.recorded(sample)
    return at_the_end(run, Calibration(3.0, params.sigma_mvc_uv))


def test_on_a_simulated_person_filtering_alone_is_refused_and_cleaning_is_not() -> None:
    filtered = leak_of(None)
    cleaned = leak_of(DisturbanceConfig(artifact="comb"))
    silent = leak_of(DisturbanceConfig(artifact="off_windows"))

    assert isinstance(filtered, LeakResult)
    assert filtered.worst_uv > 20 * filtered.allowed_uv
    assert filtered.refusal
    assert isinstance(cleaned, LeakResult), cleaned
    assert cleaned.refusal == ""
    assert cleaned.slope_pct_mvc_per_ma < 0.02
    assert "nothing could be measured at 5, 10, 15, 20 mA" in str(silent)


def test_a_muscle_that_is_startled_by_steep_steps_is_not_let_pass() -> None:
    steep = leak_of(DisturbanceConfig(artifact="comb"), up_ma_per_s=100.0)

    assert isinstance(steep, LeakResult)
    assert steep.refusal, "it contracts, which is no leak: hence the slow rise"
