"""What a session depends on: fresh EMG of good quality, and an output that answers."""

import math

from dsp.types import BAD_QUALITY, QualityFlag
from service.core.arming import OPERATOR_GONE_S
from service.core.ebb import QUALITY_HOLD_S, Ebb
from service.core.evolve import evolve
from service.core.leaking import abandon_leak
from service.core.model import (
    DEPENDENT_PHASES,
    PERMITTED_PHASES,
    STIMULATING_PHASES,
    Note,
    Phase,
    ReadbackSeen,
    Sample,
)
from service.core.state import Session, Step
from service.core.transitions import enter, fail, hold

#: An output or a recorder that has not spoken for this long is not known to work: the
#: output goes to zero. A: zero within 1 s of a failed write.
SILENT_S = 0.5

#: After this long it is a fault, not a hiccup of the host. A.
GONE_S = 3.0

OPERATOR_GONE = "operator_gone"

_REACTING_PHASES = STIMULATING_PHASES | {Phase.ARMED}

#: What lets the amplitude ebb away rather than cut it, and how long it may stay first.
EBBS = {"quality": QUALITY_HOLD_S, OPERATOR_GONE: 0.0}

#: What the flags of mains and rail look back on: the monitor's window and one segment.
QUALITY_WINDOW_S = 2.5

# Operations on enumeration members are slow, and this is asked for every sample.
_BAD, _PULSED, _ARTIFACT = (
    int(flags)
    for flags in (
        BAD_QUALITY,
        QualityFlag.MAINS | QualityFlag.CLIPPED,
        QualityFlag.ARTIFACT,
    )
)

#: EMG stamped this far ahead of the clock is not believed. A.
FUTURE_S = 0.05


def emg_trouble(session: Session) -> str:
    """Say what is wrong with the newest EMG.

    Parameters
    ----------
    session : Session
        With its newest sample.

    Returns
    -------
    str
        ``stale``, ``future``, ``quality`` or nothing.
    """
    sample = session.sample
    if sample is None:
        return "stale"
    age_s = session.now_s - sample.t_s
    # What has no time is not known to be fresh.
    if not age_s <= session.setup.program.timing.stale_s:
        return "stale"
    if age_s < -FUTURE_S:
        return "future"
    return "quality" if any_bad(session, sample, session.others) else ""


def any_bad(session: Session, sample: Sample, others: tuple[Sample, ...]) -> bool:
    """Say whether the quality of any muscle forbids to go on.

    Parameters
    ----------
    session : Session
        Knows whether the device is silent, and since when.
    sample : Sample
        Of the muscle that decides.
    others : tuple of Sample
        Of the other muscles.

    Returns
    -------
    bool
        True if one of them `is_bad`.
    """
    return is_bad(session, sample) or (
        bool(others) and any(is_bad(session, one) for one in others)
    )


def is_bad(session: Session, sample: Sample) -> bool:
    """Say whether the quality of a sample forbids to go on.

    Parameters
    ----------
    session : Session
        Knows whether the device is silent, and since when.
    sample : Sample
        The sample.

    Returns
    -------
    bool
        Pulses have power at the mains frequency, drive amplifiers to the rail and leave
        little to measure: while they are in the window that is judged, those flags say
        nothing about the electrode. One that is off has a flag of its own, and so has a
        signal that is at the rail for longer than pulses are. Hum can only make a
        muscle look tense, and while pulses are in the control window no tone is taken
        from it. An RMS that is no number is bad, whatever the flags say, unless
        it was given up for the pulses in it (ARTIFACT).
    """
    bad = int(sample.quality) & _BAD
    if bad and session.phase in STIMULATING_PHASES:
        program, zero = session.setup.program, session.zero
        if not zero.covers(sample.measured_s, QUALITY_WINDOW_S, program.bout):
            bad &= ~_PULSED
        if not zero.covers(sample.measured_s, program.window_s, program.bout):
            bad &= ~_ARTIFACT
    is_number = math.isfinite(sample.rms_uv) or sample.quality & QualityFlag.ARTIFACT
    return bool(bad) or not is_number


def journal_trouble(session: Session) -> str:
    """Say why there is no record of this session.

    Parameters
    ----------
    session : Session
        With what the recorder said last.

    Returns
    -------
    str
        Empty when it is being written, or when none is needed.
    """
    if not session.setup.needs_journal:
        return ""
    if session.now_s - session.journal_s > SILENT_S:
        return "the recorder is silent"
    return session.journal_trouble


