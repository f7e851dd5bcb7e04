"""Several muscles at once: each has its own loop, all share one clock of bouts.

Stimulating one muscle spoils the EMG of the others, so all are measured in the same off
parts. At each new bout those are picked that need it most.
"""

import math

from service.core.actuators import Drive
from service.core.coactivation import (
    COACTIVATION,
    beside,
    is_driven,
    watch_coactivation,
)
from service.core.company import calibrations_of, treatments_of, with_treatments
from service.core.control import Level, wean
from service.core.dose import UC_PER_MC
from service.core.evolve import evolve
from service.core.judging import (
    bears_push,
    closed_bout,
    is_near,
    is_pointless,
    judge_window,
    wants_push,
)
from service.core.laws.protocol import ClosedBout
from service.core.limits import Quantity
from service.core.model import Note, Outcome, Phase, Sample
from service.core.rhythm import Rhythm
from service.core.state import Session, Step, Treatment
from service.core.transitions import enter
from service.core.treatment import (
    CRAMP,
    NEVER_HELPED,
    end,
    give_up,
    measure,
    move_level,
)
from service.core.turns import Need, TargetedPlan, pick

SHARE_USED = "its share of the charge is used up"


def target(session: Session, sample: Sample) -> Step:
    """Advance the treatment of all muscles by one sample of each.

    Parameters
    ----------
    session : Session
        Treating or weaning, with a calibration and a treatment of each muscle, and the
        newest EMG of the others.
    sample : Sample
        Newest EMG of the first muscle, of good quality like all.

    Returns
    -------
    session : Session
        Possibly in the next phase.
    notes : tuple of Note
        Who is picked, strikes, co-activation, muscles that ended, phase changes.
    """
    plan = session.setup.program.targeted
    if plan is None or session.treatment is None or session.calibration is None:
        msg = "several muscles need a plan, and each a calibration and a treatment"
        raise ValueError(msg)
    samples = (sample, *session.others)
    session = with_treatments(
        session,
        tuple(
            measure(session, treatment, calibration, one)
            for treatment, calibration, one in zip(
                treatments_of(session), calibrations_of(session), samples, strict=True
            )
        ),
    )
    session, closed, notes = _turn_bout(session, plan)
    session = _move_levels(session, closed)
    session, ended = _end_muscles(session, plan)
    session, more = _conclude(session)
    return session, (*notes, *ended, *more)


def targeted_drives(session: Session) -> tuple[Drive, ...]:
    """Return what each muscle gets now.

    Parameters
    ----------
    session : Session
        Treating or weaning.

    Returns
    -------
    tuple of Drive
        One per muscle: its level if it is picked, in on parts, else 0.
    """
    program, first = session.setup.program, session.treatment
    # A signal that fails stops the turning of the bouts: nothing may stay on for it.
    is_on = (
        first is not None
        and first.on
        and session.now_s - first.bout_s < first.rhythm.on_s(program.bout)
    )
    return tuple(
        Drive(
            treatment.level.level_ma if is_on and treatment.turn.picked else 0.0,
            program.pulse_width_us,
            program.frequency_hz,
        )
        for treatment in treatments_of(session)
    )


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


Closed = tuple[ClosedBout | None, ...]


def _turn_bout(
    session: Session, plan: TargetedPlan
) -> tuple[Session, Closed, tuple[Note, ...]]:
    """Turn the part for all muscles at once; tell the laws which bout has ended."""
    treatments, now_s = treatments_of(session), session.now_s
    first, bout = treatments[0], session.setup.program.bout
    open_: Closed = (None,) * len(treatments)
    pushes, rhythm = not first.on and _pushes(session, plan), first.rhythm
    part_s = rhythm.on_s(bout) if first.on else rhythm.off_s(bout, pushes=pushes)
    if now_s - first.bout_s < part_s:
        return session, open_, ()
    if first.on:
        off = tuple(evolve(t, on=False, bout_s=now_s) for t in treatments)
        return with_treatments(session, off), open_, ()
    if any(t.cramp.is_suspected for t in treatments):
        return session, open_, ()
    closed = tuple(closed_bout(t) if t.turn.picked else None for t in treatments)
    program = session.setup.program
    near = all(is_near(program, treatments[k]) for k in _tense(session))
    session, notes = _judge(session, plan)
    session, more = _pick(session, plan)
    session = _with_rhythm(session, rhythm.after(bout, pushes=pushes, near=near))
    return session, closed, (*notes, *more)


def _pushes(session: Session, plan: TargetedPlan) -> bool:
    """Return whether a tense muscle wants a push, and all can bear it at once."""
    treatments, calibrations = treatments_of(session), calibrations_of(session)
    tense = _tense(session)
    if not 0 < len(tense) <= plan.at_once:
        return False
    return all(
        treatments[k].turn.picked
        and bears_push(session, treatments[k], calibrations[k])
        for k in tense
    ) and any(wants_push(session, treatments[k], calibrations[k]) for k in tense)


def _tense(session: Session) -> list[int]:
    needs = [_need(session, k) for k in range(len(treatments_of(session)))]
    return [need.muscle for need in needs if need is not None and need.is_tense]


