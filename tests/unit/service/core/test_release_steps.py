"""Every step of a pressure release, and everything that ends it, in exact numbers."""

import math
from dataclasses import replace

import pytest

from service.core.release_plan import LET_GO_S, ReleasePlan
from service.core.release_run import Look, Release, ReleaseStep, Why
from service.core.release_steps import (
    CALM_S,
    GUARDING_S,
    advance,
    held,
    is_in_band,
    let_go,
    next_cycle,
    said,
)

PLAN = ReleasePlan()
STEP_S = 0.1


def at(step: ReleaseStep, **more) -> Release:
    return replace(Release(0.0, 0.0, step, site=0, is_told=True), **more)


def play(run: Release, until_s: float, plan: ReleasePlan = PLAN, **look):
    """Update until a step ends; return the run, why, and when."""
    for k in range(1, round(until_s / STEP_S) + 1):
        now_s = k * STEP_S
        run, why = advance(run, plan, Look(now_s, **look))
        if why:
            return run, why, pytest.approx(now_s, abs=1e-9)
    return run, Why.NOT_YET, until_s


# --- seek -----------------------------------------------------------------------------


def test_the_site_that_the_channels_show_is_pressed() -> None:
    run, why, _ = play(at(ReleaseStep.SEEK, site=None), 1.0, site=2)
    assert (run.step, run.site, why) == (ReleaseStep.RAMP, 2, Why.SITE)
    assert run.kpa == 0.0
    assert not run.is_told


def test_a_site_that_was_named_counts_before_the_channels() -> None:
    named = at(ReleaseStep.SEEK, site=1, is_named=True)
    run, why, _ = play(named, 1.0, site=2)
    assert (run.site, why) == (1, Why.NAMED)


def test_seeking_is_given_up_after_its_patience() -> None:
    run, why, at_s = play(at(ReleaseStep.SEEK, site=None), 100.0)
    assert (run.step, why) == (ReleaseStep.SEEK, Why.PATIENCE)
    assert at_s == PLAN.patience_s


def test_waiting_for_the_actuators_rest_costs_no_patience() -> None:
    run, why, _ = play(at(ReleaseStep.SEEK), 200.0, may_press=False, is_resting=True)
    assert (run.step, why) == (ReleaseStep.SEEK, Why.NOT_YET)


def test_a_site_that_may_not_be_pressed_is_waited_for() -> None:
    run, why, at_s = play(at(ReleaseStep.SEEK), 100.0, may_press=False)
    assert (run.step, why, at_s) == (ReleaseStep.SEEK, Why.PATIENCE, PLAN.patience_s)


# --- ramp -----------------------------------------------------------------------------


def test_the_ramp_rises_as_fast_as_planned() -> None:
    run = at(ReleaseStep.RAMP)
    for k in range(1, 51):
        look = Look(k * STEP_S, pressed_kpa=run.kpa, goal_kpa=80.0)
        run, why = advance(run, PLAN, look)
        assert not why
    assert run.kpa == pytest.approx(5.0 * PLAN.ramp_kpa_per_s)


def test_a_ramp_that_nobody_looked_at_does_not_jump() -> None:
    run, _ = advance(
        at(ReleaseStep.RAMP), PLAN, Look(9.0, pressed_kpa=0.0, goal_kpa=80)
    )
    assert run.kpa == pytest.approx(0.1 * PLAN.ramp_kpa_per_s)


def test_a_ramp_that_is_held_back_stays_near_what_is_there() -> None:
    run, _, _ = play(at(ReleaseStep.RAMP), 20.0, pressed_kpa=10.0, goal_kpa=80.0)
    assert run.kpa == pytest.approx(10.0 + PLAN.ramp_kpa_per_s)


def test_the_ramp_ends_at_its_goal() -> None:
    ramp = at(ReleaseStep.RAMP, kpa=80.0)
    run, why, _ = play(ramp, 1.0, pressed_kpa=80.0, goal_kpa=80.0, tone_pct_mvc=9.0)
    assert (run.step, why, run.kpa) == (ReleaseStep.HOLD, Why.GOAL, 80.0)
    assert run.hold_pct_mvc == 9.0


def test_a_goal_of_nothing_is_no_pressure() -> None:
    run, why, at_s = play(at(ReleaseStep.RAMP), 100.0, pressed_kpa=0.0, goal_kpa=0.0)
    assert (run.step, why, at_s) == (ReleaseStep.RAMP, Why.PATIENCE, PLAN.ramp_s)


