"""The treatment: measure in silence, move the level, stimulate, wean."""

import math

from dsp.types import QualityFlag
from service.core.actuators import Drive, drive_ceilings
from service.core.company import treatments_of
from service.core.control import Level, wean
from service.core.evolve import evolve
from service.core.guards import LOCK_RATIO
from service.core.judging import (
    closed_bout,
    is_near,
    is_pointless,
    judge_window,
    wants_push,
)
from service.core.laws.protocol import ClosedBout, Observation
from service.core.model import Note, Outcome, Phase, Sample
from service.core.searching import search_on
from service.core.stage import BY_HAND, Stage
from service.core.state import Session, Step, Treatment
from service.core.tone import FRESH_S, UPDATE_S, Calibration
from service.core.transitions import enter

#: Cause of a treatment that ended with one adverse response too many.
ROSE = "tone rose under stimulation"

#: Cause of a treatment that ended with a cramp.
CRAMP = "cramp"

#: A rise that nothing good came before.
NEVER_HELPED = "tone rose under stimulation, which had not helped before"

#: Causes of treatments that ran as planned, and of those whose goal was not near.
WEANED = "relaxed and weaned"
TIME_IS_OVER = "treatment time is over"
NO_BENEFIT = "no benefit at the ceiling"

#: Who stays relaxed without stimulation for so long needs no weaning. A.
ALONE_S = 20.0

#: A rest below this is as good as none. A: the tone that counts as a gap in activity.
RELAXED_PCT_MVC = 0.5


def treat(session: Session, sample: Sample) -> Step:
    """Advance the treatment by one sample.

    Parameters
    ----------
    session : Session
        Treating or weaning, with calibration and treatment.
    sample : Sample
        Newest EMG of good quality.

    Returns
    -------
    session : Session
        Possibly in the next phase.
    notes : tuple of Note
        Strikes, relapses and phase changes.
    """
    calibration, treatment = session.calibration, session.treatment
    if calibration is None or treatment is None:
        msg = "treating needs a calibration and a treatment"
        raise ValueError(msg)
    lock = treatment.lock
    treatment = measure(session, treatment, calibration, sample)
    treatment, closed, notes = _turn_bout(session, treatment, calibration)
    found: tuple[Note, ...] = ()
    if treatment.search is not None:
        cap_ma = _cap(session, treatment)
        treatment, found = search_on(session, treatment, closed, cap_ma)
    treatment = move_level(session, treatment, closed)
    session = evolve(session, treatment=treatment)
    session, more = _conclude(session, treatment)
    if treatment.lock is not lock and treatment.lock.is_locked and not lock.is_locked:
        told = Note("tone_lock", {"tone_pct_mvc": treatment.tone_pct_mvc})
        notes = (*notes, told)
    return session, (*notes, *found, *more)


def _rest_pct_mvc(calibration: Calibration) -> float:
    rest_uv = calibration.rest_uv
    return 0.0 if math.isnan(rest_uv) else calibration.tone_pct_mvc(rest_uv)


def level_cap(session: Session) -> float:
    """Return the tightest ceiling that does not depend on the last permits.

    Parameters
    ----------
    session : Session
        With its limits and, if any, its treatment.

    Returns
    -------
    float
        In the unit of the actuator.
    """
    return _cap(session, session.treatment)


def _cap(session: Session, treatment: Treatment | None) -> float:
    site, program = session.setup.sites[0], session.setup.program
    drive = Drive(0.0, program.pulse_width_us, program.frequency_hz)
    ceilings = drive_ceilings(session.setup.limits, site.wiring, drive)
    cap = min(*ceilings.values(), session.operator_bound)
    if session.setup.stage is Stage.MONITOR:
        return 0.0
    if treatment is not None:
        marked = treatment.thresholds.ceilings_ma()
        cap = min(cap, treatment.response.cap, *marked.values())
    return cap


