"""What operators and dashboards see of a rig, as parts of a `State`.

Not-a-number never travels: what is not known is ``None``.
"""

import msgspec

from service.program_states import (
    FeedbackState,
    MassageState,
    MatState,
    MeasureState,
    MuscleResponseState,
    NeedlingState,
    ReleaseState,
    SearchState,
    TargetedState,
)


class ChannelTension(msgspec.Struct, frozen=True, kw_only=True):
    """One EMG channel at one moment. Tension is in %MVC once a session is calibrated.

    ``tension`` is in ``unit``: ``pct_mvc``, ``pct_mvc_from_rvc`` (the MVC is estimated
    from a submaximal load) or, without a reference, ``uv``. ``tension_pct_mvc`` is the
    same number where it is a percentage.
    """

    source: str
    label: str
    envelope_uv: float | None
    rms_uv: float | None
    tension_pct_mvc: float | None
    quality: tuple[str, ...]
    tension: float | None = None
    unit: str = "uv"


class CalibrationState(msgspec.Struct, frozen=True, kw_only=True):
    """What a session was calibrated with.

    ``kind`` says what was contracted (``mvc`` or ``rvc``), ``origin`` whether it was
    ``measured``, ``stored`` or ``given``, ``warnings`` what is doubtful about it.
    """

    noise_uv: float
    mvc_uv: float
    baseline_pct_mvc: float | None
    baseline_sd_pct_mvc: float | None
    unit: str = "pct_mvc"
    kind: str = "mvc"
    origin: str = "measured"
    rest_uv: float | None = None
    warnings: tuple[str, ...] = ()


class TrialState(msgspec.Struct, frozen=True, kw_only=True):
    """One contraction: what was achieved, and why it does not count if it does not."""

    trial: int
    achieved_uv: float | None
    rejected: str


class CalibrationProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A calibration under way: what the person does now, and for how long.

    ``trial`` is the contraction that is under way or comes next, of ``n_trials``.
    """

    step: str
    task: str
    text: str
    remaining_s: float
    duration_s: float
    trial: int
    n_trials: int
    achieved_uv: float | None
    trials: tuple[TrialState, ...]


class LeakState(msgspec.Struct, frozen=True, kw_only=True):
    """What stimulation leaves in the tension of the controlled channel.

    ``tone_from`` is "any_window" if the artifact method may be believed up to
    ``measured_ma``, "off_windows" if it may not, and ``why`` says why. Tension of other
    windows is then flagged ``artifact``. Success is judged in off-windows in any case.
    """

    tone_from: str
    why: str
    slope_uv_per_ma: float | None = None
    slope_pct_mvc_per_ma: float | None = None
    worst_uv: float | None = None
    allowed_uv: float | None = None
    measured_ma: float | None = None


class LeakProgress(msgspec.Struct, frozen=True, kw_only=True):
    """A leak calibration under way: which of ``n_steps`` above zero, and how high."""

    step: int
    n_steps: int
    step_ma: float
    maximum_ma: float


class ActivityState(msgspec.Struct, frozen=True, kw_only=True):
    """What the controlled muscle did by itself since it was calibrated.

    Only time without stimulation and with good EMG counts: ``observed_s`` of it. Load
    is the amplitude distribution (10th, 50th, 90th percentile), a rest is below
    0.5 %MVC, bursts are those of the last minute that counted. The median frequency is
    that of contractions above 5 %MVC; it falls with fatigue.
    """

    observed_s: float
    contracting: bool
    n_contractions: int
    onset_s: float | None
    offset_s: float | None
    n_bursts: int
    rest_time_share: float | None
    gaps_per_min: float | None
    longest_activity_s: float
    static_pct_mvc: float | None
    median_pct_mvc: float | None
    peak_pct_mvc: float | None
    median_frequency_hz: float | None
    median_frequency_pct_per_min: float | None


class LatencyState(msgspec.Struct, frozen=True, kw_only=True):
    """From the newest EMG sample to the permit that it led to."""

    n: int
    median_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class ActuatorState(msgspec.Struct, frozen=True, kw_only=True):
    """One actuator of a session: what it may do now, in its ``unit``.

    ``doing`` says it in a word where a plan moves it: the depth of a massage, what a
    zone of a mat does. ``channel`` is its place among the amplitudes of the output.
    """

    label: str
    modality: str
    unit: str
    permitted: float
    frequency_hz: float
    doing: str = ""
    channel: int = 0


class SessionState(msgspec.Struct, frozen=True, kw_only=True):
    """A session as an operator sees it.

    What ends in ``_ma`` is current, and 0 where the actuators are of another kind;
    ``level``, ``permitted`` and ``peak`` are in ``unit``, which is empty where nothing
    is actuated.
    """

    session_id: str
    program: str
    subject: str
    stage: str
    operator: str
    operator_present: bool
    ceremony: bool
    site: str
    charge_mc: float
    on_fraction: float
    source: str
    channel: str
    phase: str
    phase_s: float
    task: str
    hold_reason: str
    cause: str
    outcome: str | None
    threshold_pct_mvc: float
    tone_pct_mvc: float | None
    treatment_s: float | None
    treatment_limit_s: float
    stimulation_on: bool
    level_ma: float
    permitted_ma: float
    requested_ma: float
    most_limiting: str
    reasons: tuple[str, ...]
    strikes: int
    peak_amplitude_ma: float
    dose_ma_s: float
    time_to_threshold_s: float | None
    final_pct_mvc: float | None
    calibration: CalibrationState | None
    calibrating: CalibrationProgress | None = None
    leak: LeakState | None = None
    leak_progress: LeakProgress | None = None
    reference: str = ""
    measures: tuple[MeasureState, ...] = ()
    actuates: bool = True
    unit: str = "mA"
    level: float = 0.0
    permitted: float = 0.0
    peak: float = 0.0
    actuators: tuple[ActuatorState, ...] = ()
    feedback: FeedbackState | None = None
    needling: NeedlingState | None = None
    release: ReleaseState | None = None
    massage: MassageState | None = None
    mat: MatState | None = None
    muscle_response: MuscleResponseState | None = None
    search: SearchState | None = None
    targeted: tuple[TargetedState, ...] = ()


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """One EMG source as the engine sees it."""

    name: str
    stream_name: str
    connected: bool
    sample_rate_hz: float
    n_channels: int
    age_ms: float | None
    notice: str
