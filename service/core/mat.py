"""The treatment on a mat of spikes: which zones press, how hard, and for how long."""

import math
import statistics
from dataclasses import replace

from service.core.actuators import Drive
from service.core.contact import (
    after_strike,
    nothing,
    was_interrupted,
    with_level,
)
from service.core.guards import Window
from service.core.model import Command, Note, Outcome, Phase, Sample
from service.core.response import adverse_bar_pct_mvc
from service.core.state import Session, Step, Treatment
from service.core.tone import Calibration
from service.core.transitions import enter, refuse
from service.core.treatment import (
    NO_BENEFIT,
    TIME_IS_OVER,
    end,
    give_up,
    level_cap,
    measure,
    relapse,
    why_adverse,
)
from service.core.zones import INTOLERABLE, Lying, MatPlan, Zone, ZoneStatus

#: Tone under contact is judged over windows of this length. A.
WINDOW_S = 10.0

#: Without a step for so long the zones come in anew. A.
PAUSE_S = 1.0

#: A mean of less than this share of its time says nothing. A.
KNOWN_SHARE = 0.8

_MARKABLE = frozenset({Phase.TREATING, Phase.WEANING, Phase.HOLDING})


def lie(session: Session, sample: Sample) -> Step:
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
        What zones do (``zone``), strikes and phase changes.
    """
    calibration, treatment, plan = _parts(session)
    now_s = session.now_s
    treatment = measure(session, treatment, calibration, sample)
    before = treatment.lying
    lying = _begun(session, before)
    if session.phase is Phase.TREATING and was_interrupted(session, lying.t_s, PAUSE_S):
        lying = replace(lying.all_out(now_s), window_s=now_s)
    lying = _remembering(treatment, replace(lying, t_s=now_s), plan)
    treatment = replace(treatment, lying=lying)
    notes: tuple[Note, ...] = ()
    if session.phase is Phase.TREATING:
        treatment, notes = _judge_window(session, treatment, calibration, plan)
        treatment = _move_zones(session, treatment, plan)
        treatment = _with_pressure(session, treatment, plan)
    told = _zone_notes(session, before.zones, treatment.lying)
    pressing = any(zone.is_in_contact for zone in treatment.lying.zones)
    treatment = replace(treatment, on=pressing)
    session, more = _conclude(replace(session, treatment=treatment), treatment)
    return session, (*notes, *told, *more)


def mat_drives(session: Session) -> tuple[Drive, ...]:
    """Return what every zone presses with now.

    Parameters
    ----------
    session : Session
        Treating, or weaning: then the mat goes down.

    Returns
    -------
    tuple of Drive
        One per site.
    """
    plan, treatment = session.setup.program.mat, session.treatment
    if plan is None or treatment is None or not treatment.lying.zones:
        return nothing(session)
    share, now_s = 1.0, session.now_s
    if session.phase is Phase.WEANING:
        share = max(0.0, 1.0 - (now_s - session.phase_since_s) / plan.ease_s)
    level = treatment.level.amplitude
    return tuple(
        Drive(share * min(zone.pressure_kpa(now_s, plan.ramp_s), level))
        for zone in treatment.lying.zones
    )


def end_zone(session: Session, command: Command) -> Step:
    """End a zone that is not to be borne, for the rest of the session.

    Parameters
    ----------
    session : Session
        Treating, weaning or holding.
    command : Command
        A mark ``intolerable``, which means the zone that came in last, or with the
        label of a zone after a colon. A label that no zone has ends every zone that
        presses: who says so must not wait for a spelling.

    Returns
    -------
    session : Session
        Reassessing if no zone is left.
    notes : tuple of Note
        ``zone``, or a refusal if there is no zone to end.
    """
    treatment, now_s = session.treatment, session.now_s
    if treatment is None or session.phase not in _MARKABLE:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    before = treatment.lying
    meant = _meant(session, before, command.text)
    if not meant:
        return refuse(session, command.verb, "no zone presses")
    lying = before
    for index in meant:
        zone = before.zones[index].out(now_s, ZoneStatus.ENDED, INTOLERABLE)
        lying = lying.with_zone(index, zone)
    treatment = replace(treatment, lying=lying)
    session = replace(session, treatment=treatment)
    notes = _zone_notes(session, before.zones, lying)
    if lying.is_gone and session.phase is Phase.TREATING:
        session, more = give_up(session, treatment, "no zone is tolerated")
        return session, (*notes, *more)
    return session, notes


def zone_words(session: Session) -> tuple[str, ...]:
    """Return in a word what each zone does.

    Parameters
    ----------
    session : Session
        With a mat.

    Returns
    -------
    tuple of str
        One per site; empty without a mat, and before the treatment.
    """
    treatment = session.treatment
    if treatment is None:
        return ()
    return tuple(zone.status.value for zone in treatment.lying.zones)


def _parts(session: Session) -> tuple[Calibration, Treatment, MatPlan]:
    calibration, treatment = session.calibration, session.treatment
    plan = session.setup.program.mat
    if calibration is None or treatment is None or plan is None:
        msg = "a mat needs a calibration, a treatment and a plan"
        raise ValueError(msg)
    return calibration, treatment, plan


def _begun(session: Session, lying: Lying) -> Lying:
    if lying.zones:
        return lying
    zones = (Zone(),) * len(session.setup.sites)
    return Lying(zones, session.now_s, window_s=session.now_s)


def _remembering(treatment: Treatment, lying: Lying, plan: MatPlan) -> Lying:
    tone = treatment.tone_s, treatment.tone_pct_mvc
    is_new = not lying.tones or tone[0] > lying.tones[-1][0]
    if not is_new or treatment.moved or not math.isfinite(tone[1]):
        return lying
    kept = tuple(pair for pair in lying.tones if tone[0] - pair[0] < plan.judge_s)
    return replace(lying, tones=(*kept, tone))


def _mean_tone(lying: Lying, plan: MatPlan, now_s: float) -> float:
    """Return the mean of the last tones, NaN if they are too few or too old."""
    tones = [pair for pair in lying.tones if now_s - pair[0] < plan.judge_s]
    if not tones or tones[-1][0] - tones[0][0] < KNOWN_SHARE * plan.judge_s:
        return math.nan
    return statistics.fmean(tone for _, tone in tones)


def _judge_window(
    session: Session, treatment: Treatment, calibration: Calibration, plan: MatPlan
) -> tuple[Treatment, tuple[Note, ...]]:
    """Close a window of tone; a strike is put down to the zone that came in last."""
    now_s, lying, response = session.now_s, treatment.lying, treatment.response
    if now_s - lying.window_s < WINDOW_S or not response.window_pct_mvc:
        return treatment, ()
    lying = replace(lying, window_s=now_s)
    newest = lying.newest()
    level = treatment.level.amplitude if newest is not None else 0.0
    rules = session.setup.program.response
    median = statistics.median(response.window_pct_mvc)
    if level > 0.0 and lying.in_discomfort(plan, now_s):
        bar = adverse_bar_pct_mvc(rules, calibration, helped=response.has_helped)
        if median <= max(bar, _discomfort_bar(session, calibration, plan)):
            window = Window(now_s, level, median)
            seen = response.with_window(rules, calibration, window)
            seen = replace(seen, window_pct_mvc=(), medians_pct_mvc=())
            return replace(treatment, lying=lying, response=seen), ()
    after = response.window_closed(rules, calibration, now_s, level)
    treatment = replace(treatment, lying=lying, response=after)
    if after.strikes == response.strikes or newest is None:
        return treatment, ()
    blamed = lying.with_zone(newest, lying.zones[newest].blamed(now_s))
    halved, note = after_strike(session, replace(treatment, lying=blamed))
    return halved, (note,)


def _discomfort_bar(session: Session, calibration: Calibration, plan: MatPlan) -> float:
    spread = calibration.baseline_sd_pct_mvc * session.setup.program.response.adverse_sd
    return calibration.baseline_pct_mvc + plan.discomfort_pct_mvc + spread


def _move_zones(session: Session, treatment: Treatment, plan: MatPlan) -> Treatment:
    """Judge zones that have come in, let them rest and come back, bring in the next."""
    now_s, lying = session.now_s, treatment.lying
    tone = _mean_tone(lying, plan, now_s)
    allowed = plan.discomfort_pct_mvc if lying.in_discomfort(plan, now_s) else 0.0
    moved = (_moved(zone, now_s, plan, tone, allowed) for zone in lying.zones)
    lying = replace(lying, zones=tuple(moved))
    index = lying.next_in()
    is_coming = any(zone.status is ZoneStatus.COMING for zone in lying.zones)
    waits = now_s < treatment.response.quiet_until_s or treatment.relaxation.relaxed
    if index is None or is_coming or waits or math.isnan(tone):
        return replace(treatment, lying=lying)
    coming = lying.zones[index].come(now_s, 0.0, tone)
    first_s = now_s if lying.first_s is None else lying.first_s
    lying = replace(lying.with_zone(index, coming), first_s=first_s)
    return replace(treatment, lying=lying)


def _moved(
    zone: Zone, now_s: float, plan: MatPlan, tone: float, allowed: float
) -> Zone:
    passed_s = now_s - zone.since_s
    # Before anything else: a tone that stays unknown prolongs no contact.
    if zone.is_in_contact and now_s - zone.contact_since_s >= plan.zone_s:
        return zone.out(now_s, ZoneStatus.RESTING, "rests")
    if zone.status is ZoneStatus.COMING:
        is_known = passed_s >= plan.ramp_s + plan.judge_s and not math.isnan(tone)
        return zone.judged(now_s, tone, allowed) if is_known else zone
    if zone.status is ZoneStatus.RESTING and passed_s >= plan.rest_s:
        return zone.out(now_s, ZoneStatus.WAITING)
    return zone


def _with_pressure(session: Session, treatment: Treatment, plan: MatPlan) -> Treatment:
    """Raise the pressure while all zones that may are in and tone is seen as high."""
    now_s, lying = session.now_s, treatment.lying
    pressing = [zone for zone in lying.zones if zone.is_in_contact]
    settled = bool(pressing) and not any(
        zone.status in {ZoneStatus.COMING, ZoneStatus.WAITING} for zone in lying.zones
    )
    level = max(treatment.level.amplitude, plan.start_kpa)
    due = now_s - lying.raised_s >= plan.ramp_s + plan.judge_s
    quiet = now_s < treatment.response.quiet_until_s or treatment.relaxation.relaxed
    is_known = not math.isnan(_mean_tone(lying, plan, now_s))
    if settled and due and is_known and not quiet:
        level += plan.step_kpa
        lying = replace(lying, raised_s=now_s)
    treatment = with_level(session, treatment, level)
    target = treatment.level.amplitude
    zones = tuple(zone.to(now_s, target, plan.ramp_s) for zone in lying.zones)
    cap = level_cap(replace(session, treatment=treatment))
    response = treatment.response.at_level(now_s, target if pressing else 0.0, cap)
    return replace(treatment, lying=replace(lying, zones=zones), response=response)


def _conclude(session: Session, treatment: Treatment) -> Step:
    program, now_s = session.setup.program, session.now_s
    adverse = why_adverse(session, treatment)
    if adverse:
        return end(session, Outcome.ADVERSE, adverse)
    if session.phase is Phase.WEANING:
        return _conclude_off_the_mat(session, treatment)
    if treatment.relaxation.reached(program.success):
        reached = replace(treatment, reached_s=treatment.relaxation.history[0][0])
        return enter(replace(session, treatment=reached), Phase.WEANING)
    if treatment.lying.is_gone:
        return give_up(session, treatment, "no zone is tolerated")
    if treatment.response.useless(program.response, now_s):
        return give_up(session, treatment, NO_BENEFIT)
    if now_s - treatment.started_s >= session.setup.treatment_s:
        return give_up(session, treatment, TIME_IS_OVER)
    return session, ()


def _conclude_off_the_mat(session: Session, treatment: Treatment) -> Step:
    """End once the muscle has stayed relaxed off the mat; go on if it has not."""
    success, now_s = session.setup.program.success, session.now_s
    if treatment.relaxation.lost(now_s, success):
        lying = treatment.lying.all_out(now_s)
        return relapse(session, replace(treatment, lying=lying))
    if now_s - session.zero.since_s >= success.hold_s and (
        treatment.relaxation.reached(success)
    ):
        return end(session, Outcome.REACHED, "relaxed off the mat")
    if now_s - treatment.started_s >= session.setup.treatment_s:
        return give_up(session, treatment, TIME_IS_OVER)
    return session, ()


def _meant(session: Session, lying: Lying, text: str) -> tuple[int, ...]:
    """Return which zones a mark ends."""
    label = text.partition(":")[2].strip()
    if not label:
        newest = lying.newest()
        return () if newest is None else (newest,)
    labels = [site.label for site in session.setup.sites]
    if label in labels and lying.zones:
        return (labels.index(label),)
    return tuple(k for k, zone in enumerate(lying.zones) if zone.is_in_contact)


def _zone_notes(
    session: Session, before: tuple[Zone, ...], lying: Lying
) -> tuple[Note, ...]:
    """Tell what has become of zones."""
    old = before or (Zone(),) * len(lying.zones)
    return tuple(
        Note(
            "zone",
            {
                "zone": site.label,
                "status": zone.status.value,
                "why": zone.why,
                "tone_ratio": zone.ratio if math.isfinite(zone.ratio) else None,
            },
        )
        for site, was, zone in zip(session.setup.sites, old, lying.zones, strict=True)
        if zone.status is not was.status
    )