def measure(
    session: Session, treatment: Treatment, calibration: Calibration, sample: Sample
) -> Treatment:
    """Take in the tone, if the sample was taken in silence.

    Parameters
    ----------
    session : Session
        Treating or weaning.
    treatment : Treatment
        Its treatment.
    calibration : Calibration
        Turns microvolt into %MVC.
    sample : Sample
        Newest EMG of good quality.

    Returns
    -------
    Treatment
        With tone, evidence of relaxation, and what the guards saw.
    """
    program = session.setup.program
    measured_s = sample.measured_s
    if measured_s - treatment.tone_s >= UPDATE_S * 0.99 and session.is_undisturbed(
        measured_s, program.window_s
    ):
        tone = calibration.tone_pct_mvc(sample.rms_uv)
        bar = LOCK_RATIO * max(RELAXED_PCT_MVC, _rest_pct_mvc(calibration))
        treatment = evolve(
            treatment,
            lock=treatment.lock.measured(measured_s, tone, bar),
            tone_pct_mvc=tone,
            tone_s=measured_s,
            moved=bool(sample.quality & QualityFlag.DRIFT),
            response=treatment.response
            if treatment.judged
            else treatment.response.measured(tone),
            cramp=treatment.cramp.measured(
                measured_s, tone, calibration.baseline_pct_mvc
            ),
        )
    # One bout of patience: an older tone says nothing about now.
    known_s = program.bout.on_s + program.bout.off_s + program.window_s
    if session.now_s - treatment.tone_s > known_s:
        return evolve(treatment, relaxation=treatment.relaxation.lapsed())
    relaxation = treatment.relaxation.after(
        session.now_s,
        treatment.tone_pct_mvc,
        program.success,
        believed=not treatment.moved,
        fresh=session.now_s - treatment.tone_s <= FRESH_S,
    )
    if relaxation is treatment.relaxation:
        return treatment
    return evolve(treatment, relaxation=relaxation)


def _turn_bout(
    session: Session, treatment: Treatment, calibration: Calibration
) -> tuple[Treatment, ClosedBout | None, tuple[Note, ...]]:
    bout, rhythm = session.setup.program.bout, treatment.rhythm
    elapsed_s = session.now_s - treatment.bout_s
    closed: ClosedBout | None = None
    notes: tuple[Note, ...] = ()
    if treatment.on:
        if elapsed_s >= rhythm.on_s(bout):
            treatment = evolve(treatment, on=False, bout_s=session.now_s)
        return treatment, closed, notes
    if elapsed_s < bout.off_s or treatment.cramp.is_suspected:
        return treatment, closed, notes
    if not treatment.judged:
        closed = closed_bout(treatment)
        treatment, notes = judge_window(session, treatment, calibration, rhythm.step)
    pushes = wants_push(session, treatment, calibration)
    if elapsed_s < rhythm.off_s(bout, pushes=pushes):
        return treatment, closed, notes
    near = is_near(session.setup.program, treatment)
    turned = evolve(
        treatment,
        on=True,
        judged=False,
        bout_s=session.now_s,
        rhythm=rhythm.after(pushes=pushes, near=near),
    )
    return turned, closed, notes


def move_level(
    session: Session, treatment: Treatment, closed: ClosedBout | None
) -> Treatment:
    """Let the control law move the level, or the weaning.

    Parameters
    ----------
    session : Session
        Treating or weaning, with the actuator of this treatment as the first.
    treatment : Treatment
        The treatment.
    closed : ClosedBout or None
        The bout that has just ended, if one did.

    Returns
    -------
    Treatment
        With the level that the next on part begins with.
    """
    program, now_s = session.setup.program, session.now_s
    if session.phase is Phase.WEANING:
        level = wean(program.wean_ma_per_s, treatment.level, now_s)
        if not treatment.on and now_s - treatment.bout_s > ALONE_S:
            level = Level(0.0, now_s)
        response = treatment.response.at_level(now_s, 0.0, math.inf)
        return evolve(treatment, level=level, response=response)
    cap_ma = _cap(session, treatment)
    if treatment.search is not None and treatment.search.is_under_way:
        level = Level(min(treatment.search.amplitude_ma, cap_ma), now_s)
        return evolve(treatment, level=level)
    observation = Observation(
        t_s=now_s,
        level_ma=treatment.level.amplitude,
        level_t_s=treatment.level.t_s,
        tone_pct_mvc=treatment.tone_pct_mvc,
        threshold_pct_mvc=program.success.threshold_pct_mvc,
        cap_ma=cap_ma,
        relaxed=treatment.relaxation.relaxed,
        # Motion reads as tension: what it adds is no reason to stimulate more.
        quiet=now_s < treatment.response.quiet_until_s or treatment.moved,
        closed=closed,
    )
    law_state, level_ma, _ = program.law.step(treatment.law_state, observation)
    level = Level(_by_hand_ma(session, treatment, level_ma, cap_ma), now_s)
    # What counts is what was felt: slew lets it follow the level in on parts only.
    felt_ma = max(site.established.peak for site in session.sites)
    response = treatment.response.at_level(now_s, level.amplitude, cap_ma, felt_ma)
    return evolve(treatment, law_state=law_state, level=level, response=response)


