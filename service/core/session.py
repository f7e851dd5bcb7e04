"""The session: which phase follows when something happens.

`reduce` is total: every event is answered in every phase. ``stop`` is legal in all of
them, and nothing but an acknowledgement leaves ``fault``.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from service.core.calibrating import begin_calibration, calibrate_on
from service.core.model import (
    STIMULATING_PHASES,
    Command,
    Event,
    FaultRaised,
    JournalSeen,
    Outcome,
    Phase,
    ReadbackSeen,
    Sample,
    SampleArrived,
    SourceLost,
    SourceOpened,
    TimePassed,
    Verb,
)
from service.core.state import Session, Step, Treatment
from service.core.transitions import enter, fail, hold, refuse
from service.core.treatment import treat
from service.core.watch import (
    OUTPUT_SILENT_S,
    emg_trouble,
    is_bad,
    journal_trouble,
    see_readback,
    watch,
)


def reduce(session: Session, event: Event) -> Step:
    """Answer one event.

    Parameters
    ----------
    session : Session
        From the previous call.
    event : Event
        What happened.

    Returns
    -------
    session : Session
        The session afterwards. The input is not modified.
    notes : tuple of Note
        What is worth telling.
    """
    session = replace(session, now_s=max(session.now_s, event.now_s))
    match event:
        case SampleArrived(sample=sample):
            return _see_sample(session, sample)
        case TimePassed():
            return watch(session)
        case SourceOpened():
            if session.phase is Phase.CONNECTING:
                return enter(session, Phase.CHECKING)
            return session, ()
        case SourceLost(reason=reason):
            return _lose_source(session, reason)
        case ReadbackSeen():
            return see_readback(session, event)
        case JournalSeen(now_s=now_s, why=why):
            return watch(replace(session, journal_s=now_s, journal_trouble=why))
        case FaultRaised(cause=cause):
            return fail(session, cause)
        case Command():
            return _COMMANDS[event.verb](session, event)


def _see_sample(session: Session, sample: Sample) -> Step:
    good = not is_bad(session, sample)
    since_s = sample.t_s if session.good_since_s is None else session.good_since_s
    seen = replace(
        session,
        sample=sample,
        good_since_s=since_s if good else None,
        last_good_s=sample.t_s if good else session.last_good_s,
    )
    watched, notes = watch(seen)
    if watched.phase is not seen.phase or emg_trouble(watched):
        return watched, notes
    progressed, more = _progress(watched, sample)
    return progressed, (*notes, *more)


def _progress(session: Session, sample: Sample) -> Step:
    if session.phase in STIMULATING_PHASES:
        return treat(session, sample)
    if session.phase is Phase.CALIBRATING and session.calibrating is not None:
        return calibrate_on(session, session.calibrating, sample)
    if session.phase is Phase.REASSESSING:
        return _reassess_on(session, sample)
    return session, ()


def _reassess_on(session: Session, sample: Sample) -> Step:
    program = session.setup.program
    if session.zero.covers(sample.measured_s, program.window_s, program.bout):
        session = replace(session, reassess_uv=(*session.reassess_uv, sample.rms_uv))
    elapsed_s = session.now_s - session.phase_since_s
    if elapsed_s < program.timing.reassess_s or not session.reassess_uv:
        return session, ()
    if session.calibration is None:
        return fail(session, "reassessing without a calibration")
    power = math.fsum(uv * uv for uv in session.reassess_uv) / len(session.reassess_uv)
    final = session.calibration.tone_pct_mvc(math.sqrt(power))
    done = replace(session, final_pct_mvc=final)
    success = program.success
    if (
        session.outcome is Outcome.REACHED
        and final > success.exit_ratio * success.threshold_pct_mvc
    ):
        done = replace(done, outcome=Outcome.NOT_REACHED, cause="relapsed")
    return enter(done, Phase.DONE, cause=done.cause)


def _lose_source(session: Session, reason: str) -> Step:
    lost = replace(session, sample=None, good_since_s=None)
    if lost.phase in {Phase.CHECKING, Phase.READY}:
        return enter(lost, Phase.CONNECTING, cause=reason)
    return watch(lost)


def _connect(session: Session, command: Command) -> Step:
    if session.phase is not Phase.IDLE:
        return refuse(session, command.verb, "this session has begun already")
    return enter(session, Phase.CONNECTING)


def _calibrate(session: Session, command: Command) -> Step:
    if session.phase not in {Phase.CHECKING, Phase.READY}:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    why = _not_good_yet(session)
    if why:
        return refuse(session, command.verb, why)
    return begin_calibration(session, command)


def _not_good_yet(session: Session) -> str:
    trouble = emg_trouble(session)
    if trouble:
        return f"the EMG is not usable: {trouble}"
    since_s, check_s = session.good_since_s, session.setup.program.timing.check_s
    if since_s is None or session.now_s - since_s < check_s:
        return f"the EMG must be good for {check_s:g} s first"
    return ""


def _arm(session: Session, command: Command) -> Step:
    if session.phase is not Phase.READY or session.calibration is None:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    why = _not_good_yet(session)
    if not why and session.output_fault is not None:
        why = f"the output reports {session.output_fault}"
    if not why and not session.zero.since_s <= session.now_s:
        why = "the output has not confirmed that it is at zero"
    why = why or journal_trouble(session)
    if why:
        return refuse(session, command.verb, why)
    return enter(session, Phase.ARMED)


def _start(session: Session, command: Command) -> Step:
    now_s = session.now_s
    if session.phase is Phase.ARMED:
        # The first part is an off part: the loop measures before it acts.
        treatment = Treatment(started_s=now_s, bout_s=now_s)
        return enter(replace(session, treatment=treatment), Phase.TREATING)
    if session.phase is Phase.HOLDING:
        why = _not_good_yet(session)
        if why:
            return refuse(session, command.verb, why)
        return enter(session, session.resume_to, cause="operator")
    return refuse(session, command.verb, f"not possible while {session.phase}")


def _hold(session: Session, command: Command) -> Step:
    if session.phase in STIMULATING_PHASES:
        return hold(session, "operator")
    if session.phase is Phase.HOLDING:
        return replace(session, hold_reason="operator"), ()
    return refuse(session, command.verb, f"not possible while {session.phase}")


def _stop(session: Session, _command: Command) -> Step:
    if session.phase in {Phase.IDLE, Phase.DONE, Phase.FAULT}:
        return session, ()
    stopped = replace(session, outcome=Outcome.STOPPED, cause="operator")
    return enter(stopped, Phase.DONE, cause="stop")


def _acknowledge(session: Session, command: Command) -> Step:
    if session.phase is not Phase.FAULT:
        return refuse(session, command.verb, "there is no fault")
    if session.cause.startswith("emg_") and emg_trouble(session):
        return refuse(
            session, command.verb, f"the cause is still there: {session.cause}"
        )
    silent = session.now_s - session.readback_s > OUTPUT_SILENT_S
    if session.cause.startswith("journal") and journal_trouble(session):
        return refuse(
            session, command.verb, f"the cause is still there: {session.cause}"
        )
    if session.cause.startswith("output_") and (silent or session.output_fault):
        return refuse(
            session, command.verb, f"the cause is still there: {session.cause}"
        )
    return enter(session, Phase.DONE, cause="acknowledged")


_COMMANDS: Mapping[Verb, Callable[[Session, Command], Step]] = {
    Verb.CONNECT: _connect,
    Verb.CALIBRATE: _calibrate,
    Verb.ARM: _arm,
    Verb.START: _start,
    Verb.HOLD: _hold,
    Verb.STOP: _stop,
    Verb.ACKNOWLEDGE: _acknowledge,
}
