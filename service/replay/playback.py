"""A recording played at its own pace, or k times as fast, through the live chain."""

import math
from collections.abc import Callable, Sequence

from drivers.clock import ScaledClock, SystemClock
from drivers.ports import Clock, EmgSource, Marker, SourceEnded
from drivers.recordings.model import RecordedStream, Recording
from drivers.source_registry import ReplayOptions, ReplaySource
from dsp import ChainParams, EmgChain
from dsp.types import Chunk
from service.errors import ConfigError
from service.replay.params import ReplayParams

#: The envelope is told once per so much recorded time. A: for the eye.
TELL_EVERY_S = 1.0
POLL_S = 0.1

#: A stream of an unknown unit is played in its own unit, and said to be.
OWN_UNIT = ReplayOptions(uv_per_unknown_unit=1.0)


def parse_speed(text: str) -> float:
    """Return how many times as fast to play; infinity means not at any pace."""
    if text == "realtime":
        return 1.0
    if text == "max":
        return math.inf
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed < math.inf:
        msg = f"--speed: expected realtime, max or a number above 0, got {text!r}"
        raise ConfigError(msg)
    return speed


def play(
    recording: Recording,
    chosen: Sequence[RecordedStream],
    params: ReplayParams,
    speed: float,
    say: Callable[[str], None],
) -> None:
    """Play the chosen streams one after the other, telling the envelope as it goes."""
    for stream in chosen:
        if stream.n_samples and stream.nominal_rate_hz > 0:
            clock = ScaledClock(SystemClock(), speed)
            source = ReplaySource(
                stream.name, stream, clock, recording.markers, OWN_UNIT
            )
            _follow(source, params, clock, say)


def _follow(
    source: EmgSource, params: ReplayParams, clock: Clock, say: Callable[[str], None]
) -> None:
    info = source.open()
    start_s = told_s = clock.now_s()
    chain = EmgChain(
        ChainParams(
            fs=info.nominal_rate_hz,
            n_channels=len(info.channels),
            lower_hz=params.lower_hz,
            upper_hz=params.upper_hz,
            mains_hz=params.mains_hz or None,
            fast_window_s=params.window_s,
        )
    )
    labels = [channel.label for channel in info.channels]
    ended = False
    while not ended:
        for event in source.poll(POLL_S):
            if isinstance(event, SourceEnded):
                ended = True
            elif isinstance(event, Marker):
                say(f"{event.t_s - start_s:8.1f} s  marker {event.text}")
            elif isinstance(event, Chunk):
                envelope_uv = chain.process(event.emg_uv).envelope_uv
                t_s = float(event.t_s[-1])
                if t_s - told_s >= TELL_EVERY_S:
                    told_s = t_s
                    pairs = zip(labels, envelope_uv, strict=True)
                    values = "  ".join(f"{name} {uv:.3g}" for name, uv in pairs)
                    say(f"{t_s - start_s:8.1f} s  {values}")
    source.close()