def _with_rhythm(session: Session, rhythm: Rhythm) -> Session:
    """Give all muscles the same part of the rhythm; none where nobody is picked."""
    treatments = treatments_of(session)
    shared = rhythm if treatments[0].on else Rhythm()
    return with_treatments(session, tuple(evolve(t, rhythm=shared) for t in treatments))


def _judge(session: Session, plan: TargetedPlan) -> Step:
    """Judge the off-window that has ended, muscle by muscle, then across them."""
    judged, notes = [], []
    others_on = [is_driven(treatment) for treatment in treatments_of(session)]
    step = treatments_of(session)[0].rhythm.step
    for treatment, calibration, label in zip(
        treatments_of(session),
        calibrations_of(session),
        session.setup.muscles,
        strict=True,
    ):
        if treatment.turn.picked:
            one, told = judge_window(session, treatment, calibration, step)
            turn = evolve(one.turn, beside_pct_mvc=())
            notes += [evolve(n, detail={"muscle": label, **n.detail}) for n in told]
            judged.append(evolve(one, turn=turn))
        else:
            judged.append(beside(treatment, others_on=any(others_on)))
    struck, more = watch_coactivation(with_treatments(session, tuple(judged)), plan)
    return struck, (*notes, *more)


def _pick(session: Session, plan: TargetedPlan) -> Step:
    """Begin a bout, or another off part where nobody needs one."""
    treatments, labels = treatments_of(session), session.setup.muscles
    needs = [n for k in range(len(treatments)) if (n := _need(session, k)) is not None]
    chosen = pick(needs, plan)
    waiting = {n.muscle for n in needs if n.is_tense} - set(chosen)
    begun = tuple(
        evolve(
            one,
            on=bool(chosen),
            bout_s=session.now_s,
            turn=evolve(
                one.turn,
                picked=k in chosen,
                waited=one.turn.waited + 1 if k in waiting else 0,
            ),
        )
        for k, one in enumerate(treatments)
    )
    notes: tuple[Note, ...] = ()
    if [one.turn.picked for one in begun] != [one.turn.picked for one in treatments]:
        told = ", ".join(labels[k] for k in sorted(chosen))
        notes = (Note("picked", {"muscles": told}),)
    return with_treatments(session, begun), notes


def _need(session: Session, muscle: int) -> Need | None:
    """Return what a muscle needs; None for one that is not to be stimulated."""
    treatment = treatments_of(session)[muscle]
    excess = treatment.tone_pct_mvc - session.setup.program.success.threshold_pct_mvc
    if treatment.turn.ended or not math.isfinite(excess):
        return None
    is_tense = (
        session.phase is Phase.TREATING
        and excess > 0
        and not treatment.relaxation.relaxed
    )
    step = session.setup.sites[muscle].wiring.amplitude_step
    if not (is_tense or treatment.level.level_ma > step):
        return None
    charge_uc = session.sites[muscle].dose.charge_uc
    return Need(muscle, excess, charge_uc, treatment.turn.waited, is_tense)


def _move_levels(session: Session, closed: Closed) -> Session:
    return with_treatments(
        session, tuple(_moved(session, k, closed[k]) for k in range(len(closed)))
    )


def _moved(session: Session, muscle: int, closed: ClosedBout | None) -> Treatment:
    treatment, program = treatments_of(session)[muscle], session.setup.program
    now_s, level_ma = session.now_s, treatment.level.level_ma
    if treatment.turn.ended:
        return evolve(treatment, level=Level(0.0, now_s))
    if treatment.relaxation.reached(program.success):
        # It has done what was asked for, whatever the others still need.
        level = wean(program.wean_ma_per_s, treatment.level, now_s)
        return evolve(treatment, level=level)
    moved = move_level(alone(session, muscle), treatment, closed)
    is_seen = not (treatment.on and treatment.rhythm.is_push(program.bout))
    if treatment.turn.picked and is_seen:
        return moved
    # What is not given, or given for too long to be looked at, has no effect to learn
    # from: it may fall, but not rise.
    lower = Level(min(moved.level.level_ma, level_ma), now_s)
    return evolve(moved, level=lower)


def _end_muscles(session: Session, plan: TargetedPlan) -> Step:
    """End the stimulation of each muscle that it does not help."""
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
        return "tone rose under stimulation"
    was_own = response.struck_for != COACTIVATION
    if response.strikes and was_own and not response.has_helped:
        return NEVER_HELPED
    is_treating = session.phase is Phase.TREATING
    if is_treating and is_pointless(alone(session, muscle), treatment):
        return "no benefit at the ceiling"
    return ""


def _conclude(session: Session) -> Step:
    success, treatments = session.setup.program.success, treatments_of(session)
    if any(one.cramp.is_cramp for one in treatments):
        return end(session, Outcome.ADVERSE, CRAMP)
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
        return give_up(session, first, "treatment time is over")
    return session, ()


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
        one.level.level_ma <= site.wiring.amplitude_step
        for one, site in zip(treatments, session.setup.sites, strict=True)
    ):
        return end(session, Outcome.REACHED, "relaxed and weaned")
    return session, ()
