"""The session while a site is pressed and released: by an actuator, or by hands."""

import math
from dataclasses import replace

from service.core.actuators import Drive
from service.core.control import Level
from service.core.dose import on_fraction_of
from service.core.guards import CrampWatch
from service.core.measures import BEFORE
from service.core.model import Note, Outcome, Sample
from service.core.plans import Measure
from service.core.release_plan import LET_GO_S, MAX_PPT_RATIO, ReleasePlan
from service.core.release_prompts import pace_note, prompt_of
from service.core.release_steps import (
    CALM_S,
    PRESSING,
    Ended,
    Look,
    Release,
    ReleaseStep,
    Why,
    advance,
    next_cycle,
)
from service.core.stage import BY_HAND
from service.core.state import Session, Step, Treatment
from service.core.tone import Calibration
from service.core.treatment import (
    CRAMP,
    NEVER_HELPED,
    end,
    give_up,
    level_cap_ma,
    measure,
)

#: What the person said counts for so long: only while they go on saying it may the
#: pressure rise beyond where it would stop without a word. A.
SAID_LASTS_S = 10.0

#: A tone older than this says nothing about now. A.
FRESH_S = 0.5

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
OVER = "treatment time is over"
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
    session = replace(session, treatment=treatment)
    look = look_of(session, before)
    run, why = advance(before, plan, look)
    session, notes = settle(session, (run, why), look)
    told = _pace(session, before, run, look)
    session, more = _conclude(session, run, why)
    return session, (*notes, *told, *more)


def run_of(session: Session) -> Release:
    """Return where the release is.

    Parameters
    ----------
    session : Session
        With a treatment.

    Returns
    -------
    Release
        At its begin if there is none yet. Waiting begins anew after an interruption.
    """
    now_s, since_s = session.now_s, session.phase_since_s
    run = session.treatment.release if session.treatment else None
    if run is None:
        return Release(now_s, now_s)
    return replace(run, since_s=max(run.since_s, since_s))


def worked_on(session: Session, sample: Sample) -> tuple[Calibration, Sample]:
    """Return the muscle that a release works on, once that is known.

    Parameters
    ----------
    session : Session
        With a calibration.
    sample : Sample
        Newest EMG of the first muscle.

    Returns
    -------
    calibration : Calibration
        Of the muscle under the site, if the session knows it, else of the first.
    sample : Sample
        Its newest EMG.
    """
    run = session.treatment.release if session.treatment else None
    member = 0 if run is None or run.site is None else run.site
    known = min(len(session.company), len(session.others))
    if session.calibration is None:
        msg = "working on a muscle needs a calibration"
        raise ValueError(msg)
    if not (0 < member <= known and n_places(session) == known + 1):
        return session.calibration, sample
    return session.company[member - 1].calibration, session.others[member - 1]


def n_places(session: Session) -> int:
    """Return how many sites there are to choose from.

    Parameters
    ----------
    session : Session
        The session.

    Returns
    -------
    int
        One per actuator; where hands press, one per muscle.
    """
    setup = session.setup
    return len(setup.sites if setup.program.actuates else setup.muscles)


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
        treatment = replace(treatment, response=struck)
        notes.append(_strike(treatment, look))
    elif why is Why.TOO_MUCH and pressed > 0.0:
        marked = treatment.thresholds.marked("tolerance", pressed)
        treatment = replace(treatment, thresholds=marked)
    elif why is Why.RELEASED:
        helped = replace(treatment.response, has_helped=True)
        treatment = replace(treatment, response=helped)
    if why is not Why.NOT_YET:
        notes.append(_ended(session, run, why, look))
    if not run.is_told:
        check_s = CALM_S + look.check_s
        notes.append(prompt_of(run, plan, check_s, hands=not program.actuates))
        run = replace(run, is_told=True)
    kpa = run.wanted_kpa(plan, session.now_s)
    if session.setup.stage not in BY_HAND:
        treatment = replace(treatment, level=Level(kpa, session.now_s))
    treatment = replace(treatment, release=run, on=kpa > 0.0)
    return replace(session, treatment=treatment), tuple(notes)


def look_of(session: Session, run: Release) -> Look:
    """Return what a release has to know now.

    Parameters
    ----------
    session : Session
        With a treatment that has taken in the newest EMG.
    run : Release
        Where it is.

    Returns
    -------
    Look
        Tone, pressure and bounds.
    """
    program, treatment = session.setup.program, session.treatment
    plan, newest = program.release, session.sample
    if plan is None or treatment is None or newest is None:
        return Look(session.now_s)
    fresh = session.now_s - treatment.tone_s <= FRESH_S
    tone = treatment.tone_pct_mvc if fresh else math.nan
    success, bar = program.success, _guarding_bar(session, newest)
    resting = program.actuates and not _has_room(session, run, plan)
    steady = session.now_s >= treatment.response.quiet_until_s and not (
        treatment.cramp.is_suspected or tone > bar
    )
    return Look(
        session.now_s,
        tone_pct_mvc=tone,
        pressed_kpa=_pressed_kpa(session, run),
        goal_kpa=_goal_kpa(session, run, plan),
        guarding_pct_mvc=bar,
        stretch_pct_mvc=plan.stretch_ratio * success.threshold_pct_mvc,
        site=_tensest(session, tone),
        may_press=steady and not resting and not math.isnan(tone),
        is_resting=resting,
        check_s=success.hold_s + program.window_s,
    )