def silent_peer(session: Session, longest_s: float = SILENT_S) -> str:
    """Name a role that the treatment depends on and that has not been heard.

    Parameters
    ----------
    session : Session
        With the times at which output and recorder were heard last.
    longest_s : float
        How long each may be silent.

    Returns
    -------
    str
        ``output_silent``, ``journal_silent`` or nothing.
    """
    if session.now_s - session.readback_s > longest_s:
        return "output_silent"
    if session.setup.needs_journal and session.now_s - session.journal_s > longest_s:
        return "journal_silent"
    return ""


def operator_trouble(session: Session) -> str:
    """Say whether the operator has gone away.

    Parameters
    ----------
    session : Session
        With the time at which an operator was heard of last.

    Returns
    -------
    str
        ``operator_gone`` or nothing.
    """
    setup = session.setup
    if not (setup.safety.presence and setup.program.actuates):
        return ""
    gone = session.now_s - session.present_s > OPERATOR_GONE_S
    return OPERATOR_GONE if gone else ""


def watch(session: Session) -> Step:
    """Apply what follows from bad EMG or a silent output.

    Parameters
    ----------
    session : Session
        After an event.

    Returns
    -------
    session : Session
        Holding, back in an earlier phase, or in fault when something is wrong.
    notes : tuple of Note
        The phase changes.
    """
    if session.phase not in DEPENDENT_PHASES:
        return session, ()
    silent = ""
    if session.phase in PERMITTED_PHASES:
        gone = silent_peer(session, GONE_S)
        if gone:
            return fail(session, gone)
        if session.setup.needs_journal and session.journal_trouble:
            return fail(session, f"journal: {session.journal_trouble}")
        silent = silent_peer(session)
    trouble = emg_trouble(session)
    if trouble == "future":
        return fail(session, "emg_future")
    if session.phase in _REACTING_PHASES:
        return _react(session, silent or trouble, operator_trouble(session))
    if trouble:
        return _wait_for_emg(session, trouble)
    if session.phase is Phase.HOLDING and not silent:
        return _resume(session)
    return session, ()


def _react(session: Session, trouble: str, gone: str) -> Step:
    why = trouble or gone
    if not why:
        return session if session.ebb is None else evolve(session, ebb=None), ()
    if session.phase is Phase.ARMED:
        return enter(session, Phase.READY, cause=why)
    if why not in EBBS:
        return _pause(session, why)
    amplitude, now_s = session.established.amplitude, session.now_s
    ways = [Ebb(each, now_s, amplitude, EBBS[each]) for each in (trouble, gone) if each]
    if session.ebb is not None:
        ways.append(session.ebb)
    # Two reasons that come and go by turns must not begin anew each time.
    ebb = min(ways, key=lambda way: way.end_s)
    if ebb.is_over(now_s):
        return _pause(session, gone or trouble)
    return evolve(session, ebb=ebb), ()


def _pause(session: Session, trouble: str) -> Step:
    if session.phase is Phase.LEAK:
        return abandon_leak(session, trouble, Phase.READY)
    return hold(session, trouble)


def _wait_for_emg(session: Session, trouble: str) -> Step:
    """Be patient where nothing is stimulated, but not for ever."""
    timing = session.setup.program.timing
    patience_s = timing.bad_s if trouble == "quality" else timing.lost_s
    if session.now_s - max(session.last_good_s, session.phase_since_s) <= patience_s:
        run = session.calibrating
        if run is not None and not run.interrupted:
            session = evolve(session, calibrating=evolve(run, interrupted=True))
        return session, ()
    if session.phase is not Phase.CALIBRATING:
        return fail(session, f"emg_{trouble}")
    dropped = evolve(session, calibrating=None)
    back, notes = enter(dropped, Phase.CHECKING, cause=trouble)
    return back, (*notes, Note("refused", {"what": "calibrate", "why": trouble}))


def _resume(session: Session) -> Step:
    since_s = session.good_since_s
    good_s = 0.0 if since_s is None else session.now_s - since_s
    if session.hold_reason in {"operator", OPERATOR_GONE}:
        return session, ()
    if good_s < session.setup.program.timing.resume_s:
        return session, ()
    return enter(session, session.resume_to, cause="emg_good")


def see_readback(session: Session, event: ReadbackSeen) -> Step:
    """Take in what the device says.

    Parameters
    ----------
    session : Session
        Before.
    event : ReadbackSeen
        The readback.

    Returns
    -------
    session : Session
        In fault when the device reports one.
    notes : tuple of Note
        The phase change, if any.
    """
    seen = evolve(
        session,
        zero=session.zero.after(event.now_s, event.amplitude),
        readback_s=event.now_s,
        readback=event.amplitude,
        output_fault=event.fault,
    )
    if event.fault is not None and session.phase is not Phase.IDLE:
        return fail(seen, f"output_{event.fault}")
    return seen, ()
