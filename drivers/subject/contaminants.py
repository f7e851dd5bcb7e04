"""Everything in a surface EMG that is neither muscle nor stimulator.

Each contaminant has one level in microvolt; 0 switches it off.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import signal

from dsp.types import F64

#: Phase in degrees, height and width in rad of P, Q, R, S and T (McSharry, Clifford,
#: Tarassenko and Smith 2003, IEEE TBME 50:289).
ECG_WAVES = (
    (-70.0, 1.2, 0.25),
    (-15.0, -5.0, 0.1),
    (0.0, 30.0, 0.1),
    (15.0, -7.5, 0.1),
    (100.0, 0.75, 0.4),
)
HEART_RATE_SD_BPM = 3.0  # A: assumption
HEART_RATE_TAU_S = 5.0  # A: assumption
MAINS_HARMONICS = ((1, 1.0), (2, 0.2), (3, 0.4), (5, 0.1))  # A: assumption
MAINS_WANDER_HZ = 0.1  # A: assumption; the frequency stays within about ± 0.2 Hz
MAINS_TAU_S = 10.0  # A: assumption
MOTION_BAND_HZ = (0.5, 12.0)  # R
MOTION_BURST_S = (0.2, 2.0)  # A: assumption
DRIFT_TAU_S = 20.0  # A: assumption
#: The filter of motion runs over so many blocks at once while nobody moves.
SWAY_BLOCKS = 16


@dataclass(frozen=True, slots=True)
class ContaminantParams:
    """Levels at the worst channel, in microvolt.

    ``noise_uv`` and ``drift_uv`` are RMS, ``mains_uv`` is the amplitude of the
    fundamental, ``ecg_uv`` the height of the R wave, ``motion_uv`` the RMS within a
    burst, of which ``motion_per_min`` come on average.
    """

    noise_uv: float = 1.5
    drift_uv: float = 5.0
    mains_uv: float = 1.0
    mains_hz: float = 50.0
    ecg_uv: float = 10.0
    heart_bpm: float = 70.0
    motion_uv: float = 10.0
    motion_per_min: float = 0.5


class Wander:
    """An Ornstein-Uhlenbeck walk around 0, one value per block."""

    def __init__(self, sd: float, tau_s: float, dt_s: float) -> None:
        self._keep = math.exp(-dt_s / tau_s)
        self._fresh = sd * math.sqrt(1.0 - self._keep**2)
        self.value = 0.0

    def advance(self, rng: np.random.Generator) -> float:
        """Return the value one block later."""
        self.value = self._keep * self.value + self._fresh * rng.standard_normal()
        return self.value


def ecg_shape(phase_rad: F64) -> F64:
    """Return the ECG at a phase of the beat, with an R wave of height 1."""
    beat = np.zeros_like(phase_rad)
    for degrees, height, width in ECG_WAVES:
        away = (phase_rad - math.radians(degrees) + np.pi) % (2 * np.pi) - np.pi
        beat += height * width**2 * np.exp(-0.5 * (away / width) ** 2)
    _, r_height, r_width = ECG_WAVES[2]
    return beat / (r_height * r_width**2)


#: One beat, in steps that are much shorter than its shortest wave.
BEAT_PHASE_RAD = np.linspace(0.0, 2 * np.pi, 4097)
BEAT = ecg_shape(BEAT_PHASE_RAD)


def harmonics(phase_rad: F64, shares: dict[int, float]) -> F64:
    """Return the sum of ``share * sin(k * phase)`` over the harmonics k.

    From one sine and one cosine: ``sin((k+1)x) = 2 cos(x) sin(kx) - sin((k-1)x)``.
    """
    twice_cos = 2.0 * np.cos(phase_rad)
    before, now = np.zeros_like(phase_rad), np.sin(phase_rad)
    total, scaled = np.zeros_like(phase_rad), np.empty_like(phase_rad)
    for k in range(1, max(shares, default=0) + 1):
        if k in shares:
            total += np.multiply(shares[k], now, out=scaled)
        np.multiply(twice_cos, now, out=scaled)
        np.subtract(scaled, before, out=before)
        before, now = now, before
    return total


class Contaminants:
    """Sum of all contaminants, ``n_block`` samples at a time.

    The worst channel is the first; mains, heart and motion reach the others weaker.
    """

    def __init__(
        self,
        params: ContaminantParams,
        fs: float,
        n_channels: int,
        n_block: int,
        rng: np.random.Generator,
    ) -> None:
        self._params = params
        self._fs = fs
        self._shape = (n_block, n_channels)
        self._sources: list[Callable[[F64], None]] = []
        self._index = np.arange(1, n_block + 1, dtype=np.float64)
        streams = rng.spawn(5)
        shares = rng.uniform(0.4, 1.0, (3, n_channels))
        shares[:, 0] = 1.0
        columns = shares[:, :, None]
        self._mains_share, self._ecg_share, self._motion_share = columns
        self._prepare_noise(streams[0], streams[1])
        self._prepare_periodic(streams[2], streams[3])
        self._prepare_motion(streams[4])

    def block(self) -> F64:
        """Return the next block, shape (n_block, n_channels), in microvolt."""
        # Along the channels are too few values to work on at once.
        out = np.zeros(self._shape[::-1])
        for add in self._sources:
            add(out)
        return np.ascontiguousarray(out.T)

    def _prepare_noise(
        self, noise: np.random.Generator, drift: np.random.Generator
    ) -> None:
        self._noise_rng, self._drift_rng = noise, drift
        self._drift_pole = math.exp(-1.0 / (DRIFT_TAU_S * self._fs))
        self._drift_state = np.zeros((1, self._shape[1]))
        if self._params.noise_uv > 0.0:
            self._sources.append(self._add_noise)
        if self._params.drift_uv > 0.0:
            self._sources.append(self._add_drift)

    def _prepare_periodic(
        self, mains: np.random.Generator, heart: np.random.Generator
    ) -> None:
        block_s = self._shape[0] / self._fs
        self._mains_rng, self._heart_rng = mains, heart
        self._mains_wander = Wander(MAINS_WANDER_HZ, MAINS_TAU_S, block_s)
        self._heart_wander = Wander(HEART_RATE_SD_BPM, HEART_RATE_TAU_S, block_s)
        self._mains_phase = mains.uniform(0.0, 2 * np.pi)
        self._heart_phase = heart.uniform(-np.pi, np.pi)
        if self._params.mains_uv > 0.0:
            self._sources.append(self._add_mains)
        if self._params.ecg_uv > 0.0:
            self._sources.append(self._add_ecg)

    def _prepare_motion(self, rng: np.random.Generator) -> None:
        params = self._params
        self._motion_rng = rng
        self._motion_sos = signal.butter(
            2, MOTION_BAND_HZ, "bandpass", fs=self._fs, output="sos"
        )
        self._motion_zi = np.zeros((self._motion_sos.shape[0], 2))
        self._unfiltered: list[F64] = []
        low_hz, high_hz = MOTION_BAND_HZ
        # White noise through a Butterworth band-pass of order 2 keeps this bandwidth.
        bandwidth_hz = (high_hz - low_hz) * (np.pi / 4) / math.sin(np.pi / 4)
        self._motion_gain = math.sqrt(0.5 * self._fs / bandwidth_hz)
        self._bursts: list[tuple[float, float]] = []
        self._block_start_s = 0.0
        self._next_burst_s = 0.0
        if params.motion_uv > 0.0 and params.motion_per_min > 0.0:
            self._next_burst_s = self._burst_pause_s()
            self._sources.append(self._add_motion)

    def _add_noise(self, out: F64) -> None:
        noise = self._noise_rng.standard_normal(self._shape)
        noise *= self._params.noise_uv
        out += noise.T

    def _add_drift(self, out: F64) -> None:
        pole = self._drift_pole
        fresh = self._params.drift_uv * math.sqrt(1.0 - pole**2)
        steps = self._drift_rng.standard_normal(self._shape)
        steps *= fresh
        walk, self._drift_state = signal.lfilter(
            [1.0], [1.0, -pole], steps, axis=0, zi=self._drift_state
        )
        out += walk.T

    def _add_mains(self, out: F64) -> None:
        nyquist_hz = 0.5 * self._fs
        hz = self._params.mains_hz + self._mains_wander.advance(self._mains_rng)
        phase = self._mains_phase + 2 * np.pi * hz / self._fs * self._index
        self._mains_phase = float(phase[-1]) % (2 * np.pi)
        hum = harmonics(
            phase, {k: a for k, a in MAINS_HARMONICS if k * hz < nyquist_hz}
        )
        out += self._params.mains_uv * hum * self._mains_share

    def _add_ecg(self, out: F64) -> None:
        bpm = self._params.heart_bpm + self._heart_wander.advance(self._heart_rng)
        phase = self._heart_phase + 2 * np.pi * bpm / 60.0 / self._fs * self._index
        self._heart_phase = float(phase[-1]) % (2 * np.pi)
        beat = np.interp(phase % (2 * np.pi), BEAT_PHASE_RAD, BEAT)
        out += self._params.ecg_uv * beat * self._ecg_share

    def _add_motion(self, out: F64) -> None:
        self._unfiltered.append(self._motion_rng.standard_normal(self._shape[0]))
        gate = self._motion_gate()
        if gate is not None:
            scale = self._params.motion_uv * self._motion_gain
            out += scale * (gate * self._sway()) * self._motion_share
        elif len(self._unfiltered) == SWAY_BLOCKS:
            self._sway()

    def _sway(self) -> F64:
        """Return the motion in the newest block, after all that was not filtered."""
        white = np.concatenate(self._unfiltered)
        self._unfiltered.clear()
        sway, self._motion_zi = signal.sosfilt(
            self._motion_sos, white, zi=self._motion_zi
        )
        return np.asarray(sway[-self._shape[0] :])

    def _motion_gate(self) -> F64 | None:
        """Return how far the bursts of motion let it through; None without any."""
        start_s = self._block_start_s
        end_s = self._block_start_s + self._shape[0] / self._fs
        while self._next_burst_s < end_s:
            duration_s = self._motion_rng.uniform(*MOTION_BURST_S)
            self._bursts.append((self._next_burst_s, duration_s))
            self._next_burst_s += self._burst_pause_s()
        self._block_start_s = end_s
        if not self._bursts:
            return None
        gate = np.zeros(self._shape[0])
        times = start_s + (self._index - 1) / self._fs
        for begin_s, duration_s in self._bursts:
            part = (times - begin_s) / duration_s
            inside = (part >= 0.0) & (part < 1.0)
            gate[inside] += np.sin(np.pi * part[inside]) ** 2
        self._bursts = [burst for burst in self._bursts if sum(burst) > end_s]
        return gate

    def _burst_pause_s(self) -> float:
        return float(self._motion_rng.exponential(60.0 / self._params.motion_per_min))
