"""The simulated subject with electrodes on: stimulation and prompts in, EMG out.

The subject advances in internal steps of about 10 ms. Stimulation and prompt are read
at the start of each step and held for its length, so any cutting of the same inputs
into chunks gives the same samples, bit for bit.
"""

from dataclasses import dataclass, field

import numpy as np

from drivers.subject.artifact import ArtifactParams, Evoked
from drivers.subject.contaminants import ContaminantParams, Contaminants
from drivers.subject.person import Person, PersonParams, Task, effort_of
from drivers.subject.stimulation import SILENCE, Stimulation
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


@dataclass(frozen=True, slots=True)
class SubjectParams:
    """One simulated subject.

    ``sigma_mvc_uv`` is the RMS of the EMG at 100 %MVC (R: 300-1000 µV); the EMG is
    proportional to tone.
    """

    preset: str
    person: PersonParams
    sigma_mvc_uv: float
    carrier: CarrierParams = field(default_factory=CarrierParams)
    artifact: ArtifactParams = field(default_factory=ArtifactParams)
    contaminants: ContaminantParams = field(default_factory=ContaminantParams)


@dataclass(frozen=True, slots=True)
class SubjectChunk:
    """EMG of all channels, (n_samples, n_channels), and the true tone behind it."""

    emg_uv: F64
    tone_pct_mvc: F64


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
            np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)
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
        self._ramp = np.arange(1, self.n_step + 1) / self.n_step
        self._noise = np.zeros((0, n_channels))
        self._dirt = np.zeros((0, n_channels))
        self._ready_emg = np.zeros((0, n_channels))
        self._ready_tone = np.zeros(0)

    def step(
        self,
        n_samples: int,
        stimulation: Stimulation = SILENCE,
        task: Task = Task.RELAX,
    ) -> SubjectChunk:
        """Return the next ``n_samples`` under this stimulation and prompt."""
        emg, tone = [self._ready_emg], [self._ready_tone]
        missing = n_samples - self._ready_tone.size
        while missing > 0:
            step_emg, step_tone = self._advance(stimulation, effort_of(task))
            emg.append(step_emg)
            tone.append(step_tone)
            missing -= self.n_step
        all_emg, all_tone = np.concatenate(emg), np.concatenate(tone)
        self._ready_emg, self._ready_tone = all_emg[n_samples:], all_tone[n_samples:]
        return SubjectChunk(all_emg[:n_samples], all_tone[:n_samples])

    def _advance(
        self, stimulation: Stimulation, effort_pct_mvc: float
    ) -> tuple[F64, F64]:
        before = self.person.tone_pct_mvc
        after = self.person.advance(stimulation, effort_pct_mvc)
        tone = before + (after - before) * self._ramp
        added, scale = self._evoked.advance(
            self.n_step, stimulation, self.person.recruitment
        )
        noise, dirt = self._background()
        rest = self.params.person.tone.rest_pct_mvc
        reach = rest + (tone - rest)[:, None] * self._coupling
        gain = self.params.sigma_mvc_uv / PERCENT
        emg = gain * scale[:, None] * reach * noise + dirt + added
        self._evoked.clip(emg)
        return emg, tone

    def _background(self) -> tuple[F64, F64]:
        if len(self._noise) < self.n_step:
            self._noise = np.concatenate((self._noise, self._carrier.block()))
            self._dirt = np.concatenate((self._dirt, self._contaminants.block()))
        noise, self._noise = np.split(self._noise, [self.n_step])
        dirt, self._dirt = np.split(self._dirt, [self.n_step])
        return noise, dirt
