"""How each step of a pressure release ends, and what follows it."""

import math
from collections.abc import Callable, Mapping

from service.core.evolve import evolve
from service.core.release_plan import ReleasePlan
from service.core.release_run import (
    AT_ONCE,
    MAX_DT_S,
    PRESSING,
    Look,
    Release,
    ReleaseStep,
    Why,
)

#: Tone above the bar under pressure for so long is guarding. A.
GUARDING_S = 3.0

#: A discomfort that never was this much cannot be said to have halved. A.
HALVED_FROM_NRS = 3.0

#: A ramp has arrived this close to its goal: two roundings of a float.
ARRIVED_KPA = 1e-6

#: A ramp is never further ahead of what is there than it rises in this time: what held
#: it back may let it go on, but not jump. A.
AHEAD_S = 1.0

#: After the last step tone is judged from here on: hands and limb are at rest. A.
CALM_S = 5.0

Ended = tuple[Release, Why]
"""A release, and why its last step ended."""


def advance(run: Release, plan: ReleasePlan, look: Look) -> Ended:
    """Take in one update.

    Parameters
    ----------
    run : Release
        So far.
    plan : ReleasePlan
        What is done.
    look : Look
        The update.

    Returns
    -------
    run : Release
        In the next step if this one has ended. With `Why.PATIENCE` before anything was
        pressed, and with `Why.DONE` after the check, it stays where it is: the session
        says what follows.
    why : Why
        Empty while the step goes on.
    """
    dt_s = min(max(look.now_s - run.newest_s, 0.0), MAX_DT_S)
    return _STEPS[run.step](evolve(run, newest_s=look.now_s), plan, look, dt_s)


def _seek(run: Release, plan: ReleasePlan, look: Look, _dt_s: float) -> Ended:
    if look.is_resting:
        return evolve(run, since_s=look.now_s), Why.NOT_YET
    site = look.site if run.site is None else run.site
    if site is not None and look.may_press:
        why = Why.NAMED if run.is_named else Why.SITE
        return evolve(run, site=site).to(ReleaseStep.RAMP, look.now_s), why
    return run, _patience(run, plan.patience_s, look)


def _ramp(run: Release, plan: ReleasePlan, look: Look, dt_s: float) -> Ended:
    run = _guarded(run, look)
    if _is_guarding(run, look):
        return let_go(run, look.now_s, Why.GUARDING)
    pressed = look.pressed_kpa
    if math.isnan(pressed):
        return run, _patience(run, plan.ramp_s, look)
    goal, rate = min(look.goal_kpa, run.most_kpa), plan.ramp_kpa_per_s
    kpa = min(goal, run.kpa + rate * dt_s, pressed + rate * AHEAD_S)
    run = evolve(run, kpa=kpa)
    if pressed > 0.0 and pressed >= goal - ARRIVED_KPA:
        return held(run, look, Why.GOAL)
    if not _patience(run, plan.ramp_s, look):
        return run, Why.NOT_YET
    return held(run, look, Why.TIME) if pressed > 0.0 else (run, Why.PATIENCE)


def _hold(run: Release, plan: ReleasePlan, look: Look, _dt_s: float) -> Ended:
    run, tone, held_s = _guarded(run, look), look.tone_pct_mvc, look.now_s - run.since_s
    if _is_guarding(run, look):
        return let_go(run, look.now_s, Why.GUARDING)
    if look.pressed_kpa < run.kpa:
        # What a bad signal or a bound has lowered does not come back within a moment.
        run = evolve(run, kpa=look.pressed_kpa)
    if math.isnan(run.hold_pct_mvc):
        run = evolve(run, hold_pct_mvc=tone)
    if not math.isnan(tone):
        low = tone <= (1.0 - plan.release_drop) * run.hold_pct_mvc
        run = evolve(run, met_since_s=_since(run.met_since_s, look.now_s, holds=low))
    since = run.met_since_s
    if held_s >= plan.hold_min_s:
        if since is not None and look.now_s - since >= plan.release_s:
            return let_go(run, look.now_s, Why.RELEASED)
        if run.worst_nrs >= HALVED_FROM_NRS and run.nrs <= 0.5 * run.worst_nrs:
            return let_go(run, look.now_s, Why.HALVED)
    if held_s >= plan.hold_max_s:
        return let_go(run, look.now_s, Why.TIME)
    return run, Why.NOT_YET


