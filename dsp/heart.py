"""When the heart beats: R peaks in the EMG itself or in another channel."""

import math
import statistics
from collections import deque

import numpy as np

from dsp.kernel import make_filter
from dsp.sliding import SlidingRms
from dsp.types import F64

#: Band in which the QRS complex stands out of the EMG.
QRS_BAND_HZ = (5.0, 40.0)
#: A beat is at least this share of the usual one.
HEIGHT_SHARE = 0.5  # A: assumption
#: Heights that the usual one is the median of.
HEIGHTS = 8
#: No beat is lower than so many times what lies between beats.
MIN_HEIGHT = 3.0  # A: assumption
#: Smoothed twice over half its length, the power of the QRS complex has one peak.
HALF_QRS_S = 0.04  # A: assumption
#: What is so much higher than the usual beat is none, but a contraction or a shock.
CEILING_RATIO = 3.0  # A: assumption
#: Two beats are not closer than this (170 per minute).
REFRACTORY_S = 0.35  # A: assumption
#: A beat is certain when nothing higher followed for so long.
CONFIRM_S = 0.12  # A: assumption
#: Without a beat for so long the usual height is forgotten: it was a contraction.
FORGET_S = 2.0  # A: assumption
#: The level between beats is the median over so many blocks.
LEVEL_BLOCKS = 50
#: A rhythm: so many intervals, whose median deviation is below this share.
RHYTHM_BEATS = 5
RHYTHM_DEVIATION = 0.2  # A: assumption
_PEAK_RATIO_LOW, _PEAK_RATIO_HIGH = 2.0, 10.0


class RPeakDetector:
    """Find heart beats in blocks of the raw signal.

    All channels take part, each relative to its own level between beats.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    n_channels : int
        Number of channels that the beat is looked for in.

    Notes
    -----
    Adaptive threshold at half the median of the latest peaks of the smoothed power in
    the 5-40 Hz band (after Pan and Tompkins 1985, IEEE Trans Biomed Eng 32:230). A peak
    lies about 55 ms after the R wave; for cutting epochs only that this is about the
    same for each of them matters.
    """

    def __init__(self, fs: float, n_channels: int) -> None:
        from scipy.signal import butter  # noqa: PLC0415 - 0.6 s to import

        sos = butter(2, QRS_BAND_HZ, "bandpass", fs=fs, output="sos")
        self._filter = make_filter(np.ascontiguousarray(sos), n_channels)
        half = max(1, round(HALF_QRS_S * fs))
        self._smooth = SlidingRms(n_channels, half), SlidingRms(n_channels, half)
        self._refractory = round(REFRACTORY_S * fs)
        self._confirm = round(CONFIRM_S * fs)
        self._forget = round(FORGET_S * fs)
        self._fs = fs
        self.restart()

    def restart(self) -> None:
        """Forget everything: the next sample starts a new signal."""
        self._filter.restart()
        for smooth in self._smooth:
            smooth.restart()
        self._levels: deque[F64] = deque(maxlen=LEVEL_BLOCKS)
        self._heights: deque[float] = deque(maxlen=HEIGHTS)
        self._beats: deque[int] = deque(maxlen=RHYTHM_BEATS + 1)
        self._candidate: tuple[int, float] | None = None
        self._position = 0

    @property
    def rhythm_hz(self) -> float:
        """Heart rate in hertz; NaN without a steady rhythm."""
        intervals = np.diff(np.array(self._beats)) / self._fs
        if len(intervals) < RHYTHM_BEATS:
            return math.nan
        typical = float(np.median(intervals))
        deviation = float(np.median(np.abs(intervals - typical)))
        return 1.0 / typical if deviation < RHYTHM_DEVIATION * typical else math.nan

    def push(self, emg_uv: F64) -> list[int]:
        """Take one block and return the beats that became certain.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            Finite EMG or ECG in microvolt, stimulation blanked; not modified.

        Returns
        -------
        list of int
            Positions of the peaks in samples since the start, in order.
        """
        if not len(emg_uv):
            return []
        slow = self._filter.fresh(np.ascontiguousarray(emg_uv))
        for smooth in self._smooth:
            slow = smooth.dense(slow)
        self._levels.append(np.median(slow, axis=0))
        level = np.median(np.array(self._levels), axis=0)
        height = (slow / np.maximum(level, np.finfo(np.float64).tiny)).mean(axis=1)
        if not level.all():
            height[:] = 0.0
        return [row for h in height if (row := self._step(float(h))) is not None]

    def _step(self, height: float) -> int | None:
        row, self._position = self._position, self._position + 1
        beat = self._confirmed(row)
        last = self._beats[-1] if self._beats else -self._forget
        if row - last > self._forget and self._heights and self._candidate is None:
            self._heights.clear()
        if row - last < self._refractory or height < self._threshold():
            return beat
        if self._candidate is None or height > self._candidate[1]:
            self._candidate = (row, height)
        return beat

    def _confirmed(self, row: int) -> int | None:
        if self._candidate is None or row - self._candidate[0] < self._confirm:
            return None
        (beat, height), self._candidate = self._candidate, None
        if self._heights and height > CEILING_RATIO * statistics.median(self._heights):
            return None
        self._beats.append(beat)
        self._heights.append(height)
        return beat

    def _threshold(self) -> float:
        if not self._heights:
            return MIN_HEIGHT
        return max(MIN_HEIGHT, HEIGHT_SHARE * statistics.median(self._heights))


def lower_edge_for_heart_hz(peak_ratio: float) -> float:
    """Return the lower edge of the band-pass that suits the heart's size.

    Parameters
    ----------
    peak_ratio : float
        Height of the R peak in the raw signal over the RMS of the EMG at rest.

    Returns
    -------
    float
        Hertz. Choose once, before the reference contraction: the edge changes the
        amplitude of the EMG.

    Notes
    -----
    A Butterworth high-pass at 30 Hz was the best compromise of 23 methods (Drake and
    Callaghan 2006, J Electromyogr Kinesiol 16:175). Below twice the EMG the heart does
    less harm than the filter; above ten times 30 Hz leaves some of it, and the template
    has to take the rest: a still higher edge costs more EMG than it saves.
    """
    return 20.0 if peak_ratio < _PEAK_RATIO_LOW else 30.0


def needs_template(peak_ratio: float) -> bool:
    """Return whether a high-pass alone leaves too much of the heart.

    Parameters
    ----------
    peak_ratio : float
        Height of the R peak in the raw signal over the RMS of the EMG at rest.

    Returns
    -------
    bool
        True from ten times the EMG on.
    """
    return peak_ratio >= _PEAK_RATIO_HIGH
