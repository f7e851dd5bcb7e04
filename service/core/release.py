"""The session while a site is pressed and released: by an actuator, or by hands."""

import math

from service.core.actuators import Drive
from service.core.control import Level
from service.core.evolve import evolve
from service.core.guards import CrampWatch
from service.core.judging import strike_note
from service.core.model import Note, Outcome, Sample
from service.core.release_look import look_of, run_of, site_label, worked_on
from service.core.release_prompts import pace_note, prompt_of
from service.core.release_run import (
    PRESSING,
    Look,
    Release,
    ReleaseStep,
    Why,
)
from service.core.release_steps import CALM_S, Ended, advance, next_cycle
from service.core.stage import BY_HAND
from service.core.state import Session, Step, Treatment
from service.core.tone import Calibration
from service.core.treatment import TIME_IS_OVER, end, give_up, measure, why_adverse

#: An effort takes so long to fade from the RMS window: no cramp is looked for. A.
FADE_S = 2.0

#: The pace of an effort is told this often. A.
PACE_S = 1.0

#: Steps in which nobody touches the muscle: relaxed counts there only.
FREE = frozenset({ReleaseStep.SEEK, ReleaseStep.CHECK})

#: Steps in which high tone is asked for, or is not unasked for.
EXPECTED = PRESSING | {ReleaseStep.EFFORT, ReleaseStep.STRETCH}

#: Why a treatment ends.
GUARDED = "tone rose under pressure"
NO_GAIN = "the last cycle brought no gain"
ALL_DONE = "all cycles are done"
NOTHING_FOUND = "no tense site was found or named in time"
NOT_PRESSED = "nothing was pressed in time"
RELAXED = "relaxed and not pressed"


def release(session: Session, sample: Sample) -> Step:
    """Advance a pressure release by one sample.

    Parameters
    ----------
    session : Session
        Treating, with calibration and treatment.
    sample : Sample
        Newest EMG of good quality.

    Returns
    -------
    session : Session
        Possibly reassessing.
    notes : tuple of Note
        Steps, prompts, the pace of an effort, strikes, and the phase change.
    """
    plan, treatment = session.setup.program.release, session.treatment
    if plan is None or treatment is None or session.calibration is None:
        msg = "releasing needs a calibration, a treatment and a plan of the release"
        raise ValueError(msg)
    calibration, sample = worked_on(session, sample)
    before = run_of(session)
    treatment = _measured(session, treatment, calibration, sample)
    session = evolve(session, treatment=treatment)
    look = look_of(session, before)
    run, why = advance(before, plan, look)
    session, notes = settle(session, (run, why), look)
    told = _pace(session, before, run, look)
    session, more = _conclude(session, run, why)
    return session, (*notes, *told, *more)


def release_drives(session: Session) -> tuple[Drive, ...]:
    """Return what each actuator is asked for now.

    Parameters
    ----------
    session : Session
        Treating.

    Returns
    -------
    tuple of Drive
        Pressure on one site at most.
    """
    plan = session.setup.program.release
    run = session.treatment.release if session.treatment else None
    silent = (Drive(),) * len(session.setup.sites)
    if plan is None or run is None or run.site is None:
        return silent
    kpa = run.wanted_kpa(plan, session.now_s)
    return tuple(Drive(kpa if k == run.site else 0.0) for k in range(len(silent)))


def settle(session: Session, ended: Ended, look: Look) -> Step:
    """Keep where the release is now, and what follows from how a step ended.

    Parameters
    ----------
    session : Session
        Before.
    ended : Ended
        The release, and why its last step ended.
    look : Look
        What it was decided on.

    Returns
    -------
    session : Session
        With a strike after guarding, and a lower bound after what was too much.
    notes : tuple of Note
        The step that begins and its prompt, and a strike.
    """
    run, why = ended
    program, treatment = session.setup.program, session.treatment
    plan = program.release
    if treatment is None or plan is None:
        return session, ()
    notes: list[Note] = []
    pressed = look.pressed_kpa
    if why is Why.GUARDING:
        struck = treatment.response.struck(
            program.response,
            session.now_s,
            math.inf if math.isnan(pressed) else pressed,
            why.value,
        )
        treatment = evolve(treatment, response=struck)
        notes.append(strike_note("kPa", struck, look.tone_pct_mvc, pressed))
    elif why is Why.TOO_MUCH and pressed > 0.0:
        marked = treatment.thresholds.marked("tolerance", pressed)
        treatment = evolve(treatment, thresholds=marked)
    elif why is Why.RELEASED:
        helped = evolve(treatment.response, has_helped=True)
        treatment = evolve(treatment, response=helped)
    if why is not Why.NOT_YET:
        notes.append(_ended(session, run, why, look))
    if not run.is_told:
        check_s = CALM_S + look.check_s
        notes.append(prompt_of(run, plan, check_s, hands=not program.actuates))
        run = evolve(run, is_told=True)
    kpa = run.wanted_kpa(plan, session.now_s)
    if session.setup.stage not in BY_HAND:
        treatment = evolve(treatment, level=Level(kpa, session.now_s))
    treatment = evolve(treatment, release=run, on=kpa > 0.0)
    return evolve(session, treatment=treatment), tuple(notes)


