"""The treatment by massage: contact in bouts, judged without it, light before deep."""

import statistics
from dataclasses import replace

from dsp.types import QualityFlag
from service.core.actuators import Drive
from service.core.contact import (
    after_strike,
    nothing,
    was_interrupted,
    with_level,
)
from service.core.kneading import FELT_S, PAUSE_S, MassagePlan
from service.core.model import Note, Outcome, Sample
from service.core.patterns import weights
from service.core.response import adverse_bar_pct_mvc
from service.core.state import Session, Step, Treatment
from service.core.tone import UPDATE_S, Calibration
from service.core.treatment import (
    NO_BENEFIT,
    TIME_IS_OVER,
    end,
    give_up,
    level_cap,
    measure,
    why_adverse,
)

#: A relaxed muscle is left alone for so many hold times to prove it, no longer. A.
PROOF_HOLDS = 3.0


def knead(session: Session, sample: Sample) -> Step:
    """Advance the massage by one sample.

    Parameters
    ----------
    session : Session
        Treating, with calibration and treatment.
    sample : Sample
        Newest EMG of good quality.

    Returns
    -------
    session : Session
        Possibly in the next phase.
    notes : tuple of Note
        Strikes, new stages and phase changes.
    """
    calibration, treatment, plan = _parts(session)
    program, now_s = session.setup.program, session.now_s
    kneading = treatment.kneading
    if was_interrupted(session, kneading.t_s, PAUSE_S):
        kneading = kneading.from_light()
    treatment = replace(treatment, kneading=kneading.passed(now_s, on=treatment.on))
    # Inhibition ends with the contact: what counts is tone without it.
    if session.zero.covers(sample.measured_s, program.window_s, program.bout):
        treatment = measure(session, treatment, calibration, sample)
    else:
        treatment = _feel(session, treatment, calibration, sample)
    before = treatment.kneading.depth
    treatment, notes = _turn(session, treatment, calibration, plan)
    treatment = _with_level(session, treatment, plan)
    if treatment.kneading.depth is not before:
        notes = (*notes, _stage_note(session, treatment))
    session, more = _conclude(replace(session, treatment=treatment), treatment, plan)
    return session, (*notes, *more)


def massage_drives(session: Session) -> tuple[Drive, ...]:
    """Return what the row does now.

    Parameters
    ----------
    session : Session
        Treating.

    Returns
    -------
    tuple of Drive
        One per site; nothing in off parts, and nothing once an on part is over, even
        if no EMG comes to end it.
    """
    program, treatment = session.setup.program, session.treatment
    plan = program.massage
    if plan is None or treatment is None or not treatment.on:
        return nothing(session)
    passed_s = session.now_s - treatment.bout_s
    if passed_s >= program.bout.on_s:
        return nothing(session)
    kneading = treatment.kneading
    level = min(treatment.level.amplitude, plan.depths[kneading.depth])
    rate_hz = kneading.rate_hz(plan, program.frequency_hz)
    shares = weights(
        plan.pattern, len(session.setup.sites), plan.rate_hz * passed_s, plan.floor
    )
    return tuple(Drive(level * share, frequency_hz=rate_hz) for share in shares)


def site_words(session: Session) -> tuple[str, ...]:
    """Return in a word what each actuator of the row is at.

    Parameters
    ----------
    session : Session
        Any.

    Returns
    -------
    tuple of str
        ``light``, ``moderate``, ``deep``, ``resting`` or ``used up``, the same for all:
        they work together; empty without a massage under way.
    """
    treatment, plan = session.treatment, session.setup.program.massage
    if treatment is None or plan is None:
        return ()
    kneading = treatment.kneading
    word = kneading.depth.name.lower() if treatment.on else "resting"
    if kneading.is_used_up(plan):
        word = "used up"
    return (word,) * len(session.setup.sites)


def _parts(session: Session) -> tuple[Calibration, Treatment, MassagePlan]:
    calibration, treatment = session.calibration, session.treatment
    plan = session.setup.program.massage
    if calibration is None or treatment is None or plan is None:
        msg = "massage needs a calibration, a treatment and a plan"
        raise ValueError(msg)
    return calibration, treatment, plan


def _feel(
    session: Session, treatment: Treatment, calibration: Calibration, sample: Sample
) -> Treatment:
    """Watch the tone under contact, where that leaves the EMG readable."""
    kneading, measured_s = treatment.kneading, sample.measured_s
    is_due = not kneading.felt or measured_s - kneading.felt[-1][0] >= UPDATE_S * 0.99
    disturbed = session.setup.sites[0].wiring.actuator.disturbs_emg
    moved = bool(sample.quality & QualityFlag.DRIFT)
    if not (treatment.on and is_due) or disturbed or moved:
        return treatment
    tone = calibration.tone_pct_mvc(sample.rms_uv)
    return replace(treatment, kneading=kneading.felt_tone(measured_s, tone))


def _is_guarding(
    session: Session, treatment: Treatment, calibration: Calibration
) -> bool:
    """Return whether tone has risen under the contact for long enough."""
    felt = treatment.kneading.felt
    if not felt or felt[-1][0] - felt[0][0] < FELT_S - 1.5 * UPDATE_S:
        return False
    if session.now_s < treatment.response.quiet_until_s:
        return False
    bar = adverse_bar_pct_mvc(
        session.setup.program.response,
        calibration,
        helped=treatment.response.has_helped,
    )
    return statistics.median(tone for _, tone in felt) > bar