def _ease(run: Release, plan: ReleasePlan, look: Look, _dt_s: float) -> Ended:
    return _after(run, plan.ease_s, look, ReleaseStep.EFFORT)


def _effort(run: Release, plan: ReleasePlan, look: Look, dt_s: float) -> Ended:
    if is_in_band(plan, look.tone_pct_mvc):
        run = evolve(run, in_band_s=run.in_band_s + dt_s)
    if run.in_band_s >= plan.effort_s:
        return run.to(ReleaseStep.SETTLE, look.now_s), Why.DONE
    if _patience(run, plan.effort_patience_s, look):
        return run.to(ReleaseStep.SETTLE, look.now_s), Why.PATIENCE
    return run, Why.NOT_YET


def _settle(run: Release, plan: ReleasePlan, look: Look, _dt_s: float) -> Ended:
    if look.now_s - run.since_s < plan.recover_s:
        return run, Why.NOT_YET
    if look.tone_pct_mvc < look.stretch_pct_mvc:
        return run.to(ReleaseStep.STRETCH, look.now_s), Why.TIME
    return run.to(ReleaseStep.CHECK, look.now_s), Why.TENSE


def _stretch(run: Release, plan: ReleasePlan, look: Look, _dt_s: float) -> Ended:
    # What cannot be measured is no reason to go on.
    tense = not look.tone_pct_mvc < look.stretch_pct_mvc
    since = _since(run.met_since_s, look.now_s, holds=tense)
    run = evolve(run, met_since_s=since)
    if since is not None and look.now_s - since >= plan.stretch_tense_s:
        return run.to(ReleaseStep.CHECK, look.now_s), Why.TENSE
    return _after(run, plan.stretch_s, look, ReleaseStep.CHECK)


def _check(run: Release, _plan: ReleasePlan, look: Look, _dt_s: float) -> Ended:
    passed_s = look.now_s - run.since_s
    if passed_s >= CALM_S and not math.isnan(look.tone_pct_mvc):
        run = evolve(
            run,
            tone_sum_pct_mvc=run.tone_sum_pct_mvc + look.tone_pct_mvc,
            n_tones=run.n_tones + 1,
        )
    return run, Why.DONE if passed_s >= CALM_S + look.check_s else Why.NOT_YET


_STEPS: Mapping[ReleaseStep, Callable[[Release, ReleasePlan, Look, float], Ended]] = {
    ReleaseStep.SEEK: _seek,
    ReleaseStep.RAMP: _ramp,
    ReleaseStep.HOLD: _hold,
    ReleaseStep.EASE: _ease,
    ReleaseStep.EFFORT: _effort,
    ReleaseStep.SETTLE: _settle,
    ReleaseStep.STRETCH: _stretch,
    ReleaseStep.CHECK: _check,
}


def held(run: Release, look: Look, why: Why) -> Ended:
    """Stop the ramp and hold what it has come to.

    Parameters
    ----------
    run : Release
        In the ramp.
    look : Look
        What the actuator may do now, and the tone.
    why : Why
        What ended the ramp.

    Returns
    -------
    run : Release
        Holding; never more than was there, and after "enough" never more again.
    why : Why
        The same.
    """
    pressed = look.pressed_kpa
    kpa = run.kpa if math.isnan(pressed) else min(run.kpa, pressed)
    most = min(run.most_kpa, kpa) if why is Why.ENOUGH else run.most_kpa
    stopped = evolve(run, kpa=kpa, most_kpa=most, hold_pct_mvc=look.tone_pct_mvc)
    return stopped.to(ReleaseStep.HOLD, look.now_s), why


