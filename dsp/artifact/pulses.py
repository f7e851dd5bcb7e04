"""When the pulses were: detection in the signal and sub-sample alignment.

Times from the stimulator's driver or from markers are off by milliseconds, a trigger
channel in the EMG stream by at most a sample. Comb, template and Gram-Schmidt need
epochs that begin at the same phase of the pulse, better than a sample.
"""

import math
from collections import deque

import numpy as np

from dsp.types import F64

#: A pulse is a change from sample to sample of so many times the usual one...
DETECT_RATIO = 12.0  # A: assumption
#: ... and so many times the largest one just before, which the onset of a contraction
#: does not reach.
ISOLATION_RATIO = 5.0  # A: assumption
#: How long before a pulse nothing like it may be.
QUIET_S = 0.006  # A: assumption
#: The samples right before the largest change belong to the pulse.
RISE_S = 0.002  # A: assumption
#: Pulses are not closer than this (100 Hz).
REFRACTORY_S = 0.010  # A: assumption
#: The usual change is the median over so many blocks.
USUAL_BLOCKS = 50
#: Median of the absolute value of Gaussian noise, in standard deviations.
GAUSS_MEDIAN = 0.6745
#: A usual change below this, in microvolt, is none: no converter resolves it.
LEAST_CHANGE_UV = 1e-9  # A: assumption
#: A time stamp is moved at most so far to fit the signal.
ALIGN_S = 0.001  # A: assumption; markers with more jitter must not be used


class PulseDetector:
    """Find stimulation pulses in blocks of the raw signal.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.

    Notes
    -----
    Works on the change from sample to sample, relative to its median over about the
    last 2 s and largest over channels: the artifact's edge is steeper than EMG, and the
    median ignores what fills less than half of the time.
    """

    def __init__(self, fs: float) -> None:
        self._quiet = math.ceil(QUIET_S * fs)
        self._rise = math.ceil(RISE_S * fs)
        self._refractory = math.ceil(REFRACTORY_S * fs)
        self.restart()

    def restart(self) -> None:
        """Forget everything: the next sample starts a new signal."""
        self._usual: deque[F64] = deque(maxlen=USUAL_BLOCKS)
        self._last: F64 | None = None
        self._recent = np.zeros(self._quiet + self._rise)
        self._position = 0
        self._newest = -math.inf

    def push(self, emg_uv: F64) -> list[float]:
        """Take one block and return the pulses in it.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            Finite raw EMG in microvolt; not modified. Not empty.

        Returns
        -------
        list of float
            Position of the steepest sample of each pulse, in samples since the start.
        """
        last = emg_uv[0] if self._last is None else self._last
        change = np.abs(np.diff(emg_uv, axis=0, prepend=last[np.newaxis]))
        self._last = emg_uv[-1].copy()
        self._usual.append(np.median(change, axis=0))
        usual = np.median(np.array(self._usual), axis=0) / GAUSS_MEDIAN
        relative = (change / np.maximum(usual, LEAST_CHANGE_UV)).max(axis=1)
        if not usual.any():
            relative[:] = 0.0
        found = self._peaks(relative)
        self._position += len(emg_uv)
        return found

    def _peaks(self, relative: F64) -> list[float]:
        n_before = len(self._recent)
        whole = np.concatenate((self._recent, relative))
        self._recent = whole[-n_before:].copy()
        found = []
        for row in np.flatnonzero(relative > DETECT_RATIO):
            position = self._position + int(row)
            if position - self._newest < self._refractory:
                continue
            quiet = whole[row : row + self._quiet].max()
            if relative[row] < ISOLATION_RATIO * quiet:
                continue
            self._newest = position
            found.append(float(position))
        return found


def align(epoch: F64, template: F64, fs: float, reach_s: float = ALIGN_S) -> float:
    """Return by how many samples an epoch lies later than a template.

    Parameters
    ----------
    epoch, template : ndarray, shape (n_samples, n_channels)
        Both from the same nominal phase of the pulse.
    fs : float
        Sampling rate in hertz.
    reach_s : float
        Largest shift in second.

    Returns
    -------
    float
        Shift in samples; 0 if nothing can be compared.

    Notes
    -----
    Cross-correlation, refined by a parabola through its peak and both neighbours.
    """
    reach = min(math.ceil(reach_s * fs), (len(epoch) - 1) // 2)
    if reach < 1:
        return 0.0
    middle = template[reach : len(template) - reach]
    shifts = range(2 * reach + 1)
    score = np.array([np.sum(epoch[k : k + len(middle)] * middle) for k in shifts])
    peak = int(np.argmax(score))
    return float(np.clip(peak + _vertex(score, peak) - reach, -reach, reach))


def _vertex(score: F64, peak: int) -> float:
    """Return where the parabola through a peak has its top, relative to it."""
    if not 0 < peak < len(score) - 1:
        return 0.0
    left, top, right = score[peak - 1 : peak + 2]
    bend = left - 2.0 * top + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0


#: Half length of the interpolating filter in samples.
SINC_ROWS = 6


def shifted_taps(fraction: float) -> F64:
    """Return the weights that read a signal between two samples.

    Parameters
    ----------
    fraction : float
        Where to read, 0 to 1 sample after the middle one.

    Returns
    -------
    ndarray, shape (2 * SINC_ROWS,)
        Weights of the samples from ``SINC_ROWS - 1`` before to ``SINC_ROWS`` after.
        They add up to 1.

    Notes
    -----
    A sinc under a Lanczos window: at four samples per period and slower (450 Hz at
    2 kHz) it is exact to 1 %.
    """
    away = np.arange(1 - SINC_ROWS, SINC_ROWS + 1) - fraction
    taps = np.sinc(away) * np.sinc(away / SINC_ROWS)
    return np.asarray(taps / taps.sum(), dtype=np.float64)


def read_at(signal: F64, start: float, n_rows: int) -> F64:
    """Read samples that begin between two samples.

    Parameters
    ----------
    signal : ndarray, shape (n_samples, n_channels)
        With `SINC_ROWS` samples to spare on both sides of what is read.
    start : float
        Position of the first sample to read.
    n_rows : int
        How many to read.

    Returns
    -------
    ndarray, shape (n_rows, n_channels)
        Samples at ``start + k``.
    """
    whole = math.floor(start)
    taps = shifted_taps(start - whole)
    first = whole + 1 - SINC_ROWS
    return np.asarray(
        sum(
            weight * signal[first + k : first + k + n_rows]
            for k, weight in enumerate(taps)
        )
    )
