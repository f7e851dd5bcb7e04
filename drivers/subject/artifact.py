"""What a stimulation pulse leaves in the EMG: artifact, M-wave, silent period."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from drivers.subject.evoked_force import EvokedForce
from drivers.subject.recruitment import Recruitment
from drivers.subject.stimulation import SILENCE, Stimulation
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
#: A: assumption; of an M-wave in a muscle whose twitch has gone, against a rested one:
#: -20 to -50 % of its size and 1.3 of its width (directions: Minetto 2009,
#: Neurophysiol Clin 39:15).
M_LOSS = 0.5
M_WIDENING = 0.3
H_LATENCY_S = 0.035  # R: 30-40 ms
#: 2.58-2.89 mV before and after, 0.76 mV during massage (1991, Arch Phys Med Rehabil
#: 72:915).
H_SUPPRESSION = 0.71
H_TOUCHED = 0.5  # A: assumption; relaxing drive of touch that suppresses all of that
MS_PER_S = 1000.0
MOTOR_NOTICED = 0.01  # A: assumption; fewer motor fibres tire nobody
#: Shapes are kept by their sub-sample lag and width, rounded so that they recur.
SUBSAMPLE_DIGITS = 6
WIDENING_DIGITS = 2
SHAPES_KEPT = 256


@dataclass(frozen=True, slots=True)
class ArtifactParams:
    """Sizes and times of what one pulse evokes.

    ``contact_mv_per_ma`` is the artifact during the pulse, ``tail_mv_per_ma`` what is
    left of it at its end (A: 0.05-0.5), ``m_wave_mv`` the largest M-wave from peak to
    peak (R: 1-10). ``silence_depth`` is the share of the voluntary EMG that is missing
    80 ms after a pulse at full motor recruitment. ``rail_mv`` is where the amplifier
    clips. ``h_reflex_share`` is the largest H-reflex relative to the largest M-wave (R:
    up to 0.3 in calf muscles; 0 in a trapezius, where it is rarely seen: A).
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
    h_reflex_share: float = 0.0


class PulseTrain:
    """Times of the pulses, the first of them at the onset of the stimulation."""

    def __init__(self, fs: float) -> None:
        self._fs = fs
        self._until_next = 0.0
        # Asked for every step: what is worked out once per stimulation.
        self._stimulation, self._is_on, self._period = SILENCE, False, math.inf

    def within(self, n_samples: int, stimulation: Stimulation) -> list[float]:
        """Return the pulses of the next ``n_samples`` as offsets in samples."""
        if stimulation is not self._stimulation:
            self._follow(stimulation)
        if not self._is_on:
            self._until_next = 0.0
            return []
        period = self._period
        # A rate that rises must not wait for a pulse planned at the slower one.
        at = self._until_next if self._until_next < period else period
        offsets: list[float] = []
        while at < n_samples:
            offsets.append(at)
            at += period
        self._until_next = at - n_samples
        return offsets

    def _follow(self, stimulation: Stimulation) -> None:
        self._stimulation, self._is_on = stimulation, stimulation.is_on
        if self._is_on:
            self._period = max(1.0, self._fs / stimulation.frequency_hz)


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


def silence_bump(t_s: F64) -> F64:
    """Return the course of the silent period after a pulse, 1 at its deepest."""
    away = (t_s - SILENCE_CENTRE_S) / SILENCE_WIDTH_S
    return np.asarray(np.exp(-np.square(away)))


def h_reflex_size(nerve: "Nerve") -> float:
    """Return the H-reflex relative to its largest.

    It needs sensory fibres, collides with what runs back in motor fibres, and is
    suppressed by touch.
    """
    recruited = nerve.recruited
    touched = min(1.0, nerve.contact / H_TOUCHED)
    kept = 1.0 - H_SUPPRESSION * touched
    return recruited.sensory * (1.0 - recruited.motor) * kept


@dataclass(frozen=True, slots=True)
class PulseShape:
    """Where the samples lie after a pulse: the first so much of a sample later."""

    lag_samples: float
    fs: float

    @property
    def t_s(self) -> F64:
        """Times of the samples since the pulse began."""
        sample = np.arange(round(EVOKED_S * self.fs), dtype=np.float64)
        return np.asarray((sample + self.lag_samples) / self.fs)


@lru_cache(maxsize=SHAPES_KEPT)
def artifact_shape(
    params: ArtifactParams, shape: PulseShape, pulse_width_us: float
) -> F64:
    """Return the artifact of 1 mA, in millivolt."""
    unit = Stimulation(1.0, 1.0, pulse_width_us)
    return artifact_mv(params, unit, shape.t_s, shape.fs)


@lru_cache(maxsize=SHAPES_KEPT)
def m_wave_shape(params: ArtifactParams, shape: PulseShape, widening: float) -> F64:
    """Return the largest M-wave, in millivolt, wider in a tired muscle."""
    wider = replace(params, m_width_s=params.m_width_s * widening)
    return m_wave_mv(wider, 1.0, shape.t_s)


