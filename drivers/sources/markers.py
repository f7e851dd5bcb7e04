"""Events over LSL: a string stream beside the EMG."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from drivers.clock import SystemClock
from drivers.errors import ConnectError
from drivers.liblsl import load_pylsl
from drivers.ports import (
    Clock,
    Marker,
    SourceEvent,
    SourceLost,
    SourceRestored,
    StreamInfo,
)
from drivers.sources.lsl_resolve import Predicate, Rediscovery, find_one

INLET_BUFFER_S = 60
OPEN_TIMEOUT_S = 5.0
CORRECTION_TIMEOUT_S = 3.0
MAX_MARKERS = 64
RECONNECT_LOOK_S = 0.02
STRING_FORMAT = 3


@dataclass(frozen=True, slots=True)
class MarkerSourceParams:
    """Which stream of markers; an empty field means any."""

    stream_name: str = ""
    stream_type: str = "Markers"
    source_id: str = ""
    hostname: str = ""
    resolve_timeout_s: float = 5.0


class MarkerSource:
    """One stream of markers. Silence is normal; only its end is a loss."""

    def __init__(
        self,
        name: str,
        params: MarkerSourceParams,
        *,
        lsl: ModuleType | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self._predicate = Predicate(
            params.stream_name, params.stream_type, params.source_id, params.hostname
        )
        self._patience_s = params.resolve_timeout_s
        self._lsl = lsl
        self._clock = clock or SystemClock()
        self._inlet: Any = None
        self._offset_s = 0.0
        self._info: StreamInfo | None = None
        self._again: Rediscovery | None = None

    def open(self) -> StreamInfo:
        """Find the stream and subscribe to it; raise `ConnectError` saying why not."""
        if self._info is not None:
            return self._info
        self._lsl = lsl = self._lsl or load_pylsl()
        found = find_one(lsl, self.name, self._predicate, self._patience_s, self._clock)
        self._info = self._subscribe(lsl, found)
        self._again = Rediscovery(lsl, self._predicate, self._info.source_id)
        return self._info

    def poll(self, timeout_s: float) -> Sequence[SourceEvent]:
        """Return the markers that came, waiting at most ``timeout_s`` for the first."""
        lsl, again = self._lsl, self._again
        if lsl is None or again is None or self._info is None:
            msg = f"source {self.name!r}: not open"
            raise ConnectError(msg)
        if self._inlet is None:
            return self._look_for(lsl, again, timeout_s)
        try:
            texts, stamps = self._inlet.pull_chunk(
                timeout=timeout_s,
                max_samples=MAX_MARKERS,
                min_samples=1,
                as_numpy=True,  # bytes as sent: not every sender knows UTF-8
            )
        except lsl.util.LostError:
            self._inlet = None
            again.postpone(self._info.uid)
            return [SourceLost(self.name, "the connection ended", lsl.local_clock())]
        now_s = lsl.local_clock()
        return [
            Marker(
                self.name,
                float(stamp) + self._offset_s,
                bytes(text[0]).decode("utf-8", "replace"),
                now_s,
            )
            for text, stamp in zip(texts, stamps, strict=True)
        ]

    def close(self) -> None:
        """Unsubscribe. Only the thread that polls may call this."""
        self._inlet = self._info = self._again = None

    def _subscribe(self, lsl: ModuleType, found: Any) -> StreamInfo:  # noqa: ANN401
        if found.channel_format() != STRING_FORMAT or found.channel_count() != 1:
            msg = (
                f"source {self.name!r}: expected one channel of strings, stream "
                f"{found.name()!r} is something else; is it EMG? then use [[sources]]"
            )
            raise ConnectError(msg)
        inlet = lsl.StreamInlet(
            found, max_buflen=INLET_BUFFER_S, recover=False, processing_flags=0
        )
        try:
            inlet.open_stream(OPEN_TIMEOUT_S)
            self._offset_s = float(inlet.time_correction(CORRECTION_TIMEOUT_S))
        except (lsl.util.LostError, lsl.util.TimeoutError) as error:
            msg = (
                f"source {self.name!r}: stream {found.name()!r} was found but does not "
                "answer; is its sender alive?"
            )
            raise ConnectError(msg) from error
        self._inlet = inlet
        return StreamInfo(
            name=found.name(),
            type=found.type(),
            source_id=found.source_id(),
            uid=found.uid(),
            hostname=found.hostname(),
            channel_format="string",
            nominal_rate_hz=0.0,
            channels=(),
        )

    def _look_for(
        self, lsl: ModuleType, again: Rediscovery, timeout_s: float
    ) -> list[SourceEvent]:
        self._clock.sleep(min(timeout_s, RECONNECT_LOOK_S))
        found = again.look()
        if len(found) != 1:
            return []
        try:
            self._info = self._subscribe(lsl, found[0])
        except ConnectError:
            again.postpone(found[0].uid())
            return []
        now_s = lsl.local_clock()
        return [SourceRestored(self.name, self._info, "it came back", now_s)]