def let_go(run: Release, now_s: float, why: Why) -> Ended:
    """Ease the pressure.

    Parameters
    ----------
    run : Release
        Pressing.
    now_s : float
        Now.
    why : Why
        Of `AT_ONCE` it is zero in one step.

    Returns
    -------
    run : Release
        Easing.
    why : Why
        The same.
    """
    eased = run.to(ReleaseStep.EASE, now_s)
    return (evolve(eased, kpa=0.0) if why in AT_ONCE else eased), why


def said(run: Release, plan: ReleasePlan, look: Look, nrs: float) -> Ended:
    """Take in how strong it feels.

    Parameters
    ----------
    run : Release
        In any step.
    plan : ReleasePlan
        The agreed discomfort, and what is too much.
    look : Look
        Now.
    nrs : float
        From 0 to 10.

    Returns
    -------
    run : Release
        Let go at once if it is too much, holding if it is what was agreed on.
    why : Why
        What this has ended, if anything.
    """
    worst = nrs if math.isnan(run.worst_nrs) else max(nrs, run.worst_nrs)
    run = evolve(run, nrs=nrs, worst_nrs=worst, said_s=look.now_s)
    if nrs >= plan.too_much_nrs:
        return too_much(run, look)
    if run.step is ReleaseStep.RAMP and nrs >= plan.discomfort_nrs:
        return held(run, look, Why.AGREED)
    return run, Why.NOT_YET


def too_much(run: Release, look: Look) -> Ended:
    """End what is not to be borne.

    Parameters
    ----------
    run : Release
        In any step.
    look : Look
        Now.

    Returns
    -------
    run : Release
        Without pressure, also where it was falling already, and without a stretch.
    why : Why
        Empty if there was neither.
    """
    is_falling = run.step is ReleaseStep.EASE and run.eased_share(look.now_s) > 0.0
    if run.step in PRESSING or (is_falling and run.kpa > 0.0):
        return let_go(run, look.now_s, Why.TOO_MUCH)
    if run.step is ReleaseStep.STRETCH:
        return run.to(ReleaseStep.CHECK, look.now_s), Why.TOO_MUCH
    return run, Why.NOT_YET


def is_in_band(plan: ReleasePlan, tone_pct_mvc: float) -> bool:
    """Return whether an effort is as strong as it is guided to be.

    Parameters
    ----------
    plan : ReleasePlan
        The band.
    tone_pct_mvc : float
        The effort.

    Returns
    -------
    bool
        False if it is not known.
    """
    return plan.effort_low_pct_mvc <= tone_pct_mvc <= plan.effort_high_pct_mvc


def next_cycle(run: Release, now_s: float) -> Release:
    """Begin the next cycle on the same site.

    Parameters
    ----------
    run : Release
        After its check.
    now_s : float
        Now.

    Returns
    -------
    Release
        Seeking, which waits until the actuator has been off for long enough.
    """
    again = evolve(run, cycle=run.cycle + 1, before_pct_mvc=run.after_pct_mvc)
    return evolve(again.to(ReleaseStep.SEEK, now_s), kpa=0.0)


def _guarded(run: Release, look: Look) -> Release:
    guards = look.tone_pct_mvc > look.guarding_pct_mvc
    since = _since(run.guarding_since_s, look.now_s, holds=guards)
    return evolve(run, guarding_since_s=since)


def _is_guarding(run: Release, look: Look) -> bool:
    since = run.guarding_since_s
    return since is not None and look.now_s - since >= GUARDING_S


def _since(since_s: float | None, now_s: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now_s if since_s is None else since_s


def _patience(run: Release, longest_s: float, look: Look) -> Why:
    over = look.now_s - run.since_s >= longest_s
    return Why.PATIENCE if over else Why.NOT_YET


def _after(run: Release, long_s: float, look: Look, step: ReleaseStep) -> Ended:
    if look.now_s - run.since_s < long_s:
        return run, Why.NOT_YET
    return run.to(step, look.now_s), Why.TIME
