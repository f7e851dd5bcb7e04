"""A recording as every format is read into it."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drivers.recordings.units import is_emg_label, uv_per_unit
from dsp.types import F64

STAMP_MAX_S = 1e12
"""No clock runs for so long; a larger stamp is damage."""

SPAN_MIN_S = 1e-9
"""Shorter is no time between samples."""

RATE_DIGITS = 6
"""Digits of a rate behind the point that a time column can tell."""


@dataclass(frozen=True, slots=True)
class RecordedStream:
    """Signals that were sampled together.

    ``t_s`` (n_samples,) are the stamps as recorded, neither dejittered nor made
    monotone; ``values`` (n_samples, n_channels) are in ``units``; ``scale_to_uv`` is
    the factor to microvolt, None where the unit is not a voltage or not stated.
    ``nominal_rate_hz`` is 0 where the file does not say one. ``device`` is shared by
    streams that one amplifier delivered at different rates.
    """

    name: str
    type: str
    labels: tuple[str, ...]
    units: tuple[str, ...]
    nominal_rate_hz: float
    effective_rate_hz: float
    t_s: F64
    values: F64
    scale_to_uv: tuple[float | None, ...]
    device: str = ""

    @property
    def n_samples(self) -> int:
        """Number of samples per channel."""
        return int(self.values.shape[0])

    @property
    def emg_channels(self) -> tuple[int, ...]:
        """Channels that the file itself calls EMG."""
        named = tuple(i for i, label in enumerate(self.labels) if is_emg_label(label))
        if not named and self.type.casefold() == "emg":
            return tuple(range(len(self.labels)))
        return named

    def select(self, channels: Sequence[int]) -> "RecordedStream":
        """Return this stream with only ``channels``."""
        return dataclasses.replace(
            self,
            labels=tuple(self.labels[i] for i in channels),
            units=tuple(self.units[i] for i in channels),
            scale_to_uv=tuple(self.scale_to_uv[i] for i in channels),
            values=np.ascontiguousarray(self.values[:, list(channels)]),
        )


@dataclass(frozen=True, slots=True)
class MarkerStream:
    """Events of a recording: one text per stamp, on the clock of its signals."""

    name: str
    type: str
    t_s: F64
    texts: tuple[str, ...]
    nominal_rate_hz: float = 0.0


@dataclass(frozen=True, slots=True)
class Recording:
    """What could be read of a file, and in ``warnings`` what could not."""

    format: str
    path: Path
    streams: tuple[RecordedStream, ...]
    markers: tuple[MarkerStream, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signals:
    """Columns of one rate, before their units are looked up."""

    name: str
    labels: Sequence[str]
    units: Sequence[str]
    rate_hz: float
    values: F64
    type: str = ""
    device: str = ""

    def stream(
        self, t_s: F64 | None = None, effective_rate_hz: float | None = None
    ) -> RecordedStream:
        """Return the stream; without stamps it is regular and starts at 0 s."""
        if t_s is None:
            t_s = regular_stamps(len(self.values), self.rate_hz)
        if effective_rate_hz is None or not math.isfinite(effective_rate_hz):
            effective_rate_hz = rate_of(t_s)
        has_emg = any(is_emg_label(label) for label in self.labels)
        return RecordedStream(
            name=self.name,
            type=self.type or ("EMG" if has_emg else "signal"),
            labels=unique_labels(self.labels),
            units=tuple(self.units),
            nominal_rate_hz=self.rate_hz,
            effective_rate_hz=effective_rate_hz,
            t_s=t_s,
            values=np.ascontiguousarray(self.values, dtype=np.float64),
            scale_to_uv=tuple(uv_per_unit(unit) for unit in self.units),
            device=self.device or self.name,
        )


def regular_stamps(n_samples: int, rate_hz: float) -> F64:
    """Stamps of a regular stream from 0 s on; sample numbers if the rate is unknown."""
    return np.arange(n_samples, dtype=np.float64) / (rate_hz or 1.0)


def are_stamps(t_s: F64) -> bool:
    """Tell whether all values can be times in seconds."""
    return bool((np.abs(t_s) < STAMP_MAX_S).all())


def rate_of(t_s: F64) -> float:
    """Return samples per second by the outer stamps, 0 if that is undefined."""
    # One interval needs two stamps.
    if t_s.size < 2 or not are_stamps(t_s[[0, -1]]):  # noqa: PLR2004
        return 0.0
    span_s = float(t_s[-1] - t_s[0])
    return (t_s.size - 1) / span_s if span_s > SPAN_MIN_S else 0.0


def rate_of_step(step_s: float) -> float:
    """Return the rate of a time column, free of the rounding of its digits."""
    return round(1.0 / step_s, RATE_DIGITS) if step_s > SPAN_MIN_S else 0.0


def unique_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels as given; repeated or empty ones become addressable by a number."""
    taken: set[str] = set()
    unique = []
    for i, raw in enumerate(labels, start=1):
        base = raw.strip() or f"ch{i}"
        label, k = base, 2
        while label in taken:
            label, k = f"{base} ({k})", k + 1
        taken.add(label)
        unique.append(label)
    return tuple(unique)
