"""liblsl as the LSL drivers use it, in virtual time and with every fault to order."""

import itertools
from collections import deque
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


class LostError(RuntimeError):
    pass


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

    def _alive(self) -> None:
        if not self.stream.alive or self.stream.connection != self._connection:
            raise LostError("lost")

    def info(self, _timeout):
        self._alive()
        if not self.stream.answers:
            raise TimeoutError("timeout")
        return self.stream

    def open_stream(self, _timeout) -> None:
        self._alive()

    def time_correction(self, _timeout) -> float:
        self._alive()
        return self.stream.offset_s

    def pull_chunk(self, timeout, max_samples, min_samples, as_numpy=False):
        self._alive()
        if not self.stream.queue:
            self.stream.lsl.clock.sleep(timeout)
            if not as_numpy:
                return [], []
            return np.empty((0, self.stream.channel_count())), np.empty(0)
        parts = list(self.stream.queue)
        self.stream.queue.clear()
        raw = np.concatenate([values for values, _ in parts])
        stamps = np.concatenate([times for _, times in parts])
        return (raw, stamps) if as_numpy else (raw.tolist(), stamps.tolist())


class FakeLsl:
    """Stands for the module ``pylsl``."""

    def __init__(self) -> None:
        self.clock = ManualClock(10**12)
        self.streams: list[FakeStream] = []
        self.util = SimpleNamespace(LostError=LostError, TimeoutError=TimeoutError)

    def local_clock(self) -> float:
        return self.clock.now_s()

    def resolve_streams(self, _wait_s: float = 0.0):
        return list(self.streams)

    def ContinuousResolver(self, pred: str):  # noqa: N802 - its name
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
