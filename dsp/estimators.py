"""Amplitude estimators besides the RMS of `dsp.sliding`.

All take filtered EMG chunk by chunk and give one value per channel at its end. Which
one to use: RMS over 1 s to decide, `TwoWindowRms` to see a change at once, several
channels combined where the muscle is large enough. Theory in `dsp.theory`.
"""

import math

import numpy as np

from dsp.blocks import Reblock
from dsp.errors import DesignError, ShapeError
from dsp.intake import check_shape
from dsp.sliding import SlidingRms
from dsp.tension import remove_noise
from dsp.theory import ARV_OF_RMS, rms_snr
from dsp.types import F64, Bools

#: Short window of the adaptive estimate.
SHORT_WINDOW_S = 0.1  # A: assumption
#: Long window of the adaptive estimate.
LONG_WINDOW_S = 1.0  # A: assumption
#: Distance of both in standard deviations from which the level has changed.
CHANGE_Z = 3.0  # A: assumption
#: Both are compared so often.
COMPARE_S = 0.02  # A: assumption
#: Weights of the exponential average are kept for chunks of up to so many samples.
_MAX_POWERS = 4096
_TINY = np.finfo(np.float64).tiny


class SlidingArv:
    """Average rectified value over a window, scaled to equal the RMS of Gaussian EMG.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    window : int
        Samples of the window.

    Raises
    ------
    DesignError
        If either is less than 1.

    Notes
    -----
    SNR 0.97 of the RMS (`dsp.theory.arv_snr`), delay half the window; less sensitive to
    single large samples. The level falls linearly after a drop, where the RMS falls
    late.
    """

    def __init__(self, n_channels: int, window: int) -> None:
        # The mean square of sqrt|x| is the mean of |x|.
        self._mean = SlidingRms(n_channels, window)

    def push(self, y: F64) -> None:
        """Take the samples of one chunk.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified.
        """
        self._mean.push(np.sqrt(np.abs(y)))

    def last(self) -> F64:
        """Return the estimate at the newest sample.

        Returns
        -------
        ndarray, shape (n_channels,)
            Microvolt; NaN before the first sample.
        """
        return np.asarray(np.square(self._mean.last()) / ARV_OF_RMS)


class ExponentialRms:
    """Root of an exponentially weighted mean square.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    tau_s : float
        Time constant in second.
    fs : float
        Sampling rate in hertz.

    Raises
    ------
    DesignError
        If the time constant is shorter than a sample.

    Notes
    -----
    SNR ``sqrt(8 Bs tau)``, delay tau (`dsp.theory.exponential_snr`). Slow on release:
    a tenth of the level is reached only after 4.6 tau.
    """

    def __init__(self, n_channels: int, tau_s: float, fs: float) -> None:
        if not 1.0 <= tau_s * fs < math.inf:
            msg = f"exponential RMS: expected tau of a sample or more, got {tau_s!r} s"
            raise DesignError(msg)
        self._keep = math.exp(-1.0 / (tau_s * fs))
        self._powers = self._keep ** np.arange(_MAX_POWERS)[::-1]
        self._mean_square = np.zeros(n_channels)
        self._weight = 0.0

    def push(self, y: F64) -> None:
        """Take the samples of one chunk.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified.
        """
        check_shape(y.shape, self._mean_square.size)
        for start in range(0, len(y), _MAX_POWERS):
            rows = y[start : start + _MAX_POWERS]
            n = len(rows)
            weights = self._powers[_MAX_POWERS - n :] * (1.0 - self._keep)
            self._mean_square *= self._keep**n
            self._mean_square += weights @ np.square(rows)
            self._weight += (1.0 - self._weight) * (1.0 - self._keep**n)

    def last(self) -> F64:
        """Return the estimate at the newest sample.

        Returns
        -------
        ndarray, shape (n_channels,)
            Microvolt, corrected for the time before the start; NaN before the first
            sample.
        """
        if not self._weight:
            return np.full(self._mean_square.size, np.nan)
        return np.asarray(np.sqrt(self._mean_square / self._weight))


