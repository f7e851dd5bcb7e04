"""The simulated subject with electrodes on: stimulation and prompts in, EMG out.

The subject advances in internal steps of about 10 ms. Stimulation and prompt are read
at the start of each step and held for its length, so any cutting of the same inputs
into chunks gives the same samples, bit for bit. Steps are computed one by one, the EMG
of a whole chunk at once.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from drivers.errors import DriverConfigError
from drivers.subject.artifact import ArtifactParams, Evoked, Nerve, Span
from drivers.subject.contaminants import ContaminantParams, Contaminants
from drivers.subject.electrodes import ElectrodeParams, Electrodes
from drivers.subject.person import Person, PersonParams, Task, effort_of
from drivers.subject.stimulation import (
    SILENCE,
    Modality,
    Stimulation,
    Stimulations,
    each,
)
from drivers.subject.synthesis import CARRIER_BLOCK, Carrier, CarrierParams
from drivers.subject.tone import TONE_STEP_S
from dsp.types import F64

CHANNEL_LABELS = (
    "trapezius_r",
    "trapezius_l",
    "levator_r",
    "levator_l",
    "deltoid_r",
    "deltoid_l",
    "biceps_r",
    "biceps_l",
)
SYNERGIST_COUPLING = (0.2, 0.5)  # A: assumption
PERCENT = 100.0
#: R: the median frequency has fallen by 30 % when no unit is left.
FATIGUE_COMPRESSION = 0.3
#: A: assumption; a vibrator shakes the electrodes at its rate and twice that.
SHAKE_UV_PER_MM = 30.0
SHAKE_HARMONIC = 0.3


@dataclass(frozen=True, slots=True)
class StreamStall:
    """A time in which the amplifier's stream is silent and its samples are lost."""

    at_s: float
    duration_s: float

    def __post_init__(self) -> None:
        """Refuse what cannot happen."""
        if not (self.at_s >= 0.0 and self.duration_s > 0.0):
            msg = f"stream stall: expected at_s >= 0 and duration_s > 0, got {self}"
            raise DriverConfigError(msg)


@dataclass(frozen=True, slots=True)
class SubjectParams:
    """One simulated subject.

    ``sigma_mvc_uv`` is the RMS of the EMG at 100 %MVC (R: 300-1000 µV); the EMG is
    proportional to tone. ``effort_crosstalk`` is by how much more EMG a maximal effort
    shows than its tone, because neighbours join in.
    """

    preset: str
    person: PersonParams
    sigma_mvc_uv: float
    carrier: CarrierParams = field(default_factory=CarrierParams)
    artifact: ArtifactParams = field(default_factory=ArtifactParams)
    contaminants: ContaminantParams = field(default_factory=ContaminantParams)
    electrodes: ElectrodeParams = field(default_factory=ElectrodeParams)
    stalls: tuple[StreamStall, ...] = ()
    effort_crosstalk: float = 0.0


@dataclass(frozen=True, slots=True)
class SubjectChunk:
    """EMG of all channels, (n_samples, n_channels), and the true tone behind it.

    A chunk that ``is_stalled`` never leaves the amplifier.
    """

    emg_uv: F64
    tone_pct_mvc: F64
    is_stalled: bool = False


def channel_labels(n_channels: int) -> tuple[str, ...]:
    """Return ``n_channels`` labels; the first is the treated muscle."""
    extra = (f"emg_{i + 1}" for i in range(len(CHANNEL_LABELS), n_channels))
    return (*CHANNEL_LABELS, *extra)[:n_channels]


