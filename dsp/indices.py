"""Signal-quality indices of a window of raw EMG, for reports and set-up screens.

`dsp.quality` decides sample by sample whether a tension may be believed; these indices
tell a person why, and how far a channel is from bad. Windows of 2 s, Welch segments of
1 s. The warn and bad levels are assumptions unless a source is named.
"""

import math
from dataclasses import dataclass

import numpy as np

from dsp.errors import ShapeError
from dsp.spectrum import Spectrum, welch
from dsp.types import F64

#: Warn and bad levels, in decibel unless noted.
MAINS_LEVELS_DB = (-6.0, 0.0)  # A: assumption
LOW_LEVELS_DB = (-6.0, 3.0)  # A: assumption
HIGH_LEVELS_DB = (-10.0, -3.0)  # A: assumption
MOTION_LEVELS_DB = (20.0, 12.0)  # R: Sinderby et al. (1995), 12 dB
DEFORMATION_LEVELS = (1.35, 1.4)  # R
KURTOSIS_LEVELS = (4.5, 8.0)  # A: assumption
MIN_KURTOSIS = 2.0  # A: assumption; less is hum or clipping
CROSSTALK_LEVELS = (0.9, 0.95)  # A: assumption
BAND_HZ = (20.0, 450.0)
_LOW_BAND_HZ = (1.0, 15.0)
_HIGH_BAND_HZ = (400.0, 500.0)
_MIDDLE_BAND_HZ = (60.0, 200.0)
_LINE_HZ = 1.0
_NEIGHBOUR_HZ = 8.0
_MOTION_HZ, _PEAK_FROM_HZ = 20.0, 35.0
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True, slots=True)
class Indices:
    """Quality indices per channel, each of shape (n_channels,).

    Parameters
    ----------
    mains_db : ndarray
        Power of the line and its harmonics above their neighbourhood, over the rest of
        20-450 Hz. Clean EMG reads -16 to -25.
    low_db : ndarray
        1-15 Hz over 20-450 Hz: baseline and motion.
    motion_db : ndarray
        All power over what lies, below 20 Hz, above the line from the origin to the
        highest point beyond 35 Hz; infinite without any.
    high_db : ndarray
        Density of 400-500 Hz over that of 60-200 Hz: noise.
    deformation : ndarray
        Spectral deformation ``sqrt(M2 / M0) / (M1 / M0)`` from the spectral moments.
    kurtosis : ndarray
        3 for Gaussian EMG; below 2 hum or clipping, above 8 spikes, heart or artifact.
    """

    mains_db: F64
    low_db: F64
    motion_db: F64
    high_db: F64
    deformation: F64
    kurtosis: F64


