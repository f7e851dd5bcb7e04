"""What an LSL stream says about itself, and which of its channels are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

from drivers.errors import ConnectError
from drivers.ports import ChannelInfo
from drivers.recordings.model import unique_labels
from drivers.recordings.units import uv_per_unit
from dsp.types import F64, Bools

#: Words of a change that are told one by one; a message is no list.
MAX_NAMED = 4
#: Rates and widths that the chain is tested for.
MIN_RATE_HZ, MAX_RATE_HZ = 250.0, 10_000.0
MAX_CHANNELS = 256

NUMERIC_FORMATS = {
    1: "float32",
    2: "double64",
    4: "int32",
    5: "int16",
    6: "int8",
    7: "int64",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What may not change while a stream is used."""

    n_channels: int
    nominal_rate_hz: float
    channel_format: str
    labels: tuple[str, ...]
    units: tuple[str, ...]


def changes(was: Shape, now: Shape) -> str:
    """Return in words what is different."""
    return "; ".join(
        f"{what}: was {before}, is {after}"
        for what, before, after in (
            ("rate", f"{was.nominal_rate_hz:g} Hz", f"{now.nominal_rate_hz:g} Hz"),
            ("channels", was.n_channels, now.n_channels),
            ("format", was.channel_format, now.channel_format),
            ("labels", *_differing(was.labels, now.labels)),
            ("units", *_differing(was.units, now.units)),
        )
        if before != after
    )


def _differing(was: Sequence[str], now: Sequence[str]) -> tuple[str, str]:
    """Return the words that differ; what came or went is told by its number."""
    both = zip(was, now, strict=False) if was and now else zip_longest(was, now)
    pairs = [pair for pair in both if pair[0] != pair[1]]
    more = [f"{len(pairs) - MAX_NAMED} more"] if len(pairs) > MAX_NAMED else []
    before, after = (
        ", ".join([words[k] or "none" for words in pairs[:MAX_NAMED]] + more)
        for k in range(2)
    )
    return before, after


def shape_of(info: Any, name: str) -> Shape:  # noqa: ANN401 - pylsl has no types
    """Return the shape of a stream; raise `ConnectError` if it cannot be EMG."""
    channel_format = NUMERIC_FORMATS.get(info.channel_format())
    if channel_format is None:
        msg = (
            f"source {name!r}: expected numbers, stream {info.name()!r} has "
            "strings; markers belong into [markers]"
        )
        raise ConnectError(msg)
    rate_hz, n = float(info.nominal_srate()), int(info.channel_count())
    if not MIN_RATE_HZ <= rate_hz <= MAX_RATE_HZ:
        what = f"{rate_hz:g} Hz" if rate_hz else "an irregular rate"
        msg = (
            f"source {name!r}: expected {MIN_RATE_HZ:g} to {MAX_RATE_HZ:g} Hz, "
            f"stream {info.name()!r} has {what}"
        )
        raise ConnectError(msg)
    if not 1 <= n <= MAX_CHANNELS:
        msg = (
            f"source {name!r}: expected 1 to {MAX_CHANNELS} channels, stream "
            f"{info.name()!r} has {n}"
        )
        raise ConnectError(msg)
    labels, units = _described(info, n)
    return Shape(n, rate_hz, channel_format, labels, units)