def _measured(
    session: Session, treatment: Treatment, calibration: Calibration, sample: Sample
) -> Treatment:
    treatment = measure(session, treatment, calibration, sample)
    run, program = run_of(session), session.setup.program
    step, passed_s = run.step, session.now_s - run.since_s
    fading = step is ReleaseStep.SETTLE and passed_s < FADE_S
    if step in EXPECTED or fading:
        treatment = replace(treatment, cramp=CrampWatch())
    silent = not program.actuates or session.zero.covers(
        sample.measured_s, program.window_s, program.bout
    )
    if not (step in FREE and silent):
        forgotten = treatment.relaxation.forgotten()
        treatment = replace(treatment, relaxation=forgotten)
    # Windows of the tone belong to bouts, and here there are none.
    response = replace(treatment.response, window_pct_mvc=())
    return replace(treatment, response=response)


def _guarding_bar(session: Session, newest: Sample) -> float:
    calibration, _ = worked_on(session, newest)
    response, baseline = session.setup.program.response, calibration.baseline_pct_mvc
    spread = response.adverse_sd * calibration.baseline_sd_pct_mvc
    return max(response.adverse_ratio * baseline, baseline + spread)


def _pressed_kpa(session: Session, run: Release) -> float:
    if not session.setup.program.actuates:
        return math.nan
    return 0.0 if run.site is None else session.sites[run.site].established.amplitude


def _goal_kpa(session: Session, run: Release, plan: ReleasePlan) -> float:
    ceiling, stop = level_cap_ma(session), plan.start_kpa
    painful = [
        entry.value
        for entry in session.entries
        if entry.measure is Measure.PRESSURE_PAIN_THRESHOLD_KPA and entry.when == BEFORE
    ]
    if painful:
        stop = plan.ppt_ratio * painful[0]
        ceiling = min(ceiling, MAX_PPT_RATIO * painful[0])
    if session.now_s - run.said_s <= SAID_LASTS_S:
        return ceiling
    return min(ceiling, max(stop, run.kpa))


def _has_room(session: Session, run: Release, plan: ReleasePlan) -> bool:
    """Return whether the on-time left is enough for the longest press."""
    if run.site is None:
        return True
    now_s, actuator = session.now_s, session.setup.sites[run.site].wiring.actuator
    share = on_fraction_of(session.setup.limits, actuator)
    dose = session.sites[run.site].dose.at(now_s, share)
    highest = min(level_cap_ma(session), run.most_kpa)
    press_s = highest / plan.ramp_kpa_per_s + plan.hold_max_s + LET_GO_S
    allowed_s = share * dose.window_s
    press_s = min(press_s, allowed_s)
    from_s = now_s + press_s - dose.window_s
    used_s = sum(end - max(begin, from_s) for begin, end in dose.spans if end > from_s)
    return used_s + press_s <= allowed_s


def _tensest(session: Session, tone_pct_mvc: float) -> int | None:
    """Return the site under the tensest muscle, if that is above the threshold."""
    tones, others = [tone_pct_mvc], zip(session.company, session.others, strict=False)
    tones += [one.calibration.tone_pct_mvc(s.rms_uv) for one, s in others]
    if len(tones) != n_places(session):
        return None
    known = [-math.inf if math.isnan(tone) else tone for tone in tones]
    most = max(known)
    if not most > session.setup.program.success.threshold_pct_mvc:
        return None
    return known.index(most)


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


def site_label(session: Session, run: Release) -> str:
    """Return the name of the site that is pressed.

    Parameters
    ----------
    session : Session
        The session.
    run : Release
        Where it is.

    Returns
    -------
    str
        Empty before one is found or named.
    """
    if run.site is None:
        return ""
    setup = session.setup
    sites = [site.label for site in setup.sites] if setup.program.actuates else []
    muscles = setup.muscles if len(setup.muscles) == n_places(session) else ()
    names = [labels[run.site] for labels in (muscles, sites) if labels]
    return next((name for name in names if name), str(run.site + 1))


def _strike(treatment: Treatment, look: Look) -> Note:
    response, pressed = treatment.response, look.pressed_kpa
    return Note(
        "strike",
        {
            "count": response.strikes,
            "why": response.struck_for,
            "tone_pct_mvc": look.tone_pct_mvc,
            "level_kpa": pressed if math.isfinite(pressed) else None,
            "cap_kpa": response.cap_ma if math.isfinite(response.cap_ma) else None,
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
    response = treatment.response
    if response.strikes >= program.response.strikes:
        return end(session, Outcome.ADVERSE, GUARDED)
    if response.strikes and not response.has_helped:
        return end(session, Outcome.ADVERSE, NEVER_HELPED)
    if treatment.cramp.is_cramp:
        return end(session, Outcome.ADVERSE, CRAMP)
    if run.step in FREE and treatment.relaxation.reached(program.success):
        reached_s = treatment.relaxation.history[0][0]
        reached = replace(treatment, reached_s=reached_s)
        return end(replace(session, treatment=reached), Outcome.REACHED, RELAXED)
    if session.now_s - treatment.started_s >= session.setup.treatment_s:
        return give_up(session, treatment, OVER)
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
    response = replace(treatment.response, has_helped=helped)
    treatment = replace(treatment, response=response)
    if not after < bar * before:
        return give_up(session, treatment, NO_GAIN)
    if run.cycle >= plan.cycles:
        return give_up(session, treatment, ALL_DONE)
    again = replace(treatment, release=next_cycle(run, session.now_s))
    return replace(session, treatment=again), ()
