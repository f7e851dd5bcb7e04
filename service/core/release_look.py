"""What a session says to a pressure release: which muscle, how tense, how far."""

import math

from service.core.dose import on_fraction_of
from service.core.evolve import evolve
from service.core.measures import BEFORE
from service.core.model import Sample
from service.core.plans import Measure
from service.core.release_plan import LET_GO_S, MAX_PPT_RATIO, ReleasePlan
from service.core.release_run import Look, Release
from service.core.response import adverse_bar_pct_mvc
from service.core.state import Session
from service.core.tone import Calibration
from service.core.treatment import level_cap

#: What the person said counts for so long: only while they go on saying it may the
#: pressure rise beyond where it would stop without a word. A.
SAID_LASTS_S = 10.0

#: A tone older than this says nothing about now. A.
FRESH_S = 0.5


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
    return evolve(run, since_s=max(run.since_s, since_s))


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


def _guarding_bar(session: Session, newest: Sample) -> float:
    calibration, _ = worked_on(session, newest)
    plan = session.setup.program.response
    return adverse_bar_pct_mvc(plan, calibration, helped=True)


def _pressed_kpa(session: Session, run: Release) -> float:
    if not session.setup.program.actuates:
        return math.nan
    return 0.0 if run.site is None else session.sites[run.site].established.amplitude


def _goal_kpa(session: Session, run: Release, plan: ReleasePlan) -> float:
    ceiling, stop = level_cap(session), plan.start_kpa
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
    highest = min(level_cap(session), run.most_kpa)
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
