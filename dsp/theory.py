"""How precise and how late an amplitude estimate must be, by theory.

SNR is the mean of the estimate over its standard deviation, for Gaussian EMG of
constant level. ``Bs`` is the statistical bandwidth, see `dsp.emg_spectrum`. What a
measured SNR falls short of it is not the estimator's fault but the muscle's.
"""

import math

import numpy as np

from dsp.types import F64

#: ``E|x|`` of a unit Gaussian.
ARV_OF_RMS = math.sqrt(2.0 / math.pi)
#: SNR of the rectified mean over that of the RMS: independent samples have 0.936,
#: samples correlated like surface EMG 0.97.
ARV_WHITE_SNR_RATIO = 0.936
ARV_SNR_RATIO = 0.97


def rms_snr(bandwidth_hz: float, window_s: float, channels: float = 1.0) -> float:
    """Return the SNR of the RMS over a window, ``sqrt(4 Bs T M)``.

    Parameters
    ----------
    bandwidth_hz : float
        Statistical bandwidth of the EMG in hertz.
    window_s : float
        Length of the window in second; times the share of it that counts.
    channels : float
        Effective number of channels, see `effective_channels`.

    Returns
    -------
    float
        SNR; 13.8 at 250 ms with 191 Hz.
    """
    return math.sqrt(4.0 * bandwidth_hz * window_s * channels)


def arv_snr(bandwidth_hz: float, window_s: float, channels: float = 1.0) -> float:
    """Return the SNR of the average rectified value over a window.

    Parameters
    ----------
    bandwidth_hz : float
        Statistical bandwidth of the EMG in hertz.
    window_s : float
        Length of the window in second.
    channels : float
        Effective number of channels.

    Returns
    -------
    float
        SNR, 3 % below that of the RMS.
    """
    return ARV_SNR_RATIO * rms_snr(bandwidth_hz, window_s, channels)


def exponential_snr(bandwidth_hz: float, tau_s: float, channels: float = 1.0) -> float:
    """Return the SNR of the root of an exponential mean square, ``sqrt(8 Bs tau M)``.

    Parameters
    ----------
    bandwidth_hz : float
        Statistical bandwidth of the EMG in hertz.
    tau_s : float
        Time constant in second: as precise as a window of twice its length.
    channels : float
        Effective number of channels.

    Returns
    -------
    float
        SNR.
    """
    return rms_snr(bandwidth_hz, 2.0 * tau_s, channels)


def with_drive_noise(snr: float, drive_cv: float) -> float:
    """Return the SNR when the muscle's drive itself fluctuates slowly.

    Parameters
    ----------
    snr : float
        SNR at constant drive.
    drive_cv : float
        Standard deviation of the drive over its mean; 0.058 explains published values.

    Returns
    -------
    float
        ``1 / sqrt(1 / snr² + cv²)``.
    """
    return 1.0 / math.sqrt(1.0 / snr**2 + drive_cv**2)


def effective_channels(n_channels: int, correlation: float) -> float:
    """Return how many independent channels correlated ones are worth.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    correlation : float
        Mean correlation of their squared signals.

    Returns
    -------
    float
        ``M / (1 + (M - 1) rho)``, between 1 and M.
    """
    shared = min(max(correlation, 0.0), 1.0)
    return n_channels / (1.0 + (n_channels - 1) * shared)


def boxcar_delay_s(window_s: float) -> float:
    """Return the delay of a boxcar, the centre of its window.

    Parameters
    ----------
    window_s : float
        Length of the window in second.

    Returns
    -------
    float
        Second.
    """
    return 0.5 * window_s


def exponential_delay_s(tau_s: float) -> float:
    """Return the delay of an exponential average, its centroid.

    Parameters
    ----------
    tau_s : float
        Time constant in second.

    Returns
    -------
    float
        Second.
    """
    return tau_s


def boxcar_step(before: float, after: float, t_s: F64, window_s: float) -> F64:
    """Return the RMS over a window after the level stepped.

    Parameters
    ----------
    before, after : float
        Levels.
    t_s : ndarray, shape (n,)
        Time since the step in second.
    window_s : float
        Length of the window in second.

    Returns
    -------
    ndarray, shape (n,)
        ``sqrt(after² + (before² - after²) (1 - t / T))``. Slow on relaxation: half of
        the level after 0.75 T, a tenth after 0.99 T.
    """
    left = np.clip(1.0 - t_s / window_s, 0.0, 1.0)
    return np.asarray(np.sqrt(after**2 + (before**2 - after**2) * left))


def exponential_step(before: float, after: float, t_s: F64, tau_s: float) -> F64:
    """Return the root of an exponential mean square after the level stepped.

    Parameters
    ----------
    before, after : float
        Levels.
    t_s : ndarray, shape (n,)
        Time since the step in second.
    tau_s : float
        Time constant in second.

    Returns
    -------
    ndarray, shape (n,)
        A tenth of the level is reached after 4.6 tau.
    """
    left = np.exp(-np.maximum(t_s, 0.0) / tau_s)
    return np.asarray(np.sqrt(after**2 + (before**2 - after**2) * left))
