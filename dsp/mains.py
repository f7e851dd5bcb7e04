"""Power-line hum that drifts: an adaptive sinusoid tracker.

A notch is exact at one frequency. The tracker finds the frequency within ±0.5 Hz of
the nominal one, amplitude and phase of each harmonic, and subtracts what it predicts,
without a gap in the spectrum.
"""

import math
from collections import deque

import numpy as np

from dsp.design import MAX_UPPER_EDGE_SHARE
from dsp.errors import DesignError
from dsp.types import F64, Bools

#: Hum is fitted over blocks of so many periods.
PERIODS_PER_BLOCK = 2
#: Amplitude, phase and frequency come from so many blocks (2.6 s at 50 Hz).
HISTORY_BLOCKS = 64
#: The frequency is looked for again after so many blocks.
SEARCH_BLOCKS = 8
#: Largest distance from the nominal frequency; the European grid keeps within ±0.2 Hz
#: (R), small generators within ±0.5 Hz.
MAX_DETUNING_HZ = 0.6  # A: assumption
#: The transform that the frequency is found in is padded to so many points.
_SEARCH_POINTS = 1024
#: Harmonics that are tracked: 50, 100, 150, 200, 250 Hz.
HARMONICS = 5  # A: assumption
#: Hum is not subtracted where the signal exceeds it by so much: the error of the
#: estimate would exceed the hum (CleanEMG, 2011).
MAX_SIGNAL_TO_HUM = 8.0  # 9 dB
#: A harmonic is subtracted if its power exceeds what chance gives by this factor.
SIGNIFICANCE = 3.0  # A: assumption
#: Before so many blocks have been seen nothing is subtracted.
MIN_BLOCKS = 8
#: Share of a block that must be usable for it to count.
MIN_USABLE = 0.75  # A: assumption
#: Without a usable block for so long the prediction is no longer trusted: a frequency
#: that is off by 0.02 Hz has then turned by 20 degrees.
COAST_S = 3.0  # A: assumption
_TINY = 1e-12


