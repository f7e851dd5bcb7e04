"""liblsl as the LSL drivers use it, in virtual time and with every fault to order."""

import itertools
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from drivers.clock import ManualClock

FORMATS = {"float32": 1, "double64": 2, "string": 3, "int32": 4, "int16": 5}
DTYPES = {
    "float32": "f4",
    "double64": "f8",
    "string": "O",
    "int32": "i4",
    "int16": "i2",
}


#: The first estimate of a clock offset takes 8 probes of 64 ms and a wait of 128 ms.
FIRST_ESTIMATE_S = 0.64
#: liblsl estimates anew this often, and repeats itself in between.
ESTIMATE_EVERY_S = 2.0


class LostError(RuntimeError):
    pass


class TimedOutError(RuntimeError):
    """``pylsl.util.TimeoutError``, which is not the one of Python."""


class _Node:
    """A node of a stream's description."""

    def __init__(self, channels, at: int = -1) -> None:
        self._channels, self._at = channels, at

    def child(self, name: str):
        return self if name == "channels" else _Node(self._channels, 0)

    def empty(self) -> bool:
        return self._at >= len(self._channels)

    def next_sibling(self, _name: str):
        return _Node(self._channels, self._at + 1)

    def child_value(self, name: str) -> str:
        return self._channels[self._at].get(name, "")


class FakeStream:
    """An outlet: what it says about itself, and what it sends."""

    uids = itertools.count(1)

    def __init__(self, lsl: "FakeLsl", **changes) -> None:
        self.lsl = lsl
        self.fields = {
            "name": "amp",
            "type": "EMG",
            "source_id": "amp-1",
            "hostname": "lab",
            "rate": 2000.0,
            "format": "float32",
            "channels": [{"label": "a", "unit": "uV"}, {"label": "b", "unit": "uV"}],
            "n": None,
            **changes,
        }
        self._uid = f"uid-{next(self.uids)}"
        self.alive = True
        self.answers = True
        self.connection = 0
        self.offset_s = 0.0
        #: What the next estimates of the offset are off by, one after the other.
        self.offset_errors_s: deque[float] = deque()
        #: Calls that fail for reasons that liblsl does not tell.
        self.failing: set[str] = set()
        #: What happens while a reader waits for more than there is.
        self.while_waited_for: Callable[[], None] = lambda: None
        self.queue: deque[tuple[np.ndarray, np.ndarray]] = deque()
        lsl.streams.append(self)

    def name(self):
        return self.fields["name"]

    def type(self):
        return self.fields["type"]

    def source_id(self):
        return self.fields["source_id"]

    def hostname(self):
        return self.fields["hostname"]

    def uid(self):
        return self._uid

    def nominal_srate(self):
        return self.fields["rate"]

    def channel_format(self):
        return FORMATS[self.fields["format"]]

    def channel_count(self):
        n = self.fields["n"]
        return len(self.fields["channels"]) if n is None else n

    def created_at(self):
        return 0.0

    def desc(self):
        return _Node(self.fields["channels"])

    def send(self, n: int = 40, *, value=1.0, stamps=None) -> None:
        """Send a chunk whose last sample is now (of the sender's clock)."""
        if stamps is None:
            end_s = self.lsl.clock.now_s() - self.offset_s
            stamps = end_s - np.arange(n)[::-1] / self.fields["rate"]
        shape = (len(stamps), self.channel_count())
        raw = np.broadcast_to(np.asarray(value), shape)
        self.queue.append((raw.astype(DTYPES[self.fields["format"]]), stamps))

    def estimate(self) -> float:
        error_s = self.offset_errors_s.popleft() if self.offset_errors_s else 0.0
        return self.offset_s + error_s

    def cut(self) -> None:
        """Break the connections, but live on."""
        self.connection += 1

    def die(self) -> None:
        self.alive = False
        self.lsl.streams.remove(self)


