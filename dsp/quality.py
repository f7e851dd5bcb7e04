"""Signal quality per channel, judged every half second over two seconds.

Low RMS means "relaxed" only if the electrode is on the skin. The monitor keeps one tile
of raw and filtered signal and works through it when it is full, so that no chunk bears
the cost of a whole segment. Of a segment a few numbers per channel remain, and the
flags are what the newest segments say together.
"""

from collections import deque
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dsp.types import F64, Bools, Flags, QualityFlag

#: Flags are renewed at the end of every segment.
SEGMENT_S = 0.5  # A: assumption
#: They look back over so many segments (2 s).
WINDOW_SEGMENTS = 4  # A: assumption
#: A value that does not change over a whole block of this length is flat: every run
#: of 100 ms or more holds one, and nothing shorter than a block counts.
FLAT_BLOCK_S = 0.05  # A: assumption
#: The monitor works through so many of these blocks at once.
TILE_BLOCKS = 2  # A: assumption
#: No electrode on skin is this quiet; amplifiers alone have 0.5-1.5 µV RMS.
FLAT_RMS_UV = 0.2  # A: assumption
#: Share of samples at a rail.
CLIPPED_SHARE = 0.01  # A: assumption
#: And with more than pulses of a stimulator explain. A: at 2 per second an amplifier
#: was seen there for 1.6 %. Gaussian EMG with so much at it has lost 4 % of its RMS.
RAILED_SHARE = 0.05
#: So many equal extremes in a row are a rail and not a peak.
CLIPPED_RUN = 3  # A: assumption
#: Power of hum that is still in the filtered signal, relative to the rest of it.
MAINS_RATIO = 1.0  # A: assumption (0 dB)
#: Electrode off: raw hum above this, and above the filtered signal by the ratio below.
LEAD_OFF_UV = 200.0  # A: assumption
LEAD_OFF_RATIO = 10.0  # A: assumption (10 dB)
#: Power below about 11 Hz relative to the filtered signal.
DRIFT_RATIO = 2.0  # A: assumption (+3 dB)
#: Drift is what is left of the raw signal after averaging over so many periods of the
#: power line, which removes the hum.
DRIFT_PERIODS = 2
#: Hum is looked for at these harmonics.
MAINS_HARMONICS = 3
#: Where it is looked for if the chain does not say.
MAINS_CHOICES_HZ = (50.0, 60.0)
_NYQUIST_SHARE = 0.5

#: In the order in which `_judge` finds them.
_FLAGS = np.array(
    [
        QualityFlag.CLIPPED,
        QualityFlag.RAILED,
        QualityFlag.FLAT,
        QualityFlag.MAINS,
        QualityFlag.LEAD_OFF,
        QualityFlag.DRIFT,
    ],
    np.int64,
)

# Without the methods around them: they are asked several times for every tile.
_add, _greatest = np.add.reduce, np.maximum.reduce


class _Segment(NamedTuple):
    """What remains of one segment, the last axis of each of shape (n_channels,).

    ``powers`` are of the filtered signal, the hum in it, the raw hum and the drift;
    ``extremes`` are the largest raw value of every channel and, after these, minus the
    smallest, ``at_extremes`` how many samples stand there in runs.
    """

    powers: F64
    extremes: F64
    at_extremes: F64
    has_runs: bool
    flat: Bools


