"""What the roles say to each other: typed structs, MessagePack on the wire.

Times named ``_ns`` are monotonic nanoseconds of this host, times named ``_s`` are
seconds of the LSL clock. Not-a-number never travels: what is not known is ``None``.
"""

import enum
from typing import Any

import msgspec

from service.program_states import FeedbackState, MeasureState, NeedlingState


class Role(enum.StrEnum):
    """A process of the service."""

    ENGINE = "engine"
    OUTPUT = "output"
    OUTLETS = "outlets"
    RECORDER = "recorder"
    API = "api"


class Message(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Base of every message; its tag is the name of the class."""


class ChannelPermit(msgspec.Struct, frozen=True, kw_only=True):
    """What one output channel may do; the amplitude is not yet on the device's grid."""

    amplitude: float
    pulse_width_us: float
    frequency_hz: float


class Permit(Message, frozen=True, kw_only=True):
    """Leave to stimulate until ``issued_ns`` + ``ttl_ms``, and no longer.

    ``armed_ns`` is when the session was armed: a stop voids every permit of an arming
    that is older than the stop. ``active`` false asks for zero now.
    """

    session_id: str
    sequence: int
    armed_ns: int
    issued_ns: int
    ttl_ms: int
    active: bool
    channels: tuple[ChannelPermit, ...]


class OutputState(Message, frozen=True, kw_only=True):
    """What the output role knows about the device, in answer to everything it does.

    ``stopped_ns`` is the time of the newest stop and ``stopped_by`` who asked for it,
    ``fault`` what is wrong with device,
    permit or reply (latched until it is cleared), ``limited_by`` the bound that made
    the amplitude smaller than its permit.
    """

    now_ns: int
    session_id: str
    sequence: int
    active: bool
    amplitudes: tuple[float, ...]
    stopped_ns: int
    stopped_by: str = ""
    fault: str | None = None
    limited_by: str = ""


class StopOutput(Message, frozen=True, kw_only=True):
    """Zero at once, and nothing again until a later arming."""

    reason: str


class ClearOutputFault(Message, frozen=True, kw_only=True):
    """An operator acknowledged: forget the fault if its cause is gone."""


class OpenSession(Message, frozen=True, kw_only=True):
    """Begin a session; ``limits`` (quantity to bound) can only tighten.

    With ``reference`` "stored" it is calibrated with what an earlier session stored.
    ``stage`` may stay below what the subject has unlocked.
    """

    program: str
    channel: str = ""
    subject: str = ""
    limits: dict[str, float] = {}
    reference: str = ""
    stage: str = ""


class UnlockStage(Message, frozen=True, kw_only=True):
    """Let a subject go on to the next stage, or back to an earlier one."""

    subject: str
    stage: str
    operator: str


class SessionCommand(Message, frozen=True, kw_only=True):
    """A request to the session; an empty ``session_id`` means whichever is open.

    For ``calibrate``, ``reference`` is "stored", "measured", or empty: as the session
    was opened.
    """

    verb: str
    session_id: str = ""
    noise_uv: float | None = None
    mvc_uv: float | None = None
    reference: str = ""
    amplitude_ma: float | None = None
    token: str = ""
    operator: str = ""
    site: str = ""
    confirmed: tuple[str, ...] = ()
    measure: str = ""
    value: float | None = None
    text: str = ""
    at_s: float | None = None


class Reply(Message, frozen=True, kw_only=True):
    """What became of a request: ``refused`` says why not, ``kind`` is for machines.

    ``token`` and ``held_s`` answer the button that is held to arm.
    """

    session_id: str = ""
    refused: str = ""
    kind: str = ""
    token: str = ""
    held_s: float = 0.0


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


class SessionState(msgspec.Struct, frozen=True, kw_only=True):
    """A session as an operator sees it."""

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
    reference: str = ""
    measures: tuple[MeasureState, ...] = ()
    actuates: bool = True
    feedback: FeedbackState | None = None
    needling: NeedlingState | None = None


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """One EMG source as the engine sees it."""

    name: str
    stream_name: str
    connected: bool
    sample_rate_hz: float
    n_channels: int
    age_ms: float | None
    notice: str


class State(Message, frozen=True, kw_only=True):
    """Everything about the rig at one moment: what dashboards show."""

    t_s: float
    rig: str
    sources: tuple[SourceState, ...]
    channels: tuple[ChannelTension, ...]
    session: SessionState | None
    latency: LatencyState
    output: OutputState | None
    activity: ActivityState | None = None


class Event(Message, frozen=True, kw_only=True):
    """Something that happened once: a phase, a prompt, a refusal, a lost source."""

    t_s: float
    kind: str
    session_id: str
    phase: str
    detail: dict[str, str | float | bool | None]


class Record(Message, frozen=True, kw_only=True):
    """One line for the journal; ``number`` counts up within its session."""

    session_id: str
    number: int
    t_s: float
    kind: str
    body: dict[str, Any]


class RecorderState(Message, frozen=True, kw_only=True):
    """Whether there is a record of what is going on; ``why`` says why there is none."""

    now_ns: int
    ok: bool
    why: str
    session_id: str
    n_records: int


class Heartbeat(Message, frozen=True, kw_only=True):
    """A role's main loop has come round."""

    role: Role
    pid: int
    ready: bool


BusMessage = (
    Permit
    | OutputState
    | StopOutput
    | ClearOutputFault
    | OpenSession
    | UnlockStage
    | SessionCommand
    | Reply
    | State
    | Event
    | Record
    | RecorderState
    | Heartbeat
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(BusMessage)


def encode(message: Message) -> bytes:
    """Return a message as MessagePack."""
    return _encoder.encode(message)


def decode(data: bytes) -> Any:  # noqa: ANN401 - a union that callers match on
    """Return the message in ``data``; raise `msgspec.ValidationError` if it is none."""
    return _decoder.decode(data)
