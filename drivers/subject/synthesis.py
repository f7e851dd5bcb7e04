"""Unit-variance EMG carrier with the power spectrum of surface EMG.

The power density is ``S(f) = k fh⁴ f² / ((f² + fl²)(f² + fh²)²)`` (Shwedyk,
Balasubramanian and Scott 1977), made by shaping white Gaussian noise with sqrt(S).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import fft

from dsp.types import F64

CONDUCTION_M_S = 4.0  # R: 3-5 m/s along muscle fibres
ELECTRODE_PITCH_M = 0.02  # R: 20 mm between neighbouring channels
#: Half length of the shaping filter; its response has decayed long before.
SHAPER_S = 0.125
#: Carrier samples made at a time: the same noise whatever the chunks are.
CARRIER_BLOCK = 1024
#: Spectra of fatigue are kept in steps of 1 %.
COMPRESSION_DIGITS = 2

Complex = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class CarrierParams:
    """Spectrum and correlation of the carrier.

    ``correlation`` is the zero-lag correlation that channels would have without
    conduction delay.
    """

    low_hz: float = 60.0
    high_hz: float = 120.0
    correlation: float = 0.3


def shwedyk_density(f_hz: F64, low_hz: float, high_hz: float) -> F64:
    """Return the power density at ``f_hz``, not normalised."""
    squared = f_hz**2
    return high_hz**4 * squared / ((squared + low_hz**2) * (squared + high_hz**2) ** 2)


def shaping_taps(params: CarrierParams, fs: float) -> F64:
    """Return the FIR that gives white noise the EMG spectrum and unit variance."""
    half = round(SHAPER_S * fs)
    n_fft = 4 * half
    amplitude = np.sqrt(
        shwedyk_density(fft.rfftfreq(n_fft, 1.0 / fs), params.low_hz, params.high_hz)
    )
    impulse = np.roll(fft.irfft(amplitude, n_fft), half)[: 2 * half + 1]
    taps = impulse * np.hanning(impulse.size)
    return np.asarray(taps / np.sqrt(np.sum(taps**2)))


class Carrier:
    """Endless unit-variance EMG noise, one block after the other.

    Every channel is a mix of one common source, delayed by conduction from electrode
    to electrode, and a source of its own.
    """

    def __init__(
        self,
        params: CarrierParams,
        fs: float,
        n_channels: int,
        rng: np.random.Generator,
    ) -> None:
        self._rng = rng
        taps = shaping_taps(params, fs)
        pitch_samples = ELECTRODE_PITCH_M / CONDUCTION_M_S * fs
        self._delays = [round(i * pitch_samples) for i in range(n_channels)]
        self._n_past = taps.size - 1
        n_out = CARRIER_BLOCK + max(self._delays)
        self._n_fft = fft.next_fast_len(n_out + self._n_past, real=True)
        self._params = params
        self._fs = fs
        self._responses = {1.0: fft.rfft(taps, self._n_fft)}
        self._common_share = np.sqrt(params.correlation)
        self._own_share = np.sqrt(1.0 - params.correlation)
        # White noise, source by source: the common one, then that of each channel,
        # which is not as long and of which the end stays empty.
        self._n_own = self._n_past + CARRIER_BLOCK
        self._white = np.zeros((1 + n_channels, self._n_past + n_out))
        own = rng.standard_normal((self._n_own, n_channels))
        self._white[1:, : self._n_own] = own.T
        self._white[0] = rng.standard_normal(self._n_past + n_out)

    def block(self, compression: float = 1.0) -> F64:
        """Return the next block, shape (CARRIER_BLOCK, n_channels).

        ``compression`` scales the frequencies of the spectrum, below 1 in fatigue.
        """
        response = self._response(round(compression, COMPRESSION_DIGITS))
        spectrum = fft.rfft(self._white, self._n_fft)
        spectrum *= response
        shaped = fft.irfft(spectrum, self._n_fft)[:, self._n_past :]
        common, own = shaped[0], shaped[1:, :CARRIER_BLOCK]
        own *= self._own_share
        latest = max(self._delays)
        for i, delay in enumerate(self._delays):
            start = latest - delay
            own[i] += self._common_share * common[start : start + CARRIER_BLOCK]
        self._refill()
        return np.ascontiguousarray(own.T)

    def _response(self, compression: float) -> Complex:
        if compression not in self._responses:
            params = replace(
                self._params,
                low_hz=self._params.low_hz * compression,
                high_hz=self._params.high_hz * compression,
            )
            taps = shaping_taps(params, self._fs)
            self._responses[compression] = fft.rfft(taps, self._n_fft)
        return self._responses[compression]

    def _refill(self) -> None:
        common, own = self._white[0], self._white[1:, : self._n_own]
        for white in (common, own):
            white[..., :-CARRIER_BLOCK] = white[..., CARRIER_BLOCK:]
        common[-CARRIER_BLOCK:] = self._rng.standard_normal(CARRIER_BLOCK)
        fresh = self._rng.standard_normal((CARRIER_BLOCK, len(own)))
        own[:, -CARRIER_BLOCK:] = fresh.T
