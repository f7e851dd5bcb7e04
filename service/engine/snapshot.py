"""From the engine's objects to the `State` that the rest of the world sees."""

import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from dsp.types import QualityFlag
from service.core.actuators import Drive
from service.core.calibration import CalibrationRun
from service.core.company import calibrations_of
from service.core.decide import Decision
from service.core.dose import UC_PER_MC
from service.core.leak import LeakResult, LeakRun
from service.core.leaking import is_distrusted
from service.core.massage import site_words
from service.core.mat import zone_words
from service.core.measures import compare
from service.core.model import STIMULATING_PHASES, Phase
from service.core.needling import summary_of
from service.core.plans import Modality
from service.core.shaping import pitch_hz
from service.core.state import Session
from service.core.tone import Calibration
from service.core.watch import operator_trouble
from service.core.zones import ZoneStatus
from service.engine.feed import Feed
from service.engine.muscles import targeted_states
from service.engine.releases import release_state
from service.program_states import (
    FeedbackState,
    MassageState,
    MatState,
    MeasureState,
    MuscleResponseState,
    NeedlingState,
    SearchState,
)
from service.states import (
    ActuatorState,
    CalibrationProgress,
    CalibrationState,
    ChannelTension,
    LeakProgress,
    LeakState,
    SessionState,
    TrialState,
)

#: Unit of tension without a reference.
MICROVOLT = "uv"

ALL_FLAGS = tuple(flag for flag in QualityFlag if flag)


def finite(value: float) -> float | None:
    """Return the value, None if it is not a finite number: JSON knows no NaN."""
    return value if math.isfinite(value) else None


def quality_names(quality: int) -> tuple[str, ...]:
    """Return the lower-case names of the flags that are set."""
    return tuple((flag.name or "").lower() for flag in ALL_FLAGS if quality & flag)


def channel_tensions(
    feeds: Iterable[Feed], where: tuple[str, int], session: Session | None
) -> tuple[ChannelTension, ...]:
    """Return every channel; only those that are calibrated are known in %MVC."""
    source, known = where[0], _calibrations(session)
    return tuple(
        _tension(
            feed,
            k,
            session if (feed.name, k) == where else None,
            known.get(label) if feed.name == source else None,
        )
        for feed in feeds
        for k, label in enumerate(feed.labels)
    )


def _calibrations(session: Session | None) -> dict[str, Calibration]:
    """Return the calibrations of the muscles of a session, by label."""
    if session is None:
        return {}
    known = calibrations_of(session)
    return dict(zip(session.setup.muscles, known, strict=False))


def _tension(
    feed: Feed, channel: int, session: Session | None, calibration: Calibration | None
) -> ChannelTension:
    reading = feed.reading
    source, label = feed.name, feed.labels[channel]
    if reading is None:
        return ChannelTension(
            source=source,
            label=label,
            envelope_uv=None,
            rms_uv=None,
            tension_pct_mvc=None,
            quality=("no_signal",),
            unit=calibration.unit if calibration else MICROVOLT,
        )
    envelope_uv = float(reading.envelope_uv[channel])
    tension = math.nan if calibration is None else calibration.tone_pct_mvc(envelope_uv)
    # Without a reference there is no percentage to be had, and microvolt say so.
    shown = envelope_uv if calibration is None else tension
    quality = int(reading.quality[channel])
    if session is not None and is_distrusted(session, feed.t_s - feed.lag_s):
        quality |= QualityFlag.ARTIFACT
    return ChannelTension(
        source=source,
        label=label,
        envelope_uv=finite(envelope_uv),
        rms_uv=finite(float(reading.rms_uv[channel])),
        tension_pct_mvc=finite(tension),
        quality=quality_names(quality),
        tension=finite(shown),
        unit=calibration.unit if calibration else MICROVOLT,
    )


