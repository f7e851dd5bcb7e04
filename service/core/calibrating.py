"""The session while it calibrates: prompts, cues, verdicts, and how it ends."""

import math
from dataclasses import replace

from service.core.calibration import CalibrationRun, conclude
from service.core.company import (
    begin_following,
    company_notes,
    conclude_company,
    follow,
    why_not_given,
)
from service.core.model import Command, Note, Phase, Sample
from service.core.state import Session, Step
from service.core.steps import CONTRACTIONS, plan_steps
from service.core.transitions import enter, refuse


def begin_calibration(session: Session, command: Command) -> Step:
    """Begin to calibrate, now that nothing else is in the way.

    Parameters
    ----------
    session : Session
        With EMG that is good.
    command : Command
        May bring values that make recordings unnecessary.

    Returns
    -------
    session : Session
        Calibrating, or unchanged if the values are none.
    notes : tuple of Note
        The phase change and the first prompt, or a refusal.
    """
    given = (command.noise_uv, command.mvc_uv)
    if any(value is not None and not 0 < value < math.inf for value in given):
        why = "noise_uv and mvc_uv must be finite and above 0"
        return refuse(session, command.verb, why)
    why = why_not_given(session, given)
    if why:
        return refuse(session, command.verb, why)
    program = session.setup.program
    steps = plan_steps(
        program.calibration,
        noise_given=command.noise_uv is not None,
        mvc_given=command.mvc_uv is not None,
    )
    run = CalibrationRun(
        steps,
        session.now_s,
        plan=program.calibration,
        window_s=program.window_s,
        bandwidth_hz=session.setup.noise_bandwidth_hz,
        noise_uv=command.noise_uv,
        mvc_uv=command.mvc_uv,
        origin=command.origin,
        kind=command.kind,
        warnings=command.warnings,
    )
    begun = replace(session, calibrating=run, calibration=None, leak=None)
    calibrating, notes = enter(begin_following(begun, run), Phase.CALIBRATING)
    return calibrating, (*notes, prompt_of(run))


def calibrate_on(session: Session, run: CalibrationRun, sample: Sample) -> Step:
    """Go on with a calibration.

    Parameters
    ----------
    session : Session
        Calibrating.
    run : CalibrationRun
        How far it is.
    sample : Sample
        Newest EMG of good quality.

    Returns
    -------
    session : Session
        Ready if that was all, back at checking if it is refused.
    notes : tuple of Note
        Cues, verdicts and prompts.
    """
    session = follow(session, run)
    if run.interrupted:
        run = run.repeated(session.now_s)
        return replace(session, calibrating=run), (prompt_of(run),)
    run, words = run.recorded(sample).said(session.now_s)
    notes = tuple(_cue(run, word, session.now_s) for word in words)
    if not run.finished(session.now_s):
        return replace(session, calibrating=run), notes
    was_trial = run.step.name in CONTRACTIONS
    run = run.advanced(session.now_s)
    if was_trial:
        notes = (*notes, _verdict(run))
    if run.steps:
        return replace(session, calibrating=run), (*notes, prompt_of(run))
    session, more = _finish(replace(session, calibrating=None), run)
    return session, (*notes, *more)


def prompt_of(run: CalibrationRun) -> Note:
    """Return the note that asks the person for the current step.

    Parameters
    ----------
    run : CalibrationRun
        At the start of a step.

    Returns
    -------
    Note
        Of kind ``prompt``.
    """
    step = run.step
    detail: dict[str, str | float | bool | None] = {
        "task": step.task.value,
        "step": step.name,
        "text": step.text,
        "duration_s": step.duration_s,
    }
    if step.name in CONTRACTIONS:
        detail |= {"trial": run.trial, "of": run.n_trials}
    return Note("prompt", detail)


def _cue(run: CalibrationRun, words: str, now_s: float) -> Note:
    detail = {"text": words, "step": run.step.name}
    return Note("cue", {**detail, "remaining_s": run.remaining_s(now_s)})


def _verdict(run: CalibrationRun) -> Note:
    judgement = run.judgement
    newest = judgement.verdicts[-1]
    achieved = newest.achieved_uv
    again = run.step.name == "pause" and run.n_trials > run.plan.mvc_trials
    return Note(
        "trial",
        {
            "trial": newest.number,
            "of": run.n_trials,
            "achieved_uv": achieved if math.isfinite(achieved) else None,
            "counts": not newest.rejected,
            "why": newest.rejected or (judgement.complaint if again else ""),
            "repeat": again,
        },
    )


def _finish(session: Session, run: CalibrationRun) -> Step:
    result = conclude(run)
    session, refused = conclude_company(session)
    if refused and not isinstance(result, str):
        result = refused
    if isinstance(result, str):
        alone = replace(session, company=())
        back, notes = enter(alone, Phase.CHECKING, cause=result)
        return back, (*notes, Note("refused", {"what": "calibrate", "why": result}))
    note = Note(
        "calibration",
        {
            "noise_uv": result.noise_uv,
            "mvc_uv": result.mvc_uv,
            "baseline_pct_mvc": result.baseline_pct_mvc,
            "kind": result.kind,
            "origin": result.origin,
            "warnings": "; ".join(result.warnings),
        },
    )
    ready, notes = enter(replace(session, calibration=result), Phase.READY)
    return ready, (*notes, note, *company_notes(ready))
