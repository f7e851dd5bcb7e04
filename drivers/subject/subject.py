"""The simulated subject with electrodes on: stimulation and prompts in, EMG out.

The subject advances in internal steps of about 10 ms. Stimulation and prompt are read
at the start of each step and held for its length, so any cutting of the same inputs
into chunks gives the same samples, bit for bit. Steps are computed one by one, the EMG
of a whole chunk at once.
"""

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from drivers.errors import DriverConfigError
from drivers.subject.artifact import ArtifactParams, Evoked
from drivers.subject.contaminants import ContaminantParams, Contaminants
from drivers.subject.electrodes import ElectrodeParams, Electrodes
from drivers.subject.mixing import SYNERGIST_COUPLING, Crosstalk, spread_of_pulses
from drivers.subject.muscle import (
    COACTIVATION_STEPS,
    PERCENT,
    Companion,
    Muscle,
    coactivate,
)
from drivers.subject.outcomes import Report
from drivers.subject.person import Person, PersonParams, Task, effort_of
from drivers.subject.routing import Routes, route
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
#: R: the median frequency has fallen by 30 % when no unit is left.
FATIGUE_COMPRESSION = 0.3


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
    shows than its tone, because neighbours join in. ``companions`` are further muscles
    with a tone of their own; muscle k is under channel k.
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
    companions: tuple[Companion, ...] = ()


class SubjectChunk(NamedTuple):
    """EMG of all channels, (n_samples, n_channels), and the true tones behind it.

    ``tones_pct_mvc`` has a column per muscle. A chunk that ``is_stalled`` never leaves
    the amplifier.
    """

    emg_uv: F64
    tones_pct_mvc: F64
    is_stalled: bool = False

    @property
    def tone_pct_mvc(self) -> F64:
        """Tone of the first muscle, (n_samples,)."""
        return np.asarray(self.tones_pct_mvc[:, 0])


def channel_labels(n_channels: int) -> tuple[str, ...]:
    """Return ``n_channels`` labels; the first is the treated muscle."""
    extra = (f"emg_{i + 1}" for i in range(len(CHANNEL_LABELS), n_channels))
    return (*CHANNEL_LABELS, *extra)[:n_channels]


