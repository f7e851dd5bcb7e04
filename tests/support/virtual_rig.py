"""The true engine and the true output role in one process, in virtual time."""

from collections import deque
from dataclasses import replace
from pathlib import Path

from drivers.clock import ManualClock
from drivers.outputs.simulated import NO_FAULTS, OutputFaults, SimulatedOutput
from drivers.sources.simulated import SimulatedSource
from drivers.subject.person import Task
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import StimulationLine
from drivers.subject.subject import SimulatedSubject
from service.config.programs import load_programs
from service.config.rig import Filtering
from service.config.treatment import DisturbanceConfig
from service.core.arming import Safety
from service.core.limits import compiled_limits
from service.core.permits import Gate, Wiring
from service.core.program import Program
from service.engine.engine import Engine
from service.engine.feed import Feed
from service.engine.opening import EngineParams
from service.engine.references import ReferenceDesk
from service.messages import (
    Event,
    Message,
    OpenSession,
    Permit,
    Record,
    SessionCommand,
    State,
)
from service.output.role import OutputRole
from service.subjects import SubjectStore

ROOT = Path(__file__).parents[2]
SCRIPT = {"checking": "calibrate", "ready": "arm", "armed": "start"}
START_NS = 1_000_000_000
NOTHING_DEMANDED = Safety()


def demo_program(**timing: float) -> Program:
    """Return the program of the demo."""
    program = load_programs(ROOT / "config/demo/programs")["ems-flutter-demo"]
    return replace(program, timing=replace(program.timing, **timing))


class VirtualRig:
    """Chunk by chunk: source, engine, permit, output role, readback."""

    def __init__(
        self,
        preset: str = "responder",
        seed: int = 1,
        *,
        program: Program | None = None,
        faults: OutputFaults = NO_FAULTS,
        n_channels: int = 1,
        needs_journal: bool = False,
        treatment: DisturbanceConfig | None = None,
        references: ReferenceDesk | None = None,
        safety: Safety = NOTHING_DEMANDED,
        subjects: SubjectStore | None = None,
    ) -> None:
        self.clock = ManualClock(START_NS)
        line = StimulationLine()
        subject = SimulatedSubject(
            subject_params(preset, seed), 2048.0, n_channels, seed
        )
        self.source = SimulatedSource("emg", subject, self.clock, line)
        self.device = SimulatedOutput("stim", self.clock, line=line, faults=faults)
        gate = Gate((Wiring(30.0, 0.5, 25.0),), compiled_limits())
        self.role = OutputRole(self.device, gate, self.clock)
        self.permits: list[Permit] = []
        self.events: list[Event] = []
        self.records: list[Record] = []
        self.states: deque[State] = deque(maxlen=100)
        self.program = program or demo_program()
        info, window_s = self.source.open(), self.program.window_s
        self.feed = Feed("emg", info, Filtering(), window_s, treatment)
        self.params = EngineParams(
            "virtual",
            "emg",
            "",
            {self.program.name: self.program},
            gate,
            output_channel=0,
            needs_journal=needs_journal,
            safety=safety,
            subjects=subjects,
            staged=subjects is not None,
        )
        self.engine = Engine(
            self.params, [self.feed], self.clock, self._permit, self._tell, references
        )
        self.delivers_permits = True
        self.engine.handle(self.role.open())

    @property
    def state(self) -> State:
        return self.states[-1]

    @property
    def phase(self) -> str:
        return self.state.session.phase if self.state.session else ""

    def open(self, **request) -> str:
        reply = self.engine.request(OpenSession(program=self.program.name, **request))
        assert not reply.refused, reply
        return reply.session_id

    def ask(self, verb: str, **more):
        return self.engine.request(SessionCommand(verb=verb, **more))

    def step(self) -> None:
        """Let one chunk pass."""
        for event in self.source.poll(0.1):
            self.engine.handle(event)
            self.engine.tick()
        self.engine.handle(self.role.tick())

    def run(self, until, longest_s: float = 400.0, *, script=SCRIPT) -> None:
        """Step, as an operator who follows ``script``, until ``until`` is true."""
        end_s = self.clock.now_s() + longest_s
        while True:
            self.step()
            if until(self):
                return
            assert self.clock.now_s() < end_s, f"still {self.phase}"
            if self.phase in script:
                self.ask(script[self.phase])

    def _permit(self, permit: Permit) -> None:
        self.permits.append(permit)
        if self.delivers_permits:
            self.role.obey(permit)

    def _tell(self, message: Message) -> None:
        if isinstance(message, State):
            self.states.append(message)
        elif isinstance(message, Record):
            self.records.append(message)
        elif isinstance(message, Event):
            self.events.append(message)
            if message.kind == "prompt":
                self.source.prompt(Task(str(message.detail["task"])))