def session_state(
    session: Session, decision: Decision, names: dict[str, Any]
) -> SessionState:
    """Return a session as an operator sees it; ``names`` are those of its subject."""
    program, treatment = session.setup.program, session.treatment
    reached_s = treated_s = None
    if treatment is not None:
        treated_s = session.now_s - treatment.started_s
        if treatment.reached_s is not None:
            reached_s = treatment.reached_s - treatment.started_s
    return SessionState(
        session_id=session.setup.session_id,
        program=program.name,
        stage=session.setup.stage.value,
        operator=session.operator,
        operator_present=not operator_trouble(session),
        ceremony=session.setup.safety.ceremony
        and (program.actuates or bool(program.contraindications)),
        site=session.setup.safety.site,
        charge_mc=sum(s.dose.charge_uc for s in session.sites) / UC_PER_MC,
        on_fraction=max(s.dose.on_s / s.dose.window_s for s in session.sites),
        phase=session.phase.value,
        phase_s=session.now_s - session.phase_since_s,
        hold_reason=session.hold_reason if session.phase == "holding" else "",
        cause=session.cause,
        outcome=session.outcome.value if session.outcome else None,
        threshold_pct_mvc=program.success.threshold_pct_mvc,
        tone_pct_mvc=finite(treatment.tone_pct_mvc) if treatment else None,
        treatment_s=treated_s,
        treatment_limit_s=session.setup.treatment_s,
        stimulation_on=bool(treatment and treatment.on)
        or (session.phase is Phase.LEAK and decision.amplitude > 0),
        **_actuation(session, decision),
        most_limiting=decision.most_limiting,
        reasons=decision.reasons,
        strikes=treatment.response.strikes if treatment else 0,
        time_to_threshold_s=reached_s,
        final_pct_mvc=finite(session.final_pct_mvc),
        calibration=_calibration_state(session.calibration),
        calibrating=_progress(session.calibrating, session.now_s),
        measures=_measures(session),
        leak=_leak_state(session.leak),
        leak_progress=_leak_progress(session.leak_run, session.now_s),
        actuates=program.actuates,
        feedback=_feedback_state(session),
        needling=_needling_state(session),
        release=release_state(session),
        massage=_massage_state(session),
        mat=_mat_state(session),
        muscle_response=_muscle_state(session),
        search=_search_state(session),
        targeted=targeted_states(session, decision),
        **names,
    )


def _actuation(session: Session, decision: Decision) -> dict[str, Any]:
    """Return what goes out: in the unit of the actuators, and current in mA."""
    program, treatment = session.setup.program, session.treatment
    share = 1.0 if program.modality is Modality.EMS else 0.0
    level = treatment.level.amplitude if treatment else 0.0
    return {
        "unit": session.setup.unit if program.actuates else "",
        "level": level,
        "permitted": decision.amplitude,
        "peak": treatment.peak if treatment else 0.0,
        "actuators": _actuators(session, decision),
        "level_ma": share * level,
        "permitted_ma": share * decision.amplitude,
        "requested_ma": share * decision.requested,
        "peak_amplitude_ma": share * treatment.peak if treatment else 0.0,
        "dose_ma_s": share * treatment.dose if treatment else 0.0,
    }


def _actuators(session: Session, decision: Decision) -> tuple[ActuatorState, ...]:
    if not session.setup.program.actuates:
        return ()
    sites = session.setup.sites
    silent = (0.0,) * len(sites)
    idle = (Drive(),) * len(sites)
    return tuple(
        ActuatorState(
            label=site.label,
            modality=site.wiring.modality.value,
            unit=site.wiring.actuator.unit,
            permitted=amplitude,
            frequency_hz=drive.frequency_hz,
            doing=doing,
            channel=site.index,
        )
        for site, amplitude, drive, doing in zip(
            sites,
            decision.amplitudes or silent,
            decision.drives or idle,
            site_words(session) or zone_words(session) or ("",) * len(sites),
            strict=True,
        )
    )


def _feedback_state(session: Session) -> FeedbackState | None:
    treatment = session.treatment
    if treatment is None or treatment.feedback is None:
        return None
    feedback = treatment.feedback
    return FeedbackState(
        shown=not feedback.is_transfer and session.phase in STIMULATING_PHASES,
        met=feedback.met,
        goal_pct_mvc=feedback.goal_pct_mvc,
        sound_hz=pitch_hz(feedback, treatment.tone_pct_mvc),
        success_share=finite(feedback.success_share),
        trial=feedback.trial,
        trial_s=session.now_s - feedback.since_s,
    )


def _needling_state(session: Session) -> NeedlingState | None:
    summary = summary_of(session)
    if summary is None:
        return None
    told: dict[str, Any] = {
        key: finite(value) if isinstance(value, float) else value
        for key, value in asdict(summary).items()
    }
    return NeedlingState(**told)