class SimulatedSubject:
    """A person with electrodes; the same seed and inputs give the same EMG.

    The first channel is the treated muscle, and those after it its companions, if there
    are any. The others are synergists that follow the first more weakly; at rest all of
    them are relaxed.
    """

    def __init__(
        self, params: SubjectParams, fs: float, n_channels: int = 8, seed: int = 0
    ) -> None:
        root = np.random.SeedSequence(seed)
        streams = [np.random.default_rng(s) for s in root.spawn(6)]
        coupling = streams[4].uniform(*SYNERGIST_COUPLING, n_channels)
        coupling[0] = 1.0
        n_muscles = 1 + len(params.companions)
        self.params = params
        self.fs = fs
        self.labels = channel_labels(n_channels)
        self.n_step = max(1, round(TONE_STEP_S * fs))
        self._couplings = coupling[np.newaxis]
        self._crosstalk: Crosstalk | None = None
        spread, carrier = coupling[None, :], params.carrier
        if params.companions:
            rng = np.random.default_rng(root.spawn(1)[0])
            self._crosstalk = Crosstalk(n_muscles, n_channels, rng)
            spread = spread_of_pulses(n_muscles, n_channels, rng)
            # Muscles of their own share no sources: what they share is cross-talk.
            carrier = replace(carrier, correlation=0.0)
        self._muscles = self._grow(spread, (streams[0], streams[3]), root)
        self.persons = tuple(muscle.person for muscle in self._muscles)
        self._felt: Stimulations = SILENCE
        self._routes: Routes = route(SILENCE, n_muscles)
        self._carrier = Carrier(carrier, fs, max(n_muscles, n_channels), streams[1])
        self._contaminants = Contaminants(
            params.contaminants, fs, n_channels, CARRIER_BLOCK, streams[2]
        )
        self._electrodes = Electrodes(
            params.electrodes, fs, n_channels, params.contaminants.mains_hz, streams[5]
        )
        self._ramp = np.arange(1, self.n_step + 1) / self.n_step
        self._n_made = 0
        self._n_inserted = 0
        self._noise = np.zeros((0, max(n_muscles, n_channels)))
        self._dirt = np.zeros((0, n_channels))
        self._ready_emg = np.zeros((0, n_channels))
        self._ready_tones = np.zeros((0, n_muscles))

    def _grow(
        self,
        spread: F64,
        first: tuple[np.random.Generator, np.random.Generator],
        root: np.random.SeedSequence,
    ) -> tuple[Muscle, ...]:
        """Return the muscles; the companions draw from streams of their own."""
        params = self.params
        fresh = [
            np.random.default_rng(s) for s in root.spawn(2 * len(params.companions))
        ]
        streams = [first, *zip(fresh[::2], fresh[1::2], strict=True)]
        own = Companion(params.person, params.sigma_mvc_uv)
        return tuple(
            Muscle(
                Person(muscle.person, lived, self.n_step / self.fs),
                Evoked(params.artifact, self.fs, coupling, evoked),
                muscle.sigma_mvc_uv,
                coupling,
                self.n_step,
            )
            for muscle, coupling, (lived, evoked) in zip(
                (own, *params.companions), spread, streams, strict=True
            )
        )

    @property
    def person(self) -> Person:
        """The first muscle, the only one unless there are companions."""
        return self.persons[0]

    def reports(self) -> tuple[Report, ...]:
        """Return what the person says about each muscle now, if an operator asks."""
        return tuple(person.report() for person in self.persons)

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
        n_ready = len(self._ready_tones)
        start = self._n_made - n_ready
        n_steps = math.ceil((n_samples - n_ready) / self.n_step)
        emg, tones = self._ready_emg, self._ready_tones
        if n_steps > 0:
            new_emg, new_tones = self._make(n_steps, stimulations, task)
            emg = np.concatenate((emg, new_emg)) if n_ready else new_emg
            tones = np.concatenate((tones, new_tones)) if n_ready else new_tones
        self._ready_emg, self._ready_tones = emg[n_samples:], tones[n_samples:]
        stalled = self._is_stalled(start, start + n_samples)
        return SubjectChunk(emg[:n_samples], tones[:n_samples], stalled)

    def _make(
        self, n_steps: int, stimulations: Stimulations, task: Task
    ) -> tuple[F64, F64]:
        n_samples = n_steps * self.n_step
        self._live(n_steps, stimulations, task)
        tones = self._between([muscle.tones for muscle in self._muscles])
        noise, dirt = self._background(n_samples, self._muscles[0].fatigue)
        evoked = [muscle.evoked.end(n_samples) for muscle in self._muscles]
        scales = [None if one is None else one[1] for one in evoked]
        if self._crosstalk is None:
            muscle_uv = self._first_alone(self._apparent(tones), noise, scales[0])
        else:
            sources_uv = self._each_source(self._apparent(tones), noise, scales)
            muscle_uv = self._crosstalk.mix(sources_uv)
        for one in evoked:
            if one is not None:
                muscle_uv += one[0]
        self._shake(muscle_uv)
        emg = self._through_electrodes(muscle_uv, dirt)
        self._muscles[0].evoked.clip(emg)
        self._n_made += n_samples
        return emg, tones

    def _live(self, n_steps: int, stimulations: Stimulations, task: Task) -> None:
        """Advance all muscles, each alone until they tell their neighbours."""
        muscles, made = self._muscles, self._n_made
        effort = effort_of(task)
        routes = self._route(stimulations)
        for muscle, felt in zip(muscles, routes, strict=True):
            muscle.begin(n_steps * self.n_step, felt)
            muscle.person.ask(task)
        if len(muscles) == 1:
            muscles[0].advance(range(n_steps), made, stimulations, effort)
            return
        done, step = 0, made // self.n_step
        while done < n_steps:
            if (step + done) % COACTIVATION_STEPS == 0:
                coactivate(muscles)
            left = COACTIVATION_STEPS - (step + done) % COACTIVATION_STEPS
            part = range(done, min(n_steps, done + left))
            for muscle, felt in zip(muscles, routes, strict=True):
                muscle.advance(part, made, felt, effort)
            done = part.stop

    def _route(self, stimulations: Stimulations) -> tuple[Stimulations, ...]:
        if len(self._muscles) == 1:
            return (stimulations,)
        if stimulations != self._felt:
            self._felt = stimulations
            self._routes = route(stimulations, len(self._muscles))
        return self._routes

    def _first_alone(self, apparent: F64, noise: F64, scale: F64 | None) -> F64:
        """Return the EMG of one muscle, and of the synergists that follow it."""
        first = self._muscles[0]
        rest, n_samples = first.rest_pct_mvc, len(apparent)
        # Whole arrays: numpy works row by row through one that has to be stretched.
        if len(self._couplings) < n_samples:
            self._couplings = np.tile(self._couplings[0], (n_samples, 1))
        n_channels = self._couplings.shape[1]
        muscle_uv: F64 = np.repeat(apparent[:, :1] - rest, n_channels, axis=1)
        muscle_uv *= self._couplings[:n_samples]
        muscle_uv += rest
        muscle_uv *= noise
        muscle_uv *= first.sigma_mvc_uv / PERCENT
        if scale is not None:
            muscle_uv *= np.repeat(scale[:, None], n_channels, axis=1)
        return muscle_uv

    def _each_source(self, apparent: F64, noise: F64, scales: list[F64 | None]) -> F64:
        """Return the EMG of every muscle, and of the first one's synergists."""
        n_muscles = len(self._muscles)
        sources_uv = np.empty_like(noise)
        if noise.shape[1] > n_muscles:
            follow = self._first_alone(apparent, noise, scales[0])
            sources_uv[:, n_muscles:] = follow[:, n_muscles:]
        own = sources_uv[:, :n_muscles]
        np.multiply(apparent, noise[:, :n_muscles], out=own)
        own *= [muscle.sigma_mvc_uv / PERCENT for muscle in self._muscles]
        for k, scale in enumerate(scales):
            if scale is not None:
                own[:, k] *= scale
        return sources_uv

    def _apparent(self, tones: F64) -> F64:
        """Return the tones as the EMG shows them, per sample."""
        crosstalk = self.params.effort_crosstalk
        if not crosstalk:
            return tones
        return self._between([muscle.shown(crosstalk) for muscle in self._muscles])

    def _between(self, ends: list[list[float]]) -> F64:
        """Return a column per muscle, straight from step to step."""
        levels = np.array(ends)
        before = levels[:, :-1, None]
        straight = (levels[:, 1:, None] - before) * self._ramp
        straight += before
        return np.ascontiguousarray(straight.reshape(len(ends), -1).T)

    def _background(self, n_samples: int, fatigue: list[float]) -> tuple[F64, F64]:
        """Return noise and dirt; a new block has the spectrum of its first step."""
        if len(self._noise) < n_samples:
            self._renew_background(n_samples, fatigue)
        now = self._noise[:n_samples], self._dirt[:n_samples]
        self._noise, self._dirt = self._noise[n_samples:], self._dirt[n_samples:]
        return now

    def _renew_background(self, n_samples: int, fatigue: list[float]) -> None:
        noise, dirt = [self._noise], [self._dirt]
        n_ready = len(self._noise)
        while n_ready < n_samples:
            tired = fatigue[n_ready // self.n_step]
            noise.append(self._carrier.block(1.0 - FATIGUE_COMPRESSION * tired))
            dirt.append(self._contaminants.block())
            n_ready += CARRIER_BLOCK
        self._noise, self._dirt = np.concatenate(noise), np.concatenate(dirt)

    def _shake(self, muscle_uv: F64) -> None:
        """Add what vibrators leave in the EMG."""
        for muscle in self._muscles:
            if muscle.person.shaking.is_on:
                n_samples = len(muscle_uv)
                sample = self._n_made + np.arange(n_samples, dtype=np.float64)
                muscle_uv += muscle.shaking_uv(sample, self.fs)

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
