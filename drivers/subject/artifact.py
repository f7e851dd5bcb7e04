"""What a stimulation pulse leaves in the EMG: artifact, M-wave, silent period."""

from dataclasses import dataclass

import numpy as np

from drivers.subject.recruitment import Recruitment
from drivers.subject.stimulation import Stimulation
from dsp.types import F64

MICROVOLT_PER_MILLIVOLT = 1000.0
#: A: assumption; by then artifact and M-wave have decayed below the electrode noise.
EVOKED_S = 0.1
#: A: assumption; the silent period is centred here and over after twice as long.
SILENCE_CENTRE_S = 0.080
SILENCE_WIDTH_S = 0.040
SILENCE_S = 0.2
SLOW_SHARE = 0.15  # A: assumption; share of the artifact that decays slowly
#: Hermite-Rodriguez order 1 has its extrema at ± 1, of height exp(-1/2).
HERMITE_PEAK = float(np.exp(-0.5))


@dataclass(frozen=True, slots=True)
class ArtifactParams:
    """Sizes and times of what one pulse evokes.

    ``contact_mv_per_ma`` is the artifact during the pulse, ``tail_mv_per_ma`` what is
    left of it at its end (A: 0.05-0.5), ``m_wave_mv`` the largest M-wave from peak to
    peak (R: 1-10). ``silence_depth`` is the share of the voluntary EMG that is missing
    80 ms after a pulse at full motor recruitment. ``rail_mv`` is where the amplifier
    clips.
    """

    contact_mv_per_ma: float = 5.0
    tail_mv_per_ma: float = 0.1
    fast_tau_s: float = 0.002
    slow_tau_s: float = 0.007
    m_wave_mv: float = 3.0
    m_latency_s: float = 0.010
    m_width_s: float = 0.003
    m_jitter: float = 0.02
    silence_depth: float = 0.8
    rail_mv: float = 6.0


class PulseTrain:
    """Times of the pulses, the first of them at the onset of the stimulation."""

    def __init__(self, fs: float) -> None:
        self._fs = fs
        self._until_next = 0.0

    def within(self, n_samples: int, stimulation: Stimulation) -> list[float]:
        """Return the pulses of the next ``n_samples`` as offsets in samples."""
        if not stimulation.is_on:
            self._until_next = 0.0
            return []
        period = self._fs / stimulation.frequency_hz
        # A rate that rises must not wait for a pulse planned at the slower one.
        at = min(self._until_next, period)
        offsets = []
        while at < n_samples:
            offsets.append(at)
            at += period
        self._until_next = at - n_samples
        return offsets


def biphasic_mean(t_s: F64, width_s: float, sample_s: float) -> F64:
    """Return a biphasic pulse averaged over the sample interval that ends at ``t_s``.

    The pulse is +1 for one width and -1 for the next; it is shorter than a sample.
    """

    def charge(at: F64) -> F64:
        ramp = np.clip(at, 0.0, 2.0 * width_s)
        return np.minimum(ramp, 2.0 * width_s - ramp)

    return np.asarray((charge(t_s) - charge(t_s - sample_s)) / sample_s)


def artifact_mv(params: ArtifactParams, pulse: Stimulation, t_s: F64, fs: float) -> F64:
    """Return the electrode artifact at times since the pulse began, in millivolt."""
    width_s = pulse.pulse_width_us * 1e-6
    contact = params.contact_mv_per_ma * biphasic_mean(t_s, width_s, 1.0 / fs)
    later = np.maximum(t_s, 0.0)
    tail = np.exp(-later / params.fast_tau_s)
    tail += SLOW_SHARE * np.exp(-later / params.slow_tau_s)
    return pulse.amplitude_ma * (contact + params.tail_mv_per_ma * tail)


def m_wave_mv(params: ArtifactParams, motor: float, t_s: F64) -> F64:
    """Return the M-wave at times since the pulse began, in millivolt."""
    u = (t_s - params.m_latency_s) / params.m_width_s
    wave = -u * np.exp(-0.5 * u**2) / HERMITE_PEAK
    return 0.5 * params.m_wave_mv * motor * wave


def silence(params: ArtifactParams, motor: float, t_s: F64) -> F64:
    """Return by how much the voluntary EMG is scaled after a pulse."""
    bump = np.exp(-(((t_s - SILENCE_CENTRE_S) / SILENCE_WIDTH_S) ** 2))
    return 1.0 - params.silence_depth * motor * bump


class Evoked:
    """What pulses add to, and take from, the samples of now and soon after.

    ``coupling`` is how strongly each channel sees the stimulated muscle.
    """

    def __init__(
        self, params: ArtifactParams, fs: float, coupling: F64, rng: np.random.Generator
    ) -> None:
        self._params = params
        self._fs = fs
        self._coupling = coupling
        self._rng = rng
        self._train = PulseTrain(fs)
        self._evoked_index = np.arange(round(EVOKED_S * fs), dtype=np.float64)
        self._silence_index = np.arange(round(SILENCE_S * fs), dtype=np.float64)
        self._added = np.zeros((0, coupling.size))
        self._scale = np.ones(0)

    def advance(
        self, n_samples: int, pulse: Stimulation, recruited: Recruitment
    ) -> tuple[F64, F64]:
        """Return what is added, (n_samples, n_channels) in µV, and the EMG's scale."""
        self._make_room(n_samples + self._silence_index.size)
        for offset in self._train.within(n_samples, pulse):
            self._add(offset, pulse, recruited.motor)
        added, self._added = np.split(self._added, [n_samples])
        scale, self._scale = np.split(self._scale, [n_samples])
        return added, scale

    def clip(self, emg_uv: F64) -> None:
        """Clip to the amplifier's rails, in place."""
        rail_uv = self._params.rail_mv * MICROVOLT_PER_MILLIVOLT
        np.clip(emg_uv, -rail_uv, rail_uv, out=emg_uv)

    def _make_room(self, n_samples: int) -> None:
        missing = n_samples - self._scale.size
        if missing > 0:
            blank = np.zeros((missing, self._coupling.size))
            self._added = np.concatenate((self._added, blank))
            self._scale = np.concatenate((self._scale, np.ones(missing)))

    def _add(self, offset: float, pulse: Stimulation, motor: float) -> None:
        params = self._params
        first = int(np.ceil(offset))
        t_s = (first + self._evoked_index - offset) / self._fs
        size = motor * (1.0 + params.m_jitter * self._rng.standard_normal())
        wave_mv = artifact_mv(params, pulse, t_s, self._fs)
        wave_mv += m_wave_mv(params, size, t_s)
        span = self._added[first : first + t_s.size]
        span += MICROVOLT_PER_MILLIVOLT * wave_mv[: len(span), None] * self._coupling
        later_s = (first + self._silence_index - offset) / self._fs
        quiet = self._scale[first : first + later_s.size]
        factor = silence(params, motor, later_s[: quiet.size])
        np.minimum(quiet, factor, out=quiet)