def quality_indices(raw_uv: F64, fs: float, mains_hz: float) -> Indices:
    """Compute the indices of one window.

    Parameters
    ----------
    raw_uv : ndarray, shape (n_samples, n_channels)
        Raw EMG in microvolt, at least two samples; 2 s are meant.
    fs : float
        Sampling rate in hertz.
    mains_hz : float
        Power-line frequency in hertz.

    Returns
    -------
    Indices
        NaN for a channel without power, or where the rate does not reach the band.
    """
    spectrum = welch(raw_uv, fs)
    centred = raw_uv - raw_uv.mean(axis=0)
    second = np.square(centred).mean(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        kurtosis = np.square(np.square(centred)).mean(axis=0) / np.square(second)
        return Indices(
            mains_db=_mains_db(spectrum, mains_hz),
            low_db=_db(_power(spectrum, _LOW_BAND_HZ), _power(spectrum, BAND_HZ)),
            motion_db=_motion_db(spectrum),
            high_db=_high_db(spectrum),
            deformation=_deformation(spectrum),
            kurtosis=np.asarray(kurtosis),
        )


def snr_db(rms_uv: F64, noise_uv: F64) -> F64:
    """Return the signal-to-noise ratio of an RMS that includes the noise.

    Parameters
    ----------
    rms_uv : ndarray, shape (..., n_channels)
        RMS in microvolt, noise included.
    noise_uv : ndarray, shape (n_channels,)
        Noise floor in microvolt.

    Returns
    -------
    ndarray, shape (..., n_channels)
        Decibel; minus infinity at or below the noise.
    """
    squared = np.square(noise_uv)
    excess = np.maximum(np.square(rms_uv) - squared, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10(excess / squared))


def crosstalk(y: F64) -> F64:
    """Return how strongly each channel resembles the one it resembles most.

    Parameters
    ----------
    y : ndarray, shape (n_samples, n_channels)
        Filtered EMG in microvolt.

    Returns
    -------
    ndarray, shape (n_channels,)
        Largest absolute correlation with another channel, 0 for a single one or a
        constant. From 0.95 on two electrodes are bridged.

    Raises
    ------
    ShapeError
        If there are fewer than two samples.
    """
    if y.ndim != 2 or len(y) < 2:  # noqa: PLR2004
        msg = f"expected two samples or more (n_samples, n_channels), got {y.shape}"
        raise ShapeError(msg)
    centred = y - y.mean(axis=0)
    size = np.sqrt(np.square(centred).sum(axis=0))
    unit = centred / np.where(size > 0, size, 1.0)
    r = np.abs(unit.T @ unit)
    np.fill_diagonal(r, 0.0)
    return np.asarray(r.max(axis=0))


def _inside(spectrum: Spectrum, band_hz: tuple[float, float]) -> F64:
    f = spectrum.frequency_hz
    return spectrum.psd[(f >= band_hz[0]) & (f <= band_hz[1])]


def _power(spectrum: Spectrum, band_hz: tuple[float, float]) -> F64:
    return np.asarray(_inside(spectrum, band_hz).sum(axis=0))


def _db(part: F64, rest: F64) -> F64:
    return np.asarray(10.0 * np.log10(np.maximum(part, _TINY) / rest))


def _mains_db(spectrum: Spectrum, mains_hz: float) -> F64:
    f = spectrum.frequency_hz
    hum = np.zeros(spectrum.psd.shape[1])
    harmonic = mains_hz
    while harmonic < min(BAND_HZ[1], f[-1]):
        away = np.abs(f - harmonic)
        line = away <= _LINE_HZ + 1e-9
        beside = (away > 2 * _LINE_HZ) & (away <= _NEIGHBOUR_HZ)
        floor = np.median(spectrum.psd[beside], axis=0)
        hum += np.maximum(spectrum.psd[line] - floor, 0.0).sum(axis=0)
        harmonic += mains_hz
    return _db(hum, np.maximum(_power(spectrum, BAND_HZ) - hum, _TINY))


def _motion_db(spectrum: Spectrum) -> F64:
    f, psd = spectrum.frequency_hz, spectrum.psd
    high = f > _PEAK_FROM_HZ
    peak = np.argmax(psd[high], axis=0)
    slope = psd[high].max(axis=0) / f[high][peak]
    low = f < _MOTION_HZ
    excess = np.maximum(psd[low] - f[low, np.newaxis] * slope, 0.0).sum(axis=0)
    ratio = psd.sum(axis=0) / excess
    return np.asarray(10.0 * np.log10(ratio))


def _high_db(spectrum: Spectrum) -> F64:
    high, middle = _inside(spectrum, _HIGH_BAND_HZ), _inside(spectrum, _MIDDLE_BAND_HZ)
    if not len(high) or not len(middle):
        return np.full(spectrum.psd.shape[1], math.nan)
    return _db(np.asarray(high.mean(axis=0)), np.asarray(middle.mean(axis=0)))


def _deformation(spectrum: Spectrum) -> F64:
    f = spectrum.frequency_hz
    m0, m1, m2 = ((f**k) @ spectrum.psd for k in range(3))
    return np.asarray(np.sqrt(m2 / m0) / (m1 / m0))
