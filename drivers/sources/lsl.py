"""EMG over Lab Streaming Layer.

liblsl would recover a lost stream by itself, silently, with another rate if need be.
Here a loss is an event: noticed within a quarter of a second, told, and mended by an
own search that accepts nothing but the same stream again. Stamps are corrected to the
clock of this host and otherwise left as they are: dejittering would erase gaps.
"""

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
    Discontinuity,
    SourceEvent,
    SourceLost,
    SourceRestored,
    StreamInfo,
)
from drivers.sources.clock_follower import ClockFollower, step_notice
from drivers.sources.lsl_inlet import (
    OPEN_WITHIN_S,
    REOPEN_WITHIN_S,
    stream_info,
    subscribe,
)
from drivers.sources.lsl_layout import (
    Layout,
    Shape,
    Wanted,
    changes,
    plan_layout,
    shape_of,
)
from drivers.sources.lsl_resolve import Predicate, Rediscovery, find_one
from drivers.sources.notices import NoticeBoard
from drivers.sources.wraps import WrapDetector, wrap_detector
from dsp.continuity import ContinuityTracker, Finding, Judgement
from dsp.types import F64, Chunk

#: Never 0: that would hang the sender for ever.
INLET_BUFFER_S = 1
RECONNECT_LOOK_S = 0.02
#: Longest wait for the rest of a chunk. A: enqueueing takes a tenth of it.
REST_OF_CHUNK_S = 0.001
#: Rows that one pull may return: at 10 kHz a fifth of a second.
MAX_ROWS = 2048

TEXTS = {
    Finding.GAP: "samples are missing",
    Finding.DUPLICATE: "samples came twice; the second ones were dropped",
    Finding.BACKWARDS: "time stamps went backwards",
    Finding.FOREIGN_CLOCK: "time stamps are not of the LSL clock; data are not used",
    Finding.FUTURE: "time stamps are ahead of the clock",
    Finding.LATE: "data arrive late",
    Finding.BURST: "a backlog came with fresh time stamps; it was dropped",
    Finding.RATE: "the rate is not the nominal one",
}
WRAPPED = (
    "integers wrapped at the ends of their range and are not used; lower the gain or "
    "send a wider format"
)


@dataclass(frozen=True, slots=True)
class LslSourceParams:
    """Which stream, which of its channels, and how patient to be.

    ``channels`` are labels; ``montage`` has (label, plus, minus) of each derivation;
    ``labels`` and ``unit`` hold where the stream states none. A loss is noticed after
    ``silence_s``.
    """

    stream_name: str = ""
    stream_type: str = "EMG"
    source_id: str = ""
    hostname: str = ""
    labels: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    montage: tuple[tuple[str, str, str], ...] = ()
    unit: str = ""
    resolve_timeout_s: float = 5.0
    silence_s: float = 0.25

    @property
    def predicate(self) -> Predicate:
        """What the stream must be."""
        return Predicate(
            self.stream_name, self.stream_type, self.source_id, self.hostname
        )


@dataclass(slots=True)
class _Link:
    """A subscription that works: the inlet, and what was found out about it."""

    inlet: Any
    shape: Shape
    layout: Layout
    info: StreamInfo
    tracker: ContinuityTracker
    clock: ClockFollower
    wraps: WrapDetector | None
    heard_s: float
    usual_rows: int = 1


