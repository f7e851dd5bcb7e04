"""Events over LSL: a string stream beside the EMG."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.clock import SystemClock
from drivers.errors import ConnectError
from drivers.liblsl import load_pylsl
from drivers.ports import (
    Clock,
    Marker,
    SourceEvent,
    SourceLost,
    SourceNotice,
    SourceRestored,
    StreamInfo,
)
from drivers.sources.clock_follower import step_notice
from drivers.sources.lsl_inlet import (
    OPEN_WITHIN_S,
    REOPEN_WITHIN_S,
    Subscription,
    stream_info,
    subscribe,
)
from drivers.sources.lsl_resolve import Predicate, Rediscovery, find_one
from drivers.sources.notices import NoticeBoard
from dsp.types import F64

#: For a stream without a rate liblsl takes this times 100 markers.
INLET_BUFFER_S = 60
MAX_MARKERS = 64
RECONNECT_LOOK_S = 0.02
STRING_FORMAT = 3
#: A stamp farther from its arrival is of another clock. A: what waited for a network,
#: or was announced ahead, is nearer; the epoch, or a clock that began with its
#: program, is hours off.
FOREIGN_CLOCK_S = 60.0


@dataclass(frozen=True, slots=True)
class MarkerSourceParams:
    """Which stream of markers; an empty field means any."""

    stream_name: str = ""
    stream_type: str = "Markers"
    source_id: str = ""
    hostname: str = ""
    resolve_timeout_s: float = 5.0


@dataclass(slots=True)
class _Link:
    """A subscription that works, and whether its clock was complained of."""

    made: Subscription
    info: StreamInfo
    foreign_told: bool = False


#: A last look for a stream is not shorter than this. A.
LEAST_LOOK_S = 0.5


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
        self._link: _Link | None = None
        self._again: Rediscovery | None = None
        self._notices = NoticeBoard(name)

    def open(self) -> StreamInfo:
        """Find the stream and subscribe to it; raise `ConnectError` saying why not."""
        if self._link is not None:
            return self._link.info
        self._lsl = lsl = self._lsl or load_pylsl()
        link = self._first_link(lsl)
        self._again = Rediscovery(
            lsl, self._predicate, link.info.source_id, self._notices
        )
        self._link = link
        return link.info

    def _first_link(self, lsl: ModuleType) -> _Link:
        """Subscribe; a sender that has just begun may hang up at first."""
        patient_until_s = self._clock.now_s() + self._patience_s
        while True:
            left_s = max(patient_until_s - self._clock.now_s(), LEAST_LOOK_S)
            found = find_one(lsl, self.name, self._predicate, left_s, self._clock)
            try:
                return self._subscribe(lsl, found, OPEN_WITHIN_S)
            except ConnectError:
                if self._clock.now_s() >= patient_until_s:
                    raise

    def poll(self, timeout_s: float) -> Sequence[SourceEvent]:
        """Return the markers that came, waiting at most ``timeout_s`` for the first."""
        lsl, again, link = self._lsl, self._again, self._link
        if lsl is None or again is None:
            msg = f"source {self.name!r}: not open"
            raise ConnectError(msg)
        if link is None:
            return self._look_for(lsl, again, timeout_s)
        try:
            texts, stamps = link.made.inlet.pull_chunk(
                timeout=timeout_s,
                max_samples=MAX_MARKERS,
                min_samples=1,
                as_numpy=True,  # bytes as sent: not every sender knows UTF-8
            )
        except RuntimeError:  # of which all errors of pylsl are
            again.lose(link.info.uid)
            self._link = None
            return [SourceLost(self.name, "the connection ended", lsl.local_clock())]
        return self._take(link, texts, stamps, lsl.local_clock())

    def close(self) -> None:
        """Unsubscribe. Only the thread that polls may call this."""
        self._link = self._again = None

    def _take(
        self, link: _Link, texts: npt.NDArray[Any], stamps: F64, arrival_s: float
    ) -> list[SourceEvent]:
        events: list[SourceEvent] = []
        step_s = link.made.clock.follow(arrival_s)
        if step_s is not None:
            events.append(step_notice(self.name, step_s, arrival_s))
        t_s = stamps + link.made.clock.offset_s
        # A NaN fails the comparison as well.
        is_foreign = ~(np.abs(t_s - arrival_s) <= FOREIGN_CLOCK_S)
        if is_foreign.any() and not link.foreign_told:
            link.foreign_told = True
            text = (
                "time stamps of markers are not of the LSL clock; the times of their "
                "arrival are used instead"
            )
            events.append(SourceNotice(self.name, "foreign_clock", text, arrival_s))
        t_s[is_foreign] = arrival_s
        for words, stamp_s in zip(texts, t_s.tolist(), strict=True):
            text = bytes(words[0]).decode("utf-8", "replace")
            events.append(Marker(self.name, stamp_s, text, arrival_s))
        return events

    def _subscribe(self, lsl: ModuleType, found: Any, within_s: float) -> _Link:  # noqa: ANN401
        if found.channel_format() != STRING_FORMAT or found.channel_count() != 1:
            msg = (
                f"source {self.name!r}: expected one channel of strings, stream "
                f"{found.name()!r} is something else; is it EMG? then use [[sources]]"
            )
            raise ConnectError(msg)
        made = subscribe(lsl, self.name, found, INLET_BUFFER_S, within_s, self._clock)
        info = stream_info(found, "string", 0.0, ())
        return _Link(made, info)

    def _look_for(
        self, lsl: ModuleType, again: Rediscovery, timeout_s: float
    ) -> list[SourceEvent]:
        self._clock.sleep(min(timeout_s, RECONNECT_LOOK_S))
        link, events = again.reconnect(
            lambda found: self._subscribe(lsl, found, REOPEN_WITHIN_S)
        )
        if link is None:
            return events
        self._link = link
        now_s = lsl.local_clock()
        return [*events, SourceRestored(self.name, link.info, "it came back", now_s)]
