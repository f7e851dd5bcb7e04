"""Fatigue: the slope of the median frequency, as a stream."""

import math

import numpy as np

from dsp.blocks import Reblock
from dsp.spectrum import median_frequency_hz, welch
from dsp.types import F64

#: Below this tension noise moves the median frequency more than fatigue does.
MIN_TENSION_PCT_MVC = 5.0  # A: assumption
#: Length of the segments.
SEGMENT_S = 1.0
#: Fewer segments give no slope.
MIN_SEGMENTS = 5  # A: assumption
_MINUTE_S = 60.0


def median_frequency_of(
    y: F64, fs: float, band_hz: tuple[float, float], min_rms_uv: float
) -> float:
    """Return the median frequency of a segment of one channel.

    Parameters
    ----------
    y : ndarray, shape (n_samples, 1)
        Filtered EMG in microvolt; not modified.
    fs : float
        Sampling rate in hertz.
    band_hz : tuple of float
        Band in hertz.
    min_rms_uv : float
        RMS of `MIN_TENSION_PCT_MVC` of the MVC in microvolt.

    Returns
    -------
    float
        In hertz; NaN below that RMS, and where samples are missing.
    """
    power = float(np.mean(np.square(y)))
    # A comparison with NaN is false, which is what is wanted.
    if not power >= min_rms_uv * min_rms_uv:
        return math.nan
    spectrum = welch(y, fs, SEGMENT_S / 2)
    return float(median_frequency_hz(spectrum, *band_hz)[0])


class MedianFrequencyTrend:
    """Linear regression of the median frequency of one channel against time.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    band_hz : tuple of float
        Band in hertz.
    min_rms_uv : float
        Segments below this RMS are left out (`MIN_TENSION_PCT_MVC` of the MVC).

    Notes
    -----
    Five sums are all that is kept. Report the slope, not single values, which differ by
    20 % between persons (Krivickas et al. 1998).
    """

    def __init__(
        self, fs: float, band_hz: tuple[float, float], min_rms_uv: float
    ) -> None:
        self._fs, self._band_hz, self._min_rms_uv = fs, band_hz, min_rms_uv
        self._reblock = Reblock(max(2, round(SEGMENT_S * fs)), 1)
        self._segments = 0
        self._sums = np.zeros(4)
        self.n_used = 0

    def push(self, y: F64) -> None:
        """Take the samples of one chunk.

        Parameters
        ----------
        y : ndarray, shape (n_samples, 1)
            Filtered EMG in microvolt; not modified.

        Raises
        ------
        ShapeError
            If it is not one channel.
        """
        for block, bad in self._reblock.push(y):
            t_s = (self._segments + 0.5) * self._reblock.n_rows / self._fs
            self._segments += 1
            if bad.any():
                continue
            f = median_frequency_of(block, self._fs, self._band_hz, self._min_rms_uv)
            if math.isnan(f):
                continue
            self._sums += (t_s, f, t_s * t_s, t_s * f)
            self.n_used += 1

    @property
    def mean_hz(self) -> float:
        """Mean of the median frequency; NaN before the first segment."""
        return float(self._sums[1]) / self.n_used if self.n_used else math.nan

    @property
    def slope_pct_per_min(self) -> float:
        """Change per minute in percent of the mean; NaN with too few segments."""
        if self.n_used < MIN_SEGMENTS:
            return math.nan
        t, f, tt, tf = self._sums / self.n_used
        spread = tt - t * t
        if not spread > 0:
            return math.nan
        return float(100.0 * _MINUTE_S * (tf - t * f) / spread / f)
