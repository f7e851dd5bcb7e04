"""Streams on loopback to be abused: a sender process, an outlet in this process.

Nothing here may depend on how fast things happen: hosts stall for a second.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy as np

from drivers.ports import EmgSource
from tests.support.lsl_session import isolated_lsl

ROOT = Path(__file__).parents[2]
FORMATS = {"float32": 1, "double64": 2, "string": 3, "int32": 4, "int16": 5, "int8": 6}
POLL_S = 0.02
LONGEST_S = 40.0


class Sender:
    """A sender process; see `tests.support.lsl_sender` for its options."""

    def __init__(self, name: str, **options) -> None:
        words = [f"--{k.replace('_', '-')}={v}" for k, v in options.items()]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.lsl_sender",
                f"--name={name}",
                *words,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGCONT)
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Outlet:
    """An outlet in this process, chunk by chunk in the hands of a test."""

    def __init__(
        self,
        *,
        stream_type: str = "EMG",
        rate_hz: float = 2000.0,
        n_channels: int = 2,
        form: str = "float32",
    ) -> None:
        self.lsl = isolated_lsl()
        self.name = f"outlet-{uuid.uuid4().hex[:8]}"
        self.rate_hz, self.n_channels = rate_hz, n_channels
        info = self.lsl.StreamInfo(
            self.name, stream_type, n_channels, rate_hz, FORMATS[form], self.name
        )
        channels = info.desc().append_child("channels")
        for k in range(n_channels):
            channel = channels.append_child("channel")
            channel.append_child_value("label", f"emg_{k + 1}")
            channel.append_child_value("unit", "uV")
        self.outlet = self.lsl.StreamOutlet(info)
        self.due_s = self.lsl.local_clock()

    def push(self, values, stamps=0.0) -> None:
        self.outlet.push_chunk(values, stamps)

    def push_due(self, make: Callable[[int], np.ndarray], jitter_s: float = 0.0) -> int:
        """Send what has become due since the last time, stamped as if nobody stalled.

        ``make(n)`` returns the next ``n`` samples. Return how many there were.
        """
        stamps = self.due_stamps()
        n = len(stamps)
        if n and jitter_s:
            stamps += np.random.default_rng(n).normal(0.0, jitter_s, n)
        if n:
            self.push(make(n), stamps.tolist())
        return n

    def due_stamps(self, at_least: int = 1) -> np.ndarray:
        """Return the stamps of the samples that have become due, if they are many."""
        n = int((self.lsl.local_clock() - self.due_s) * self.rate_hz)
        if n < at_least:
            return np.empty(0)
        stamps = self.due_s + np.arange(n) / self.rate_hz
        self.due_s += n / self.rate_hz
        return stamps


def follow(source: EmgSource, wanted: type, longest_s: float = LONGEST_S) -> list:
    """Poll until an event of this type came; return all that came."""
    return until(source, lambda e: isinstance(e, wanted), longest_s=longest_s)


def until(
    source: EmgSource,
    is_wanted: Callable[[object], bool],
    act: Callable[[], object] = lambda: None,
    longest_s: float = LONGEST_S,
) -> list:
    """Act and poll in turn until a wanted event came; return all that came.

    Every event is asked about once.
    """
    events: list = []
    end_s = time.monotonic() + longest_s
    while time.monotonic() < end_s:
        act()
        new = source.poll(POLL_S)
        events += new
        if any(is_wanted(event) for event in new):
            return events
    raise AssertionError(f"never came; last were {events[-5:]}")


def collect(source: EmgSource, duration_s: float) -> list:
    events: list = []
    end_s = time.monotonic() + duration_s
    while time.monotonic() < end_s:
        events += source.poll(0.05)
    return events