class MainsTracker:
    """Track and subtract hum, block by block, on all channels of a stream.

    The frequency is common to all channels; amplitudes and phases are not.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    n_channels : int
        Number of channels.
    mains_hz : float
        Nominal power-line frequency in hertz.
    n_rows : int, optional
        Length of the blocks; `block_rows` if not given.

    Attributes
    ----------
    frequency_hz : float
        Newest estimate of the power-line frequency.

    Raises
    ------
    DesignError
        If the sampling rate does not leave the fundamental below its upper edge.

    Notes
    -----
    In each block a constant, a slope and the harmonics are fitted together by least
    squares to the usable samples, so that offset and blanked samples do no harm. The
    frequency is where the transform of the fundamental's complex amplitudes over
    `HISTORY_BLOCKS` peaks (Rife and Boorstyn 1974, IEEE Trans Inf Theory 20:591); the
    harmonics' amplitudes are means at that frequency. A block is corrected by what the
    blocks before it predict: no delay, no part of the EMG in it is fitted away.
    """

    def __init__(
        self, fs: float, n_channels: int, mains_hz: float, n_rows: int = 0
    ) -> None:
        n_harmonics = min(HARMONICS, int(MAX_UPPER_EDGE_SHARE * fs / mains_hz))
        if n_harmonics < 1:
            msg = (
                f"mains tracker: expected a sampling rate above "
                f"{mains_hz / MAX_UPPER_EDGE_SHARE:g} Hz for {mains_hz:g} Hz, got "
                f"{fs:g}"
            )
            raise DesignError(msg)
        self._fs, self._mains_hz = fs, mains_hz
        self._n_channels = n_channels
        self._orders = np.arange(1, n_harmonics + 1)
        self._n_rows = n_rows or block_rows(fs, mains_hz)
        angle = 2.0 * np.pi * mains_hz / fs * np.arange(self._n_rows)
        waves = angle[:, np.newaxis] * self._orders
        slope = np.linspace(-1.0, 1.0, self._n_rows)
        self._basis = np.column_stack(
            (np.ones(self._n_rows), slope, np.cos(waves), np.sin(waves))
        )
        self._pinv = np.linalg.pinv(self._basis)
        self._block_angle = 2.0 * np.pi * mains_hz / fs * self._n_rows
        self.restart()

    @property
    def n_rows(self) -> int:
        """Length of a block in samples."""
        return self._n_rows

    def restart(self) -> None:
        """Forget everything but the nominal frequency."""
        self._history: deque[F64] = deque(maxlen=HISTORY_BLOCKS)
        self._power: deque[F64] = deque(maxlen=HISTORY_BLOCKS)
        self._numbers: deque[int] = deque(maxlen=HISTORY_BLOCKS)
        self._amplitude = np.zeros((len(self._orders), self._n_channels), np.complex128)
        self._active = np.zeros((len(self._orders), self._n_channels))
        self._detuning_hz = 0.0
        self._count = 0
        self.frequency_hz = self._mains_hz

    @property
    def hum_uv(self) -> F64:
        """Amplitude of each harmonic as far as it is subtracted.

        Returns
        -------
        ndarray, shape (n_harmonics, n_channels)
            Microvolt; 0 where nothing is subtracted.
        """
        return np.asarray(np.abs(self._amplitude) * self._active)

    def block(self, emg_uv: F64, usable: Bools) -> F64:
        """Take one block and return the hum that the past predicts in it.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_rows, n_channels)
            Finite raw EMG in microvolt; not modified.
        usable : ndarray of bool, shape (n_rows,)
            Samples that are neither bad nor blanked.

        Returns
        -------
        ndarray, shape (n_rows, n_channels)
            Hum in microvolt, to be subtracted.
        """
        hum_uv = self._predicted()
        self._learn(emg_uv, usable)
        self._count += 1
        if self._count % SEARCH_BLOCKS == 0:
            self._search()
        self._estimate()
        return hum_uv

    def _turns(self, blocks: F64) -> F64:
        """Return the fundamental's phase that detuning adds at the start of blocks."""
        seconds = blocks * (self._n_rows / self._fs)
        return np.asarray(2.0 * np.pi * self._detuning_hz * seconds)

    def _predicted(self) -> F64:
        age = self._count - (self._numbers[-1] if self._numbers else self._count)
        stale = age * self._n_rows > COAST_S * self._fs
        if stale or not self._active.any():
            return np.zeros((self._n_rows, self._n_channels))
        seconds = np.arange(self._n_rows) / self._fs
        start = float(self._turns(np.array(float(self._count))))
        start += self._count * self._block_angle
        phase = start + 2.0 * np.pi * (self._mains_hz + self._detuning_hz) * seconds
        waves = np.exp(1j * phase[:, np.newaxis] * self._orders)
        hum = waves @ (self._amplitude * self._active)
        return np.ascontiguousarray(hum.real)

    def _learn(self, emg_uv: F64, usable: Bools) -> None:
        n_waves = len(self._orders)
        if usable.all():
            fit = self._pinv @ emg_uv
        elif usable.mean() >= MIN_USABLE:
            basis = self._basis[usable]
            fit = np.linalg.lstsq(basis, emg_uv[usable], rcond=1e-6)[0]
        else:
            return
        cosine, sine = fit[2 : 2 + n_waves], fit[2 + n_waves :]
        # Phases count from the start of the signal, not of the block.
        turn = np.exp(-1j * self._count * self._block_angle * self._orders)
        self._numbers.append(self._count)
        self._history.append((cosine - 1j * sine) * turn[:, np.newaxis])
        rest = emg_uv - self._basis @ fit
        self._power.append(np.square(rest[usable]).mean(axis=0))

    def _search(self) -> None:
        if len(self._history) < MIN_BLOCKS:
            return
        weight = 1.0 / np.maximum(np.array(self._power), _TINY)
        numbers = np.array(self._numbers) - self._numbers[0]
        numbers = np.minimum(numbers, _SEARCH_POINTS - 1)
        values = np.zeros((_SEARCH_POINTS, self._n_channels), np.complex128)
        taper = np.hanning(int(numbers[-1]) + 3)[1:-1][numbers]
        first = np.array(self._history)[:, 0]
        values[numbers] = first * np.sqrt(weight) * taper[:, np.newaxis]
        spectrum = np.fft.fft(values, axis=0)
        total = np.square(np.abs(spectrum)).sum(axis=1)
        f = np.fft.fftfreq(_SEARCH_POINTS, self._n_rows / self._fs)
        near = np.flatnonzero(np.abs(f) <= MAX_DETUNING_HZ)
        peak = int(near[np.argmax(total[near])])
        left, top, right = total[peak - 1], total[peak], total[(peak + 1) % len(total)]
        bend = left - 2.0 * top + right
        shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
        detuning = f[peak] + float(np.clip(shift, -0.5, 0.5)) * f[1]
        self._detuning_hz = float(np.clip(detuning, -MAX_DETUNING_HZ, MAX_DETUNING_HZ))
        self.frequency_hz = self._mains_hz + self._detuning_hz

    def _estimate(self) -> None:
        if len(self._history) < MIN_BLOCKS:
            return
        numbers = np.array(self._numbers, dtype=np.float64)
        # The middle of a block stands for the phase that the fit found in it.
        turn = np.exp(-1j * np.outer(self._turns(numbers + 0.5), self._orders))
        still = np.array(self._history) * turn[:, :, np.newaxis]
        # Blocks with much EMG in them know less about the hum.
        weight = 1.0 / np.maximum(np.array(self._power), _TINY)
        weight = (weight / weight.sum(axis=0))[:, np.newaxis, :]
        mean = (weight * still).sum(axis=0)
        away = np.square(np.abs(still - mean))
        chance = (np.square(weight) * away).sum(axis=0)
        self._amplitude = mean
        self._active = self._shrinkage(np.square(np.abs(mean)), chance)

    def _shrinkage(self, squared: F64, chance: F64) -> F64:
        """Return how much of each harmonic is subtracted, 0 to 1."""
        significant = squared > SIGNIFICANCE * chance
        hum = 0.5 * (squared * significant).sum(axis=0)
        rest = np.array(self._power)[-SEARCH_BLOCKS:].mean(axis=0)
        worth = rest < MAX_SIGNAL_TO_HUM * hum
        kept = 1.0 - chance / np.maximum(squared, _TINY)
        return np.where(significant & worth, np.clip(kept, 0.0, 1.0), 0.0)


def block_rows(fs: float, mains_hz: float) -> int:
    """Return the usual length of a block in samples.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    mains_hz : float
        Nominal power-line frequency in hertz.

    Returns
    -------
    int
        `PERIODS_PER_BLOCK` periods.
    """
    return max(1, math.ceil(PERIODS_PER_BLOCK * fs / mains_hz))