def test_a_ramp_that_takes_too_long_is_held_where_it_is() -> None:
    ramp = at(ReleaseStep.RAMP, kpa=20.0)
    run, why, at_s = play(ramp, 100.0, pressed_kpa=20.0, goal_kpa=80.0)
    assert (run.step, why, at_s) == (ReleaseStep.HOLD, Why.TIME, PLAN.ramp_s)
    assert run.kpa == 20.0


def test_a_lower_goal_lowers_the_ramp() -> None:
    look = Look(0.1, pressed_kpa=50.0, goal_kpa=30.0)
    run, why = advance(at(ReleaseStep.RAMP, kpa=50.0), PLAN, look)
    assert (run.step, run.kpa, why) == (ReleaseStep.HOLD, 30.0, Why.GOAL)


def test_hands_that_say_nothing_are_given_up() -> None:
    run, why, at_s = play(at(ReleaseStep.RAMP), 100.0)
    assert (run.step, why, at_s) == (ReleaseStep.RAMP, Why.PATIENCE, PLAN.ramp_s)
    assert run.kpa == 0.0


@pytest.mark.parametrize(
    ("nrs", "step", "why"),
    [
        (0.0, ReleaseStep.RAMP, Why.NOT_YET),
        (4.9, ReleaseStep.RAMP, Why.NOT_YET),
        (5.0, ReleaseStep.HOLD, Why.AGREED),
        (6.9, ReleaseStep.HOLD, Why.AGREED),
        (7.0, ReleaseStep.EASE, Why.TOO_MUCH),
        (10.0, ReleaseStep.EASE, Why.TOO_MUCH),
    ],
)
def test_what_a_discomfort_does_to_the_ramp(nrs: float, step, why) -> None:
    ramp = at(ReleaseStep.RAMP, kpa=42.0)
    run, ended = said(ramp, PLAN, Look(1.0, pressed_kpa=40.0), nrs)
    assert (run.step, ended) == (step, why)
    assert run.wanted_kpa(PLAN, 1.0) == {"ramp": 42.0, "hold": 40.0, "ease": 0.0}[step]


@pytest.mark.parametrize(
    ("agreed", "too_much"), [(1.0, 3.0), (4.0, 6.0), (5.0, 7.0), (7.0, 7.0)]
)
def test_two_points_more_than_agreed_are_too_much_but_never_above_seven(
    agreed: float, too_much: float
) -> None:
    assert replace(PLAN, discomfort_nrs=agreed).too_much_nrs == too_much


def test_after_enough_no_later_ramp_goes_beyond() -> None:
    look = Look(1.0, pressed_kpa=40.0)
    run, why = held(at(ReleaseStep.RAMP, kpa=42.0), look, Why.ENOUGH)
    assert (run.step, run.kpa, run.most_kpa) == (ReleaseStep.HOLD, 40.0, 40.0)
    assert why is Why.ENOUGH
    again = replace(run.to(ReleaseStep.RAMP, 2.0), kpa=40.0)
    look = Look(2.1, pressed_kpa=40.0, goal_kpa=80.0)
    run, why = advance(again, PLAN, look)
    assert (run.step, run.kpa, why) == (ReleaseStep.HOLD, 40.0, Why.GOAL)


# --- hold -----------------------------------------------------------------------------

HELD = at(ReleaseStep.HOLD, kpa=80.0, hold_pct_mvc=10.0)


def test_a_fall_by_the_share_is_a_release_but_not_before_half_a_minute() -> None:
    run, why, at_s = play(HELD, 100.0, tone_pct_mvc=5.0, pressed_kpa=80.0)
    assert (run.step, why, at_s) == (ReleaseStep.EASE, Why.RELEASED, PLAN.hold_min_s)


def test_a_smaller_fall_is_held_to_the_end() -> None:
    run, why, at_s = play(HELD, 100.0, tone_pct_mvc=5.1, pressed_kpa=80.0)
    assert (run.step, why, at_s) == (ReleaseStep.EASE, Why.TIME, PLAN.hold_max_s)


def test_a_release_has_to_last() -> None:
    run = HELD
    for k in range(1, 600):
        tone = 4.0 if k % 25 else 8.0
        run, why = advance(run, PLAN, Look(k * STEP_S, tone_pct_mvc=tone))
        assert not why, "never three seconds in a row"


