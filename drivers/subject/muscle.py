"""One muscle under its electrodes: what it does, and what pulses leave of it."""

from dataclasses import dataclass, field

import numpy as np

from drivers.subject.artifact import Evoked, Nerve, Span
from drivers.subject.person import Person, PersonParams
from drivers.subject.stimulation import Stimulations
from dsp.types import F64

PERCENT = 100.0
#: A: assumption; of the excitation by pain, force or fright, the muscle on either side
#: gets so much.
COACTIVATION = 0.05
COACTIVATION_STEPS = 10  # A: assumption; it gets there within about 0.1 s
#: A: assumption; a vibrator shakes the electrodes at its rate and twice that.
SHAKE_UV_PER_MM = 30.0
SHAKE_HARMONIC = 0.3


@dataclass(frozen=True, slots=True)
class Companion:
    """One more muscle of the same subject, with a tone and an answer of its own.

    ``sigma_mvc_uv`` is the RMS of its EMG at 100 %MVC under its own channel.
    """

    person: PersonParams
    sigma_mvc_uv: float


@dataclass(slots=True)
class Muscle:
    """A muscle with its state, and what happened to it in the chunk that is made.

    ``tones`` and ``efforts`` begin with the value before the first step, ``fatigue``
    with that after it. ``coupling`` is how strongly each channel sees its pulses.
    """

    person: Person
    evoked: Evoked
    sigma_mvc_uv: float
    coupling: F64
    n_step: int
    tones: list[float] = field(default_factory=list)
    efforts: list[float] = field(default_factory=list)
    fatigue: list[float] = field(default_factory=list)

    @property
    def rest_pct_mvc(self) -> float:
        """Tone of the muscle at rest."""
        return self.person.params.tone.rest_pct_mvc

    def begin(self, n_samples: int, stimulations: Stimulations) -> None:
        """Make room for the next chunk, and feel what comes in it."""
        self.evoked.begin(n_samples)
        self.person.hear(stimulations)
        if not self.person.pulses.is_on:
            self.evoked.pause()
        self.tones = [self.person.tone_pct_mvc]
        self.efforts = [self.person.voluntary_pct_mvc]
        self.fatigue = []

    def advance(
        self, steps: range, n_made: int, stimulations: Stimulations, effort: float
    ) -> None:
        """Advance by these steps of a chunk that begins at sample ``n_made``."""
        person, evoked, n_step = self.person, self.evoked, self.n_step
        tones, efforts, fatigue = self.tones, self.efforts, self.fatigue
        units, pulses = person.motor_units, person.pulses
        is_pulsed, advance = pulses.is_on, person.advance
        for i in steps:
            tones.append(advance(stimulations, effort))
            fatigue.append(units.fatigued)
            efforts.append(person.voluntary_pct_mvc)
            if is_pulsed and (offsets := evoked.due(n_step, pulses)):
                at = i * n_step
                nerve = Nerve(person.recruitment, person.contact)
                evoked.step(offsets, Span(at, n_made + at), pulses, nerve)

    def shown(self, effort_crosstalk: float) -> list[float]:
        """Return the tone as the EMG shows it: more in an effort that others join."""
        return [
            tone * (1.0 + effort_crosstalk / PERCENT * effort)
            for tone, effort in zip(self.tones, self.efforts, strict=True)
        ]

    def shaking_uv(self, sample: F64, fs: float) -> F64:
        """Return what a vibrator adds to the channels at these samples."""
        shaking = self.person.shaking
        phase = sample * (2 * np.pi * shaking.frequency_hz / fs)
        wave = np.sin(phase) + SHAKE_HARMONIC * np.sin(2.0 * phase)
        return np.asarray(
            SHAKE_UV_PER_MM * shaking.level * wave[:, None] * self.coupling
        )


def coactivate(muscles: tuple[Muscle, ...]) -> None:
    """Let what excites a muscle now spill over into those beside it."""
    own = [muscle.person.excitation for muscle in muscles]
    around = [0.0, *own, 0.0]
    for k, muscle in enumerate(muscles):
        beside = around[k] + around[k + 2]
        muscle.person.spilled_pct_mvc_s = COACTIVATION * beside