class FakeInlet:
    def __init__(self, stream: FakeStream, **options) -> None:
        assert options["recover"] is False, "liblsl must not recover by itself"
        assert options["max_buflen"] >= 1, "0 would hang the sender"
        assert options["processing_flags"] == 0, "never dejitter"
        self.stream = stream
        self._connection = stream.connection
        self._clock = stream.lsl.clock
        self._estimate_s: float | None = None
        self._estimate_due_s: float | None = None
        if "inlet" in stream.failing:
            raise RuntimeError("could not create stream inlet.")

    def _alive(self, call: str) -> None:
        if call in self.stream.failing:
            raise RuntimeError("an unknown error has occurred.")
        if not self.stream.alive or self.stream.connection != self._connection:
            raise LostError("lost")

    def _await(self, call: str, timeout: float) -> None:
        self._alive(call)
        if not self.stream.answers:
            self._clock.sleep(timeout)
            raise TimedOutError("timeout")

    def info(self, timeout):
        self._await("info", timeout)
        return self.stream

    def open_stream(self, timeout) -> None:
        self._await("open_stream", timeout)
        self.stream.queue.clear()  # a stream flows to those who have opened it

    def time_correction(self, timeout) -> float:
        self._alive("time_correction")
        now_s = self._clock.now_s()
        if self._estimate_due_s is None:
            self._estimate_due_s = now_s + FIRST_ESTIMATE_S
        if self._estimate_s is None and self._estimate_due_s > now_s:
            self._clock.sleep(min(timeout, self._estimate_due_s - now_s))
        while self._estimate_due_s <= self._clock.now_s():
            self._estimate_s = self.stream.estimate()
            self._estimate_due_s += ESTIMATE_EVERY_S
        if self._estimate_s is None:
            raise TimedOutError("timeout")
        return self._estimate_s

    def pull_chunk(self, timeout, max_samples, min_samples=None, as_numpy=False):
        """Wait for ``min_samples``, or for all of ``max_samples`` if there is none."""
        assert as_numpy, "lists are slow, and strings need not be UTF-8"
        self._alive("pull_chunk")
        if min_samples is not None and not 1 <= min_samples <= max_samples:
            raise ValueError("min_samples must be between 1 and max_samples")
        queue = self.stream.queue
        if sum(len(stamps) for _, stamps in queue) < (min_samples or max_samples):
            self._clock.sleep(timeout)
            self.stream.while_waited_for()
        shape = (0, self.stream.channel_count())
        parts = [(np.empty(shape, DTYPES[self.stream.fields["format"]]), np.empty(0))]
        while queue and max_samples:
            raw, stamps = queue.popleft()
            if len(stamps) > max_samples:
                queue.appendleft((raw[max_samples:], stamps[max_samples:]))
            parts.append((raw[:max_samples], stamps[:max_samples]))
            max_samples -= len(parts[-1][1])
        raw, stamps = (np.concatenate(kind) for kind in zip(*parts, strict=True))
        return raw, stamps


class FakeLsl:
    """Stands for the module ``pylsl``."""

    def __init__(self) -> None:
        self.clock = ManualClock(10**12)
        self.streams: list[FakeStream] = []
        self.resolves = True
        self.util = SimpleNamespace(LostError=LostError, TimeoutError=TimedOutError)

    def local_clock(self) -> float:
        return self.clock.now_s()

    def resolve_streams(self, _wait_s: float = 0.0):
        return list(self.streams)

    def ContinuousResolver(self, pred: str):  # noqa: N802 - its name
        if not self.resolves:
            raise RuntimeError("could not create continuous resolver.")
        return SimpleNamespace(results=lambda: self._fitting(pred))

    def StreamInlet(self, info, **options):  # noqa: N802 - its name
        return FakeInlet(info, **options)

    def _fitting(self, pred: str):
        terms = [term.split("=", 1) for term in pred.split(" and ")]
        return [
            stream
            for stream in self.streams
            if all(stream.fields[key] == value.strip("'\"") for key, value in terms)
        ]
