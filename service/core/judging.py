"""What an off-window says: whether stimulation did harm, and whether it helps."""

import math
import statistics

from service.core.control import Level
from service.core.evolve import evolve
from service.core.laws.protocol import ClosedBout
from service.core.model import Note, Phase
from service.core.program import Program
from service.core.response import CALM_RATIO, Response
from service.core.state import Session, Treatment
from service.core.tone import Calibration

#: A strike leaves this share of the level. A.
STRIKE_RATIO = 0.5

#: Tone after a push below this share of the baseline is worth another push: a spasm
#: gives way all at once, and shows little before. A: of drawn people who give way later
#: all are below it from the second push on, one who is weak was at 0.77.
GAINED_RATIO = 0.75

#: A push is begun only if it is seen before this multiple of the time of the plan is
#: over, unless the last one was worth another. A: 150 s of 120 s.
LAST_PUSH_RATIO = 1.25

#: Tone up to this multiple of the threshold may be held below it by the next push. A.
NEAR_RATIO = 2.0


def judge_window(
    session: Session, treatment: Treatment, calibration: Calibration, step: int = 0
) -> tuple[Treatment, tuple[Note, ...]]:
    """Judge the off-window that has just ended.

    Parameters
    ----------
    session : Session
        Says what is adverse, and the time.
    treatment : Treatment
        With the level of the bout before the window.
    calibration : Calibration
        Holds the baseline.
    step : int
        Which part of the rhythm that bout was.

    Returns
    -------
    treatment : Treatment
        With half the level if tone rose under stimulation.
    notes : tuple of Note
        The strike, if there was one.
    """
    before, level_ma = treatment.response, treatment.level.amplitude
    treatment = evolve(treatment, judged=True)
    plan, now_s = session.setup.program.response, session.now_s
    after = before.window_closed(plan, calibration, now_s, level_ma, step)
    if after.strikes == before.strikes:
        return evolve(treatment, response=after), ()
    halved = Level(level_ma * STRIKE_RATIO, now_s)
    note = strike_note("mA", after, treatment.tone_pct_mvc, level_ma)
    return evolve(treatment, response=after, level=halved), (note,)


def strike_note(
    unit: str, response: Response, tone_pct_mvc: float, level: float
) -> Note:
    """Return the note of an adverse response.

    Parameters
    ----------
    unit : str
        Of level and cap, which carry it in their names.
    response : Response
        With the strike.
    tone_pct_mvc : float
        What it was for.
    level : float
        What was on; NaN where nobody knows.

    Returns
    -------
    Note
        Of kind ``strike``.
    """
    cap = response.cap
    return Note(
        "strike",
        {
            "count": response.strikes,
            "why": response.struck_for,
            "tone_pct_mvc": tone_pct_mvc,
            f"level_{unit.lower()}": level if math.isfinite(level) else None,
            f"cap_{unit.lower()}": cap if math.isfinite(cap) else None,
        },
    )


def closed_bout(before: Treatment) -> ClosedBout:
    """Return the bout that ends with an off-window.

    Parameters
    ----------
    before : Treatment
        At the end of the window, before it is judged.

    Returns
    -------
    ClosedBout
        Without a tone if none was measured, or only under motion.
    """
    window = before.response.window_pct_mvc
    known = window and not before.moved
    tone = statistics.median(window) if known else math.nan
    return ClosedBout(tone, before.level.amplitude)


def is_pointless(session: Session, treatment: Treatment) -> bool:
    """Return whether the level can rise no further and more of it does not help.

    Parameters
    ----------
    session : Session
        Treating, with the calibration of this treatment.
    treatment : Treatment
        The treatment.

    Returns
    -------
    bool
        False while that is still open.
    """
    plan, response = session.setup.program, treatment.response
    if treatment.rhythm.is_push and not treatment.judged:
        return False  # what a push brings is seen in the off part after it
    if _has_gained(session, treatment, session.calibration):
        return False
    if response.useless(plan.response, session.now_s):
        return True
    near = treatment.tone_pct_mvc <= NEAR_RATIO * plan.success.threshold_pct_mvc
    return response.overdue(plan.response, session.now_s) and not near


def wants_push(
    session: Session, treatment: Treatment, calibration: Calibration
) -> bool:
    """Return whether a push is wanted: the level is harmless, and not enough.

    Parameters
    ----------
    session : Session
        Treating or weaning.
    treatment : Treatment
        The treatment.
    calibration : Calibration
        Holds the baseline.

    Returns
    -------
    bool
        False until a usual bout at the ceiling has done no harm.
    """
    program, since_s = session.setup.program, treatment.response.at_cap_since_s
    if program.bout.push_s <= 0 or since_s is None or session.phase is Phase.WEANING:
        return False
    proven_s = program.bout.on_s + program.bout.off_s
    return (
        session.now_s - since_s >= proven_s
        and not treatment.relaxation.relaxed
        and _has_time(session, treatment, calibration, since_s)
        and bears_push(session, treatment, calibration)
    )


def _has_time(
    session: Session, treatment: Treatment, calibration: Calibration, since_s: float
) -> bool:
    """Return whether what a push brings is seen before patience is over."""
    program, now_s = session.setup.program, session.now_s
    bout = program.bout
    rest_s = max(0.0, bout.rest_s - (now_s - treatment.bout_s))
    seen_s = now_s + rest_s + bout.push_s + 2.0 * bout.off_s
    return seen_s - since_s <= LAST_PUSH_RATIO * program.response.useless_s or (
        _has_gained(session, treatment, calibration)
    )


def _has_gained(
    session: Session, treatment: Treatment, calibration: Calibration | None
) -> bool:
    if calibration is None:
        return False
    plan, bar = session.setup.program.response, calibration.baseline_pct_mvc
    return treatment.response.gained(plan, session.now_s, GAINED_RATIO * bar)


def bears_push(
    session: Session, treatment: Treatment, calibration: Calibration
) -> bool:
    """Return whether what is given has raised nothing lately.

    Parameters
    ----------
    session : Session
        Says what time it is.
    treatment : Treatment
        The treatment.
    calibration : Calibration
        Holds the baseline.

    Returns
    -------
    bool
        False in a cool-down, and where one of the last two off-windows was above the
        baseline.
    """
    response = treatment.response
    calm_pct_mvc = CALM_RATIO * calibration.baseline_pct_mvc
    # Medians only: one of the many tones of a long rest is always high.
    return (
        session.now_s >= response.quiet_until_s
        and max(response.medians_pct_mvc, default=math.inf) <= calm_pct_mvc
    )


def is_near(program: Program, treatment: Treatment) -> bool:
    """Return whether the next push may bring the tone to the threshold.

    Parameters
    ----------
    program : Program
        Its threshold.
    treatment : Treatment
        The treatment.

    Returns
    -------
    bool
        By the tone now, or by what the last push left.
    """
    lowest = min(treatment.tone_pct_mvc, treatment.response.pushed_pct_mvc)
    return lowest <= NEAR_RATIO * program.success.threshold_pct_mvc