class SimulatedSubject:
    """A person with electrodes; the same seed and inputs give the same EMG.

    The first channel is the treated muscle. The others are synergists that follow it
    more weakly; at rest all of them are relaxed.
    """

    def __init__(
        self, params: SubjectParams, fs: float, n_channels: int = 8, seed: int = 0
    ) -> None:
        streams = [
            np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(6)
        ]
        coupling = streams[4].uniform(*SYNERGIST_COUPLING, n_channels)
        coupling[0] = 1.0
        self.params = params
        self.fs = fs
        self.labels = channel_labels(n_channels)
        self.n_step = max(1, round(TONE_STEP_S * fs))
        self.person = Person(params.person, streams[0], self.n_step / fs)
        self._coupling = coupling
        self._carrier = Carrier(params.carrier, fs, n_channels, streams[1])
        self._contaminants = Contaminants(
            params.contaminants, fs, n_channels, CARRIER_BLOCK, streams[2]
        )
        self._evoked = Evoked(params.artifact, fs, coupling, streams[3])
        self._electrodes = Electrodes(
            params.electrodes, fs, n_channels, params.contaminants.mains_hz, streams[5]
        )
        self._ramp = np.arange(1, self.n_step + 1) / self.n_step
        self._n_made = 0
        self._n_inserted = 0
        self._noise = np.zeros((0, n_channels))
        self._dirt = np.zeros((0, n_channels))
        self._ready_emg = np.zeros((0, n_channels))
        self._ready_tone = np.zeros(0)

    def insert_needle(self) -> None:
        """Let an operator insert a needle now."""
        self._n_inserted += 1

    def step(
        self,
        n_samples: int,
        stimulations: Stimulations = SILENCE,
        task: Task = Task.RELAX,
    ) -> SubjectChunk:
        """Return the next ``n_samples`` under this stimulation and prompt."""
        if self._n_inserted:
            needle = Stimulation(float(self._n_inserted), modality=Modality.NEEDLE)
            stimulations = (*each(stimulations), needle)
        start = self._n_made - self._ready_tone.size
        n_steps = math.ceil((n_samples - self._ready_tone.size) / self.n_step)
        if n_steps > 0:
            emg, tone = self._make(n_steps, stimulations, effort_of(task))
            emg = np.concatenate((self._ready_emg, emg))
            tone = np.concatenate((self._ready_tone, tone))
        else:
            emg, tone = self._ready_emg, self._ready_tone
        self._ready_emg, self._ready_tone = emg[n_samples:], tone[n_samples:]
        stalled = self._is_stalled(start, start + n_samples)
        return SubjectChunk(emg[:n_samples], tone[:n_samples], stalled)

    def _make(
        self, n_steps: int, stimulations: Stimulations, effort_pct_mvc: float
    ) -> tuple[F64, F64]:
        n_samples = n_steps * self.n_step
        self._evoked.begin(n_samples)
        truth, shown, fatigue = self._live(n_steps, stimulations, effort_pct_mvc)
        tone = self._between(truth)
        apparent = tone if shown is truth else self._between(shown)
        noise, dirt = self._background(n_samples, fatigue)
        rest = self.params.person.tone.rest_pct_mvc
        muscle = (apparent - rest)[:, None] * self._coupling
        muscle += rest
        muscle *= noise
        muscle *= self.params.sigma_mvc_uv / PERCENT
        evoked = self._evoked.end(n_samples)
        if evoked is not None:
            added, scale = evoked
            muscle *= scale[:, None]
            muscle += added
        if self.person.shaking.is_on:
            muscle += self._shaking(n_samples)
        emg = self._through_electrodes(muscle, dirt)
        self._evoked.clip(emg)
        self._n_made += n_samples
        return emg, tone

    def _live(
        self, n_steps: int, stimulations: Stimulations, effort_pct_mvc: float
    ) -> tuple[list[float], list[float], list[float]]:
        """Advance the person; return tone, tone as the EMG shows it, and fatigue.

        The first two begin with the value before the first step.
        """
        person, evoked, n_step = self.person, self._evoked, self.n_step
        crosstalk = self.params.effort_crosstalk / PERCENT
        truth, fatigue = [person.tone_pct_mvc], []
        efforts = [person.voluntary_pct_mvc]
        person.hear(stimulations)
        is_pulsed = person.pulses.is_on
        if not is_pulsed:
            evoked.pause()
        for i in range(n_steps):
            truth.append(person.advance(stimulations, effort_pct_mvc))
            fatigue.append(person.motor_units.fatigued)
            efforts.append(person.voluntary_pct_mvc)
            if is_pulsed:
                at = i * n_step
                nerve = Nerve(person.recruitment, person.contact)
                evoked.step(Span(n_step, at, self._n_made + at), person.pulses, nerve)
        if not crosstalk:
            return truth, truth, fatigue
        shown = [
            tone * (1.0 + crosstalk * effort)
            for tone, effort in zip(truth, efforts, strict=True)
        ]
        return truth, shown, fatigue

    def _between(self, ends: list[float]) -> F64:
        """Return one value per sample, straight from step to step."""
        levels = np.array(ends)
        before = levels[:-1, None]
        return np.asarray((before + np.diff(levels)[:, None] * self._ramp).ravel())

    def _background(self, n_samples: int, fatigue: list[float]) -> tuple[F64, F64]:
        """Return noise and dirt; a new block has the spectrum of its first step."""
        noise, dirt = [self._noise], [self._dirt]
        n_ready = len(self._noise)
        while n_ready < n_samples:
            tired = fatigue[n_ready // self.n_step]
            noise.append(self._carrier.block(1.0 - FATIGUE_COMPRESSION * tired))
            dirt.append(self._contaminants.block())
            n_ready += CARRIER_BLOCK
        if len(noise) > 1:
            self._noise, self._dirt = np.concatenate(noise), np.concatenate(dirt)
        now = self._noise[:n_samples], self._dirt[:n_samples]
        self._noise, self._dirt = self._noise[n_samples:], self._dirt[n_samples:]
        return now

    def _shaking(self, n_samples: int) -> F64:
        """Return what a vibrator leaves in the EMG at its rate and twice that."""
        shaking = self.person.shaking
        sample = self._n_made + np.arange(n_samples, dtype=np.float64)
        phase = sample * (2 * np.pi * shaking.frequency_hz / self.fs)
        wave = np.sin(phase) + SHAKE_HARMONIC * np.sin(2.0 * phase)
        return SHAKE_UV_PER_MM * shaking.level * wave[:, None] * self._coupling

    def _through_electrodes(self, muscle_uv: F64, dirt_uv: F64) -> F64:
        if self.params.electrodes.is_ideal:
            muscle_uv += dirt_uv
            return muscle_uv
        return self._electrodes.apply(self._n_made, muscle_uv, dirt_uv)

    def _is_stalled(self, start: int, end: int) -> bool:
        return any(
            start < (stall.at_s + stall.duration_s) * self.fs
            and end > stall.at_s * self.fs
            for stall in self.params.stalls
        )
