"""The M-wave: what a stimulated muscle answers, measured beside the artifact.

Latency 8-12 ms, width 2.5-4 ms, 1-10 mV from peak to peak at full recruitment (R): it
lies on the tail of the artifact, which decays over the same time. Offset and hum are
taken from before the pulse, the tail is fitted and subtracted.
"""

import enum
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError, ShapeError
from dsp.events.mwave_fit import without_tail
from dsp.quality import CLIPPED_RUN
from dsp.types import F64, Bools

#: Where the M-wave is looked for, after the pulse.
WINDOW_S = (0.005, 0.025)
#: The fit begins here: the pulse itself and the amplifier's answer are over.
FIT_FROM_S = 0.003  # A: assumption
#: ... and ends before the H-reflex (30-40 ms: R) begins.
REACH_S = 0.028  # A: assumption
#: Offset and hum are taken from so long before the pulse: two periods of 50 Hz.
BEFORE_S = 0.040
#: The samples right before the pulse are left out: anti-alias filters ring ahead.
AHEAD_S = 0.002  # A: assumption
#: After a rail the amplifier needs so long.
RECOVERY_S = 0.0005  # A: assumption
#: Faster pulses leave no room for what is measured before and after one.
MIN_PERIOD_S = BEFORE_S + REACH_S
#: Slower sampling leaves too few samples for the fit.
MIN_RATE_HZ = 1000.0  # A: assumption
#: Fewer pulses do not say how sure their mean is.
MIN_PULSES = 3  # A: assumption
#: The newest pulses that are kept.
MAX_PULSES = 64
#: Pulses may become known so long after their samples (blocks of a detector).
LATE_S = 0.1
_RING_S = 0.5


class Unmeasured(enum.StrEnum):
    """Why an M-wave could not be measured."""

    NOTHING = ""
    TOO_FEW = "too few pulses"
    SATURATED = "the amplifier is saturated where the M-wave would be"


@dataclass(frozen=True, slots=True)
class MWave:
    """The M-wave of a few pulses at one amplitude.

    Parameters
    ----------
    amplitude_uv : float
        From peak to peak in microvolt; around 0, and as often below, where there is
        none. NaN if it could not be measured.
    scatter_uv : float
        Standard error of that; NaN likewise.
    n_pulses : int
        How many pulses were averaged.
    trouble : Unmeasured
        Why it could not be measured; empty if it could.
    """

    amplitude_uv: float = math.nan
    scatter_uv: float = math.nan
    n_pulses: int = 0
    trouble: Unmeasured = Unmeasured.NOTHING

    @property
    def confidence(self) -> float:
        """Amplitude in standard errors; NaN if it could not be measured."""
        if not self.scatter_uv > 0:
            return math.inf if self.scatter_uv == 0 else math.nan
        return self.amplitude_uv / self.scatter_uv


class PulseEpochs:
    """Keep the raw samples around each pulse of one channel.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.

    Raises
    ------
    DesignError
        If the sampling rate is too low for an M-wave.
    """

    def __init__(self, fs: float) -> None:
        self.n_before, self.n_rows = epoch_rows(fs)
        self._late = round(LATE_S * fs)
        self._ring = np.zeros(round(_RING_S * fs))
        self._kept = np.zeros((MAX_PULSES, self.n_rows))
        self._rows = np.zeros(MAX_PULSES)
        self.restart()

    def restart(self) -> None:
        """Forget everything: the next sample starts a new signal."""
        self._pending: deque[float] = deque(maxlen=MAX_PULSES)
        self._position = 0
        self.clear()

    def clear(self) -> None:
        """Drop the epochs; the signal runs on."""
        self._n_kept = 0

    def push(self, emg_uv: F64, pulse_rows: Iterable[float] = ()) -> None:
        """Take the samples of one chunk, and pulses that became known.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples,)
            Raw EMG of one channel in microvolt; not modified.
        pulse_rows : iterable of float
            Pulses in samples since the start, rising, at most `LATE_S` before the
            chunk.

        Raises
        ------
        ShapeError
            If it is not one channel.
        """
        if emg_uv.ndim != 1:
            msg = f"expected the samples of one channel, got shape {emg_uv.shape}"
            raise ShapeError(msg)
        self._pending.extend(pulse_rows)
        step = len(self._ring) - self.n_rows - self._late
        for start in range(0, len(emg_uv), step):
            self._write(emg_uv[start : start + step])

    def take(self) -> tuple[F64, F64]:
        """Return the epochs since the last call of `clear`, the newest `MAX_PULSES`.

        Returns
        -------
        epochs_uv : ndarray, shape (n_pulses, n_rows)
            In the order of their pulses, for `measure_m_wave`.
        pulse_rows : ndarray, shape (n_pulses,)
            Their pulses, in samples since the start.
        """
        n = min(self._n_kept, MAX_PULSES)
        order = np.arange(self._n_kept - n, self._n_kept) % MAX_PULSES
        return self._kept[order], self._rows[order]

    def _write(self, piece: F64) -> None:
        at = (self._position + np.arange(len(piece))) % len(self._ring)
        self._ring[at] = piece
        self._position += len(piece)
        while self._pending:
            first = round(self._pending[0]) - self.n_before
            if first + self.n_rows > self._position:
                return
            row = self._pending.popleft()
            if first < max(0, self._position - len(self._ring)):
                continue
            at = (first + np.arange(self.n_rows)) % len(self._ring)
            self._kept[self._n_kept % MAX_PULSES] = self._ring[at]
            self._rows[self._n_kept % MAX_PULSES] = row
            self._n_kept += 1


