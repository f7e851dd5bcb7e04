"""How much of the stimulation reads as tension: measured in every session.

What leaks grows with the intensity, so a controller that raises the intensity with the
tension would feed on itself. The subject is relaxed, the intensity is stepped from zero
up, and what the cleaned tension rises by is the leak.
"""

import math
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError, ShapeError
from dsp.types import F64, Bools

#: A method may leave at most this share of the tension threshold.
MAX_THRESHOLD_SHARE = 0.25  # A: assumption
#: Fewer intensities above zero give no slope.
MIN_STEPS = 3  # A: assumption


@dataclass(frozen=True, slots=True)
class Leak:
    """What one method leaves of the artifact.

    Parameters
    ----------
    slope_uv_per_ma : ndarray, shape (n_channels,)
        Microvolt of residual per milliampere.
    worst_uv : ndarray, shape (n_channels,)
        Largest residual, measured or on the fitted line, in microvolt.
    allowed_uv : ndarray, shape (n_channels,)
        What the residual must stay below, in microvolt.
    """

    slope_uv_per_ma: F64
    worst_uv: F64
    allowed_uv: F64

    @property
    def passed(self) -> Bools:
        """Whether the method may be used, shape (n_channels,); a NaN never passes."""
        return self.worst_uv <= self.allowed_uv

    def refusal(self, channel: int) -> str | None:
        """Return why the method is refused on a channel.

        Parameters
        ----------
        channel : int
            Index of the channel.

        Returns
        -------
        str or None
            A sentence for the operator; None if it is not refused.
        """
        if self.passed[channel]:
            return None
        return (
            f"channel {channel}: stimulation leaves {self.worst_uv[channel]:.2f} µV "
            f"({self.slope_uv_per_ma[channel]:.3f} µV/mA), expected at most "
            f"{self.allowed_uv[channel]:.2f} µV; move the recording electrodes away "
            f"from the stimulated ones, or measure with the stimulator off"
        )


def measure_leak(
    amplitude_ma: F64, rms_uv: F64, threshold_uv: F64, min_steps: int = MIN_STEPS
) -> Leak:
    """Fit the residual of a method against the intensity.

    Parameters
    ----------
    amplitude_ma : ndarray, shape (n_steps,)
        Intensities in milliampere, one or more of them 0.
    rms_uv : ndarray, shape (n_steps, n_channels)
        Cleaned RMS of the relaxed subject at each, in microvolt, noise included. NaN
        where nothing was left to measure.
    threshold_uv : ndarray, shape (n_channels,)
        Tension threshold in microvolt.
    min_steps : int
        Fewer intensities above zero are an error. A leak that is too large already
        needs no more.

    Returns
    -------
    Leak
        Slope, worst residual and what is allowed.

    Raises
    ------
    ShapeError
        If the shapes do not belong together.
    DesignError
        If there is no step at zero, or fewer than ``min_steps`` above it.

    Notes
    -----
    The residual of a step is the root difference of squares to the mean square at zero
    intensity, negative where the power fell, so that chance does not look like a leak.
    The line is fitted by least squares through that of zero intensity.
    """
    if rms_uv.shape != (len(amplitude_ma), len(threshold_uv)):
        msg = (
            f"leak: expected rms_uv of shape "
            f"{(len(amplitude_ma), len(threshold_uv))}, got {rms_uv.shape}"
        )
        raise ShapeError(msg)
    on = amplitude_ma > 0
    if on.all() or np.count_nonzero(on) < min_steps:
        msg = (
            f"leak: expected a step at 0 mA and at least {min_steps} above it, got "
            f"{list(amplitude_ma)}"
        )
        raise DesignError(msg)
    rest = np.square(rms_uv[~on]).mean(axis=0)
    power = np.square(rms_uv[on]) - rest
    residual_uv = np.sign(power) * np.sqrt(np.abs(power))
    ma = amplitude_ma[on]
    slope = ma @ residual_uv / float(ma @ ma)
    worst = np.maximum(residual_uv.max(axis=0), slope * ma.max())
    return Leak(slope, worst, MAX_THRESHOLD_SHARE * threshold_uv)


def step_amplitudes_ma(maximum_ma: float, n_steps: int = 4) -> F64:
    """Return the intensities of a leak calibration.

    Parameters
    ----------
    maximum_ma : float
        Largest intensity of the session in milliampere.
    n_steps : int
        Steps above zero.

    Returns
    -------
    ndarray, shape (n_steps + 1,)
        Rising from 0 in equal steps.

    Raises
    ------
    DesignError
        If there are fewer than `MIN_STEPS`, or the largest intensity is not above 0.
    """
    if n_steps < MIN_STEPS or not 0 < maximum_ma < math.inf:
        msg = (
            f"leak: expected at least {MIN_STEPS} steps up to more than 0 mA, got "
            f"{n_steps} and {maximum_ma!r}"
        )
        raise DesignError(msg)
    return np.linspace(0.0, maximum_ma, n_steps + 1)
