"""Several muscles at once: each has its own loop, all share one clock of bouts.

Stimulating one muscle spoils the EMG of the others, so all are measured in the same off
parts. At each new bout those are picked that need it most.
"""

import math

from service.core.actuators import Drive
from service.core.coactivation import beside, is_driven, watch_coactivation
from service.core.company import calibrations_of, treatments_of, with_treatments
from service.core.control import Level, wean
from service.core.evolve import evolve
from service.core.judging import (
    bears_push,
    closed_bout,
    is_near,
    judge_window,
    wants_push,
)
from service.core.laws.protocol import ClosedBout
from service.core.model import Note, Phase, Sample
from service.core.muscle_ends import alone, conclude, end_muscles
from service.core.rhythm import Rhythm
from service.core.state import Session, Step, Treatment
from service.core.treatment import measure, move_level
from service.core.turns import Need, TargetedPlan, pick


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
    session, ended = end_muscles(session, plan)
    session, more = conclude(session)
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
            treatment.level.amplitude if is_on and treatment.turn.picked else 0.0,
            program.pulse_width_us,
            program.frequency_hz,
        )
        for treatment in treatments_of(session)
    )


Closed = tuple[ClosedBout | None, ...]


def _turn_bout(
    session: Session, plan: TargetedPlan
) -> tuple[Session, Closed, tuple[Note, ...]]:
    """Turn the part for all muscles at once; tell the laws which bout has ended."""
    treatments, now_s = treatments_of(session), session.now_s
    first, program = treatments[0], session.setup.program
    bout, rhythm, elapsed_s = program.bout, first.rhythm, now_s - first.bout_s
    closed: Closed = (None,) * len(treatments)
    notes: tuple[Note, ...] = ()
    if first.on:
        if elapsed_s >= rhythm.on_s(bout):
            off = tuple(evolve(t, on=False, bout_s=now_s) for t in treatments)
            session = with_treatments(session, off)
        return session, closed, notes
    if elapsed_s < bout.off_s or any(t.cramp.is_suspected for t in treatments):
        return session, closed, notes
    if not first.judged:
        closed = tuple(closed_bout(t) if t.turn.picked else None for t in treatments)
        session, notes = _judge(session, plan)
    pushes = _pushes(session, plan)
    if elapsed_s < rhythm.off_s(bout, pushes=pushes):
        return session, closed, notes
    tense = _tense(session)
    near = all(is_near(program, treatments_of(session)[k]) for k in tense)
    session, more = _pick(session, plan)
    session = _with_rhythm(session, rhythm.after(pushes=pushes, near=near))
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
            one = beside(treatment, others_on=any(others_on))
            judged.append(evolve(one, judged=True))
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
            judged=False,
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
    if not (is_tense or treatment.level.amplitude > step):
        return None
    charge_uc = session.sites[muscle].dose.charge_uc
    return Need(muscle, excess, charge_uc, treatment.turn.waited, is_tense)


def _move_levels(session: Session, closed: Closed) -> Session:
    return with_treatments(
        session, tuple(_moved(session, k, closed[k]) for k in range(len(closed)))
    )


def _moved(session: Session, muscle: int, closed: ClosedBout | None) -> Treatment:
    treatment, program = treatments_of(session)[muscle], session.setup.program
    now_s, level_ma = session.now_s, treatment.level.amplitude
    if treatment.turn.ended:
        return evolve(treatment, level=Level(0.0, now_s))
    if treatment.relaxation.reached(program.success):
        # It has done what was asked for, whatever the others still need.
        level = wean(program.wean_ma_per_s, treatment.level, now_s)
        return evolve(treatment, level=level)
    moved = move_level(alone(session, muscle), treatment, closed)
    is_seen = not (treatment.on and treatment.rhythm.is_push)
    if treatment.turn.picked and is_seen:
        return moved
    # What is not given, or given for too long to be looked at, has no effect to learn
    # from: it may fall, but not rise.
    lower = Level(min(moved.level.amplitude, level_ma), now_s)
    return evolve(moved, level=lower)
