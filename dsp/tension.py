"""Tension: RMS without the noise, in microvolt or in percent of a reference."""

import enum
import math
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError, ShapeError
from dsp.types import F64

#: The noise floor is taken from the quietest windows of an instructed rest.
NOISE_PERCENTILE = 5.0  # A: assumption
#: Standard normal quantile at `NOISE_PERCENTILE`.
_NOISE_QUANTILE = -1.6449
#: Length of the windows that the noise floor is taken from.
NOISE_WINDOW_S = 1.0  # A: assumption
#: The maximal contraction is the largest RMS over this window, never the raw peak.
MVC_WINDOW_S = 0.5  # A: assumption
_PERCENT = 100.0


class TensionUnit(enum.Enum):
    """What a tension is measured in."""

    PCT_MVC = "pct_mvc"  #: percent of the maximal voluntary contraction
    PCT_RVC = "pct_rvc"  #: percent of a reference (submaximal) contraction
    UV = "uv"  #: microvolt, when neither was recorded


@dataclass(frozen=True, slots=True)
class TensionScale:
    """How RMS becomes tension.

    Parameters
    ----------
    unit : TensionUnit
        What the reference is.
    noise_uv : ndarray, shape (n_channels,)
        Noise floor in microvolt RMS.
    reference_uv : ndarray, shape (n_channels,), optional
        Noise-corrected RMS of the reference contraction in microvolt; required for
        percentages, not allowed for `TensionUnit.UV`.

    Raises
    ------
    DesignError
        If a reference is missing, superfluous, or not above zero, or if the noise
        floor is negative or not finite.
    """

    unit: TensionUnit
    noise_uv: F64
    reference_uv: F64 | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.noise_uv).all() and (self.noise_uv >= 0).all()):
            msg = f"tension: expected noise_uv of 0 or more, got {self.noise_uv}"
            raise DesignError(msg)
        if (self.reference_uv is None) != (self.unit is TensionUnit.UV):
            msg = (
                f"tension in {self.unit.value}: expected reference_uv for percentages "
                f"and none for microvolt, got {self.reference_uv}"
            )
            raise DesignError(msg)
        if self.reference_uv is None:
            return
        if self.reference_uv.shape != self.noise_uv.shape:
            msg = (
                f"tension: expected one reference and one noise floor per channel, got "
                f"{self.reference_uv.shape} and {self.noise_uv.shape}"
            )
            raise ShapeError(msg)
        if not (np.isfinite(self.reference_uv) & (self.reference_uv > 0)).all():
            msg = (
                f"tension in {self.unit.value}: expected a reference above 0 µV, got "
                f"{self.reference_uv}; record the contraction again"
            )
            raise DesignError(msg)

    def tension(self, rms_uv: F64) -> F64:
        """Return the tension of one window, or of each of several.

        Parameters
        ----------
        rms_uv : ndarray, shape (..., n_channels)
            RMS in microvolt, noise included.

        Returns
        -------
        ndarray, shape (..., n_channels)
            Tension in `unit`, never negative; NaN stays NaN.
        """
        return self._in_unit(remove_noise(rms_uv, self.noise_uv))

    def mean_tension(self, rms_uv: F64) -> F64:
        """Return the tension of several windows of equal length taken together.

        Parameters
        ----------
        rms_uv : ndarray, shape (n_windows, n_channels)
            RMS in microvolt, noise included.

        Returns
        -------
        ndarray, shape (n_channels,)
            Tension in `unit`.

        Raises
        ------
        ShapeError
            If there is no window.
        """
        return self._in_unit(mean_without_noise(rms_uv, self.noise_uv))

    def _in_unit(self, tension_uv: F64) -> F64:
        if self.reference_uv is None:
            return tension_uv
        return tension_uv * (_PERCENT / self.reference_uv)


