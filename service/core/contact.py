"""What everything that touches a person has in common: guards, and the level."""

from dataclasses import replace

from service.core.actuators import Drive
from service.core.control import Level
from service.core.judging import STRIKE_RATIO, strike_note
from service.core.model import Note, Phase
from service.core.stage import BY_HAND
from service.core.state import Session, Treatment
from service.core.treatment import level_cap


def with_level(session: Session, treatment: Treatment, wanted: float) -> Treatment:
    """Return the treatment with the level that its plan wants.

    Parameters
    ----------
    session : Session
        Treating.
    treatment : Treatment
        Its treatment.
    wanted : float
        By the plan, in the unit of the actuators.

    Returns
    -------
    Treatment
        With the plan's level under every ceiling; where an operator sets the level by
        hand it stays, and the plan moves below it.
    """
    if session.setup.stage in BY_HAND:
        return treatment
    cap = level_cap(replace(session, treatment=treatment))
    return replace(treatment, level=Level(min(wanted, cap), session.now_s))


def after_strike(session: Session, treatment: Treatment) -> tuple[Treatment, Note]:
    """Return the treatment after an adverse response, and the note of it.

    Parameters
    ----------
    session : Session
        Treating.
    treatment : Treatment
        With one more strike.

    Returns
    -------
    treatment : Treatment
        At half of its level.
    note : Note
        Of kind ``strike``.
    """
    level, response = treatment.level.amplitude, treatment.response
    note = strike_note(session.setup.unit, response, treatment.tone_pct_mvc, level)
    halved = Level(level * STRIKE_RATIO, session.now_s)
    return replace(treatment, level=halved), note


def nothing(session: Session) -> tuple[Drive, ...]:
    """Return amplitude 0 for every actuator.

    Parameters
    ----------
    session : Session
        Any.

    Returns
    -------
    tuple of Drive
        One per site.
    """
    return (Drive(),) * len(session.setup.sites)


def was_interrupted(session: Session, t_s: float, pause_s: float) -> bool:
    """Return whether something came between: a hold, or a signal that failed.

    Parameters
    ----------
    session : Session
        Treating.
    t_s : float
        When it was treated last.
    pause_s : float
        Longer than this is an interruption.

    Returns
    -------
    bool
        True also if the phase is newer than that.
    """
    is_new = session.phase is Phase.TREATING and session.phase_since_s > t_s
    return is_new or session.now_s - t_s > pause_s