class QualityMonitor:
    """Streaming quality flags on the raw and the filtered signal.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    fs : float
        Sampling rate in hertz.
    mains_hz : float or None
        Power-line frequency; None to look for 50 and 60 Hz.

    Notes
    -----
    Hum counts only as far as the notches leave it in the filtered signal, because that
    is what the tension is made of; 5 µV on the cable that a notch takes away do no
    harm. Raw hum of `LEAD_OFF_UV` that drowns the EMG means an electrode that is off.
    """

    def __init__(self, n_channels: int, fs: float, mains_hz: float | None) -> None:
        self._n_rows = round(SEGMENT_S * fs)
        self._block_rows = max(1, round(FLAT_BLOCK_S * fs))
        self._tile_rows = TILE_BLOCKS * self._block_rows
        # A tile is kept channel by channel: samples are many, channels may be few.
        # Products take the filtered signal and, below it, the raw one; below the raw
        # signal stands its negative, so that all extremes are largest values.
        self._raw = np.empty((2 * n_channels, self._tile_rows))
        self._both = np.empty((2 * n_channels, self._tile_rows))
        self._squares = np.empty((n_channels, self._tile_rows))
        choices = MAINS_CHOICES_HZ if mains_hz is None else (mains_hz,)
        bases = [_hum_basis(f, fs, self._n_rows) for f in choices]
        ends = np.cumsum([len(basis) for basis in bases]).tolist()
        self._choices = [slice(*ab) for ab in pairwise([0, *ends])]
        self._hum = np.ascontiguousarray(np.concatenate(bases).T)
        self._hum_sums = self._hum.sum(axis=0)
        self._means = _mean_basis(self._n_rows, round(DRIFT_PERIODS * fs / choices[0]))
        self._ones = np.ones(self._tile_rows)
        self._segments: deque[_Segment] = deque(maxlen=WINDOW_SEGMENTS)
        self._flags = np.zeros(n_channels, np.int64)
        self._n_channels = n_channels
        self._begin_segment()

    def _begin_segment(self) -> None:
        n = self._n_channels
        self._fill, self._done = 0, 0
        self._offset, self._power = np.zeros((n, 1)), np.zeros(n)
        self._waves = np.zeros((2 * n, self._hum.shape[1]))
        self._slow = np.zeros((n, self._means.shape[1]))
        self._extremes, self._at_extremes = np.full(2 * n, -np.inf), np.zeros(2 * n)
        self._has_runs = False
        self._flat = np.zeros(n, np.bool_)

    @property
    def flags(self) -> Flags:
        """Flags at the end of the newest full segment, shape (n_channels,); a copy."""
        return self._flags.copy()

    def restart(self) -> None:
        """Forget everything: what follows is a new signal."""
        self._segments.clear()
        self._begin_segment()
        self._flags[:] = QualityFlag.GOOD

    def update(self, raw_uv: F64, filtered_uv: F64) -> None:
        """Take one chunk.

        Parameters
        ----------
        raw_uv : ndarray, shape (n_samples, n_channels)
            EMG in microvolt as it came, bad samples replaced.
        filtered_uv : ndarray, shape (n_samples, n_channels)
            The same samples after the filter.
        """
        start, n = 0, len(raw_uv)
        while start < n:
            room = min(self._tile_rows, self._n_rows - self._done) - self._fill
            stop = min(n, start + room)
            fill = self._fill + stop - start
            self._raw[: self._n_channels, self._fill : fill] = raw_uv[start:stop].T
            filtered = self._both[: self._n_channels]
            filtered[:, self._fill : fill] = filtered_uv[start:stop].T
            self._fill, start = fill, stop
            if fill == min(self._tile_rows, self._n_rows - self._done):
                self._take_tile()

    def _take_tile(self) -> None:
        n, first, n_channels = self._fill, self._done, self._n_channels
        either_way, both = self._raw[:, :n], self._both[:, :n]
        raw = either_way[:n_channels]
        squares, relative = self._squares[:, :n], both[n_channels:]
        if not first:
            self._offset = raw[:, :1].copy()
        np.subtract(raw, self._offset, out=relative)
        np.square(both[:n_channels], out=squares)
        self._power += squares.dot(self._ones[:n])
        self._waves += both.dot(self._hum[first : first + n])
        self._slow += relative.dot(self._means[first : first + n])
        np.negative(raw, out=either_way[n_channels:])
        self._note_extremes(either_way)
        self._note_flat(raw)
        self._fill, self._done = 0, first + n
        if self._done == self._n_rows:
            self._segments.append(self._summarise())
            self._flags = _judge(self._segments, self._n_rows)
            self._begin_segment()

    def _note_flat(self, raw: F64) -> None:
        rows = self._block_rows
        # Few blocks end where they began: only these are looked through.
        ends = raw[:, rows - 1 :: rows]
        n_blocks = ends.shape[1]
        if not np.count_nonzero(ends == raw[:, ::rows][:, :n_blocks]):
            return
        for k in range(n_blocks):
            block = raw[:, k * rows : (k + 1) * rows]
            self._flat |= (block == block[:, :1]).all(axis=1)

    def _note_extremes(self, either_way: F64) -> None:
        """Count samples at the extremes; a new extreme makes earlier counts void."""
        extremes = _greatest(either_way, 1)
        # A signal that is not clipped has no runs, and nothing to count.
        if self._has_runs:
            self._at_extremes *= self._extremes >= extremes
        hit = either_way == extremes[:, np.newaxis]
        if _may_have_runs(hit):
            self._at_extremes += _in_runs(hit) * (extremes >= self._extremes)
            self._has_runs = True
        np.maximum(self._extremes, extremes, out=self._extremes)

    def _summarise(self) -> _Segment:
        n = self._n_channels
        mean, blocks = self._slow[:, :1], self._slow[:, 1:]
        self._waves[n:] -= self._hum_sums * mean
        hum = self._strongest(self._waves)
        powers = [self._power / self._n_rows, hum[:n], hum[n:], _variance(blocks)]
        return _Segment(
            powers=np.array(powers),
            extremes=self._extremes,
            at_extremes=self._at_extremes,
            has_runs=self._has_runs,
            flat=self._flat,
        )

    def _strongest(self, amplitudes: F64) -> F64:
        """Return the hum's power at the frequency that has most of it.

        Amplitudes first, their phase does not matter: a line frequency that is off by a
        few tenths of a hertz is found as well.
        """
        squares = np.square(amplitudes)
        powers = [_add(squares[:, choice], 1) for choice in self._choices]
        return np.asarray(_greatest(powers, 0))


