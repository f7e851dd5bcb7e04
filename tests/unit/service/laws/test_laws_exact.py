"""What each law does, number by number."""

import math
from dataclasses import replace

import pytest

from service.core.laws.bouts import BoutWindow
from service.core.laws.mapping import law_from_mapping
from service.core.laws.perturb import Move
from service.core.laws.protocol import ClosedBout, Observation, Reason

BASE = Observation(
    t_s=0.0,
    level_ma=0.0,
    level_t_s=0.0,
    tone_pct_mvc=10.0,
    threshold_pct_mvc=3.0,
    cap_ma=15.0,
)


class Drive:
    """Steps a law every 0.1 s and keeps its level."""

    def __init__(self, kind, **parameters) -> None:
        self.law = law_from_mapping({"kind": kind, **parameters})
        self.state, self.seen = self.law.start(), BASE
        self.level, self.ticks, self.reason = 0.0, 0, None

    def step(self, **changes):
        self.seen = replace(self.seen, closed=None)
        self.seen = replace(
            self.seen,
            t_s=self.ticks * 0.1,
            level_ma=self.level,
            level_t_s=max(self.ticks - 1, 0) * 0.1,
            **changes,
        )
        self.ticks += 1
        self.state, self.level, self.reason = self.law.step(self.state, self.seen)
        return self.level

    def run(self, seconds, **changes):
        for _ in range(round(seconds * 10)):
            self.step(**changes)
        return self.level

    def bout(self, tone, seconds=5.0, **changes):
        """One bout: its result arrives first, then time passes."""
        closed = ClosedBout(tone, self.level)
        self.step(tone_pct_mvc=tone, closed=closed, **changes)
        return self.run(seconds - 0.1, tone_pct_mvc=tone, **changes)


def test_integral_rises_by_gain_times_excess_and_stops_at_its_rate() -> None:
    drive = Drive("integral", gain_ma_per_s_per_pct=0.05, up_ma_per_s=0.5)
    assert drive.run(0.2) == pytest.approx(0.05 * 7 * 0.1)
    assert drive.reason is Reason.RISING
    drive.run(1.0, tone_pct_mvc=60.0)
    before = drive.level
    assert drive.step() - before == pytest.approx(0.05)
    assert drive.run(60) == 15.0
    assert drive.reason is Reason.CEILING


def test_the_time_of_a_stall_is_not_acted_on() -> None:
    law = law_from_mapping({"kind": "integral"})
    late = replace(BASE, t_s=100.0, tone_pct_mvc=90.0)
    assert law.step(None, late)[1] == pytest.approx(0.8 * 0.5)


def test_dead_band_steps_once_per_decision_and_holds_inside() -> None:
    drive = Drive("dead_band", step_ma=1.0, decision_s=5.0, up_ma_per_s=1.0)
    assert drive.run(5.0) == pytest.approx(1.0)
    assert drive.run(5.0) == pytest.approx(2.0)
    drive.run(5.0, tone_pct_mvc=3.3)
    assert drive.level == pytest.approx(2.0)
    assert drive.reason is Reason.IN_BAND
    assert drive.run(5.0, tone_pct_mvc=2.0) == pytest.approx(1.0)
    assert drive.run(5.0, tone_pct_mvc=math.nan) == pytest.approx(1.0)
    assert drive.reason is Reason.UNKNOWN


def test_dead_band_waits_a_decision_after_a_strike() -> None:
    drive = Drive("dead_band", up_ma_per_s=1.0)
    drive.run(15.0)
    drive.level *= 0.5
    assert drive.run(4.9) == pytest.approx(1.5)
    assert drive.run(2.0) > 2.4


def test_pi_starts_without_a_jump_and_follows_its_equation() -> None:
    drive = Drive("pi", gain_ma_per_pct=0.2, integral_s=20.0, up_ma_per_s=1.0)
    assert drive.step() == 0.0
    assert drive.state.integral_ma == pytest.approx(-0.2 * 7)
    drive.run(10.0)
    # No proportional kick at the start: only the integral of 7 %MVC has come in.
    assert drive.level == pytest.approx(0.2 * 7 * 9.9 / 20.0, rel=1e-6)
    before = drive.level
    drive.step(tone_pct_mvc=9.0)
    assert drive.level == pytest.approx(before + 0.2 * 7 * 0.1 / 20 - 0.2, abs=1e-9)


def test_pi_resumes_from_where_others_left_the_level() -> None:
    drive = Drive("pi", gain_ma_per_pct=0.5)
    drive.run(20.0)
    drive.level = 1.0
    assert drive.step() == pytest.approx(1.0)
    assert drive.run(1.0, quiet=True) == pytest.approx(1.0, abs=0.03)
    assert drive.reason is Reason.PATIENT


def test_relay_switches_with_hysteresis_and_minimum_times() -> None:
    drive = Drive(
        "relay", on_ma=0.5, off_after_s=2.0, min_on_s=10.0, min_off_s=6.0, up_ma_per_s=1
    )
    assert drive.run(1.0, tone_pct_mvc=3.8) == 0.0
    assert drive.run(1.0, tone_pct_mvc=4.0) == pytest.approx(0.5)
    drive.run(6.0, tone_pct_mvc=2.0)
    assert drive.level == pytest.approx(0.5)
    assert drive.reason is Reason.MINIMUM_ON
    assert drive.run(4.0) == 0.0
    drive.run(4.0, tone_pct_mvc=9.0)
    assert drive.level == 0.0
    assert drive.reason is Reason.MINIMUM_OFF
    assert drive.run(3.0) == pytest.approx(0.5)


