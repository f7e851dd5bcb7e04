"""When the treatment of one of several muscles ends, and when that of all does."""

from service.core.coactivation import COACTIVATION
from service.core.company import calibrations_of, treatments_of, with_treatments
from service.core.control import Level
from service.core.dose import UC_PER_MC
from service.core.evolve import evolve
from service.core.judging import is_pointless
from service.core.limits import Quantity
from service.core.model import Note, Outcome, Phase
from service.core.state import Session, Step
from service.core.transitions import enter
from service.core.treatment import (
    CRAMP,
    NEVER_HELPED,
    NO_BENEFIT,
    ROSE,
    TIME_IS_OVER,
    WEANED,
    end,
    give_up,
)
from service.core.turns import TargetedPlan

SHARE_USED = "its share of the charge is used up"


def alone(session: Session, muscle: int) -> Session:
    """Return the session as the loop of one muscle sees it.

    Parameters
    ----------
    session : Session
        With several muscles.
    muscle : int
        Which.

    Returns
    -------
    Session
        With its actuator, calibration and treatment as the only ones.
    """
    setup = session.setup
    its = evolve(setup, sites=(setup.sites[muscle],), muscles=(setup.muscles[muscle],))
    return evolve(
        session,
        setup=its,
        sites=(session.sites[muscle],),
        treatment=treatments_of(session)[muscle],
        calibration=calibrations_of(session)[muscle],
        company=(),
    )


def charge_shares(session: Session) -> tuple[float, ...]:
    """Return what each muscle has had of the charge that the session may give.

    Parameters
    ----------
    session : Session
        With its doses.

    Returns
    -------
    tuple of float
        One per muscle; 1 is all.
    """
    bound_uc = session.setup.limits[Quantity.SESSION_CHARGE_MC].value * UC_PER_MC
    charges = (site.dose.charge_uc for site in session.sites)
    return tuple(uc / bound_uc if bound_uc > 0 else 1.0 for uc in charges)


def end_muscles(session: Session, plan: TargetedPlan) -> Step:
    """End the stimulation of each muscle that it does not help.

    Parameters
    ----------
    session : Session
        Treating or weaning.
    plan : TargetedPlan
        Says how much of the charge one muscle may have.

    Returns
    -------
    session : Session
        With the reason in each treatment that has ended.
    notes : tuple of Note
        One of kind ``muscle_ended`` for each that ends now.
    """
    treatments, notes = [], []
    shares = charge_shares(session)
    for k, treatment in enumerate(treatments_of(session)):
        why = "" if treatment.turn.ended else _why_ended(session, k)
        if not (why or treatment.turn.ended):
            used = shares[k] >= plan.share(len(shares)) or sum(shares) >= 1.0
            why = SHARE_USED if used else ""
        if not why:
            treatments.append(treatment)
            continue
        turn = evolve(treatment.turn, ended=why, picked=False)
        level = Level(0.0, session.now_s)
        treatments.append(evolve(treatment, turn=turn, level=level))
        label = session.setup.muscles[k]
        notes.append(Note("muscle_ended", {"muscle": label, "why": why}))
    return with_treatments(session, tuple(treatments)), tuple(notes)


def _why_ended(session: Session, muscle: int) -> str:
    treatment = treatments_of(session)[muscle]
    plan, response = session.setup.program.response, treatment.response
    if response.strikes >= plan.strikes:
        return ROSE
    was_own = response.struck_for != COACTIVATION
    if response.strikes and was_own and not response.has_helped:
        return NEVER_HELPED
    is_treating = session.phase is Phase.TREATING
    if is_treating and is_pointless(alone(session, muscle), treatment):
        return NO_BENEFIT
    return ""


def conclude(session: Session) -> Step:
    """Say whether the treatment of all muscles is over.

    Parameters
    ----------
    session : Session
        Treating or weaning, after the judgement of each muscle.

    Returns
    -------
    session : Session
        Possibly in the next phase.
    notes : tuple of Note
        The phase change, a prompt, a relapse.
    """
    success, treatments = session.setup.program.success, treatments_of(session)
    if any(one.cramp.is_cramp for one in treatments):
        return end(session, Outcome.ADVERSE, CRAMP)
    if _harms(session):
        return end(session, Outcome.ADVERSE, NEVER_HELPED)
    if session.phase is Phase.WEANING:
        return _conclude_weaning(session)
    reached = [one.relaxation.reached(success) for one in treatments]
    if all(reached):
        return enter(_with_reached(session), Phase.WEANING)
    first = treatments[0]
    ended = [one for one in treatments if one.turn.ended]
    still = [
        one
        for one, is_relaxed in zip(treatments, reached, strict=True)
        if not (one.turn.ended or is_relaxed)
    ]
    if ended and not still:
        return give_up(session, first, ended[-1].turn.ended)
    if session.now_s - first.started_s >= session.setup.treatment_s:
        return give_up(session, first, TIME_IS_OVER)
    return session, ()


def _harms(session: Session) -> bool:
    """Return whether stimulation has harmed a muscle and helps no other.

    It is a person who answers adversely: what is told of one muscle holds for those
    that nothing else is known of. One that was never stimulated says nothing.
    """
    success, treatments = session.setup.program.success, treatments_of(session)
    if not any(one.turn.ended == NEVER_HELPED for one in treatments):
        return False
    return not any(
        one.response.has_helped or one.relaxation.reached(success)
        for one, site in zip(treatments, session.sites, strict=True)
        if site.dose.charge_uc > 0.0
    )


def _with_reached(session: Session) -> Session:
    first = treatments_of(session)[0]
    reached_s = first.reached_s
    if reached_s is None:
        reached_s = max(one.relaxation.history[0][0] for one in treatments_of(session))
    return evolve(session, treatment=evolve(first, reached_s=reached_s))


def _conclude_weaning(session: Session) -> Step:
    success, treatments = session.setup.program.success, treatments_of(session)
    lost = [one.relaxation.lost(session.now_s, success) for one in treatments]
    if any(lost):
        forgotten = tuple(
            evolve(one, relaxation=one.relaxation.forgotten()) if is_lost else one
            for one, is_lost in zip(treatments, lost, strict=True)
        )
        back, notes = enter(
            with_treatments(session, forgotten), Phase.TREATING, cause="relapse"
        )
        k = lost.index(True)
        label = session.setup.muscles[k]
        tone = treatments[k].tone_pct_mvc
        relapse = Note("relapse", {"muscle": label, "tone_pct_mvc": tone})
        return back, (*notes, relapse)
    if all(
        one.level.amplitude <= site.wiring.amplitude_step
        for one, site in zip(treatments, session.setup.sites, strict=True)
    ):
        return end(session, Outcome.REACHED, WEANED)
    return session, ()
