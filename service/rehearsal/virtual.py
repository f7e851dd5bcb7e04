"""The true engine, output role and recorder in one process, in virtual time.

Each has its own rhythm, as its process has: the engine wakes for every letter and ticks
in between, the output looks at the time every `SCAN_MS`, the recorder every `POLL_MS`.
Nothing takes time here but waiting, so a minute passes in a second or two.
"""

import heapq
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from drivers.clock import ManualClock
from drivers.output_registry import NO_FAULTS, OutputFaults, SimulatedOutput
from drivers.ports import Marker, SourceEvent
from drivers.source_registry import SimulatedSource
from drivers.subject.faults import SignalFault
from drivers.subject.listeners import FEEDBACK_LASTS_S, feedback_of
from drivers.subject.person import task_of
from drivers.subject.stimulation import SILENCE
from drivers.subject.subject import SimulatedSubject, SubjectParams
from dsp.types import Chunk
from service.config.paths import shipped_config
from service.config.programs import load_programs
from service.config.rig import Filtering
from service.core.limits import compiled_limits
from service.core.permits import Gate
from service.core.program import Program
from service.engine.engine import TICK_S, Engine, Item
from service.engine.feed import Feed
from service.faults.seams import FaultyArrivals, FaultyDisk, FaultyOutput
from service.messages import (
    Event,
    Message,
    OpenSession,
    OutputState,
    Permit,
    Record,
    RecorderState,
    Reply,
    Role,
    SessionCommand,
    State,
)
from service.output.role import OutputRole
from service.output.run import SCAN_MS
from service.output.run import is_news as is_output_news
from service.recorder.recorder import Recorder
from service.recorder.run import POLL_MS
from service.recorder.run import is_news as is_recorder_news
from service.rehearsal.fittings import (
    beside_of,
    engine_params,
    line_of,
    muscles_of,
    output_channels,
    person_of,
    speakers_of,
    wirings_of,
)
from service.rehearsal.memory_disk import MemoryDisk
from service.rehearsal.options import PLAIN, RigOptions

#: What an operator in a hurry asks for in a phase; where nothing is actuated, there is
#: nothing to arm.
SCRIPT = {"checking": "calibrate", "ready": "arm", "armed": "start"}
UNARMED_SCRIPT = {"checking": "calibrate", "ready": "start"}

#: An operator who is there shows it this often.
PRESENT_EVERY_S = 0.5

START_NS = 1_000_000_000
SAMPLE_RATE_HZ = 2048.0
NS = 1e-9
NS_PER_S = 1e9
NS_PER_MS = 1_000_000


def demo_program(**timing: float) -> Program:
    """Return the program of the demo, with other timing if it is given."""
    programs = load_programs(shipped_config() / "demo" / "programs")
    program = programs["ems-flutter-demo"]
    return replace(program, timing=replace(program.timing, **timing))


class Slot:
    """The conflating socket between engine and output: the newest permit or none."""

    def __init__(self) -> None:
        self.permit: Permit | None = None

    def newest(self) -> Permit | None:
        """Return what has come since the last call."""
        permit, self.permit = self.permit, None
        return permit


