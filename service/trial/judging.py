"""A session of a trial, judged from outside: by truth and by the device's history."""

import itertools
import math
from typing import Any

from service.core.company import treatments_of
from service.core.limits import Quantity
from service.core.needling import summary_of
from service.core.state import Session
from service.core.zones import ZoneStatus
from service.rehearsal.fittings import FITTINGS
from service.trial.arms import moves_by_law
from service.trial.history import (
    Bounds,
    History,
    Phases,
    dose_of,
    envelope,
    segments,
    sites_of,
    violations,
)
from service.trial.plan import Task, draw_person
from service.trial.result import Result
from service.trial.rig import TrialRig
from service.trial.treatable import is_treatable
from service.trial.watching import Tones, Watch, smoothed

#: The true tone is smoothed over this long before its peak is taken.
PEAK_S = 1.0
#: And before it is called an adverse sign: as long as a bout.
SIGN_S = 5.0

#: A silence that is longer than so many pauses between two bouts is none of them.
SILENT_PAUSES = 1.5


def judged(
    task: Task, rig: TrialRig, session: Session, watch: Watch, reason: str
) -> Result:
    """Judge a session whose treatment began, from outside.

    ``reason`` is why it was given up, empty if it ended by itself.
    """
    treatment = session.treatment
    if treatment is None:
        msg = "expected a treatment, which only a calibrated session has"
        raise ValueError(msg)
    stop = session.outcome.value if session.outcome else session.phase.value
    start_s, reached_s = treatment.started_s, treatment.reached_s
    return Result(
        task.cohort,
        task.subject,
        task.arm.name,
        randomised=True,
        stop=stop,
        reason=reason or session.cause,
        treated_s=watch.end_s - start_s,
        reached_s=None if reached_s is None else reached_s - start_s,
        strikes=sum(one.response.strikes for one in treatments_of(session)),
        relapses=sum(event.kind == "relapse" for event in rig.events),
        at_cap_s=watch.at_cap_s,
        updates=watch.updates,
        false_relaxed=watch.false_relaxed,
        grossly_false_relaxed=watch.grossly_false,
        missed_relaxed=watch.missed_relaxed,
        measured_updates=watch.measured,
        measured_false_relaxed=watch.measured_false,
        counts=_counts(rig, session),
        finding=_finding(session),
        **_given(task, rig, session),
        **_felt(rig, session, watch),
    )


def _given(task: Task, rig: TrialRig, session: Session) -> dict[str, Any]:
    """Return what went out, and whether it should have."""
    rows, now_s = rig.device.history, rig.clock.now_s()
    if rig.device.has_forgotten:
        msg = f"expected the whole history of a device, got the last {len(rows)} rows"
        raise ValueError(msg)
    program = session.setup.program
    limits = {q: bound.value for q, bound in session.setup.limits.items()}
    bounds = Bounds(limits, program, FITTINGS[program.modality][1].amplitude_step)
    return {
        "unit": bounds.actuator.unit if program.actuates else "",
        "dose": sum(dose_of(own, now_s) for own in sites_of(rows)),
        "peak_amplitude": max((level for _, level in envelope(rows)), default=0.0),
        "residual_amplitude": _residual(session, envelope(rows), now_s),
        "treatable": _treatable(task, limits[Quantity.AMPLITUDE_MA]),
        "violations": tuple(violations(rows, _phases(rig), now_s, bounds)),
    }


def _residual(session: Session, history: History, now_s: float) -> float | None:
    """Return the highest amplitude of the last bout of the longest treatment.

    None where no law moves the level.
    """
    program, treatment = session.setup.program, session.treatment
    if treatment is None or not moves_by_law(program):
        return None
    end_s = treatment.started_s + session.setup.treatment_s
    begin_s = end_s - program.bout.on_s - program.bout.off_s
    late = (
        level
        for start_s, stop_s, level in segments(history, now_s)
        if stop_s > begin_s and start_s < end_s
    )
    return max(late, default=0.0)


