"""Co-activation: a muscle that answers with tension while others are stimulated.

It guards, or the current spreads to it: either way what is stimulated gets less.
"""

import statistics

from service.core.company import calibrations_of, treatments_of, with_treatments
from service.core.control import Level
from service.core.evolve import evolve
from service.core.judging import STRIKE_RATIO
from service.core.model import Note
from service.core.state import Session, Step, Treatment
from service.core.treatment import RELAXED_PCT_MVC
from service.core.turns import TargetedPlan

#: What a strike is for when another muscle answers with tension.
COACTIVATION = "coactivation"

#: So many off-windows running say that a muscle is co-activated. A.
COACTIVE_WINDOWS = 2


def is_driven(treatment: Treatment) -> bool:
    """Return whether a muscle is stimulated in this bout.

    Parameters
    ----------
    treatment : Treatment
        Of the muscle.

    Returns
    -------
    bool
        True if it is picked and its level is above 0.
    """
    return treatment.turn.picked and treatment.level.amplitude > 0


def beside(treatment: Treatment, *, others_on: bool) -> Treatment:
    """Take in the off-window of a muscle that was not stimulated itself.

    Parameters
    ----------
    treatment : Treatment
        Of the muscle.
    others_on : bool
        Whether any other muscle was stimulated before the window.

    Returns
    -------
    Treatment
        With the window's median, if it says anything about the others.
    """
    window, turn = treatment.response.window_pct_mvc, treatment.turn
    response = evolve(treatment.response, window_pct_mvc=())
    if others_on and window and not treatment.moved:
        kept = turn.beside_pct_mvc[1 - COACTIVE_WINDOWS :]
        turn = evolve(turn, beside_pct_mvc=(*kept, statistics.median(window)))
    elif not others_on:
        turn = evolve(turn, beside_pct_mvc=())
    return evolve(treatment, response=response, turn=turn)


def watch_coactivation(session: Session, plan: TargetedPlan) -> Step:
    """Strike what is stimulated if a muscle that is not answers with tension.

    Parameters
    ----------
    session : Session
        At the end of an off-window, after each muscle was judged by itself.
    plan : TargetedPlan
        What counts as co-activation.

    Returns
    -------
    session : Session
        With half the level and a lower cap for each muscle that was stimulated.
    notes : tuple of Note
        One per muscle that is co-activated.
    """
    treatments, labels = treatments_of(session), session.setup.muscles
    risen = [
        k
        for k, (one, calibration) in enumerate(
            zip(treatments, calibrations_of(session), strict=True)
        )
        if len(one.turn.beside_pct_mvc) == COACTIVE_WINDOWS
        and min(one.turn.beside_pct_mvc)
        > max(
            plan.coactivation_ratio * calibration.baseline_pct_mvc,
            calibration.baseline_pct_mvc
            + plan.coactivation_sd * calibration.baseline_sd_pct_mvc,
            RELAXED_PCT_MVC,
        )
    ]
    culprits = [
        k
        for k, one in enumerate(treatments)
        if is_driven(one) and session.now_s >= one.response.quiet_until_s
    ]
    if not (risen and culprits):
        return session, ()
    stimulated = ", ".join(labels[k] for k in culprits)
    notes = tuple(
        Note(
            COACTIVATION,
            {
                "muscle": labels[k],
                "stimulated": stimulated,
                "tone_pct_mvc": treatments[k].turn.beside_pct_mvc[-1],
                "baseline_pct_mvc": calibrations_of(session)[k].baseline_pct_mvc,
            },
        )
        for k in risen
    )
    changed = tuple(
        _struck(session, one) if k in culprits else _told(one, has_risen=k in risen)
        for k, one in enumerate(treatments)
    )
    return with_treatments(session, changed), notes


def _struck(session: Session, treatment: Treatment) -> Treatment:
    level_ma = treatment.level.amplitude
    response = treatment.response.struck(
        session.setup.program.response, session.now_s, level_ma, COACTIVATION
    )
    level = Level(STRIKE_RATIO * level_ma, session.now_s)
    return evolve(treatment, response=response, level=level)


def _told(treatment: Treatment, *, has_risen: bool) -> Treatment:
    turn = treatment.turn
    count = turn.coactivations + has_risen
    return evolve(treatment, turn=evolve(turn, beside_pct_mvc=(), coactivations=count))