def test_relay_needs_tone_to_stay_below_without_a_break() -> None:
    drive = Drive("relay", on_ma=0.5, off_after_s=3.0, min_on_s=0.0, up_ma_per_s=1)
    drive.run(2.0)
    for _ in range(4):
        drive.run(2.5, tone_pct_mvc=2.0)
        drive.step(tone_pct_mvc=math.nan)
    assert drive.level == pytest.approx(0.5)
    assert drive.run(3.5, tone_pct_mvc=2.0) == 0.0


def test_a_minimum_on_time_does_not_hold_against_a_cap() -> None:
    drive = Drive("relay", on_ma=8.0, min_on_s=300.0)
    drive.run(20.0)
    assert drive.level == 8.0
    assert drive.step(cap_ma=1.5) == 1.5
    assert drive.step(cap_ma=0.0) == 0.0


def test_run_to_run_corrects_once_per_run() -> None:
    drive = Drive(
        "run_to_run",
        correction=0.5,
        response_pct_mvc_per_ma=2.0,
        settle_bouts=1,
        measure_bouts=2,
    )
    for tone in (10.0, 8.0, 6.0):
        assert drive.level == 0.0
        drive.bout(tone)
    # Mean of 8 and 6 is 4 above the threshold: 0.5 * 4 / 2.
    assert drive.level == pytest.approx(1.0)
    for tone in (5.0, 2.0, 2.0):
        drive.bout(tone)
    assert drive.level == pytest.approx(0.75)


def test_run_to_run_limits_its_correction_and_skips_silence() -> None:
    drive = Drive("run_to_run", settle_bouts=0, max_step_ma=1.0)
    drive.bout(math.nan)
    assert drive.level == 0.0
    drive.bout(60.0)
    assert drive.level == pytest.approx(1.0)
    drive.bout(60.0, relaxed=True)
    assert drive.level == pytest.approx(1.0)


def measured(drive, tone):
    """One bout to settle, one to measure."""
    drive.bout(tone)
    return drive.bout(tone)


def perturbing(**parameters):
    parameters = {"settle_bouts": 1, "measure_bouts": 1, **parameters}
    return Drive("perturb", up_ma_per_s=1.0, **parameters)


def test_perturbing_climbs_while_it_helps_and_takes_a_failure_back() -> None:
    drive = perturbing()
    assert measured(drive, 10.0) == pytest.approx(1.0)
    assert measured(drive, 8.0) == pytest.approx(2.0)
    assert measured(drive, 8.1) == pytest.approx(3.0)
    # Above 1.1 times the lowest of this climb: back to the last level that helped.
    assert measured(drive, 9.0) == pytest.approx(1.0)
    assert drive.state.failed_climbs == 1
    assert drive.reason is Reason.BACKED_OFF


def test_perturbing_goes_on_down_where_less_is_better() -> None:
    drive = perturbing()
    drive.level = 5.0
    measured(drive, 10.0)
    assert measured(drive, 12.0) == pytest.approx(5.0)
    assert measured(drive, 10.0) == pytest.approx(4.0)
    assert measured(drive, 8.0) == pytest.approx(3.0)
    # Less made it worse: wait, and do not climb against it.
    assert measured(drive, 9.5) == pytest.approx(3.0)
    assert drive.state.move is Move.HOLD
    assert measured(drive, 9.5) == pytest.approx(4.0)


def test_perturbing_steps_down_when_tone_rises_by_itself() -> None:
    drive = perturbing(max_failed_climbs=1)
    drive.level = 4.0
    measured(drive, 10.0)
    assert measured(drive, 12.0) == pytest.approx(4.0)
    assert drive.state.failed_climbs == 1
    measured(drive, 12.0)
    assert drive.reason is Reason.GIVEN_UP
    assert measured(drive, 14.0) == pytest.approx(3.0)


def test_a_slow_creep_is_noticed_too() -> None:
    drive = perturbing()
    tone, peak = 10.0, 0.0
    for _ in range(20):
        peak = max(peak, measured(drive, tone))
        tone *= 1.03
    assert peak <= 4.0
    assert drive.state.failed_climbs >= 1


def test_a_strike_in_a_climb_counts_as_its_failure() -> None:
    drive = perturbing()
    measured(drive, 10.0)
    measured(drive, 8.0)
    drive.level *= 0.5
    drive.step()
    assert drive.state.failed_climbs == 1
    assert math.isnan(drive.state.reference_pct_mvc)
    assert drive.state.foot_ma == pytest.approx(1.0)


def test_a_cap_below_the_foot_is_not_climbed_out_of() -> None:
    drive = perturbing()
    for tone in (10.0, 8.0, 6.5):
        measured(drive, tone)
    assert drive.level == pytest.approx(3.0)
    drive.step(cap_ma=0.5)
    assert drive.level == 0.5
    assert drive.run(1.0, cap_ma=0.5) == 0.5
    drive.step(cap_ma=12.0)
    # Tone has risen: back, but never up to a foot that lies above.
    assert measured(drive, 9.0) == pytest.approx(0.5)
    assert drive.state.failed_climbs == 1


def test_a_bout_window_settles_first_and_skips_what_was_not_measured() -> None:
    window = BoutWindow()
    for tone in (50.0, math.nan, 4.0, math.nan):
        window = window.after(ClosedBout(tone, 1.0), settle_bouts=1)
    assert math.isnan(window.mean_pct_mvc(2))
    window = window.after(ClosedBout(6.0, 1.0), settle_bouts=1)
    assert window.mean_pct_mvc(2) == 5.0