def _turn(
    session: Session, treatment: Treatment, calibration: Calibration, plan: MassagePlan
) -> tuple[Treatment, tuple[Note, ...]]:
    if not treatment.on:
        return _turn_on(session, treatment, calibration, plan)
    kneading, now_s = treatment.kneading, session.now_s
    off = replace(
        treatment, on=False, bout_s=now_s, kneading=replace(kneading, felt=())
    )
    if _is_guarding(session, treatment, calibration):
        response = treatment.response.struck(
            session.setup.program.response, now_s, treatment.level.amplitude, "contact"
        )
        return _struck(session, replace(off, response=response))
    is_over = now_s - treatment.bout_s >= session.setup.program.bout.on_s
    is_spent = kneading.needs_break(plan) or kneading.is_used_up(plan)
    return (off if is_over or is_spent else treatment), ()


def _turn_on(
    session: Session, treatment: Treatment, calibration: Calibration, plan: MassagePlan
) -> tuple[Treatment, tuple[Note, ...]]:
    """Judge the off part, and begin the next on part if nothing speaks against it."""
    kneading, response = treatment.kneading, treatment.response
    now_s = session.now_s
    if now_s - treatment.bout_s >= plan.break_s:
        kneading = kneading.rested()
        treatment = replace(treatment, kneading=kneading)
    if _must_wait(session, treatment, plan):
        return treatment, ()
    # An off part that no contact came before is no response to any.
    level = treatment.level.amplitude if kneading.contact_s > 0.0 else 0.0
    after = response.window_closed(
        session.setup.program.response, calibration, now_s, level
    )
    if after.strikes > response.strikes:
        return _struck(session, replace(treatment, response=after, bout_s=now_s))
    judged = kneading.judged(
        plan, statistics.median(response.window_pct_mvc), may_deepen=not treatment.moved
    )
    return (
        replace(
            treatment,
            on=True,
            bout_s=now_s,
            response=after,
            kneading=judged,
            relaxation=treatment.relaxation.forgotten(),
        ),
        (),
    )


def _must_wait(session: Session, treatment: Treatment, plan: MassagePlan) -> bool:
    program, now_s = session.setup.program, session.now_s
    passed_s = now_s - treatment.bout_s
    kneading, response = treatment.kneading, treatment.response
    if passed_s < program.bout.off_s or kneading.needs_break(plan):
        return True
    if now_s < response.quiet_until_s or not response.window_pct_mvc:
        return True
    if treatment.cramp.is_suspected or kneading.is_used_up(plan):
        return True
    proof_s = program.bout.off_s + PROOF_HOLDS * program.success.hold_s
    return treatment.relaxation.relaxed and passed_s < proof_s


def _struck(
    session: Session, treatment: Treatment
) -> tuple[Treatment, tuple[Note, ...]]:
    """Return the treatment after an adverse response: off, and lightly from there."""
    halved, note = after_strike(session, treatment)
    return replace(halved, kneading=halved.kneading.struck()), (note,)


def _with_level(session: Session, treatment: Treatment, plan: MassagePlan) -> Treatment:
    kneading = treatment.kneading
    treatment = with_level(session, treatment, plan.depths[kneading.depth])
    cap = min(plan.depths[-1], level_cap(replace(session, treatment=treatment)))
    response = treatment.response.at_level(
        session.now_s, treatment.level.amplitude, cap
    )
    return replace(treatment, response=response)


def _stage_note(session: Session, treatment: Treatment) -> Note:
    unit = session.setup.unit.lower()
    return Note(
        "depth",
        {
            "depth": treatment.kneading.depth.name.lower(),
            f"level_{unit}": treatment.level.amplitude,
        },
    )


def _conclude(session: Session, treatment: Treatment, plan: MassagePlan) -> Step:
    program = session.setup.program
    adverse = why_adverse(session, treatment)
    if adverse:
        return end(session, Outcome.ADVERSE, adverse)
    if not treatment.on and treatment.relaxation.reached(program.success):
        reached_s = treatment.relaxation.history[0][0]
        reached = replace(session, treatment=replace(treatment, reached_s=reached_s))
        return end(reached, Outcome.REACHED, "relaxed without contact")
    if treatment.response.useless(program.response, session.now_s):
        return give_up(session, treatment, NO_BENEFIT)
    if treatment.kneading.is_used_up(plan) and not _may_still_prove(session, treatment):
        return give_up(session, treatment, "the contact time of the row is used up")
    if session.now_s - treatment.started_s >= session.setup.treatment_s:
        return give_up(session, treatment, TIME_IS_OVER)
    return session, ()


def _may_still_prove(session: Session, treatment: Treatment) -> bool:
    """Return whether the last off part is still being looked at."""
    bout, success = session.setup.program.bout, session.setup.program.success
    passed_s = session.now_s - treatment.bout_s
    needed_s = bout.off_s + success.hold_s
    return passed_s < needed_s or (
        treatment.relaxation.relaxed and passed_s < PROOF_HOLDS * needed_s
    )