def _measured(
    session: Session, treatment: Treatment, calibration: Calibration, sample: Sample
) -> Treatment:
    treatment = measure(session, treatment, calibration, sample)
    run, program = run_of(session), session.setup.program
    step, passed_s = run.step, session.now_s - run.since_s
    fading = step is ReleaseStep.SETTLE and passed_s < FADE_S
    if step in EXPECTED or fading:
        treatment = evolve(treatment, cramp=CrampWatch())
    silent = not program.actuates or session.zero.covers(
        sample.measured_s, program.window_s, program.bout
    )
    if not (step in FREE and silent):
        forgotten = treatment.relaxation.forgotten()
        treatment = evolve(treatment, relaxation=forgotten)
    # Windows of the tone belong to bouts, and here there are none.
    response = evolve(treatment.response, window_pct_mvc=())
    return evolve(treatment, response=response)


def _ended(session: Session, run: Release, why: Why, look: Look) -> Note:
    tone, pressed = look.tone_pct_mvc, look.pressed_kpa
    return Note(
        "release",
        {
            "step": run.step.value,
            "why": why.value,
            "cycle": run.cycle,
            "site": site_label(session, run),
            "tone_pct_mvc": tone if math.isfinite(tone) else None,
            "pressed_kpa": pressed if math.isfinite(pressed) else None,
        },
    )


def _pace(
    session: Session, before: Release, run: Release, look: Look
) -> tuple[Note, ...]:
    plan, begun_s = session.setup.program.release, run.since_s
    if plan is None or run.step is not ReleaseStep.EFFORT:
        return ()
    passed_s = look.now_s - begun_s
    last_s = before.newest_s - begun_s
    if math.floor(passed_s / PACE_S) == math.floor(last_s / PACE_S):
        return ()
    return (pace_note(run, plan, look.tone_pct_mvc),)


def _conclude(session: Session, run: Release, why: Why) -> Step:
    treatment, program = session.treatment, session.setup.program
    if treatment is None:
        return session, ()
    adverse = why_adverse(session, treatment, GUARDED)
    if adverse:
        return end(session, Outcome.ADVERSE, adverse)
    if run.step in FREE and treatment.relaxation.reached(program.success):
        reached_s = treatment.relaxation.history[0][0]
        reached = evolve(treatment, reached_s=reached_s)
        return end(evolve(session, treatment=reached), Outcome.REACHED, RELAXED)
    if session.now_s - treatment.started_s >= session.setup.treatment_s:
        return give_up(session, treatment, TIME_IS_OVER)
    if why is Why.PATIENCE and run.step is ReleaseStep.SEEK:
        return give_up(session, treatment, NOTHING_FOUND)
    if why is Why.PATIENCE and run.step is ReleaseStep.RAMP:
        return give_up(session, treatment, NOT_PRESSED)
    if why is Why.DONE and run.step is ReleaseStep.CHECK:
        return _judge(session, treatment, run)
    return session, ()


def _judge(session: Session, treatment: Treatment, run: Release) -> Step:
    """Say whether one more cycle follows."""
    program, after = session.setup.program, run.after_pct_mvc
    plan = program.release
    if plan is None or session.sample is None:
        return session, ()
    calibration, _ = worked_on(session, session.sample)
    baseline, bar = calibration.baseline_pct_mvc, 1.0 - program.response.useless_drop
    before = baseline if math.isnan(run.before_pct_mvc) else run.before_pct_mvc
    helped = treatment.response.has_helped or after < bar * baseline
    response = evolve(treatment.response, has_helped=helped)
    treatment = evolve(treatment, response=response)
    if not after < bar * before:
        return give_up(session, treatment, NO_GAIN)
    if run.cycle >= plan.cycles:
        return give_up(session, treatment, ALL_DONE)
    again = evolve(treatment, release=next_cycle(run, session.now_s))
    return evolve(session, treatment=again), ()
