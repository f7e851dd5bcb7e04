"""The session while a therapist needles: it watches, and never actuates."""

import math
from dataclasses import asdict, replace

from service.core.model import Command, Note, Outcome, Phase, Sample, TwitchSeen
from service.core.response import Response
from service.core.state import Session, Step, Treatment
from service.core.transitions import refuse
from service.core.treatment import end, measure
from service.core.twitches import (
    Needling,
    NeedlingSummary,
    RestingTone,
    SeenTwitch,
    summarise,
)
from service.core.watch import FUTURE_S

#: A mark may come so long after what it marks. A.
OLDEST_MARK_S = 60.0

#: Phases in which an insertion may be marked.
NEEDLING_PHASES = frozenset({Phase.TREATING, Phase.HOLDING})

#: Phases in which there is no session to mark.
UNMARKED_PHASES = frozenset({Phase.IDLE, Phase.DONE, Phase.FAULT})

INSERTION = "insertion"


def observe(session: Session, sample: Sample) -> Step:
    """Advance the observation by one sample.

    Parameters
    ----------
    session : Session
        Treating.
    sample : Sample
        Newest EMG of good quality.

    Returns
    -------
    session : Session
        Reassessing once the time is over.
    notes : tuple of Note
        The phase change.
    """
    calibration, treatment = session.calibration, session.treatment
    if calibration is None or treatment is None:
        msg = "observing needs a calibration and a treatment"
        raise ValueError(msg)
    treatment = measure(session, treatment, calibration, sample)
    treatment = replace(treatment, response=Response())
    session = replace(session, treatment=treatment)
    if session.now_s - treatment.started_s >= session.setup.treatment_s:
        return end(session, Outcome.OBSERVED, "observation time is over")
    return session, ()


def see_twitch(session: Session, event: TwitchSeen) -> Step:
    """Take in a twitch.

    Parameters
    ----------
    session : Session
        In any phase.
    event : TwitchSeen
        The twitch.

    Returns
    -------
    session : Session
        With the twitch, if needling is observed now.
    notes : tuple of Note
        The twitch, with the insertion that it belongs to, if it does.
    """
    plan, treatment = session.setup.program.needling, session.treatment
    if plan is None or treatment is None or session.phase not in NEEDLING_PHASES:
        return session, ()
    twitch = SeenTwitch(event.start_s, event.width_s, event.peak_pct_mvc)
    needling = treatment.needling.seen(twitch)
    own = (one for one in needling.responses(plan) if one.twitch is twitch)
    belongs = next(own, None)
    note = Note(
        "twitch",
        {
            "at_s": twitch.start_s,
            "width_s": twitch.width_s,
            "peak_pct_mvc": twitch.peak_pct_mvc,
            "insertion": belongs.insertion if belongs else None,
            "latency_s": belongs.latency_s if belongs else None,
        },
    )
    return _with(session, treatment, needling), (note,)


def mark(session: Session, command: Command) -> Step:
    """Note what an operator or a marker stream points out.

    Parameters
    ----------
    session : Session
        Open.
    command : Command
        When, and what; in the observation of needling, nothing else being said, an
        insertion.

    Returns
    -------
    session : Session
        With the insertion, if it is one.
    notes : tuple of Note
        ``insertion`` or ``mark``, or a refusal.
    """
    at_s = session.now_s if command.at_s is None else command.at_s
    if session.phase in UNMARKED_PHASES:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    if not -OLDEST_MARK_S <= at_s - session.now_s <= FUTURE_S:
        why = f"at_s: expected a time of the last {OLDEST_MARK_S:g} s on the LSL clock"
        return refuse(session, command.verb, why)
    plan, treatment = session.setup.program.needling, session.treatment
    if plan is None or command.text not in {"", INSERTION, plan.marker}:
        return session, (Note("mark", {"text": command.text, "at_s": at_s}),)
    if treatment is None or session.phase not in NEEDLING_PHASES:
        why = f"insertions are observed while treating, not while {session.phase}"
        return refuse(session, command.verb, why)
    needling = treatment.needling.marked(at_s)
    count = len(needling.insertions_s)
    note = Note(INSERTION, {"at_s": at_s, "count": count})
    return _with(session, treatment, needling), (note,)


def summary_of(session: Session) -> NeedlingSummary | None:
    """Return what an observation has come to so far.

    Parameters
    ----------
    session : Session
        In any phase.

    Returns
    -------
    NeedlingSummary or None
        None if nothing is or was observed.
    """
    program, calibration = session.setup.program, session.calibration
    treatment = session.treatment
    if program.needling is None or treatment is None or calibration is None:
        return None
    tone = RestingTone(
        calibration.baseline_pct_mvc,
        calibration.baseline_sd_pct_mvc,
        session.final_pct_mvc,
        program.success.threshold_pct_mvc,
    )
    return summarise(program.needling, treatment.needling, tone)


def summary_notes(session: Session) -> tuple[Note, ...]:
    """Return the summary of an observation for the journal.

    Parameters
    ----------
    session : Session
        At the end of its reassessment.

    Returns
    -------
    tuple of Note
        One, of kind ``summary``; none if nothing was observed.
    """
    summary = summary_of(session)
    if summary is None:
        return ()
    detail: dict[str, str | float | bool | None] = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in asdict(summary).items()
    }
    return (Note("summary", detail),)


def _with(session: Session, treatment: Treatment, needling: Needling) -> Session:
    return replace(session, treatment=replace(treatment, needling=needling))
