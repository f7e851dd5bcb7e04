"""The simulated subject as an LSL stream, at the pace of a real amplifier."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

import numpy as np

from drivers.errors import DriverConfigError
from drivers.ports import Clock
from drivers.subject.button import Button
from drivers.subject.cohorts import draw_subject
from drivers.subject.faults import SignalFault
from drivers.subject.hands import Speaker, Therapist
from drivers.subject.listeners import (
    MARKERS_TYPE,
    PromptListener,
    StimulationListener,
)
from drivers.subject.muscles import with_muscles
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import UNITS, Modality, StimulationLine
from drivers.subject.subject import (
    SimulatedSubject,
    SubjectChunk,
    SubjectParams,
    channel_labels,
)
from dsp.types import F64

MANUFACTURER = "unclench simulated subject"
OUTLET_BUFFER_S = 60
#: A process that was stopped for longer goes on with a gap, as an amplifier would
#: whose buffer has overflowed.
MAX_BACKLOG_S = 1.0


@dataclass(frozen=True, slots=True)
class OutletParams:
    """Who is simulated, and the streams of this subject by name.

    A ``cohort`` takes the place of the preset. With ``n_muscles`` the subject gets
    companions of its muscle (`with_muscles`), which becomes number ``tensest``.
    Stimulation comes from output ``output_index`` of its stream and those after it, but
    pulses from one per muscle only; ``modality`` is what they actuate where the stream
    does not say so. Without a ``truth_name`` the true tone is not published, without a
    ``button_name`` the person says nothing. With ``hands_nrs`` a therapist presses by
    prompts until the discomfort is so much.
    """

    preset: str
    seed: int
    sample_rate_hz: float = 2048.0
    n_channels: int = 8
    chunk_samples: int = 32
    stream_name: str = "unclench-subject"
    stimulation_name: str = "unclench-stimulation"
    markers_name: str = "unclench-markers"
    output_index: int = 0
    truth_name: str = ""
    cohort: str = ""
    modality: Modality = Modality.EMS
    n_muscles: int = 1
    tensest: int = 0
    button_name: str = ""
    hands_nrs: float = 0.0

    @property
    def subject(self) -> SubjectParams:
        """The person."""
        if self.cohort:
            params = draw_subject(self.cohort, self.seed)
        else:
            params = subject_params(self.preset, self.seed)
        return with_muscles(params, self.n_muscles, self.seed, tensest=self.tensest)

    def __post_init__(self) -> None:
        """Refuse what no amplifier does."""
        for name in ("sample_rate_hz", "n_channels", "chunk_samples"):
            value = getattr(self, name)
            if not value > 0:
                msg = f"simulated subject: expected {name} > 0, got {value}"
                raise DriverConfigError(msg)


class _Outlet(Protocol):
    def push_chunk(self, x: F64, timestamp: float) -> None: ...


class _Marks(Protocol):
    def push_sample(self, x: list[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class _StreamSpec:
    name: str
    type: str
    rate_hz: float
    source_id: str
    channels: tuple[tuple[str, str], ...]


def _make_outlet(lsl: ModuleType, spec: _StreamSpec) -> _Outlet:
    info = lsl.StreamInfo(
        spec.name,
        spec.type,
        len(spec.channels),
        spec.rate_hz,
        lsl.cf_float32,
        spec.source_id,
    )
    info.desc().append_child_value("manufacturer", MANUFACTURER)
    described = info.desc().append_child("channels")
    for label, unit in spec.channels:
        channel = described.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", unit)
        channel.append_child_value("type", spec.type)
    outlet: _Outlet = lsl.StreamOutlet(info, max_buffered=OUTLET_BUFFER_S)
    return outlet


class SubjectOutlet:
    """Publishes one subject, chunk by chunk, without ever drifting from the clock.

    Sample i is stamped ``start + i/rate``, on the LSL clock; a chunk goes out when its
    last sample has passed.
    """

    def __init__(self, params: OutletParams, lsl: ModuleType, clock: Clock) -> None:
        self._params = params
        self._lsl = lsl
        self._clock = clock
        self._subject = SimulatedSubject(
            params.subject,
            params.sample_rate_hz,
            params.n_channels,
            params.seed,
        )
        self._stimulation = StimulationListener(
            lsl,
            params.stimulation_name,
            params.output_index,
            params.modality,
            params.n_muscles,
        )
        self._prompts = PromptListener(lsl, params.markers_name)
        self._word = ""
        self._fault: SignalFault | None = None
        self._emg = self._make_emg()
        self._truth = self._make_truth() if params.truth_name else None
        self._line = StimulationLine(Modality.PRESSURE)
        self._speakers: list[Speaker] = [Button()]
        if params.hands_nrs > 0.0:
            self._speakers.append(Therapist(self._line, params.hands_nrs))
        self._marks = self._make_marks() if params.button_name else None

    def run(self, is_stopped: Callable[[], bool]) -> None:
        """Publish until ``is_stopped`` says so."""
        chunk_s = self._params.chunk_samples / self._params.sample_rate_hz
        lsl_offset_s = self._lsl.local_clock() - self._clock.now_s()
        start_s = self._clock.now_s()
        n_sent = 0
        while not is_stopped():
            due_s = start_s + (n_sent + 1) * chunk_s
            wait_s = due_s - self._clock.now_s()
            if wait_s > 0.0:
                self._clock.sleep(wait_s)
            elif -wait_s > MAX_BACKLOG_S:
                n_sent += int(-wait_s / chunk_s)
                continue
            n_sent += 1
            self._publish(due_s + lsl_offset_s)

    def inject(self, kind: str, argument: float) -> None:
        """Let the amplifier misbehave from now on; raise if it cannot so."""
        self._fault = SignalFault(kind, argument, self._lsl.local_clock())

    def _publish(self, end_s: float) -> None:
        now_s = self._lsl.local_clock()
        stimulations = self._stimulation.at(now_s)
        n_known = self._prompts.n_insertions
        task = self._prompts.task()
        for _ in range(self._prompts.n_insertions - n_known):
            self._subject.insert_needle()
        screen = self._prompts.screen(now_s)
        if screen is not None:
            stimulations = (*stimulations, screen)
        stimulations = (*stimulations, *self._line.sites_at(now_s))
        if self._prompts.word != self._word:
            self._word = self._prompts.word
            for speaker in self._speakers:
                speaker.asked(self._word)
        chunk = self._subject.step(self._params.chunk_samples, stimulations, task)
        # The end of the chunk is when the sample after its last one will be taken.
        last_s = end_s - 1.0 / self._params.sample_rate_hz
        fault = self._fault
        pushes = (
            fault.pushes(chunk.emg_uv, last_s) if fault else [(chunk.emg_uv, last_s)]
        )
        for emg_uv, newest_s in [] if chunk.is_stalled else pushes:
            self._emg.push_chunk(emg_uv, newest_s)
        self._let_speak(now_s)
        if self._truth is not None:
            truth = _truth_sample(chunk, max(one.level for one in stimulations))
            self._truth.push_chunk(truth, last_s)

    def _let_speak(self, now_s: float) -> None:
        """Let everybody say and do what the person's reports lead to."""
        reports = self._subject.reports()
        for speaker in self._speakers:
            for mark in speaker.press(now_s, reports):
                if self._marks is not None:
                    self._marks.push_sample([mark])

    def _make_emg(self) -> _Outlet:
        params = self._params
        channels = tuple((label, "microvolts") for label in self._subject.labels)
        source_id = f"{params.stream_name}-{self._subject.params.preset}-{params.seed}"
        return _make_outlet(
            self._lsl,
            _StreamSpec(
                params.stream_name, "EMG", params.sample_rate_hz, source_id, channels
            ),
        )

    def _make_marks(self) -> _Marks:
        lsl, name = self._lsl, self._params.button_name
        source_id = f"{name}-{self._subject.params.preset}-{self._params.seed}"
        info = lsl.StreamInfo(name, MARKERS_TYPE, 1, 0.0, lsl.cf_string, source_id)
        outlet: _Marks = lsl.StreamOutlet(info)
        return outlet

    def _make_truth(self) -> _Outlet:
        params = self._params
        rate_hz = params.sample_rate_hz / params.chunk_samples
        source_id = f"{params.truth_name}-{self._subject.params.preset}-{params.seed}"
        companions = channel_labels(params.n_muscles)[1:]
        channels = (
            ("tone", "percent_mvc"),
            ("amplitude", UNITS[params.modality]),
            *((f"tone_{label}", "percent_mvc") for label in companions),
        )
        return _make_outlet(
            self._lsl,
            _StreamSpec(params.truth_name, "Truth", rate_hz, source_id, channels),
        )


def _truth_sample(chunk: SubjectChunk, level: float) -> F64:
    first, *others = chunk.tones_pct_mvc[-1].tolist()
    return np.array([[first, level, *others]])