def epoch_rows(fs: float) -> tuple[int, int]:
    """Return how an epoch lies around its pulse.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.

    Returns
    -------
    n_before, n_rows : int
        Samples before the pulse, and in all.

    Raises
    ------
    DesignError
        If the sampling rate is too low for an M-wave.
    """
    n_before, n_after = round(BEFORE_S * fs), round(REACH_S * fs)
    if not MIN_RATE_HZ <= fs < math.inf:
        msg = f"M-wave: expected a rate of at least {MIN_RATE_HZ:g} Hz, got {fs!r} Hz"
        raise DesignError(msg)
    return n_before, n_before + n_after


def measure_m_wave(epochs_uv: F64, fs: float, mains_hz: float | None = None) -> MWave:
    """Measure the M-wave of pulses of about one amplitude.

    Parameters
    ----------
    epochs_uv : ndarray, shape (n_pulses, n_rows)
        Raw EMG around the pulses in microvolt, as `PulseEpochs` cuts it; any offset.
        Epochs that are not finite are left out. Not modified.
    fs : float
        Sampling rate in hertz.
    mains_hz : float, optional
        Frequency of the hum, which is in step with the pulses at some rates; None
        without hum.

    Returns
    -------
    MWave
        Amplitude and its standard error, or why there is none.

    Raises
    ------
    ShapeError
        If the epochs have another length.
    DesignError
        If the sampling rate is too low for an M-wave.

    Notes
    -----
    Where the peaks are is taken from the mean of one half of the pulses, how high they
    are from the other half, and both ways round: a difference between the largest and
    the smallest of many noisy values would never be 0.
    """
    n_before, n_rows = epoch_rows(fs)
    if epochs_uv.ndim != 2 or epochs_uv.shape[1] != n_rows:  # noqa: PLR2004
        msg = f"expected epochs (n_pulses, {n_rows}), got {epochs_uv.shape}"
        raise ShapeError(msg)
    good = epochs_uv[np.isfinite(epochs_uv).all(axis=1)]
    n = len(good)
    if n < MIN_PULSES:
        return MWave(n_pulses=n, trouble=Unmeasured.TOO_FEW)
    first = _first_row(good[:, n_before:], fs)
    if first > math.floor(WINDOW_S[0] * fs):
        return MWave(n_pulses=n, trouble=Unmeasured.SATURATED)
    level = _without_background(good, n_before, fs, mains_hz)[:, first:]
    t_s = np.arange(first, n_rows - n_before) / fs
    cleaned = without_tail(level, t_s)
    return _read(cleaned[:, (t_s >= WINDOW_S[0]) & (t_s <= WINDOW_S[1])])


def _first_row(after_uv: F64, fs: float) -> int:
    """Return the first row after the pulse that can be fitted."""
    railed = np.flatnonzero(_at_rail(after_uv))
    free = railed[-1] + 1 + math.ceil(RECOVERY_S * fs) if len(railed) else 0
    return max(math.ceil(FIT_FROM_S * fs), int(free))


def _at_rail(epochs_uv: F64) -> Bools:
    """Return in which rows any epoch is at an extreme that lasts: a rail."""
    railed = np.zeros(epochs_uv.shape[1], np.bool_)
    for extreme in (epochs_uv.max(), epochs_uv.min()):
        at = epochs_uv == extreme
        n_starts = at.shape[1] - CLIPPED_RUN + 1
        runs = np.ones((len(at), n_starts), np.bool_)
        for k in range(CLIPPED_RUN):
            runs &= at[:, k : k + n_starts]
        starts = runs.any(axis=0)
        for k in range(CLIPPED_RUN):
            railed[k : k + n_starts] |= starts
    return railed


def _without_background(
    epochs_uv: F64, n_before: int, fs: float, mains_hz: float | None
) -> F64:
    """Subtract offset and hum, as they were before the pulse, from what follows it."""
    t_s = (np.arange(epochs_uv.shape[1]) - n_before) / fs
    columns = [np.ones_like(t_s)]
    if mains_hz:
        phase = 2.0 * np.pi * mains_hz * t_s
        columns += [np.cos(phase), np.sin(phase)]
    basis = np.column_stack(columns)
    n_used = n_before - math.ceil(AHEAD_S * fs)
    weights = epochs_uv[:, :n_used] @ np.linalg.pinv(basis[:n_used]).T
    return np.asarray(epochs_uv[:, n_before:] - weights @ basis[n_before:].T)


def _read(cleaned_uv: F64) -> MWave:
    """Read the amplitude where the other half of the pulses has its extremes."""
    n = len(cleaned_uv)
    halves = [np.arange(n) % 2 == k for k in range(2)]
    values = np.zeros(n)
    for half in halves:
        seen = cleaned_uv[~half].mean(axis=0)
        top, bottom = int(np.argmax(seen)), int(np.argmin(seen))
        values[half] = cleaned_uv[half, top] - cleaned_uv[half, bottom]
    error_uv = float(np.std(values, ddof=1)) / math.sqrt(n)
    return MWave(float(np.mean(values)), error_uv, n)
