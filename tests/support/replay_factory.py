"""A replay source over a small generated recording."""

import numpy as np

from drivers.clock import ManualClock
from drivers.ports import Clock
from drivers.recordings.model import MarkerStream, RecordedStream, Signals
from drivers.sources.replay import ReplayOptions, ReplaySource

FS = 1000.0
N_SAMPLES = 2000


def small_stream(n_samples: int = N_SAMPLES, unit: str = "mV") -> RecordedStream:
    """Two EMG channels of noise, 0.1 mV, two seconds."""
    noise = np.random.default_rng(11).standard_normal((n_samples, 2)) * 0.1
    return Signals("small", ["EMG left", "EMG right"], [unit] * 2, FS, noise).stream()


def replay_factory(
    clock: Clock | None = None,
    stream: RecordedStream | None = None,
    options: ReplayOptions | None = None,
) -> ReplaySource:
    """Return an unopened source with one marker at 0.5 s; virtual time by default."""
    markers = MarkerStream("marks", "Markers", np.array([0.5]), ("squeeze",))
    return ReplaySource(
        "replay",
        stream or small_stream(),
        clock or ManualClock(),
        [markers],
        options,
    )
