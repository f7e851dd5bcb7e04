"""What the roles say to each other: typed structs, MessagePack on the wire.

Times named ``_ns`` are monotonic nanoseconds of this host, times named ``_s`` are
seconds of the LSL clock. Not-a-number never travels: what is not known is ``None``.
"""

import enum
from typing import Any

import msgspec

from service.states import (
    ActivityState,
    ChannelTension,
    LatencyState,
    SessionState,
    SourceState,
)


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
    amplitude_kpa: float | None = None
    amplitude_mm: float | None = None
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