class LslSource:
    """One EMG stream. Single-threaded: whoever polls it owns it."""

    def __init__(
        self,
        name: str,
        params: LslSourceParams,
        *,
        lsl: ModuleType | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self._params = params
        self._predicate = params.predicate
        self._lsl = lsl
        self._clock = clock or SystemClock()
        self._link: _Link | None = None
        self._last: _Link | None = None
        self._again: Rediscovery | None = None
        self._notices = NoticeBoard(name)
        self._lost = False

    def open(self) -> StreamInfo:
        """Find the stream and subscribe to it; raise `ConnectError` saying why not."""
        if self._link is not None:
            return self._link.info
        self._lsl = lsl = self._lsl or load_pylsl()
        patience_s = self._params.resolve_timeout_s
        found = find_one(lsl, self.name, self._predicate, patience_s, self._clock)
        link = self._subscribe(lsl, found, OPEN_WITHIN_S)
        self._again = Rediscovery(
            lsl, self._predicate, link.info.source_id, self._notices
        )
        self._link = self._last = link
        self._lost = False
        return link.info

    def poll(self, timeout_s: float) -> Sequence[SourceEvent]:
        """Return what came; a stream that ended is looked for instead."""
        lsl, link, again = self._lsl, self._link, self._again
        if lsl is None or again is None or self._last is None:
            msg = f"source {self.name!r}: not open"
            raise ConnectError(msg)
        if link is None:
            return self._look_for(lsl, again, self._last, timeout_s)
        # Half of the patience, so that silence is noticed in time.
        wait_s = min(timeout_s, self._params.silence_s / 2)
        try:
            raw, stamps = _pull(link, wait_s)
        except RuntimeError:  # of which all errors of pylsl are
            again.lose(link.info.uid)
            self._link = None
            return self._lose("the connection ended", lsl.local_clock())
        arrival_s = lsl.local_clock()
        events = self._follow_clock(link, arrival_s)
        if len(stamps):
            link.heard_s = arrival_s
            events += self._take(link, raw, stamps + link.clock.offset_s, arrival_s)
        elif not self._lost and arrival_s - link.heard_s > self._params.silence_s:
            silent_ms = (arrival_s - link.heard_s) * 1e3
            events += self._lose(f"silent for {silent_ms:.0f} ms", arrival_s)
        elif self._lost and again.is_replaced(link.info.uid):
            # A host that went down without a word leaves a connection that never ends.
            again.lose(link.info.uid)
            self._link = None
        return events

    def close(self) -> None:
        """Unsubscribe. Only the thread that polls may call this."""
        self._link = self._last = self._again = None

    def _subscribe(self, lsl: ModuleType, found: Any, within_s: float) -> _Link:  # noqa: ANN401
        params = self._params
        made = subscribe(lsl, self.name, found, INLET_BUFFER_S, within_s, self._clock)
        shape = shape_of(made.info, self.name)
        wanted = Wanted(params.labels, params.channels, params.montage, params.unit)
        layout = plan_layout(shape, self.name, wanted)
        return _Link(
            made.inlet,
            shape,
            layout,
            stream_info(
                made.info,
                shape.channel_format,
                shape.nominal_rate_hz,
                layout.channels,
            ),
            ContinuityTracker(shape.nominal_rate_hz),
            made.clock,
            wrap_detector(shape.channel_format),
            heard_s=lsl.local_clock(),
        )

    def _take(
        self, link: _Link, raw: npt.NDArray[Any], t_s: F64, arrival_s: float
    ) -> list[SourceEvent]:
        judged = link.tracker.update(t_s, arrival_s)
        events: list[SourceEvent] = []
        for finding in judged.findings:
            text = _text(finding, judged, link.shape)
            events += self._notices.tell(finding.value, text, arrival_s)
        if Finding.RATE in judged.findings:
            # Filters made for another rate tell nothing: better no EMG than wrong EMG.
            return events + self._lose(
                _text(Finding.RATE, judged, link.shape), arrival_s
            )
        if self._lost and (Finding.LATE in judged.findings or not judged.pieces):
            return events
        if self._lost:
            self._lost = False
            reason = "data came again"
            events.append(SourceRestored(self.name, link.info, reason, arrival_s))
        starts = [piece.start for piece in judged.pieces if not piece.continues]
        wrapped = link.wraps.find(raw, starts) if link.wraps else None
        if wrapped is not None:
            events += self._notices.tell("wrapped", WRAPPED, arrival_s)
        emg_uv = link.layout.to_uv(raw, wrapped)
        for piece in judged.pieces:
            if not piece.continues:
                n = piece.missing_samples
                reason = f"{n} samples are missing" if n else "a new start"
                events.append(Discontinuity(self.name, reason, n, arrival_s))
            rows = slice(piece.start, piece.stop)
            events.append(Chunk(self.name, emg_uv[rows], t_s[rows], arrival_s))
        return events

    def _follow_clock(self, link: _Link, now_s: float) -> list[SourceEvent]:
        step_s = link.clock.follow(now_s)
        if step_s is None:
            return []
        link.tracker.restart()
        return [step_notice(self.name, step_s, now_s)]

    def _lose(self, reason: str, now_s: float) -> list[SourceEvent]:
        if self._lost:
            return []
        self._lost = True
        return [SourceLost(self.name, reason, now_s)]

    def _look_for(
        self, lsl: ModuleType, again: Rediscovery, before: _Link, timeout_s: float
    ) -> list[SourceEvent]:
        self._clock.sleep(min(timeout_s, RECONNECT_LOOK_S))
        link, events = again.reconnect(
            lambda found: self._subscribe(lsl, found, REOPEN_WITHIN_S)
        )
        if link is None:
            return events
        if link.shape != before.shape:
            again.refuse(link.info.uid)
            changed = changes(before.shape, link.shape)
            text = f"it came back changed and is not used: {changed}"
            return self._notices.tell("changed_shape", text, lsl.local_clock())
        self._link = self._last = link
        return events


def _pull(link: _Link, timeout_s: float) -> tuple[npt.NDArray[Any], F64]:
    """Return what came, waiting for the rest of a chunk that is just coming in.

    liblsl wakes its reader at the first sample of a chunk. To go on with that sample
    alone would let the decision wait for the next chunk.
    """
    raw, stamps = link.inlet.pull_chunk(
        timeout=timeout_s, max_samples=MAX_ROWS, min_samples=1, as_numpy=True
    )
    missing = link.usual_rows - len(stamps)
    if len(stamps) and missing > 0:
        more, later = link.inlet.pull_chunk(
            timeout=REST_OF_CHUNK_S,
            max_samples=MAX_ROWS,
            min_samples=missing,
            as_numpy=True,
        )
        raw, stamps = np.concatenate((raw, more)), np.concatenate((stamps, later))
    if len(stamps):
        # After a stall two pulls bring more than may be asked of one.
        link.usual_rows = min(len(stamps), MAX_ROWS)
    return raw, stamps


def _text(finding: Finding, judged: Judgement, shape: Shape) -> str:
    text = TEXTS[finding]
    if finding is Finding.RATE:
        rate_hz, nominal_hz = judged.effective_rate_hz, shape.nominal_rate_hz
        return f"{text}: {rate_hz:.1f} instead of {nominal_hz:g} Hz"
    if finding in {Finding.LATE, Finding.FUTURE}:
        return f"{text}: the newest sample is {judged.age_s * 1e3:.0f} ms old"
    return text