def _by_hand_ma(
    session: Session, treatment: Treatment, wanted_ma: float, cap_ma: float
) -> float:
    """Return what the loop may make of the level where the operator raises it."""
    stage, level_ma = session.setup.stage, min(treatment.level.amplitude, cap_ma)
    if stage not in BY_HAND:
        return wanted_ma
    return min(wanted_ma, level_ma) if stage is Stage.DECREASE_ONLY else level_ma


def _conclude(session: Session, treatment: Treatment) -> Step:
    plan = session.setup.program
    adverse = why_adverse(session, treatment)
    if adverse:
        return end(session, Outcome.ADVERSE, adverse)
    if session.phase is Phase.WEANING:
        return _conclude_weaning(session, treatment)
    if treatment.relaxation.reached(plan.success):
        reached_s = treatment.reached_s
        if reached_s is None:
            reached_s = treatment.relaxation.history[0][0]
        treatment = evolve(treatment, reached_s=reached_s)
        return enter(evolve(session, treatment=treatment), Phase.WEANING)
    if is_pointless(session, treatment):
        return give_up(session, treatment, NO_BENEFIT)
    if session.now_s - treatment.started_s >= session.setup.treatment_s:
        return give_up(session, treatment, TIME_IS_OVER)
    return session, ()


def why_adverse(session: Session, treatment: Treatment, risen: str = ROSE) -> str:
    """Say which adverse response ends a treatment.

    Parameters
    ----------
    session : Session
        Treating or weaning.
    treatment : Treatment
        Its treatment.
    risen : str
        What to say of tone that has risen too often.

    Returns
    -------
    str
        Empty if none does.
    """
    response = treatment.response
    if response.strikes >= session.setup.program.response.strikes:
        return risen
    if response.strikes and not response.has_helped:
        return NEVER_HELPED
    return CRAMP if treatment.cramp.is_cramp else ""


def give_up(session: Session, treatment: Treatment, cause: str) -> Step:
    """End a treatment that has not reached its goal.

    Parameters
    ----------
    session : Session
        Treating.
    treatment : Treatment
        Its treatment.
    cause : str
        Why.

    Returns
    -------
    session : Session
        Reassessing; adverse if there was such a response.
    notes : tuple of Note
        The phase change and a prompt.
    """
    # Once tone has risen under stimulation and never fell below the threshold, that
    # rise is the response that this treatment had.
    each = (treatment, *treatments_of(session)[1:])
    strikes = max(one.response.strikes for one in each)
    if strikes:
        told = f"{cause}, after {strikes} adverse response{'s' * (strikes > 1)}"
        return end(session, Outcome.ADVERSE, told)
    return end(session, Outcome.NOT_REACHED, cause)


def _conclude_weaning(session: Session, treatment: Treatment) -> Step:
    if treatment.relaxation.lost(session.now_s, session.setup.program.success):
        return relapse(session, treatment)
    if treatment.level.amplitude <= session.setup.amplitude_step:
        return end(session, Outcome.REACHED, WEANED)
    return session, ()


def relapse(session: Session, treatment: Treatment) -> Step:
    """Go back to a muscle that has not stayed relaxed.

    Parameters
    ----------
    session : Session
        Weaning.
    treatment : Treatment
        What the treatment goes on from.

    Returns
    -------
    session : Session
        Treating; what was seen of relaxation is forgotten.
    notes : tuple of Note
        The phase change and a ``relapse``.
    """
    forgotten = evolve(treatment, relaxation=treatment.relaxation.forgotten())
    back, notes = enter(
        evolve(session, treatment=forgotten), Phase.TREATING, cause="relapse"
    )
    return back, (*notes, Note("relapse", {"tone_pct_mvc": treatment.tone_pct_mvc}))


def end(session: Session, outcome: Outcome, cause: str) -> Step:
    """End the treatment and reassess without stimulation.

    Parameters
    ----------
    session : Session
        Treating or weaning.
    outcome : Outcome
        What the treatment came to; the reassessment may still correct it.
    cause : str
        Why.

    Returns
    -------
    session : Session
        Reassessing.
    notes : tuple of Note
        The phase change and a prompt.
    """
    company = tuple(evolve(one, reassess_uv=()) for one in session.company)
    ended = evolve(
        session, outcome=outcome, cause=cause, reassess_uv=(), company=company
    )
    return enter(ended, Phase.REASSESSING, cause=cause)
