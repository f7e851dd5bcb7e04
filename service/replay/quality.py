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
    n_channels = x.shape[1]
    flags = np.zeros(n_channels, np.int64)
    flags[~np.isfinite(x).all(axis=0)] |= QualityFlag.NON_FINITE
    flat_s = _flat_s(x, fs)
    flat = flat_s >= FLAT_SHARE * x.shape[0] / fs
    flags[flat] |= QualityFlag.FLAT
    flags[_clipped(x) & ~flat] |= QualityFlag.CLIPPED
    if fs * MAX_UPPER_EDGE_SHARE < upper_hz:
        flags |= QualityFlag.LOW_RATE
    if spectrum is None or spectrum.resolution_hz > RESOLUTION_MAX_HZ:
        return ChannelQuality(flags, flat_s, 0.0, 0.0)
    with np.errstate(invalid="ignore"):
        flags[_drift_share(x, spectrum) > DRIFT_SHARE] |= QualityFlag.DRIFT
    humming = {hz: _hums(spectrum, hz) & ~flat for hz in MAINS_HZ}
    combs = {hz: _dominates(spectrum, hz) & ~flat & ~humming[hz] for hz in MAINS_HZ}
    mains_hz = max(MAINS_HZ, key=lambda hz: int(humming[hz].sum()))
    comb_hz = next((hz / 2 for hz in MAINS_HZ if combs[hz].any()), 0.0)
    if not humming[mains_hz].any():
        return ChannelQuality(flags, flat_s, 0.0, comb_hz)
    flags[humming[mains_hz]] |= QualityFlag.MAINS
    return ChannelQuality(flags, flat_s, mains_hz, comb_hz)


def _drift_share(x: F64, spectrum: Spectrum) -> F64:
    finite = np.where(np.isfinite(x), x, np.nan)
    usable = ~np.isnan(finite).all(axis=0)
    mean_square = np.zeros(x.shape[1])
    kept = finite[:, usable]
    mean_square[usable] = np.nanmean((kept - np.nanmedian(kept, axis=0)) ** 2, axis=0)
    if spectrum.frequency_hz[-1] < 2 * LOW_EDGE_HZ:
        return np.full(x.shape[1], np.nan)
    return low_frequency_share(spectrum, mean_square)


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


def _flat_s(x: F64, fs: float) -> F64:
    """Seconds per channel during which the value stays the same for long."""
    least = max(1, round(FLAT_RUN_S * fs))
    if x.shape[0] <= least:
        least = max(1, x.shape[0] - 1)
    still = np.diff(x, axis=0) == 0
    total = np.zeros(x.shape[1])
    for k in np.flatnonzero(still.any(axis=0)):
        _, lengths = _run_lengths(still[:, k])
        total[k] = (lengths[lengths >= least] + 1).sum() / fs
    return total


def _clipped(x: F64) -> Bools:
    """Channels that stay at their own highest or lowest value too often."""
    clipped = np.zeros(x.shape[1], np.bool_)
    if x.shape[0] < CLIP_RUN:
        return clipped
    finite = np.isfinite(x)
    for k in np.flatnonzero(finite.any(axis=0)):
        column = x[:, k]
        usable = column[finite[:, k]]
        for rail in (usable.min(), usable.max()):
            starts, lengths = _run_lengths(column == rail)
            # What the file begins or ends with is padding, not a rail.
            inner = (starts > 0) & (starts + lengths < column.size)
            at_rail = lengths[inner & (lengths >= CLIP_RUN)].sum()
            clipped[k] |= at_rail >= CLIP_SHARE * x.shape[0]
    return clipped