class TwoWindowRms:
    """RMS over a long window that starts anew when a short one says otherwise.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    fs : float
        Sampling rate in hertz.
    bandwidth_hz : float
        Statistical bandwidth of the EMG in hertz.
    noise_uv : ndarray, shape (n_channels,), optional
        Noise floor in microvolt; none by default.

    Notes
    -----
    Every `COMPARE_S` the logarithms of both levels are compared; a distance of more
    than `CHANGE_Z` standard deviations means that the level has changed, and the long
    window shrinks to the short one. At constant level SNR and delay are those of the
    long window, right after a change those of the short one. The choice of the window
    follows Clancy (1999), IEEE Trans Biomed Eng 46:717.
    """

    def __init__(
        self,
        n_channels: int,
        fs: float,
        bandwidth_hz: float,
        noise_uv: F64 | None = None,
    ) -> None:
        self._noise_uv = np.zeros(n_channels) if noise_uv is None else noise_uv
        self._short = round(SHORT_WINDOW_S * fs)
        self._long = round(LONG_WINDOW_S * fs)
        self._fs, self._bandwidth_hz = fs, bandwidth_hz
        self._reblock = Reblock(max(1, round(COMPARE_S * fs)), n_channels)
        self._rms = [SlidingRms(1, self._short, self._long) for _ in range(n_channels)]
        self._length = np.zeros(n_channels, np.int64)

    @property
    def window_s(self) -> F64:
        """Length of the window that speaks now, per channel, in second."""
        return np.asarray(self._length / self._fs)

    def push(self, y: F64) -> None:
        """Take the samples of one chunk.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified.
        """
        for block, _ in self._reblock.push(y):
            for channel, rms in enumerate(self._rms):
                rms.push(np.ascontiguousarray(block[:, channel : channel + 1]))
            self._length = np.minimum(self._length + len(block), self._long)
            self._length[self._changed()] = self._short

    def last(self) -> F64:
        """Return the estimate at the newest whole block.

        Returns
        -------
        ndarray, shape (n_channels,)
            Microvolt without noise; NaN before the first block.
        """
        long = [r.over(int(n))[0] for r, n in zip(self._rms, self._length, strict=True)]
        return remove_noise(np.array(long), self._noise_uv)

    def _changed(self) -> Bools:
        short = np.array([r.over(self._short)[0] for r in self._rms])
        long = np.array(
            [r.over(int(n))[0] for r, n in zip(self._rms, self._length, strict=True)]
        )
        precision = [rms_snr(self._bandwidth_hz, n / self._fs) for n in self._length]
        short_snr = rms_snr(self._bandwidth_hz, SHORT_WINDOW_S)
        spread = np.sqrt(short_snr**-2 + np.array(precision) ** -2.0)
        distance = np.abs(np.log(np.maximum(short, _TINY) / np.maximum(long, _TINY)))
        grown = self._length > self._short
        return np.asarray(grown & (distance > CHANGE_Z * spread))


def combine_channels(rms_uv: F64, noise_uv: F64, reference_uv: F64) -> F64:
    """Combine channels over one muscle into one relative amplitude.

    Parameters
    ----------
    rms_uv : ndarray, shape (..., n_channels)
        RMS in microvolt, noise included. Channels that are NaN are left out.
    noise_uv : ndarray, shape (n_channels,)
        Noise floors in microvolt.
    reference_uv : ndarray, shape (n_channels,)
        Noise-corrected RMS of the reference contraction in microvolt.

    Returns
    -------
    ndarray, shape (...)
        Share of the reference contraction, 0 to about 1; NaN if every channel is.

    Notes
    -----
    The signed differences of squares are averaged before the root, each relative to
    its reference. SNR grows by the root of `dsp.theory.effective_channels`.
    """
    power = (np.square(rms_uv) - np.square(noise_uv)) / np.square(reference_uv)
    seen = np.isfinite(power)
    count = seen.sum(axis=-1)
    total = np.where(seen, power, 0.0).sum(axis=-1)
    mean = total / np.maximum(count, 1)
    return np.asarray(np.where(count > 0, np.sqrt(np.maximum(mean, 0.0)), np.nan))


def square_correlation(rms_uv: F64) -> float:
    """Return the mean correlation of the channels' mean squares.

    Parameters
    ----------
    rms_uv : ndarray, shape (n_windows, n_channels)
        RMS of short windows at constant effort that do not overlap, in microvolt.

    Returns
    -------
    float
        -1 to 1; 0 for a single channel.

    Raises
    ------
    ShapeError
        If there are fewer than 3 windows.
    """
    if rms_uv.ndim != 2 or len(rms_uv) < 3:  # noqa: PLR2004
        msg = f"expected 3 windows or more (n_windows, n_channels), got {rms_uv.shape}"
        raise ShapeError(msg)
    n = rms_uv.shape[1]
    if n == 1:
        return 0.0
    r = np.corrcoef(np.square(rms_uv), rowvar=False)
    return float((r.sum() - n) / (n * (n - 1)))
