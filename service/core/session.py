"""The session: which phase follows when something happens.

`reduce` is total: every event is answered in every phase. ``stop`` is legal in all of
them, and nothing but an acknowledgement leaves ``fault``.
"""

from dsp.types import QualityFlag
from service.core.assessing import comparison_notes, waits_for_entries
from service.core.calibrating import calibrate_on
from service.core.commands import COMMANDS
from service.core.company import mean_rms, reassess_company, with_finals
from service.core.evolve import evolve
from service.core.leaking import leak_on
from service.core.massage import knead
from service.core.mat import lie
from service.core.model import (
    STIMULATING_PHASES,
    Command,
    Event,
    FaultRaised,
    JournalSeen,
    MuscleResponse,
    Outcome,
    Phase,
    ReadbackSeen,
    Sample,
    SampleArrived,
    SourceLost,
    SourceOpened,
    TimePassed,
    TwitchSeen,
)
from service.core.needling import observe, see_twitch, summary_notes
from service.core.release import release
from service.core.release_look import worked_on
from service.core.searching import conclude_search, see_response
from service.core.state import Session, Step
from service.core.targeted import target
from service.core.training import train
from service.core.transitions import enter, fail
from service.core.treatment import treat
from service.core.watch import (
    any_bad,
    emg_trouble,
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
    if event.now_s > session.now_s:
        session = evolve(session, now_s=event.now_s)
    return conclude_search(_answer(session, event))


def _answer(session: Session, event: Event) -> Step:
    match event:
        case SampleArrived(sample=sample, others=others):
            return _see_sample(session, sample, others)
        case TimePassed():
            return watch(session)
        case SourceOpened():
            return _open_source(session)
        case SourceLost(reason=reason):
            return _lose_source(session, reason)
        case ReadbackSeen():
            return see_readback(session, event)
        case JournalSeen(now_s=now_s, why=why):
            return watch(evolve(session, journal_s=now_s, journal_trouble=why))
        case FaultRaised(cause=cause):
            return fail(session, cause)
        case TwitchSeen() | MuscleResponse():
            return _see_muscle(session, event)
        case Command():
            return COMMANDS[event.verb](session, event)


def _see_muscle(session: Session, event: TwitchSeen | MuscleResponse) -> Step:
    if isinstance(event, TwitchSeen):
        return see_twitch(session, event)
    return see_response(session, event)


def _see_sample(session: Session, sample: Sample, others: tuple[Sample, ...]) -> Step:
    good = not any_bad(session, sample, others)
    since_s = sample.t_s if session.good_since_s is None else session.good_since_s
    seen = evolve(
        session,
        sample=sample,
        others=others,
        good_since_s=since_s if good else None,
        last_good_s=sample.t_s if good else session.last_good_s,
    )
    watched, notes = watch(seen)
    if watched.phase is not seen.phase or watched.ebb or emg_trouble(watched):
        return watched, notes
    progressed, more = _progress(watched, sample)
    return progressed, (*notes, *more)


def _progress(session: Session, sample: Sample) -> Step:
    if session.phase is Phase.LEAK and session.leak_run is not None:
        return leak_on(session, session.leak_run, sample)
    if session.phase in STIMULATING_PHASES:
        return _treat(session, sample)
    if session.phase is Phase.CALIBRATING and session.calibrating is not None:
        return calibrate_on(session, session.calibrating, sample)
    if session.phase is Phase.REASSESSING:
        return _reassess_on(session, sample)
    return session, ()


#: A reassessment that measures nothing is given up after so many of its lengths. A.
REASSESS_PATIENCE = 3.0


def _treat(session: Session, sample: Sample) -> Step:
    program = session.setup.program
    if program.needling is not None:
        return observe(session, sample)
    if program.feedback is not None:
        return train(session, sample)
    if program.release is not None:
        return release(session, sample)
    if program.massage is not None:
        return knead(session, sample)
    if program.mat is not None:
        return lie(session, sample)
    if program.targeted is not None:
        return target(session, sample)
    return treat(session, sample)


def _reassess_on(session: Session, sample: Sample) -> Step:
    program = session.setup.program
    if session.calibration is None:
        return fail(session, "reassessing without a calibration")
    elapsed_s = session.now_s - session.phase_since_s
    is_over = elapsed_s >= program.timing.reassess_s
    calibration, sample = worked_on(session, sample)
    # Afterwards is without contact, also where tone could be measured under it.
    silent = session.zero.covers(sample.measured_s, program.window_s, program.bout)
    is_still = silent and not sample.quality & QualityFlag.DRIFT
    if is_still and not (is_over and session.reassess_uv):
        session = evolve(session, reassess_uv=(*session.reassess_uv, sample.rms_uv))
        session = reassess_company(session)
    if not is_over:
        return session, ()
    if not session.reassess_uv:
        if elapsed_s < REASSESS_PATIENCE * program.timing.reassess_s:
            return session, ()
        return _unassessed(session)
    if waits_for_entries(session):
        return session, ()
    final = calibration.tone_pct_mvc(mean_rms(session.reassess_uv))
    done = with_finals(evolve(session, final_pct_mvc=final))
    success = program.success
    finals = (final, *(member.final_pct_mvc for member in done.company))
    # A member that was not treated has no final tone, which is above nothing.
    if session.outcome is Outcome.REACHED and any(
        one > success.exit_ratio * success.threshold_pct_mvc for one in finals
    ):
        done = evolve(done, outcome=Outcome.NOT_REACHED, cause="relapsed")
    ended, notes = enter(done, Phase.DONE, cause=done.cause)
    return ended, (*comparison_notes(done), *summary_notes(done), *notes)


def _open_source(session: Session) -> Step:
    if session.phase is Phase.CONNECTING:
        return enter(session, Phase.CHECKING)
    return session, ()


def _unassessed(session: Session) -> Step:
    cause = "no tone without stimulation and motion could be measured afterwards"
    if session.outcome is Outcome.REACHED:
        session = evolve(session, outcome=Outcome.NOT_REACHED, cause=cause)
    return enter(session, Phase.DONE, cause=cause)


def _lose_source(session: Session, reason: str) -> Step:
    lost = evolve(session, sample=None, good_since_s=None)
    if lost.phase in {Phase.CHECKING, Phase.READY}:
        return enter(lost, Phase.CONNECTING, cause=reason)
    return watch(lost)