class VirtualRig:
    """A rig whose time passes in `step`, chunk by chunk.

    ``recorded`` gives it a recorder with a journal in memory. ``halted`` names roles
    that do not run at the moment, as after a signal; what reaches them waits.
    """

    #: What an amplifier sends at once, and how fast it samples.
    chunk_samples = 32
    sample_rate_hz = SAMPLE_RATE_HZ
    #: How often the output looks at the time.
    scan_ms = SCAN_MS

    def __init__(
        self,
        preset: str | SubjectParams = "responder",
        seed: int = 1,
        *,
        program: Program | None = None,
        faults: OutputFaults = NO_FAULTS,
        n_channels: int = 1,
        needs_journal: bool = False,
        recorded: bool = False,
        options: RigOptions = PLAIN,
    ) -> None:
        self.clock = ManualClock(START_NS)
        self.program = program or demo_program()
        wirings = wirings_of(self.program, n_channels)
        line = line_of(wirings)
        self._beside = beside_of(self.program)
        person = person_of(preset, seed, self.program, n_channels)
        subject = SimulatedSubject(person, self.sample_rate_hz, n_channels, seed)
        self.person, self.subject = subject.person, subject
        self._speakers = speakers_of(self.program, options, self._beside)
        self.source = SimulatedSource(
            "emg", subject, self.clock, self._beside or line, self.chunk_samples
        )
        self.device = SimulatedOutput(
            "stim", self.clock, output_channels(wirings), line=line, faults=faults
        )
        gate = Gate(wirings, compiled_limits())
        self._slot = Slot()
        self.arrivals = FaultyArrivals(self._slot, self.clock)
        self.output = FaultyOutput(self.device, self.clock)
        self.role = OutputRole(self.output, gate, self.clock)
        self.journal = MemoryDisk()
        self.disk = FaultyDisk(self.journal, self.clock)
        self.recorder = self._make_recorder() if recorded else None
        self.signal_fault: SignalFault | None = None
        self._take_notes()
        self.delivers_permits = True
        self.halted: set[Role] = set()
        self.operator_is_there = options.safety.presence
        self._present_ns = 0
        info, window_s = self.source.open(), self.program.window_s
        self.feed = Feed("emg", info, Filtering(), window_s, options.treatment)
        labels = [channel.label for channel in info.channels]
        self.params = engine_params(
            self.program,
            gate,
            options,
            needs_journal=needs_journal or recorded,
            muscles=muscles_of(self.program, labels),
        )
        self._set_out()
        self.engine = Engine(
            self.params,
            [self.feed],
            self.clock,
            self._permit,
            self._tell,
            options.references,
        )
        self.engine.handle(self._told_output)

    def _take_notes(self) -> None:
        """Begin to remember what leaves the engine."""
        self.permits: list[Permit] = []
        self.events: list[Event] = []
        self.records: list[Record] = []
        self.states: deque[State] = deque(maxlen=100)

    def _set_out(self) -> None:
        """Begin with empty queues and an open device."""
        self._inbox: deque[Item] = deque()
        self._to_record: deque[Record] = deque()
        self._is_handling = False
        self._plans: list[tuple[int, int, Callable[[], None]]] = []
        self._n_plans = 0
        self._told_output = self.role.open()
        self._told_recorder: RecorderState | None = None
        roles = [Role.ENGINE, Role.OUTPUT]
        roles += [Role.RECORDER] if self.recorder is not None else []
        self._due_ns = dict.fromkeys(roles, START_NS)

    def _make_recorder(self) -> Recorder:
        return Recorder(Path("rehearsal"), {}, self.clock, disk=self.disk)

    @property
    def state(self) -> State:
        """The newest state."""
        return self.states[-1]

    @property
    def phase(self) -> str:
        """Phase of the session; empty before there is one."""
        session = self.engine.session
        return session.phase.value if session else ""

    def open(
        self,
        **more: Any,  # noqa: ANN401 - what a session may be opened with
    ) -> str:
        """Open a session; return its name."""
        reply = self.engine.request(OpenSession(program=self.program.name, **more))
        if reply.refused:
            raise ValueError(reply.refused)
        self._drain()
        return reply.session_id

    def ask(
        self,
        verb: str,
        **more: Any,  # noqa: ANN401 - what a command may carry
    ) -> Reply:
        """Ask the engine for something."""
        reply = self.engine.request(SessionCommand(verb=verb, **more))
        self._drain()
        return reply

    def stop(self) -> None:
        """Stop as an operator does: at the output itself."""
        self._tell_output(self.role.stop())

    def plan(self, at_s: float, act: Callable[[], None]) -> None:
        """Let ``act`` happen at a time of the clock."""
        self._n_plans += 1
        heapq.heappush(self._plans, (round(at_s * NS_PER_S), self._n_plans, act))

    def go_on(self, role: Role) -> None:
        """Let a halted role run again: it finds what has been waiting for it."""
        self.halted.discard(role)
        self._drain()

    def step(self) -> None:
        """Let time pass until one chunk has come."""
        self._show_presence(self.clock.now_ns())
        while True:
            next_ns = min(self._due_ns.values())
            if self._plans:
                next_ns = min(next_ns, self._plans[0][0])
            wait_s = max(next_ns - self.clock.now_ns(), 0) * NS
            events = self.source.poll(wait_s)
            if events:
                for event in events:
                    self.hear(event)
                self._let_speak()
                return
            self._act()

    def run(
        self,
        until: Callable[[Self], bool],
        longest_s: float = 400.0,
        *,
        script: Mapping[str, str] = SCRIPT,
    ) -> None:
        """Step, as an operator who follows ``script``, until ``until`` is true."""
        end_s = self.clock.now_s() + longest_s
        while True:
            self.step()
            if until(self):
                return
            if self.clock.now_s() >= end_s:
                msg = f"expected it within {longest_s:g} s; still {self.phase}"
                raise TimeoutError(msg)
            if self.phase in script:
                self.ask(script[self.phase])

    def pass_time(self, duration_s: float) -> None:
        """Step without an operator for so long."""
        end_s = self.clock.now_s() + duration_s
        while self.clock.now_s() < end_s:
            self.step()

    def forget(self) -> None:
        """Drop what was noted so far, except for the journal."""
        for noted in (self.permits, self.events, self.records, self.source.truth):
            noted.clear()

    def hear(self, event: SourceEvent) -> None:
        """Take one event of the source, as the amplifier's fault leaves it."""
        fault = self.signal_fault
        if fault is None or not isinstance(event, Chunk):
            self._deliver(event)
            return
        shift_s = event.t_s - event.t_s[-1]
        for emg_uv, end_s in fault.pushes(event.emg_uv, float(event.t_s[-1])):
            t_s = end_s + shift_s[-len(emg_uv) :]
            self._deliver(Chunk(event.source, emg_uv, t_s, event.arrival_s))

    def _let_speak(self) -> None:
        """Let the person press the button in the hand, and a therapist the muscle."""
        now_s = self.clock.now_s()
        for speaker in self._speakers:
            for text in speaker.press(now_s, self.subject.reports()):
                self._deliver(Marker("markers", now_s, text, now_s))

    def _act(self) -> None:
        now_ns = self.clock.now_ns()
        while self._plans and self._plans[0][0] <= now_ns:
            _, _, act = heapq.heappop(self._plans)
            act()
        if self._due_ns[Role.OUTPUT] <= now_ns:
            self._run_output()
        if self.recorder is not None and self._due_ns[Role.RECORDER] <= now_ns:
            self._run_recorder(self.recorder)
        if self._due_ns[Role.ENGINE] <= now_ns:
            self._due_ns[Role.ENGINE] = now_ns + self._tick_ns()
            if Role.ENGINE not in self.halted:
                self.engine.tick()
                self._drain()

    def _tick_ns(self) -> int:
        """Return how long the engine waits for news before it looks at the time."""
        return round(TICK_S * NS_PER_S)

    def _show_presence(self, now_ns: int) -> None:
        due = now_ns - self._present_ns >= PRESENT_EVERY_S * NS_PER_S
        if self.operator_is_there and due and Role.ENGINE not in self.halted:
            self._present_ns = now_ns
            self.engine.request(SessionCommand(verb="present"))
            self._drain()

    def _run_output(self) -> None:
        self._due_ns[Role.OUTPUT] = self.clock.now_ns() + self.scan_ms * NS_PER_MS
        if Role.OUTPUT in self.halted:
            return
        permit, role = self.arrivals.newest(), self.role
        self._tell_output(role.tick() if permit is None else role.obey(permit))

    def _tell_output(self, state: OutputState) -> None:
        if is_output_news(self._told_output, state):
            self._told_output = state
            self._deliver(state)

    def _run_recorder(self, recorder: Recorder) -> None:
        self._due_ns[Role.RECORDER] = self.clock.now_ns() + POLL_MS * NS_PER_MS
        if Role.RECORDER in self.halted:
            return
        while self._to_record:
            recorder.take(self._to_record.popleft())
        recorder.tick()
        state = recorder.state()
        if is_recorder_news(self._told_recorder, state):
            self._told_recorder = state
            self._deliver(state)

    def _deliver(self, letter: Item) -> None:
        self._inbox.append(letter)
        self._drain()

    def _drain(self) -> None:
        # What the engine causes while it works on a letter waits for its turn.
        while self._inbox and not self._is_handling and Role.ENGINE not in self.halted:
            self._is_handling = True
            self.engine.handle(self._inbox.popleft())
            self.engine.tick()
            self._is_handling = False
            if not self._inbox:
                self._due_ns[Role.ENGINE] = self.clock.now_ns() + self._tick_ns()

    def _permit(self, permit: Permit) -> None:
        self.permits.append(permit)
        if self.delivers_permits:
            self._slot.permit = permit
            self._run_output()

    def _tell(self, message: Message) -> None:
        if isinstance(message, State):
            self.states.append(message)
        elif isinstance(message, Record):
            self.records.append(message)
            if self.recorder is not None:
                self._to_record.append(message)
        elif isinstance(message, Event):
            self.events.append(message)
            self._show(message)

    def _show(self, event: Event) -> None:
        """Let the person and the therapist act on what they are told."""
        if event.kind == "prompt":
            task = str(event.detail["task"])
            self.source.prompt(task_of(task))
            for speaker in self._speakers:
                speaker.asked(task)
        elif event.kind == "insertion":
            self.source.insert_needle()
        elif event.kind == "feedback" and self._beside is not None:
            shown = feedback_of(event.detail) or SILENCE
            self._beside.put(shown, event.t_s + FEEDBACK_LASTS_S)