def _described(info: Any, n: int) -> tuple[tuple[str, ...], tuple[str, ...]]:  # noqa: ANN401
    labels: list[str] = []
    units: list[str] = []
    channel = info.desc().child("channels").child("channel")
    while not channel.empty() and len(labels) < n:
        labels.append(channel.child_value("label"))
        units.append(channel.child_value("unit"))
        channel = channel.next_sibling("channel")
    missing = n - len(labels)
    units += [""] * missing
    if not any(labels):
        return (), tuple(units)
    return unique_labels([*labels, *[""] * missing]), tuple(units)


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows of the stream become rows of EMG in microvolt.

    Column ``k`` is ``raw[plus[k]] - raw[minus[k]]``, scaled; a monopolar channel has no
    ``minus``, marked by its own index and a factor of 0.
    """

    channels: tuple[ChannelInfo, ...]
    plus: npt.NDArray[np.intp]
    minus: npt.NDArray[np.intp]
    plus_uv: F64
    minus_uv: F64
    bipolar: bool

    def to_uv(self, raw: npt.NDArray[Any], wrapped: Bools | None = None) -> F64:
        """Return a chunk of EMG: a new, contiguous float64 array in microvolt.

        What is made of a ``wrapped`` value is not a number.
        """
        # `take` keeps the rows together, an index would not.
        emg_uv: F64 = raw.take(self.plus, axis=1) * self.plus_uv
        if self.bipolar:
            emg_uv -= raw.take(self.minus, axis=1) * self.minus_uv
        if wrapped is not None:
            emg_uv[wrapped.take(self.plus, axis=1)] = np.nan
            emg_uv[wrapped.take(self.minus, axis=1)] = np.nan
        return emg_uv


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a config says; ``labels`` and ``unit`` hold where a stream is silent."""

    labels: Sequence[str]
    channels: Sequence[str]
    montage: Sequence[tuple[str, str, str]]
    unit: str


def plan_layout(shape: Shape, name: str, wanted: Wanted) -> Layout:
    """Return the layout of the wanted channels; raise `ConnectError` if one is not."""
    labels = shape.labels or _stated_labels(shape, name, wanted.labels)
    columns = [(label, label, "") for label in wanted.channels] + list(wanted.montage)
    columns = columns or [(label, label, "") for label in labels]
    plus = [_index(name, labels, p) for _, p, _ in columns]
    minus = [
        _index(name, labels, m) if m else p
        for (_, _, m), p in zip(columns, plus, strict=True)
    ]
    used = sorted({*plus, *minus})
    factors = _factors(shape, name, labels, used, wanted.unit)
    is_bipolar = np.array([bool(m) for _, _, m in columns])
    return Layout(
        channels=tuple(ChannelInfo(label, "uV") for label, _, _ in columns),
        plus=np.array(plus, np.intp),
        minus=np.array(minus, np.intp),
        plus_uv=factors[plus],
        minus_uv=factors[minus] * is_bipolar,
        bipolar=bool(is_bipolar.any()),
    )


def _stated_labels(shape: Shape, name: str, labels: Sequence[str]) -> tuple[str, ...]:
    n = shape.n_channels
    if len(labels) != n or len(set(labels)) != n:
        got = f"got {len(labels)}: {', '.join(labels)}" if labels else "got none"
        msg = (
            f"source {name!r}: the stream does not name its channels; expected labels "
            f"= [...] with {n} different names in the config, {got}"
        )
        raise ConnectError(msg)
    return tuple(labels)


def _index(name: str, labels: Sequence[str], label: str) -> int:
    if label not in labels:
        have = ", ".join(labels)
        msg = f"source {name!r}: there is no channel {label!r}; the stream has {have}"
        raise ConnectError(msg)
    return labels.index(label)


def _factors(
    shape: Shape, name: str, labels: Sequence[str], used: Sequence[int], stated: str
) -> F64:
    """Return factors to microvolt; a config speaks only where the stream is silent."""
    factors = np.full(shape.n_channels, np.nan)
    for k in used:
        own = uv_per_unit(shape.units[k])
        factor = uv_per_unit(stated) if own is None and stated else own
        factors[k] = np.nan if factor is None else factor
    unknown = [k for k in used if np.isnan(factors[k])]
    if unknown:
        what = ", ".join(f"{labels[k]} ({shape.units[k] or 'none'})" for k in unknown)
        msg = (
            f"source {name!r}: expected the unit of each channel to be uV, mV or V, "
            f'got {what}; state  unit = "uV"  (or what it is) in the config'
        )
        raise ConnectError(msg)
    return factors