def _hum_basis(mains_hz: float, fs: float, n_rows: int) -> F64:
    """Return sines and cosines whose squared products with a signal add up to power."""
    t = np.arange(n_rows) / fs
    harmonics = [mains_hz * k for k in range(1, MAINS_HARMONICS + 1)]
    inside = [f for f in harmonics if f < _NYQUIST_SHARE * fs]
    waves = [wave(2 * np.pi * f * t) for f in inside for wave in (np.cos, np.sin)]
    basis: F64 = np.array(waves) * (np.sqrt(2) / n_rows)
    return basis


def _variance(blocks: F64) -> F64:
    """Return the variance of each row; `numpy.var` takes thrice as long for so few."""
    n = blocks.shape[1]
    mean = _add(blocks, 1, keepdims=True) / n
    return np.asarray(_add(np.square(blocks - mean), 1) / n)


def _mean_basis(n_rows: int, block_rows: int) -> F64:
    """Return what makes the mean of a segment, and that of each whole block in it."""
    n_blocks = n_rows // block_rows
    basis = np.zeros((n_rows, 1 + n_blocks))
    basis[:, 0] = 1.0 / n_rows
    for k in range(n_blocks):
        basis[k * block_rows : (k + 1) * block_rows, 1 + k] = 1.0 / block_rows
    return basis


def _may_have_runs(hit: Bools) -> bool:
    """Say whether a row can have a run, of the at least one hit that each has."""
    n_hits, n_rows = int(np.count_nonzero(hit)), len(hit)
    return n_hits >= n_rows - 1 + CLIPPED_RUN


def _in_runs(hit: Bools) -> F64:
    """Count the hits that stand in runs of `CLIPPED_RUN` or more."""
    n_starts = hit.shape[1] - CLIPPED_RUN + 1
    if n_starts < 1:
        return np.zeros(len(hit))
    starts = [hit[:, k : n_starts + k] for k in range(CLIPPED_RUN)]
    whole = np.logical_and.reduce(starts)
    covered = np.zeros_like(hit)
    for shift in range(CLIPPED_RUN):
        covered[:, shift : n_starts + shift] |= whole
    total: F64 = covered.sum(axis=1).astype(np.float64)
    return total


def _judge(segments: deque[_Segment], n_rows: int) -> Flags:
    powers = _add([s.powers for s in segments], 0) / len(segments)
    power, hum, raw_hum, drift = powers
    extremes = _greatest([s.extremes for s in segments], 0)
    top, minus_bottom = extremes.reshape(2, -1)
    at_extremes = np.zeros_like(extremes)
    for one in segments:
        if one.has_runs:
            at_extremes += one.at_extremes * (one.extremes == extremes)
    flat = np.logical_or.reduce([s.flat for s in segments], 0)
    lead_off = (raw_hum > LEAD_OFF_UV**2) & (raw_hum > LEAD_OFF_RATIO * power)
    has_swing = top > -minus_bottom
    at_rail = _add(at_extremes.reshape(2, -1), 0) / (n_rows * len(segments)) * has_swing
    railed, newest = at_rail >= RAILED_SHARE, segments[-1]
    if newest.has_runs:
        # A rail that has just begun must not wait until it fills its share of a window.
        at_newest = newest.at_extremes * (newest.extremes == extremes)
        railed |= _add(at_newest.reshape(2, -1), 0) / n_rows * has_swing >= RAILED_SHARE
    found = [
        at_rail >= CLIPPED_SHARE,
        railed,
        flat | (power < FLAT_RMS_UV**2),
        (hum > MAINS_RATIO * (power - hum)) | lead_off,
        lead_off,
        drift > DRIFT_RATIO * power,
    ]
    flags: Flags = _FLAGS.dot(np.array(found))
    return flags
