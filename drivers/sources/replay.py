"""A recording as a source.

The pace is that of the clock it is given: the system clock plays in real time, a
`drivers.clock.ScaledClock` K times as fast, a `drivers.clock.ManualClock` as fast as
the machine can.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from drivers.errors import ConnectError, DriverConfigError
from drivers.ports import (
    ChannelInfo,
    Clock,
    Marker,
    SourceEnded,
    SourceEvent,
    StreamInfo,
)
from drivers.recordings.model import MarkerStream, RecordedStream
from dsp.types import F64, Chunk

CHUNK_SAMPLES = 32
"""A: assumption, the chunk of a usual amplifier at 1 to 2 kHz."""

GAP_CUT_S = 0.1
"""A: assumption; a longer step of the stamps ends a chunk, as it would have live."""

TICK_S = 1e-9
"""Clocks count nanoseconds; what is closer is due."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a recording is played.

    ``uv_per_unknown_unit`` is the factor to microvolt for channels whose unit the file
    does not state; without it such a file is refused.
    """

    chunk_samples: int = CHUNK_SAMPLES
    uv_per_unknown_unit: float | None = None

    def __post_init__(self) -> None:
        if self.chunk_samples < 1:
            msg = f"chunk_samples: expected at least 1, got {self.chunk_samples}"
            raise DriverConfigError(msg)
        factor = self.uv_per_unknown_unit
        if factor is not None and not (math.isfinite(factor) and factor > 0):
            msg = f"uv_per_unknown_unit: expected a number above 0, got {factor!r}"
            raise DriverConfigError(msg)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Samples ``start`` to ``stop``, complete at ``due_s`` of the clock."""

    due_s: float
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class _Event:
    due_s: float
    text: str


class ReplaySource:
    """Plays one recorded stream and the markers beside it, from open to its end.

    The first sample is stamped with the time of `open`; all other stamps keep their
    distance to it, so gaps, jitter and steps back are those of the recording.
    """

    def __init__(
        self,
        name: str,
        stream: RecordedStream,
        clock: Clock,
        markers: Sequence[MarkerStream] = (),
        options: ReplayOptions | None = None,
    ) -> None:
        self.name = name
        self._stream = stream
        self._clock = clock
        self._markers = tuple(markers)
        self._options = options or ReplayOptions()
        self._emg_uv: F64 | None = None
        self._t_s: F64 = np.empty(0)
        self._todo: Iterator[_Piece | _Event] = iter(())
        self._next: _Piece | _Event | None = None
        self._ended = False

    def open(self) -> StreamInfo:
        """Start the playback at its beginning; raise `ConnectError` saying why not."""
        stream = self._stream
        if not stream.n_samples:
            msg = f"source {self.name!r}: stream {stream.name!r} has no samples"
            raise ConnectError(msg)
        if not stream.nominal_rate_hz > 0:
            msg = (
                f"source {self.name!r}: stream {stream.name!r} states no sampling rate "
                "and cannot be played in time"
            )
            raise ConnectError(msg)
        self._emg_uv = np.ascontiguousarray(stream.values * self._factors())
        start_s = self._clock.now_s()
        origin_s = start_s - float(stream.t_s[0])
        self._t_s = stream.t_s + origin_s
        self._todo = iter(self._schedule(origin_s))
        self._next = next(self._todo)
        self._ended = False
        return self._info()

    def poll(self, timeout_s: float) -> Sequence[SourceEvent]:
        """Return what is due, waiting at most ``timeout_s`` for the first of it."""
        emg_uv = self._emg_uv
        if emg_uv is None:
            msg = f"source {self.name!r}: not open"
            raise ConnectError(msg)
        self._wait(timeout_s)
        now_s = self._clock.now_s()
        events: list[SourceEvent] = []
        while self._next is not None and self._next.due_s <= now_s + TICK_S:
            events.append(self._event(self._next, emg_uv, now_s))
            self._next = next(self._todo, None)
        if self._next is None and not self._ended:
            self._ended = True
            events.append(SourceEnded(self.name, now_s))
        return events

    def close(self) -> None:
        """Stop the playback."""
        self._emg_uv = None
        self._todo = iter(())
        self._next = None

    def _wait(self, timeout_s: float) -> None:
        due_s = math.inf if self._next is None else self._next.due_s
        if self._next is None and not self._ended:
            return
        wait_s = min(due_s - self._clock.now_s(), timeout_s)
        if wait_s > 0:
            self._clock.sleep(wait_s)

    def _event(
        self, item: _Piece | _Event, emg_uv: F64, now_s: float
    ) -> Chunk | Marker:
        if isinstance(item, _Event):
            return Marker(self.name, item.due_s, item.text, now_s)
        part = slice(item.start, item.stop)
        return Chunk(self.name, emg_uv[part], self._t_s[part], now_s)

    def _factors(self) -> F64:
        """Factors to microvolt; raise if one is not known."""
        other = self._options.uv_per_unknown_unit
        known = [other if f is None else f for f in self._stream.scale_to_uv]
        lost = [
            f"{label} ({unit})"
            for label, unit, factor in zip(
                self._stream.labels, self._stream.units, known, strict=True
            )
            if factor is None
        ]
        if lost:
            msg = (
                f"source {self.name!r}: expected channels in uV, mV or V, got "
                f"{', '.join(lost)}; state the unit in the config"
            )
            raise ConnectError(msg)
        return np.array(known, dtype=np.float64)

    def _schedule(self, origin_s: float) -> list[_Piece | _Event]:
        """Everything to be played, in the order in which it becomes due."""
        # A stamp that steps back was known no earlier than the one before it.
        known_s = np.maximum.accumulate(self._t_s)
        n = self._options.chunk_samples
        gaps = np.flatnonzero(np.diff(self._t_s) > GAP_CUT_S) + 1
        bounds = [0, *gaps.tolist(), self._t_s.size]
        pieces: list[_Piece | _Event] = []
        for first, last in itertools.pairwise(bounds):
            for start in range(first, last, n):
                stop = min(start + n, last)
                pieces.append(_Piece(float(known_s[stop - 1]), start, stop))
        events = [
            _Event(float(t_s) + origin_s, text)
            for markers in self._markers
            for t_s, text in zip(markers.t_s, markers.texts, strict=True)
        ]
        return sorted([*pieces, *events], key=lambda item: item.due_s)

    def _info(self) -> StreamInfo:
        stream = self._stream
        return StreamInfo(
            name=stream.name,
            type=stream.type,
            source_id=stream.device,
            uid="",
            hostname="",
            channel_format="double64",
            nominal_rate_hz=stream.nominal_rate_hz,
            channels=tuple(
                ChannelInfo(label, unit)
                for label, unit in zip(stream.labels, stream.units, strict=True)
            ),
        )