def _felt(rig: TrialRig, session: Session, watch: Watch) -> dict[str, Any]:
    """Return how the true tone of the treated muscles went."""
    program, treatments = session.setup.program, treatments_of(session)
    start_s, now_s = treatments[0].started_s, rig.clock.now_s()
    history = envelope(rig.device.history)
    baselines = watch.baselines_pct_mvc(start_s, program.calibration.baseline_s)
    treated = [
        ([one for one in own if one[0] > start_s], baseline)
        for own, baseline, _ in zip(watch.truth, baselines, treatments, strict=False)
    ]
    ratio = program.response.adverse_ratio
    signs = [_sign_s(tones, history, ratio * base) for tones, base in treated]
    sign_s = min((t_s for t_s in signs if t_s is not None), default=None)
    tones, baseline = treated[0]
    return {
        "naive_dose": naive_dose(session, baseline),
        "baseline_pct_mvc": baseline,
        "peak_tone_ratio": max(
            (_peak_ratio(own, base) for own, base in treated if own), default=None
        ),
        "final_tone_pct_mvc": tones[-1][1] if tones else None,
        "sign_s": None if sign_s is None else sign_s - start_s,
        "zero_after_sign_s": _zero_after_s(history, sign_s, program.bout.off_s, now_s),
    }


def _peak_ratio(tones: Tones, baseline: float) -> float:
    known = smoothed(tones, PEAK_S) or tones
    return max(tone for _, tone in known) / baseline


def _treatable(task: Task, limit_ma: float) -> bool | None:
    program = task.arm.program
    if not moves_by_law(program) or program.has_muscles:
        return None
    person = draw_person(task.cohort, task.person_seed).person
    return is_treatable(person, program, limit_ma)


def _counts(rig: TrialRig, session: Session) -> dict[str, int]:
    """Return what the program counts."""
    found = {}
    summary = summary_of(session)
    if summary is not None:
        found["insertions"] = summary.n_insertions
        found["answered"] = summary.n_answered
        found["other_twitches"] = summary.n_other
    if session.setup.program.mat is not None:
        told = [event.detail for event in rig.events if event.kind == "zone"]
        found["zones_ended"] = sum(d["status"] == ZoneStatus.ENDED for d in told)
    return found


def _finding(session: Session) -> str:
    summary = summary_of(session)
    return summary.finding if summary is not None else ""


def _phases(rig: TrialRig) -> Phases:
    """Return every change of the phase."""
    return [
        (event.t_s, str(event.detail["to"]))
        for event in rig.events
        if event.kind == "phase"
    ]


def naive_dose(session: Session, tone_pct_mvc: float) -> float | None:
    """Return the dose of the program's limits without any guard on the response.

    The rate-limited integral, at a tone that stays where it was before: it rises to the
    highest amplitude and stays there for the rest of the longest treatment, as much of
    the time as it may be on. None for all but pulses of one muscle.
    """
    program, limits = session.setup.program, session.setup.limits
    if not moves_by_law(program) or program.has_muscles:
        return None
    bout, law = program.bout, program.law
    excess = tone_pct_mvc - program.success.threshold_pct_mvc
    up_ma_per_s = getattr(law, "up_ma_per_s", limits[Quantity.SLEW_UP_MA_PER_S].value)
    gain = getattr(law, "gain_ma_per_s_per_pct", math.inf)
    rate = min(up_ma_per_s, gain * excess) if excess > 0 else 0.0
    limit_ma = limits[Quantity.AMPLITUDE_MA].value
    if rate <= 0 or limit_ma <= 0:
        return 0.0
    whole_s = session.setup.treatment_s
    rise_s = min(limit_ma / rate, whole_s)
    share = bout.on_s / (bout.on_s + bout.off_s)
    return share * (0.5 * rate * rise_s * rise_s + limit_ma * (whole_s - rise_s))


def _sign_s(tones: Tones, history: History, bar: float) -> float | None:
    first_s = next((t_s for t_s, level in history if level > 0), math.inf)
    return next(
        (t_s for t_s, tone in smoothed(tones, SIGN_S) if t_s > first_s and tone > bar),
        None,
    )


def _zero_after_s(
    history: History,
    sign_s: float | None,
    off_s: float,
    end_s: float,
) -> float | None:
    """Return how long it took to a silence that is no pause between two bouts."""
    if sign_s is None:
        return None
    later = [s for s in segments(history, end_s) if s[1] > sign_s]
    if not later:
        return 0.0
    closed = [*later, (math.inf, math.inf, 0.0)]
    if later[0][0] - sign_s > SILENT_PAUSES * off_s:
        return 0.0
    for (_, stop_s, _), (start_s, _, _) in itertools.pairwise(closed):
        if start_s - stop_s > SILENT_PAUSES * off_s:
            return stop_s - sign_s
    return end_s - sign_s