@lru_cache(maxsize=SHAPES_KEPT)
def h_reflex_shape(params: ArtifactParams, shape: PulseShape) -> F64:
    """Return an H-reflex as large as the largest M-wave, in millivolt."""
    later = replace(params, m_latency_s=H_LATENCY_S)
    return m_wave_mv(later, 1.0, shape.t_s)


class Span(NamedTuple):
    """Where the samples of one step begin in the chunk, and in all."""

    from_chunk: int
    from_start: int


class Nerve(NamedTuple):
    """What pulses meet: the share that they recruit, and what touch does to it."""

    recruited: Recruitment
    contact: float = 0.0


class Evoked:
    """What pulses add to, and take from, the samples of now and soon after.

    ``coupling`` is how strongly each channel sees the stimulated muscle. A chunk is
    made by `begin`, for one step after the other `due` and `step`, and `end`.
    """

    def __init__(
        self, params: ArtifactParams, fs: float, coupling: F64, rng: np.random.Generator
    ) -> None:
        self._params = params
        self._fs = fs
        self._coupling = coupling
        self._rng = rng
        self._train = PulseTrain(fs)
        self._force = EvokedForce()
        self._last_pulse = 0.0
        # Arrays of no dimension: numpy would have to make them of a number every time.
        rail_uv = params.rail_mv * MICROVOLT_PER_MILLIVOLT
        self._rail_uv, self._minus_rail_uv = np.array(rail_uv), np.array(-rail_uv)
        self._bump = silence_bump(np.arange(round(SILENCE_S * fs)) / fs)
        self._added = np.zeros((self._bump.size, coupling.size))
        self._scale = np.ones(self._bump.size)
        self._until = 0

    @property
    def freshness(self) -> float:
        """Share of the muscle's force scale that is left, 1 when rested."""
        return self._force.freshness

    def begin(self, n_samples: int) -> None:
        """Make room for what a chunk evokes, and what lasts beyond it."""
        missing = n_samples + self._bump.size - self._scale.size
        if missing > 0:
            blank = np.zeros((missing, self._coupling.size))
            self._added = np.concatenate((self._added, blank))
            self._scale = np.concatenate((self._scale, np.ones(missing)))

    def pause(self) -> None:
        """Let the next train begin with a pulse."""
        self._train.within(0, SILENCE)

    def due(self, n_samples: int, pulse: Stimulation) -> list[float]:
        """Return the pulses of the next ``n_samples`` as offsets in samples."""
        return self._train.within(n_samples, pulse)

    def step(
        self, offsets: list[float], span: Span, pulse: Stimulation, nerve: Nerve
    ) -> None:
        """Let the pulses that are due in a span act."""
        for offset in offsets:
            if nerve.recruited.motor > MOTOR_NOTICED:
                self._twitch(span.from_start + offset, nerve.recruited.motor)
            self._add(span.from_chunk, offset, pulse, nerve)

    def end(self, n_samples: int) -> tuple[F64, F64] | None:
        """Return what is added, (n_samples, n_channels) in µV, and the EMG's scale.

        None when no pulse has been near.
        """
        if not self._until:
            return None
        added, scale = self._added[:n_samples].copy(), self._scale[:n_samples].copy()
        keep = max(0, self._until - n_samples)
        self._added[:keep] = self._added[n_samples : n_samples + keep]
        self._scale[:keep] = self._scale[n_samples : n_samples + keep]
        self._added[keep : self._until] = 0.0
        self._scale[keep : self._until] = 1.0
        self._until = keep
        return added, scale

    def clip(self, emg_uv: F64) -> None:
        """Clip to the amplifier's rails, in place."""
        np.minimum(emg_uv, self._rail_uv, out=emg_uv)
        np.maximum(emg_uv, self._minus_rail_uv, out=emg_uv)

    def _twitch(self, at: float, motor: float) -> None:
        since_ms = (at - self._last_pulse) / self._fs * MS_PER_S
        self._last_pulse = at
        self._force.advance(since_ms, motor)
        self._force.pulse()

    def _add(self, start: int, offset: float, pulse: Stimulation, nerve: Nerve) -> None:
        params = self._params
        motor = nerve.recruited.motor
        whole = math.ceil(offset)
        shape = PulseShape(round(whole - offset, SUBSAMPLE_DIGITS), self._fs)
        tired = 1.0 - self._force.freshness
        widening = round(1.0 + M_WIDENING * tired, WIDENING_DIGITS)
        size = motor * (1.0 + params.m_jitter * self._rng.standard_normal())
        wave_mv = pulse.amplitude_ma * artifact_shape(
            params, shape, pulse.pulse_width_us
        )
        wave_mv += size * (1.0 - M_LOSS * tired) * m_wave_shape(params, shape, widening)
        reflex = params.h_reflex_share * h_reflex_size(nerve)
        if reflex > 0.0:
            wave_mv += reflex * h_reflex_shape(params, shape)
        first = start + whole
        span = self._added[first : first + wave_mv.size]
        span += np.multiply.outer(MICROVOLT_PER_MILLIVOLT * wave_mv, self._coupling)
        quiet = self._scale[first : first + self._bump.size]
        np.minimum(quiet, 1.0 - params.silence_depth * motor * self._bump, out=quiet)
        self._until = max(self._until, first + self._bump.size)
