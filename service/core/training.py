"""The treatment of biofeedback: nothing is actuated, a person is shown their tone."""

import math
from dataclasses import replace

from service.core.model import Note, Outcome, Phase, Sample
from service.core.plans import FeedbackPlan
from service.core.response import Response
from service.core.shaping import EASIEST, HARDEST, JUDGE_S, Feedback, pitch_hz
from service.core.state import Session, Step, Treatment
from service.core.tone import UPDATE_S
from service.core.transitions import enter
from service.core.treatment import TIME_IS_OVER, end, measure

#: A tone older than this is not told: it says nothing about now. A.
FRESH_S = 0.5


def train(session: Session, sample: Sample) -> Step:
    """Advance the training by one sample.

    Parameters
    ----------
    session : Session
        Treating, or weaning: then feedback has been withdrawn to see whether the
        relaxation holds.
    sample : Sample
        Newest EMG of good quality.

    Returns
    -------
    session : Session
        Possibly in the next phase.
    notes : tuple of Note
        What was told (``feedback``), trials that ended (``trial``), phase changes.
    """
    calibration, treatment = session.calibration, session.treatment
    plan = session.setup.program.feedback
    if calibration is None or treatment is None or plan is None:
        msg = "training needs a calibration, a treatment and a plan of the feedback"
        raise ValueError(msg)
    treatment = measure(session, treatment, calibration, sample)
    # What guards against stimulation has nothing to look at.
    treatment = replace(treatment, response=Response())
    feedback = treatment.feedback
    if feedback is None:
        feedback = Feedback(calibration.baseline_pct_mvc, session.now_s)
    threshold = session.setup.program.success.threshold_pct_mvc
    easiest = max(threshold, EASIEST * calibration.baseline_pct_mvc)
    bounds = HARDEST * threshold, easiest
    feedback, told = _judge(session, treatment, feedback, plan, bounds)
    session = replace(session, treatment=replace(treatment, feedback=feedback))
    session, more = _conclude(session, feedback, plan)
    return session, (*told, *more)


def _judge(
    session: Session,
    treatment: Treatment,
    feedback: Feedback,
    plan: FeedbackPlan,
    bounds_pct_mvc: tuple[float, float],
) -> tuple[Feedback, tuple[Note, ...]]:
    now_s, tone = session.now_s, treatment.tone_pct_mvc
    too_soon = now_s - feedback.judged_s < JUDGE_S - 0.5 * UPDATE_S
    if too_soon or not (math.isfinite(tone) and now_s - treatment.tone_s <= FRESH_S):
        return feedback, ()
    judged = feedback.judged(plan, now_s, tone, bounds_pct_mvc)
    share = judged.success_share
    told = replace(judged, goal_pct_mvc=feedback.goal_pct_mvc)
    note = Note(
        "feedback",
        {
            "shown": not judged.is_transfer,
            "met": judged.met,
            "tone_pct_mvc": tone,
            "goal_pct_mvc": feedback.goal_pct_mvc,
            "success_share": share if math.isfinite(share) else None,
            "sound_hz": pitch_hz(told, tone),
        },
    )
    return judged, (note,)


def _conclude(session: Session, feedback: Feedback, plan: FeedbackPlan) -> Step:
    treatment, success = session.treatment, session.setup.program.success
    if treatment is None:
        return session, ()
    now_s, relaxation = session.now_s, treatment.relaxation
    if session.phase is Phase.WEANING and relaxation.lost(now_s, success):
        forgotten = replace(treatment, relaxation=relaxation.forgotten())
        session, told = _turn(replace(session, treatment=forgotten), feedback, plan)
        back, notes = enter(session, Phase.TREATING, cause="relapse")
        relapse = Note("relapse", {"tone_pct_mvc": treatment.tone_pct_mvc})
        return back, (*told, *notes, relapse)
    if session.phase is Phase.WEANING:
        if not feedback.is_over(plan, now_s):
            return session, ()
        _, told = _turn(session, feedback, plan)
        ended, notes = end(session, Outcome.REACHED, "relaxed without feedback")
        return ended, (*told, *notes)
    if relaxation.reached(success):
        reached_s = treatment.reached_s or relaxation.history[0][0]
        reached = replace(session, treatment=replace(treatment, reached_s=reached_s))
        session, told = _turn(reached, feedback, plan, transfer=True)
        weaning, notes = enter(session, Phase.WEANING)
        return weaning, (*told, *notes)
    if now_s - treatment.started_s >= session.setup.treatment_s:
        return end(session, Outcome.NOT_REACHED, TIME_IS_OVER)
    if feedback.is_over(plan, now_s):
        return _turn(session, feedback, plan)
    return session, ()


def _turn(
    session: Session,
    feedback: Feedback,
    plan: FeedbackPlan,
    *,
    transfer: bool | None = None,
) -> Step:
    """End the trial under way and begin the next."""
    share = feedback.trial_share
    note = Note(
        "trial_ended",
        {
            "trial": feedback.trial,
            "transfer": feedback.is_transfer,
            "success_share": share if math.isfinite(share) else None,
            "goal_pct_mvc": feedback.goal_pct_mvc,
        },
    )
    begun = feedback.next_trial(plan, session.now_s, transfer=transfer)
    if session.treatment is None:
        return session, (note,)
    treatment = replace(session.treatment, feedback=begun)
    return replace(session, treatment=treatment), (note,)
