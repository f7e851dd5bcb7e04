"""Whitening that knows about noise.

A whitening filter makes neighbouring samples independent, so that more of them count.
At strong contractions that doubles the SNR; near rest it amplifies the noise where EMG
has no power and destroys the estimate (Clancy and Farry 1999, EMBS). The form here is
Wiener's: at each level of effort it whitens only where the EMG exceeds the noise, and
turns into the identity of the band below about 20 dB.
"""

from dataclasses import dataclass

import numpy as np

from dsp.blocks import Reblock
from dsp.emg_spectrum import model_density, statistical_bandwidth_hz
from dsp.errors import DesignError
from dsp.masked import MaskedRms
from dsp.types import F64

#: Taps of the filter; 31 ms at 2 kHz.
N_TAPS = 63
#: Below this ratio of EMG to noise the input is left as it is.
MIN_RATIO = 10.0  # A: assumption (20 dB)
#: Levels of effort that filters are kept for, relative to the noise.
LEVEL_RATIOS = (10.0, 20.0, 40.0, 80.0, 160.0)
#: The level that chooses the filter is the RMS over this window.
LEVEL_S = 0.25  # A: assumption
#: The filter is chosen anew so often.
CHOOSE_S = 0.02  # A: assumption
_N_FREQUENCIES = 1024


@dataclass(frozen=True, slots=True)
class Whitener:
    """A filter for one level of effort.

    Parameters
    ----------
    taps : ndarray, shape (N_TAPS,)
        Linear-phase impulse response that keeps the RMS of EMG of this level.
    noise_gain : float
        By how much it changes the RMS of the noise.
    bandwidth_hz : float
        Statistical bandwidth of EMG and noise behind it, in hertz.
    """

    taps: F64
    noise_gain: float
    bandwidth_hz: float


def design_whitener(fs: float, band_hz: tuple[float, float], ratio: float) -> Whitener:
    """Design the filter for one ratio of EMG to noise.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    band_hz : tuple of float
        Band in which EMG is measured; nothing is amplified outside.
    ratio : float
        RMS of the EMG over that of the noise in the band, above 0.

    Returns
    -------
    Whitener
        Taps and what they do.

    Raises
    ------
    DesignError
        If ratio or band are out of range.

    Notes
    -----
    Gain ``sqrt(S / (S + N)) / sqrt(S + N)`` with the model spectrum S and white noise
    N, scaled so that S keeps its power. Clancy and Farry (1999).
    """
    lower, upper = band_hz
    if not (ratio > 0 and 0 < lower < upper <= fs / 2):
        msg = (
            f"whitening: expected a ratio above 0 and a band below {fs / 2:g} Hz, got "
            f"{ratio!r} and {band_hz}"
        )
        raise DesignError(msg)
    f = np.linspace(0.0, fs / 2, _N_FREQUENCIES + 1)
    inside = (f >= lower) & (f <= upper)
    emg = np.where(inside, model_density(f), 0.0)
    emg /= emg.sum()
    noise = inside / inside.sum() / ratio**2
    both = np.where(inside, emg + noise, 1.0)
    gain = np.where(inside, np.sqrt(emg / both) / np.sqrt(both), 0.0)
    taps = np.roll(np.fft.irfft(gain), N_TAPS // 2)[:N_TAPS] * np.hamming(N_TAPS)
    real = np.abs(np.fft.rfft(taps, 2 * _N_FREQUENCIES)) ** 2
    kept = float(np.sum(emg * real))
    taps = taps / np.sqrt(kept)
    noise_gain = float(np.sqrt(np.sum(noise * real) / kept) * ratio)
    output = (emg + noise) * real
    return Whitener(taps, noise_gain, statistical_bandwidth_hz(f, output))


class WhitenedRms:
    """RMS behind the whitening filter that suits the level, noise removed.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    band_hz : tuple of float
        -3 dB edges of the band-pass before it.
    noise_uv : ndarray, shape (n_channels,)
        Noise floor in microvolt; above 0.
    window_s : float
        Window of the estimate in second.

    Notes
    -----
    SNR ``sqrt(4 Bw T)`` with the bandwidth Bw behind the filter (`Whitener`), at most
    1.5 times that of the RMS in 20-450 Hz; delay that of the RMS and half the taps.
    """

    def __init__(
        self, fs: float, band_hz: tuple[float, float], noise_uv: F64, window_s: float
    ) -> None:
        n = len(noise_uv)
        self._noise_uv = np.array(noise_uv, dtype=np.float64)
        self._filters = [design_whitener(fs, band_hz, r) for r in LEVEL_RATIOS]
        most = max(1.0, *(whitener.noise_gain for whitener in self._filters))
        self._lift = np.square(most * self._noise_uv)
        self._reblock = Reblock(max(1, round(CHOOSE_S * fs)), n)
        self._tail = np.zeros((N_TAPS - 1, n))
        self._level_rows, self._rows = round(LEVEL_S * fs), round(window_s * fs)
        self._level = MaskedRms(n, max(self._level_rows, 1))
        self._power = MaskedRms(n, self._rows)

    def push(self, y: F64) -> None:
        """Take the samples of one chunk.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified.
        """
        for block, bad in self._reblock.push(y):
            weight = np.where(bad, 0.0, 1.0)
            self._level.push(block, weight)
            level = np.nan_to_num(self._level.over(self._level_rows)[0])
            rows = np.concatenate((self._tail, block))
            self._tail = rows[len(block) :].copy()
            square = np.column_stack(
                [
                    self._square(rows[:, c], float(level[c]), float(self._noise_uv[c]))
                    for c in range(block.shape[1])
                ]
            )
            # Signed differences of squares are averaged before the root; lifted above
            # zero, so that an RMS can carry them.
            self._power.push(np.asarray(np.sqrt(square + self._lift)), weight)

    def last(self) -> F64:
        """Return the estimate at the newest whole block.

        Returns
        -------
        ndarray, shape (n_channels,)
            Microvolt without noise; NaN before the first block.
        """
        both = np.square(self._power.over(self._rows)[0])
        return np.asarray(np.sqrt(np.maximum(both - self._lift, 0.0)))

    def _square(self, rows: F64, level_uv: float, noise_uv: float) -> F64:
        """Return squares whose mean, less the noise's, is the power of the EMG."""
        ratio = level_uv / noise_uv
        middle = rows[N_TAPS // 2 : len(rows) - N_TAPS // 2]
        if ratio < MIN_RATIO:
            return np.asarray(np.square(middle) - noise_uv**2)
        index = int(np.searchsorted(LEVEL_RATIOS, ratio, side="right")) - 1
        chosen = self._filters[index]
        y = np.convolve(rows, chosen.taps, mode="valid")
        return np.asarray(np.square(y) - (chosen.noise_gain * noise_uv) ** 2)