def _muscle_state(session: Session) -> MuscleResponseState | None:
    muscle = session.treatment.muscle if session.treatment else None
    if muscle is None:
        return None
    return MuscleResponseState(
        amplitude_ma=muscle.amplitude_ma,
        m_wave_uv=finite(muscle.m_wave_uv),
        scatter_uv=finite(muscle.scatter_uv),
        median_frequency_hz=finite(muscle.median_frequency_hz),
        why=muscle.why,
    )


def _search_state(session: Session) -> SearchState | None:
    treatment, plan = session.treatment, session.setup.program.search
    if plan is None or treatment is None or treatment.search is None:
        return None
    search, marked = treatment.search, treatment.thresholds
    return SearchState(
        under_way=search.is_under_way,
        amplitude_ma=search.amplitude_ma,
        ceiling_ma=plan.ceiling_ma,
        sensory_ma=finite(marked.sensory_ma),
        motor_ma=finite(marked.motor_ma),
        tolerance_ma=finite(marked.tolerance_ma),
        outcome=search.end.value if search.end else "",
    )


def _massage_state(session: Session) -> MassageState | None:
    program, treatment = session.setup.program, session.treatment
    plan = program.massage
    if plan is None or treatment is None:
        return None
    kneading = treatment.kneading
    return MassageState(
        pattern=plan.pattern.value,
        depth=kneading.depth.name.lower(),
        rate_hz=kneading.rate_hz(plan, program.frequency_hz),
        is_fast=kneading.is_fast,
        contact_s=kneading.used_s,
        contact_limit_s=plan.site_s,
    )


def _mat_state(session: Session) -> MatState | None:
    plan, treatment = session.setup.program.mat, session.treatment
    if plan is None or treatment is None:
        return None
    lying = treatment.lying
    return MatState(
        n_pressing=sum(zone.is_in_contact for zone in lying.zones),
        n_ended=sum(zone.status is ZoneStatus.ENDED for zone in lying.zones),
        in_discomfort=lying.in_discomfort(plan, session.now_s),
    )


def _measures(session: Session) -> tuple[MeasureState, ...]:
    return tuple(
        MeasureState(
            measure=one.measure.value,
            before=finite(one.before),
            after=finite(one.after),
            beyond_error=one.beyond_error,
        )
        for one in compare(session.setup.program.assess, session.entries)
    )


def _calibration_state(calibration: Calibration | None) -> CalibrationState | None:
    if calibration is None:
        return None
    return CalibrationState(
        noise_uv=calibration.noise_uv,
        mvc_uv=calibration.mvc_uv,
        baseline_pct_mvc=finite(calibration.baseline_pct_mvc),
        baseline_sd_pct_mvc=finite(calibration.baseline_sd_pct_mvc),
        unit=calibration.unit,
        kind=calibration.kind,
        origin=calibration.origin,
        rest_uv=finite(calibration.rest_uv),
        warnings=calibration.warnings,
    )


def _leak_state(leak: LeakResult | str | None) -> LeakState | None:
    if leak is None:
        return None
    if isinstance(leak, str):
        return LeakState(tone_from="off_windows", why=leak)
    return LeakState(
        tone_from="off_windows" if leak.refusal else "any_window",
        why=leak.refusal,
        slope_uv_per_ma=leak.slope_uv_per_ma,
        slope_pct_mvc_per_ma=leak.slope_pct_mvc_per_ma,
        worst_uv=leak.worst_uv,
        allowed_uv=leak.allowed_uv,
        measured_ma=leak.measured_ma,
    )


def _leak_progress(run: LeakRun | None, now_s: float) -> LeakProgress | None:
    if run is None:
        return None
    plan = run.plan
    step = min(max(run.step_at(now_s), 0), plan.n_steps)
    return LeakProgress(
        step=step,
        n_steps=plan.n_steps,
        step_ma=plan.amplitudes_ma[step],
        maximum_ma=plan.amplitudes_ma[-1],
    )


def _progress(run: CalibrationRun | None, now_s: float) -> CalibrationProgress | None:
    if run is None:
        return None
    step = run.step
    verdicts = run.judgement.verdicts
    return CalibrationProgress(
        step=step.name,
        task=step.task.value,
        text=step.text,
        remaining_s=run.remaining_s(now_s),
        duration_s=step.duration_s,
        trial=min(run.trial, run.n_trials),
        n_trials=run.n_trials,
        achieved_uv=max(run.rms_uv) if run.rms_uv else None,
        trials=tuple(
            TrialState(
                trial=v.number, achieved_uv=finite(v.achieved_uv), rejected=v.rejected
            )
            for v in verdicts
        ),
    )
