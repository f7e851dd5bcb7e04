"""Subscribing to a stream that was found: in time, or with a reason why not."""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

from drivers.errors import ConnectError
from drivers.ports import ChannelInfo, Clock, StreamInfo
from drivers.sources.clock_follower import ClockFollower

#: At the start nothing runs yet that would have to wait. A.
OPEN_WITHIN_S = 10.0
#: During a session a source that is gone must still answer. The clock offset alone
#: takes 0.64 s: 8 probes of 64 ms, and 128 ms for the last reply.
REOPEN_WITHIN_S = 1.5


@dataclass(frozen=True, slots=True)
class Subscription:
    """An inlet that is open, the full description of its stream, and its clock."""

    inlet: Any
    info: Any
    clock: ClockFollower


class _Deadline:
    """One patience for several questions."""

    def __init__(self, clock: Clock, within_s: float) -> None:
        self._clock = clock
        self._until_s = clock.now_s() + within_s

    @property
    def left_s(self) -> float:
        return max(self._until_s - self._clock.now_s(), 0.0)


def subscribe(
    lsl: ModuleType,
    name: str,
    found: Any,  # noqa: ANN401 - pylsl has no types
    buffer_s: int,
    within_s: float,
    clock: Clock,
) -> Subscription:
    """Subscribe for the source ``name``; raise `ConnectError` if that takes longer."""
    deadline = _Deadline(clock, within_s)
    try:
        # liblsl must not recover by itself, and must leave stamps as they are.
        inlet = lsl.StreamInlet(
            found, max_buflen=buffer_s, recover=False, processing_flags=0
        )
        info = inlet.info(deadline.left_s)
        inlet.open_stream(deadline.left_s)
        offset_s = float(inlet.time_correction(deadline.left_s))
    except RuntimeError as error:  # of which all errors of pylsl are
        msg = (
            f"source {name!r}: stream {found.name()!r} was found but does not answer "
            f"({error}); is its sender alive?"
        )
        raise ConnectError(msg) from error
    follower = ClockFollower(lsl, found, inlet, offset_s, lsl.local_clock())
    return Subscription(inlet, info, follower)


def stream_info(
    described: Any,  # noqa: ANN401
    channel_format: str,
    nominal_rate_hz: float,
    channels: tuple[ChannelInfo, ...],
) -> StreamInfo:
    """Return who a stream is, and what a source makes of it."""
    return StreamInfo(
        name=described.name(),
        type=described.type(),
        source_id=described.source_id(),
        uid=described.uid(),
        hostname=described.hostname(),
        channel_format=channel_format,
        nominal_rate_hz=nominal_rate_hz,
        channels=channels,
    )