def test_a_discomfort_that_has_halved_is_a_release() -> None:
    run = replace(HELD, worst_nrs=5.0, nrs=2.5)
    run, why, at_s = play(run, 100.0, tone_pct_mvc=10.0)
    assert (run.step, why, at_s) == (ReleaseStep.EASE, Why.HALVED, PLAN.hold_min_s)


@pytest.mark.parametrize(("worst", "nrs"), [(2.0, 0.0), (5.0, 3.0), (math.nan,) * 2])
def test_what_does_not_count_as_halved(worst: float, nrs: float) -> None:
    run = replace(HELD, worst_nrs=worst, nrs=nrs)
    _, why, at_s = play(run, 100.0, tone_pct_mvc=10.0)
    assert (why, at_s) == (Why.TIME, PLAN.hold_max_s)


@pytest.mark.parametrize("step", [ReleaseStep.RAMP, ReleaseStep.HOLD])
def test_guarding_lets_go_at_once(step: ReleaseStep) -> None:
    run = at(step, kpa=60.0, hold_pct_mvc=10.0)
    tense = {"tone_pct_mvc": 15.1, "guarding_pct_mvc": 15.0}
    run, why, at_s = play(run, 10.0, pressed_kpa=60.0, goal_kpa=80.0, **tense)
    assert (run.step, why) == (ReleaseStep.EASE, Why.GUARDING)
    assert at_s == pytest.approx(GUARDING_S + STEP_S)
    assert run.wanted_kpa(PLAN, run.since_s) == 0.0


def test_guarding_that_began_in_the_ramp_counts_in_the_hold() -> None:
    tense = {"tone_pct_mvc": 20.0, "guarding_pct_mvc": 15.0, "pressed_kpa": 60.0}
    run = at(ReleaseStep.RAMP, kpa=60.0, guarding_since_s=0.0)
    run, _ = held(run, Look(2.0, **tense), Why.AGREED)
    run, why = advance(run, PLAN, Look(3.0, **tense))
    assert why is Why.GUARDING


def test_nothing_is_held_for_longer_than_planned_by_silence_either() -> None:
    assert HELD.wanted_kpa(PLAN, PLAN.hold_max_s) == 80.0
    assert HELD.wanted_kpa(PLAN, PLAN.hold_max_s + 1.0) == 0.0
    ramp = at(ReleaseStep.RAMP, kpa=30.0)
    assert ramp.wanted_kpa(PLAN, PLAN.ramp_s + 1.0) == 0.0


def test_too_much_in_the_hold_lets_go_and_less_does_not() -> None:
    run, why = said(HELD, PLAN, Look(3.0), 6.9)
    assert (run.step, why) == (ReleaseStep.HOLD, Why.NOT_YET)
    run, why = said(run, PLAN, Look(4.0), 7.0)
    assert (run.step, why) == (ReleaseStep.EASE, Why.TOO_MUCH)
    assert run.wanted_kpa(PLAN, 4.0) == 0.0


# --- ease, effort, settle, stretch, check ---------------------------------------------


def test_pressure_that_is_let_go_falls_straight_to_zero() -> None:
    run, _ = let_go(HELD, 50.0, Why.RELEASED)
    wanted = [run.wanted_kpa(PLAN, 50.0 + LET_GO_S * k / 4) for k in range(6)]
    assert wanted == pytest.approx([80.0, 60.0, 40.0, 20.0, 0.0, 0.0])


def test_the_position_of_ease_lasts_as_planned() -> None:
    run, why, at_s = play(at(ReleaseStep.EASE), 100.0)
    assert (run.step, why, at_s) == (ReleaseStep.EFFORT, Why.TIME, PLAN.ease_s)


def test_only_effort_within_the_band_counts() -> None:
    run = at(ReleaseStep.EFFORT)
    for k in range(1, 101):
        tone = 25.0 if k % 2 else 35.0
        run, why = advance(run, PLAN, Look(k * STEP_S, tone_pct_mvc=tone))
        assert not why
    assert run.in_band_s == pytest.approx(5.0)


@pytest.mark.parametrize(("tone", "counts"), [(19.9, False), (20, True), (30, True)])
def test_the_band_includes_its_edges(tone: float, counts: bool) -> None:
    assert is_in_band(PLAN, tone) is counts
    assert not is_in_band(PLAN, 30.1)
    assert not is_in_band(PLAN, math.nan)


