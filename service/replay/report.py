"""What `unclench replay` prints."""

import json
import math
from dataclasses import dataclass
from typing import Any

from dsp.bursts import Burst
from dsp.types import F64

DIGITS = 6
"""Significant digits of a printed value."""


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One stream of the file; markers count as one channel."""

    name: str
    type: str
    n_channels: int
    n_samples: int
    nominal_rate_hz: float
    effective_rate_hz: float


@dataclass(frozen=True, slots=True)
class RmsReport:
    """Distribution of the moving RMS, NaN where it could not be computed."""

    p10: float
    p50: float
    p90: float
    max: float


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """One channel. RMS values are in ``unit``, microvolt wherever the unit is known.

    ``burst_rms_uv`` is the RMS over all bursts, ``rest_rms_uv`` that of what lies
    clearly apart from them.
    """

    label: str
    stream: str
    unit: str
    recorded_unit: str
    quality: tuple[str, ...]
    rms_uv: RmsReport
    rest_rms_uv: float
    burst_rms_uv: float
    median_frequency_hz: float
    bursts: tuple[Burst, ...]


@dataclass(frozen=True, slots=True)
class EnvelopeTable:
    """Moving RMS of the channels of one stream, NaN where it is not settled.

    ``t_s`` is the end of each window of ``window_s``, from the first sample on.
    """

    labels: tuple[str, ...]
    t_s: F64
    rms_uv: F64
    window_s: float


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """A recording in numbers."""

    format: str
    streams: tuple[StreamReport, ...]
    channels: tuple[ChannelReport, ...]
    warnings: tuple[str, ...]
    envelopes: tuple[EnvelopeTable, ...]

    def to_json(self) -> str:
        """Return the report as one line; what could not be computed is null."""
        document = {
            "source": {
                "format": self.format,
                "streams": [_plain(stream) for stream in self.streams],
            },
            "channels": [_plain(channel) for channel in self.channels],
            "warnings": list(self.warnings),
        }
        return json.dumps(document, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a report holds
    """Dataclasses to objects, tuples to lists, numbers rounded, NaN to None."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return {name: _plain(getattr(value, name)) for name in value.__slots__}
