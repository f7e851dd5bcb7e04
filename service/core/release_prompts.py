"""What people are asked and told during a pressure release."""

import math

from service.core.model import Note, Task
from service.core.release_plan import ReleasePlan
from service.core.release_run import Release, ReleaseStep
from service.core.release_steps import is_in_band

#: What the person, and the therapist with their hands, do in each step.
TASKS = {
    ReleaseStep.SEEK: Task.RELAX,
    ReleaseStep.RAMP: Task.PRESS,
    ReleaseStep.HOLD: Task.HOLD,
    ReleaseStep.EASE: Task.EASE,
    ReleaseStep.EFFORT: Task.ISOMETRIC,
    ReleaseStep.SETTLE: Task.RELAX,
    ReleaseStep.STRETCH: Task.STRETCH,
    ReleaseStep.CHECK: Task.RELAX,
}

_TEXTS = {
    ReleaseStep.SEEK: "Relax: the tense site is looked for",
    ReleaseStep.RAMP: "The pressure rises: say from 0 to 10 how it feels",
    ReleaseStep.HOLD: "The pressure is held: let go, and say how it feels",
    ReleaseStep.EASE: "The pressure falls: let the muscle hang, short and slack",
    ReleaseStep.EFFORT: "Push gently against a resistance, and stay in the band",
    ReleaseStep.SETTLE: "Let go and rest",
    ReleaseStep.STRETCH: "Breathe out and stretch slowly, never into pain",
    ReleaseStep.CHECK: "Rest: tone is measured",
}

#: Where hands press, the therapist is asked.
_HANDS = {
    ReleaseStep.RAMP: "Press slowly; mark 'enough' at the agreed discomfort",
    ReleaseStep.HOLD: "Hold the pressure until you are told to ease it",
    ReleaseStep.EASE: "Ease the pressure; bring the muscle into a position of ease",
    ReleaseStep.STRETCH: "Stretch slowly while the person breathes out, no pain",
}

#: Pitch in the middle of the band; outside of it the sound goes up and down. A.
BAND_HZ = 440.0
PITCH_HZ = (220.0, 880.0)


def text_of(step: ReleaseStep, *, hands: bool) -> str:
    """Return what is asked for in a step.

    Parameters
    ----------
    step : ReleaseStep
        The step.
    hands : bool
        Whether a therapist presses.

    Returns
    -------
    str
        A sentence.
    """
    return _HANDS.get(step, _TEXTS[step]) if hands else _TEXTS[step]


def longest_s(plan: ReleasePlan, step: ReleaseStep, check_s: float) -> float:
    """Return how long a step lasts at most.

    Parameters
    ----------
    plan : ReleasePlan
        Its durations.
    step : ReleaseStep
        The step.
    check_s : float
        Of the check.

    Returns
    -------
    float
        In second.
    """
    return {
        ReleaseStep.SEEK: plan.patience_s,
        ReleaseStep.RAMP: plan.ramp_s,
        ReleaseStep.HOLD: plan.hold_max_s,
        ReleaseStep.EASE: plan.ease_s,
        ReleaseStep.EFFORT: plan.effort_patience_s,
        ReleaseStep.SETTLE: plan.recover_s,
        ReleaseStep.STRETCH: plan.stretch_s,
        ReleaseStep.CHECK: check_s,
    }[step]


def prompt_of(run: Release, plan: ReleasePlan, check_s: float, *, hands: bool) -> Note:
    """Return the note that asks for the step under way.

    Parameters
    ----------
    run : Release
        At the begin of a step.
    plan : ReleasePlan
        Its durations.
    check_s : float
        Length of the check.
    hands : bool
        Whether a therapist presses.

    Returns
    -------
    Note
        Of kind ``prompt``.
    """
    return Note(
        "prompt",
        {
            "task": TASKS[run.step].value,
            "step": run.step.value,
            "text": text_of(run.step, hands=hands),
            "duration_s": longest_s(plan, run.step, check_s),
            "cycle": run.cycle,
            "of": plan.cycles,
        },
    )


def pace_hz(plan: ReleasePlan, tone_pct_mvc: float) -> float:
    """Return the pitch that guides an effort.

    Parameters
    ----------
    plan : ReleasePlan
        The band.
    tone_pct_mvc : float
        The effort.

    Returns
    -------
    float
        In Hz: `BAND_HZ` within the band, lower and higher where the effort is; 0,
        which is silence, where it is not known.
    """
    if math.isnan(tone_pct_mvc):
        return 0.0
    low, high = plan.effort_low_pct_mvc, plan.effort_high_pct_mvc
    nearest = min(max(tone_pct_mvc, low), high)
    return min(max(BAND_HZ * tone_pct_mvc / nearest, PITCH_HZ[0]), PITCH_HZ[1])


def pace_note(run: Release, plan: ReleasePlan, tone_pct_mvc: float) -> Note:
    """Return what guides an effort, for those who listen.

    Parameters
    ----------
    run : Release
        In the effort.
    plan : ReleasePlan
        The band.
    tone_pct_mvc : float
        The effort.

    Returns
    -------
    Note
        Of kind ``pace``.
    """
    return Note(
        "pace",
        {
            "level_pct_mvc": tone_pct_mvc if math.isfinite(tone_pct_mvc) else None,
            "low_pct_mvc": plan.effort_low_pct_mvc,
            "high_pct_mvc": plan.effort_high_pct_mvc,
            "in_band": is_in_band(plan, tone_pct_mvc),
            "in_band_s": run.in_band_s,
            "of_s": plan.effort_s,
            "sound_hz": pace_hz(plan, tone_pct_mvc),
        },
    )
