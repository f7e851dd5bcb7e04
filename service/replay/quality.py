"""What is wrong with the channels of a recording, judged as a whole.

A live session judges the last two seconds, in microvolt. A recording can be judged all
at once: in any unit, by a finer spectrum, and without forgetting.
"""

from dataclasses import dataclass

import numpy as np

from dsp.design import MAX_UPPER_EDGE_SHARE
from dsp.spectrum import (
    LOW_EDGE_HZ,
    Spectrum,
    line_ratio_db,
    line_share,
    low_frequency_share,
)
from dsp.types import F64, Bools, Flags, QualityFlag

MAINS_HZ = (50.0, 60.0)

MAINS_SHARE = 0.2
"""Hum 6 dB below the rest of the band. A: assumption."""

MAINS_RATIO_DB = 15.0
"""A line, not a hill of the EMG spectrum. A: assumption."""

SUBHARMONIC_RATIO_DB = 10.0
"""Mains has no line at half its frequency; a stimulator's comb does. A: assumption."""

DRIFT_SHARE = 0.5
"""More than half of the power below the EMG band. A: assumption."""

RESOLUTION_MAX_HZ = 5.0
"""Coarser spectra, of pieces below 0.2 s, tell neither hum nor drift. A: assumption."""

CLIP_RUN = 3
CLIP_SHARE = 1e-3
"""So many equal extreme values in a row are a rail, and so many of all samples are
too many. A: assumption."""

FLAT_RUN_S = 0.1
FLAT_SHARE = 0.95
"""A value that stays for so long is not EMG; a channel that does so nearly always is
flat. A: assumption."""


@dataclass(frozen=True, slots=True)
class ChannelQuality:
    """Flags per channel, seconds without change per channel, and the mains frequency.

    ``mains_hz`` is 0 if no channel has hum that dominates; ``comb_hz`` is 0 if none has
    a periodic artifact whose multiples fall on the mains frequency.
    """

    flags: Flags
    flat_s: F64
    mains_hz: float
    comb_hz: float

    @classmethod
    def unknown(cls, n_channels: int) -> "ChannelQuality":
        """Return the quality of channels without samples to judge by."""
        return cls(np.zeros(n_channels, np.int64), np.zeros(n_channels), 0.0, 0.0)


def judge_quality(
    x: F64, spectrum: Spectrum | None, fs: float, upper_hz: float
) -> ChannelQuality:
    """Judge raw values (n_samples, n_channels) in any unit, and their spectrum."""
    # One channel at a time, in one piece of memory: columns of a wide array are slow.
    facts = [_channel_facts(np.ascontiguousarray(column), fs) for column in x.T]
    flat_s = np.array([f.flat_s for f in facts])
    flat = flat_s >= FLAT_SHARE * x.shape[0] / fs
    flags = np.zeros(x.shape[1], np.int64)
    flags[flat] |= QualityFlag.FLAT
    flags[np.array([f.missing for f in facts])] |= QualityFlag.NON_FINITE
    flags[np.array([f.clipped for f in facts]) & ~flat] |= QualityFlag.CLIPPED
    if fs * MAX_UPPER_EDGE_SHARE < upper_hz:
        flags |= QualityFlag.LOW_RATE
    if spectrum is None or spectrum.resolution_hz > RESOLUTION_MAX_HZ:
        return ChannelQuality(flags, flat_s, 0.0, 0.0)
    mean_square = np.array([f.mean_square for f in facts])
    flags[_drifts(spectrum, mean_square)] |= QualityFlag.DRIFT
    mains_hz, comb_hz, humming = _lines(spectrum, flat)
    flags[humming] |= QualityFlag.MAINS
    return ChannelQuality(flags, flat_s, mains_hz, comb_hz)


@dataclass(frozen=True, slots=True)
class _ChannelFacts:
    missing: bool
    clipped: bool
    flat_s: float
    mean_square: float


def _channel_facts(column: F64, fs: float) -> _ChannelFacts:
    finite = np.isfinite(column)
    usable = column if finite.all() else column[finite]
    if not usable.size:
        return _ChannelFacts(
            missing=column.size > 0, clipped=False, flat_s=0.0, mean_square=0.0
        )
    centred = usable - np.median(usable)
    return _ChannelFacts(
        missing=usable.size < column.size,
        clipped=_is_clipped(column, float(usable.min()), float(usable.max())),
        flat_s=_flat_samples(column, max(1, round(FLAT_RUN_S * fs))) / fs,
        mean_square=float(centred @ centred) / usable.size,
    )


def _drifts(spectrum: Spectrum, mean_square: F64) -> Bools:
    if spectrum.frequency_hz[-1] < 2 * LOW_EDGE_HZ:
        return np.zeros(mean_square.size, np.bool_)
    with np.errstate(invalid="ignore"):
        return low_frequency_share(spectrum, mean_square) > DRIFT_SHARE


def _lines(spectrum: Spectrum, flat: Bools) -> tuple[float, float, Bools]:
    """Frequency of mains, of a comb, and the channels in which mains dominates."""
    humming = {hz: _hums(spectrum, hz) & ~flat for hz in MAINS_HZ}
    combs = {hz: _dominates(spectrum, hz) & ~flat & ~humming[hz] for hz in MAINS_HZ}
    mains_hz = max(MAINS_HZ, key=lambda hz: int(humming[hz].sum()))
    comb_hz = next((hz / 2 for hz in MAINS_HZ if combs[hz].any()), 0.0)
    found = humming[mains_hz]
    return mains_hz if found.any() else 0.0, comb_hz, found


def _dominates(spectrum: Spectrum, line_hz: float) -> Bools:
    with np.errstate(invalid="ignore"):
        share = line_share(spectrum, line_hz, LOW_EDGE_HZ) > MAINS_SHARE
        return share & (line_ratio_db(spectrum, line_hz) > MAINS_RATIO_DB)


def _hums(spectrum: Spectrum, line_hz: float) -> Bools:
    """Tell hum from a comb of lines whose second tooth happens to be at the mains."""
    with np.errstate(invalid="ignore"):
        comb = line_ratio_db(spectrum, line_hz / 2) > SUBHARMONIC_RATIO_DB
    return _dominates(spectrum, line_hz) & ~comb


def _run_lengths(same: Bools) -> tuple[Flags, Flags]:
    """Start and length of every run of True."""
    edges = np.diff(np.concatenate(([0], same.astype(np.int8), [0])))
    starts = np.flatnonzero(edges == 1)
    return starts, np.flatnonzero(edges == -1) - starts


def _flat_samples(column: F64, least: int) -> int:
    """Count samples in runs of at least ``least`` without a change of the value."""
    if column.size <= least:
        least = max(1, column.size - 1)
    still = column[1:] == column[:-1]
    if not still.any():
        return 0
    _, lengths = _run_lengths(still)
    return int((lengths[lengths >= least] + 1).sum())


def _is_clipped(column: F64, bottom: float, top: float) -> bool:
    """Tell whether a channel stays at its own highest or lowest value too often."""
    for rail in (bottom, top):
        starts, lengths = _run_lengths(column == rail)
        # What the file begins or ends with is padding, not a rail.
        inner = (starts > 0) & (starts + lengths < column.size)
        at_rail = lengths[inner & (lengths >= CLIP_RUN)].sum()
        if at_rail and at_rail >= CLIP_SHARE * column.size:
            return True
    return False
