"""Where the power of a signal lies: Welch spectrum and what is read from it."""

import math
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError, ShapeError
from dsp.types import F64, Bools

SEGMENT_S = 1.0
"""Welch segment: 1 Hz resolution, several motor unit intervals. A: assumption."""

OVERLAP = 0.5
"""Share by which segments overlap; usual for a Hann window (Welch 1967)."""

NEIGHBOUR_NEAR_HZ = 3.0
NEIGHBOUR_FAR_HZ = 8.0
"""Distances from a line between which its neighbours lie. A: assumption."""

LINE_HALF_WIDTH_HZ = 1.0
"""Mains wanders less than this around its nominal frequency. A: assumption."""

HANN_LOBE_BINS = 2
"""Half width of the main lobe of a Hann window: a line reaches so far."""

LOW_EDGE_HZ = 20.0
"""Below lies motion and baseline, above surface EMG (De Luca et al. 2010,
J Biomech 43:1573)."""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Power spectral density of several channels.

    Parameters
    ----------
    frequency_hz : ndarray, shape (n_frequencies,)
        Rising, from 0 to half the sampling rate.
    psd : ndarray, shape (n_frequencies, n_channels)
        One-sided density, squared unit of the signal per hertz. NaN for a channel
        without a single usable segment.
    """

    frequency_hz: F64
    psd: F64

    @property
    def resolution_hz(self) -> float:
        """Distance of two frequencies.

        Returns
        -------
        float
            Hertz.
        """
        return float(self.frequency_hz[1] - self.frequency_hz[0])


def welch(x: F64, fs: float, segment_s: float = SEGMENT_S) -> Spectrum:
    """Average the periodograms of overlapping Hann segments, each without its mean.

    A segment in which a channel is not finite is left out for that channel. A signal
    shorter than a segment is one segment.

    Parameters
    ----------
    x : ndarray, shape (n_samples, n_channels)
        Signal, time-first.
    fs : float
        Sampling rate in Hz.
    segment_s : float
        Length of a segment in seconds.

    Returns
    -------
    Spectrum
        Density in squared units of ``x`` per hertz.

    Raises
    ------
    ShapeError
        ``x`` is not two-dimensional or has fewer than two samples.
    DesignError
        ``fs`` or ``segment_s`` is not positive.

    Notes
    -----
    P. Welch, IEEE Trans. Audio Electroacoust. 15 (1967) 70-73.
    """
    if x.ndim != 2 or x.shape[0] < 2:  # noqa: PLR2004
        msg = f"expected at least two samples (n_samples, n_channels), got {x.shape}"
        raise ShapeError(msg)
    if not (math.isfinite(fs) and fs > 0 and segment_s > 0):
        msg = f"expected fs and segment_s above 0, got {fs!r} and {segment_s!r}"
        raise DesignError(msg)
    n = min(x.shape[0], max(2, round(segment_s * fs)))
    window = np.hanning(n + 1)[:n, np.newaxis]
    total = np.zeros((n // 2 + 1, x.shape[1]))
    count = np.zeros(x.shape[1])
    for start in range(0, x.shape[0] - n + 1, max(1, round(n * (1 - OVERLAP)))):
        piece = x[start : start + n]
        usable = np.isfinite(piece).all(axis=0)
        piece = np.where(usable, piece, 0.0)
        line = np.fft.rfft((piece - piece.mean(axis=0)) * window, axis=0)
        total += line.real**2 + line.imag**2
        count += usable
    with np.errstate(invalid="ignore"):
        psd = total / count / (fs * np.sum(window**2))
    psd[1 : (n + 1) // 2] *= 2.0
    return Spectrum(np.arange(n // 2 + 1) * (fs / n), psd)


def _band(spectrum: Spectrum, low_hz: float, high_hz: float) -> tuple[F64, F64]:
    inside = (spectrum.frequency_hz >= low_hz) & (spectrum.frequency_hz <= high_hz)
    return spectrum.frequency_hz[inside], spectrum.psd[inside]


def median_frequency_hz(spectrum: Spectrum, low_hz: float, high_hz: float) -> F64:
    """Frequency that halves the power of a band, the usual index of fatigue.

    Parameters
    ----------
    spectrum : Spectrum
        From `welch`.
    low_hz, high_hz : float
        Band, both ends included.

    Returns
    -------
    ndarray, shape (n_channels,)
        Hertz; NaN for a channel without power in the band.

    Notes
    -----
    Stulen and De Luca, IEEE Trans. Biomed. Eng. 28 (1981) 515-523.
    """
    frequency_hz, psd = _band(spectrum, low_hz, high_hz)
    n_channels = spectrum.psd.shape[1]
    if frequency_hz.size == 0:
        return np.full(n_channels, np.nan)
    power = np.cumsum(psd, axis=0)
    half = power[-1] / 2
    index = np.minimum((power < half).sum(axis=0), frequency_hz.size - 1)
    return np.where(power[-1] > 0, frequency_hz[index], np.nan)


def mean_frequency_hz(spectrum: Spectrum, low_hz: float, high_hz: float) -> F64:
    """Mean frequency of a band, weighted by power.

    Parameters
    ----------
    spectrum : Spectrum
        From `welch`.
    low_hz, high_hz : float
        Band, both ends included.

    Returns
    -------
    ndarray, shape (n_channels,)
        Hertz; NaN for a channel without power in the band.
    """
    frequency_hz, psd = _band(spectrum, low_hz, high_hz)
    power = psd.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(power > 0, frequency_hz @ psd / power, np.nan)


def line_ratio_db(spectrum: Spectrum, line_hz: float) -> F64:
    """How far a spectral line stands out of its neighbourhood.

    Parameters
    ----------
    spectrum : Spectrum
        From `welch`.
    line_hz : float
        Expected frequency of the line, for example 50 or 60.

    Returns
    -------
    ndarray, shape (n_channels,)
        Highest density within `LINE_HALF_WIDTH_HZ` over the median density between
        `NEIGHBOUR_NEAR_HZ` and `NEIGHBOUR_FAR_HZ` away, in decibel; NaN where the
        spectrum does not reach, is too coarse, or has no power.
    """
    distance_hz = np.abs(spectrum.frequency_hz - line_hz)
    line = distance_hz <= LINE_HALF_WIDTH_HZ
    near = distance_hz >= NEIGHBOUR_NEAR_HZ
    beside = near & (distance_hz <= NEIGHBOUR_FAR_HZ)
    if not line.any() or not beside.any() or line_hz > spectrum.frequency_hz[-1]:
        return np.full(spectrum.psd.shape[1], np.nan)
    peak = spectrum.psd[line].max(axis=0)
    floor = np.median(spectrum.psd[beside], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(peak > 0, 10.0 * np.log10(peak / floor), np.nan)


def _on_line(spectrum: Spectrum, line_hz: float, width_hz: float) -> Bools:
    """Which frequencies belong to a line or its harmonics."""
    order = np.maximum(np.round(spectrum.frequency_hz / line_hz), 1.0)
    return np.abs(spectrum.frequency_hz - order * line_hz) <= width_hz


def without_line(spectrum: Spectrum, line_hz: float) -> Spectrum:
    """Leave a line and its harmonics out of a spectrum.

    Parameters
    ----------
    spectrum : Spectrum
        From `welch`.
    line_hz : float
        Fundamental frequency of the line.

    Returns
    -------
    Spectrum
        The other frequencies. Good for ratios of power, not for power itself.
    """
    skirt_hz = LINE_HALF_WIDTH_HZ + HANN_LOBE_BINS * spectrum.resolution_hz
    rest = ~_on_line(spectrum, line_hz, skirt_hz)
    return Spectrum(spectrum.frequency_hz[rest], spectrum.psd[rest])


def line_share(spectrum: Spectrum, line_hz: float, low_hz: float) -> F64:
    """Share of the power above ``low_hz`` that a line and its harmonics hold.

    Parameters
    ----------
    spectrum : Spectrum
        From `welch`.
    line_hz : float
        Fundamental frequency of the line.
    low_hz : float
        Lower edge of the band that counts.

    Returns
    -------
    ndarray, shape (n_channels,)
        0 to 1; NaN for a channel without power in the band.
    """
    above = spectrum.frequency_hz >= low_hz
    power = spectrum.psd[above].sum(axis=0)
    width_hz = max(LINE_HALF_WIDTH_HZ, spectrum.resolution_hz)
    line = spectrum.psd[above & _on_line(spectrum, line_hz, width_hz)].sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(power > 0, line / power, np.nan)


def low_frequency_share(
    spectrum: Spectrum, mean_square: F64, edge_hz: float = LOW_EDGE_HZ
) -> F64:
    """Share of the power that lies below the EMG band, slow drift included.

    Parameters
    ----------
    spectrum : Spectrum
        From `welch`; it gives the power above the edge.
    mean_square : ndarray, shape (n_channels,)
        Mean square of the same signal around its median. It also holds what is slower
        than a segment of the spectrum.
    edge_hz : float
        Lower edge of the EMG band.

    Returns
    -------
    ndarray, shape (n_channels,)
        0 to 1; NaN for a channel without power.
    """
    above = spectrum.psd[spectrum.frequency_hz >= edge_hz].sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 1.0 - above * spectrum.resolution_hz / mean_square
        return np.where(mean_square > 0, np.clip(share, 0.0, 1.0), np.nan)