def remove_noise(rms_uv: F64, noise_uv: F64) -> F64:
    """Subtract the noise floor as a root difference of squares.

    Parameters
    ----------
    rms_uv : ndarray, shape (..., n_channels)
        RMS in microvolt, noise included.
    noise_uv : ndarray, shape (n_channels,)
        Noise floor in microvolt RMS.

    Returns
    -------
    ndarray, shape (..., n_channels)
        ``sqrt(max(0, rms² - noise²))``.

    Notes
    -----
    The maximum-likelihood amplitude in additive noise; at true rest about half of the
    values are zero. Subtracting linearly is off by -59 % where EMG equals noise.
    Source: Clancy et al. (2019), IEEE TNSRE 27:2328.
    """
    difference: F64 = np.square(rms_uv) - np.square(noise_uv)
    root: F64 = np.sqrt(np.maximum(difference, 0.0))
    return root


def mean_without_noise(rms_uv: F64, noise_uv: F64) -> F64:
    """Return the amplitude of several windows together, noise removed.

    Parameters
    ----------
    rms_uv : ndarray, shape (n_windows, n_channels)
        RMS of windows of equal length in microvolt, noise included.
    noise_uv : ndarray, shape (n_channels,)
        Noise floor in microvolt RMS.

    Returns
    -------
    ndarray, shape (n_channels,)
        Amplitude in microvolt.

    Raises
    ------
    ShapeError
        If there is no window.

    Notes
    -----
    The signed differences of squares are averaged before the root: taking roots first
    would rectify the noise and read a relaxed muscle too high.
    """
    _check_windows(rms_uv)
    mean_square = np.square(rms_uv).mean(axis=0)
    root: F64 = np.sqrt(np.maximum(mean_square - np.square(noise_uv), 0.0))
    return root


def noise_floor_uv(rest_rms_uv: F64, window_s: float, bandwidth_hz: float) -> F64:
    """Estimate the noise floor from windows of an instructed rest.

    Parameters
    ----------
    rest_rms_uv : ndarray, shape (n_windows, n_channels)
        RMS of windows that do not overlap, in microvolt (`NOISE_WINDOW_S` each).
    window_s : float
        Length of each window in second.
    bandwidth_hz : float
        Statistical bandwidth of the noise in hertz; the width of the band-pass for
        white noise.

    Returns
    -------
    ndarray, shape (n_channels,)
        Noise floor in microvolt RMS.

    Raises
    ------
    ShapeError
        If there is no window.
    DesignError
        If window and bandwidth hold too few independent values.

    Notes
    -----
    The `NOISE_PERCENTILE` of the mean squares, so that swallowing or moving during the
    rest does not count; inflated by what that percentile is too low for noise alone. A
    mean square over T seconds has ``2 B T`` degrees of freedom (Bendat and Piersol,
    Random Data), hence a relative deviation of ``1 / sqrt(B T)``.
    """
    _check_windows(rest_rms_uv)
    expected = 1.0 + _NOISE_QUANTILE / math.sqrt(max(window_s * bandwidth_hz, 1e-9))
    if expected <= 0:
        msg = (
            f"noise floor: windows of {window_s:g} s over {bandwidth_hz:g} Hz are too "
            f"short; use {NOISE_WINDOW_S:g} s"
        )
        raise DesignError(msg)
    low = np.percentile(np.square(rest_rms_uv), NOISE_PERCENTILE, axis=0)
    return np.asarray(np.sqrt(low / expected), dtype=np.float64)


def reference_uv(rms_uv: F64, noise_uv: F64) -> F64:
    """Return the amplitude of a maximal contraction.

    Parameters
    ----------
    rms_uv : ndarray, shape (n_windows, n_channels)
        Sliding RMS over `MVC_WINDOW_S` in microvolt, all repetitions together.
    noise_uv : ndarray, shape (n_channels,)
        Noise floor in microvolt RMS.

    Returns
    -------
    ndarray, shape (n_channels,)
        Largest noise-corrected RMS in microvolt.

    Raises
    ------
    ShapeError
        If there is no window.
    """
    _check_windows(rms_uv)
    return remove_noise(np.asarray(rms_uv.max(axis=0), dtype=np.float64), noise_uv)


def _check_windows(rms_uv: F64) -> None:
    if rms_uv.ndim != 2 or len(rms_uv) == 0:  # noqa: PLR2004
        msg = (
            f"tension: expected RMS of at least one window, (n_windows, n_channels), "
            f"got {rms_uv.shape}"
        )
        raise ShapeError(msg)