def test_an_effort_in_the_band_is_done_after_its_time() -> None:
    run, why, at_s = play(at(ReleaseStep.EFFORT), 100.0, tone_pct_mvc=25.0)
    assert (run.step, why) == (ReleaseStep.SETTLE, Why.DONE)
    assert at_s == pytest.approx(PLAN.effort_s, abs=STEP_S)


def test_a_gap_in_the_emg_is_no_effort() -> None:
    run, _ = advance(at(ReleaseStep.EFFORT), PLAN, Look(5.0, tone_pct_mvc=25.0))
    assert run.in_band_s == pytest.approx(0.1)


@pytest.mark.parametrize("tone", [5.0, 60.0, math.nan])
def test_an_effort_outside_of_the_band_is_given_up(tone: float) -> None:
    run, why, at_s = play(at(ReleaseStep.EFFORT), 100.0, tone_pct_mvc=tone)
    assert (run.step, why) == (ReleaseStep.SETTLE, Why.PATIENCE)
    assert at_s == PLAN.effort_patience_s


@pytest.mark.parametrize(
    ("tone", "step", "why"),
    [
        (3.2, ReleaseStep.STRETCH, Why.TIME),
        (3.3, ReleaseStep.CHECK, Why.TENSE),
        (math.nan, ReleaseStep.CHECK, Why.TENSE),
    ],
)
def test_only_a_relaxed_muscle_is_stretched(tone: float, step, why) -> None:
    run, ended, at_s = play(
        at(ReleaseStep.SETTLE), 100.0, tone_pct_mvc=tone, stretch_pct_mvc=3.3
    )
    assert (run.step, ended, at_s) == (step, why, PLAN.recover_s)


def test_a_stretch_lasts_as_planned() -> None:
    low = {"tone_pct_mvc": 2.0, "stretch_pct_mvc": 3.3}
    run, why, at_s = play(at(ReleaseStep.STRETCH), 100.0, **low)
    assert (run.step, why, at_s) == (ReleaseStep.CHECK, Why.TIME, PLAN.stretch_s)


@pytest.mark.parametrize("tone", [3.4, math.nan])
def test_a_muscle_that_tenses_is_not_stretched_further(tone: float) -> None:
    high = {"tone_pct_mvc": tone, "stretch_pct_mvc": 3.3}
    run, why, at_s = play(at(ReleaseStep.STRETCH), 100.0, **high)
    assert (run.step, why) == (ReleaseStep.CHECK, Why.TENSE)
    assert at_s == pytest.approx(PLAN.stretch_tense_s + STEP_S)


def test_a_stretch_that_hurts_ends() -> None:
    run, why = said(at(ReleaseStep.STRETCH), PLAN, Look(1.0), 7.0)
    assert (run.step, why) == (ReleaseStep.CHECK, Why.TOO_MUCH)


def test_the_check_takes_the_mean_of_what_is_calm() -> None:
    run = at(ReleaseStep.CHECK)
    for k in range(1, 200):
        now_s = k * STEP_S
        tone = 50.0 if now_s < CALM_S - 0.01 else 4.0
        run, why = advance(run, PLAN, Look(now_s, tone_pct_mvc=tone, check_s=10.0))
        if why:
            break
    assert now_s == pytest.approx(CALM_S + 10.0)
    assert why is Why.DONE
    assert run.after_pct_mvc == pytest.approx(4.0)


def test_the_next_cycle_begins_without_pressure_on_the_same_site() -> None:
    done = at(ReleaseStep.CHECK, kpa=80.0, site=1, tone_sum_pct_mvc=12.0, n_tones=3)
    run = next_cycle(done, 9.0)
    assert (run.step, run.cycle, run.site) == (ReleaseStep.SEEK, 2, 1)
    assert run.before_pct_mvc == 4.0
    assert run.kpa == 0.0
    assert run.wanted_kpa(PLAN, 9.0) == 0.0


@pytest.mark.parametrize("step", list(ReleaseStep))
def test_what_is_interrupted_begins_its_cycle_anew(step: ReleaseStep) -> None:
    paused = at(step, kpa=80.0, cycle=2, most_kpa=60.0).paused(7.0)
    assert (paused.step, paused.cycle, paused.kpa) == (ReleaseStep.SEEK, 2, 0.0)
    assert paused.most_kpa == 60.0
    assert paused.wanted_kpa(PLAN, 7.0) == 0.0
