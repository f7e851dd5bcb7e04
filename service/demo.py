"""The demo: a simulated subject over real LSL, the whole service, one session."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drivers.clock import SystemClock
from drivers.liblsl import CONFIG_VARIABLE, LOOPBACK_CONFIG, is_configured
from drivers.subject.preset_names import PRESET_NAMES
from service.bus import receive, send
from service.core.arming import CHECKLIST, HOLD_TO_ARM_S
from service.core.limits import COMPILED, Quantity
from service.core.program import Program
from service.demo_programs import DEFAULT_PROGRAM, demo_program
from service.demo_rig import demo_rig, subject_arguments
from service.errors import ConfigError, ExitCode, ServiceError
from service.faults.injector import Injector
from service.faults.kinds import FLOOD, FLOOD_KINDS, SUBJECT, PlannedFault
from service.messages import Event, OpenSession, Reply, SessionCommand, State
from service.rehearsal.insertions import next_verb
from service.role import Snapshot
from service.states import SessionState
from service.supervisor import Extra, Supervisor

#: What the operator of the demo does in a phase.
SCRIPT = {"checking": "calibrate", "ready": "press", "armed": "start"}

#: The same where nothing is actuated.
UNARMED_SCRIPT = {"checking": "calibrate", "ready": "start"}

#: The operator's name in the journal.
OPERATOR = "the operator of the demo"

#: A request is made again after this long: refused ones, and signs of life.
RETRY_S = 0.5

#: Calibration, weaning and reassessment take less than this. A.
PATIENCE_S = 180.0

#: The largest port that TCP knows.
MAX_PORT = 65_535

#: The demo's operator waits until the signal has been good for so long.
CHECK_S = 2.1

#: Events that the demo tells as they are.
TOLD = frozenset(
    {
        "strike",
        "relapse",
        "source_lost",
        "source_restored",
        "insertion",
        "twitch",
        "trial_ended",
    }
)

ENDED = frozenset({"done", "fault"})


@dataclass(frozen=True, slots=True)
class DemoParams:
    """What the user of the demo may choose; ``seconds`` bounds the treatment."""

    seconds: float
    seed: int
    subject: str
    port: int
    data: Path = Path("data")
    faults: tuple[PlannedFault, ...] = ()
    program: str = DEFAULT_PROGRAM

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        longest = COMPILED[Quantity.TREATMENT_S].absolute
        if not 0 < self.seconds <= longest:
            msg = (
                f"--seconds: expected above 0, at most {longest:g}, got {self.seconds}"
            )
            raise ConfigError(msg)
        if self.seed < 0:
            msg = f"--seed: expected 0 or more, got {self.seed}"
            raise ConfigError(msg)
        if not 0 < self.port <= MAX_PORT:
            msg = f"--port: expected 1 to {MAX_PORT}, got {self.port}"
            raise ConfigError(msg)
        if self.subject not in PRESET_NAMES:
            known = ", ".join(PRESET_NAMES)
            msg = f"--subject: expected one of {known}, got {self.subject!r}"
            raise ConfigError(msg)


def demo_supervisor(params: DemoParams) -> Supervisor:
    """Return the supervisor of a demo, with its subject, not yet started."""
    program = demo_program(params.program, params.seconds)
    rig = demo_rig(program, params.port, params.data)
    subject = Extra(
        SUBJECT, subject_arguments(rig, program, params.subject, params.seed)
    )
    snapshot = Snapshot(rig, {program.name: program}, rehearsal=True)
    supervisor = Supervisor(snapshot, (subject, *_flood(params)))
    if not is_configured():
        # A demo has no business on the lab's network.
        supervisor.environment = {CONFIG_VARIABLE: str(_loopback(supervisor.folder))}
    return supervisor


def demo_program_of(supervisor: Supervisor) -> Program:
    """Return the one program that a demo runs."""
    (program,) = supervisor.snapshot.programs.values()
    return program


def _flood(params: DemoParams) -> tuple[Extra, ...]:
    """Return who floods the API, if that was planned."""
    if not any(fault.kind in FLOOD_KINDS for fault in params.faults):
        return ()
    arguments = ("-m", "service.faults.flood", "--port", str(params.port))
    return (Extra(FLOOD, arguments),)


def _loopback(folder: Path) -> Path:
    path = folder / "lsl_api.cfg"
    path.write_text(LOOPBACK_CONFIG, encoding="utf-8")
    return path


class SessionStuckError(ServiceError):
    """A session that should have ended by now has not."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A calibration that was measured before."""

    noise_uv: float
    mvc_uv: float


class Operator:
    """Plays one session from a short calibration to the reassessment."""

    def __init__(
        self,
        supervisor: Supervisor,
        program: str,
        say: Callable[[str], None],
        stored: Stored | None = None,
    ) -> None:
        self._live = supervisor.bus.subscriber(supervisor.endpoints.live)
        self._commands = supervisor.bus.client(supervisor.endpoints.commands)
        self._program = program
        self._say = say
        self._asked = ""
        self._asked_s = 0.0
        self._awaits_reply = False
        self._opened = False
        self._token = ""
        self._good_since_s = 0.0
        self._is_gone = False
        self._stored = stored
        #: What is asked for in a phase; whoever rehearses may want to stay in one.
        plan = supervisor.snapshot.programs[program]
        self.script = dict(SCRIPT if plan.actuates else UNARMED_SCRIPT)
        extra = (key for key, _ in plan.contraindications)
        self._confirmed = (*CHECKLIST, *extra)
        self.events: list[Event] = []
        self.refusal = ""
        self.state: State | None = None

    @property
    def has_ended(self) -> bool:
        """Whether the session is over."""
        session = self.state.session if self.state else None
        return session is not None and session.phase in ENDED

    def stuck(self) -> str:
        """Say where a session stands that does not end."""
        session = self.state.session if self.state else None
        phase = session.phase if session else "not open"
        why = f": {self.refusal}" if self.refusal else ""
        return f"the session did not end in time, it is {phase}{why}"

    def begin_another(self) -> None:
        """Open a new session once this one is done."""
        self._opened = False

    def leave(self) -> None:
        """Do nothing any more, as an operator who walked away."""
        self._is_gone = True

    def come_back(self) -> None:
        """Act again, after a rehearsal of having left."""
        self._is_gone = False

    def step(self) -> None:
        """Take in what came and do what comes next."""
        while (message := receive(self._live)) is not None:
            if isinstance(message, State):
                self.state = message
                if not self._is_gone:
                    self._act(message)
            elif isinstance(message, Event):
                self._report(message)
        while (reply := receive(self._commands)) is not None:
            self._awaits_reply = False
            if isinstance(reply, Reply):
                self._hear(reply)

    def _hear(self, reply: Reply) -> None:
        if reply.refused:
            self._hear_refusal(reply)
            return
        self._opened = True
        self._token = reply.token if reply.held_s >= HOLD_TO_ARM_S else ""

    def _hear_refusal(self, reply: Reply) -> None:
        """Ask again later, where that may help."""
        if reply.kind != "refused":
            raise ConfigError(reply.refused)
        if reply.refused != self.refusal:
            self._say(f"refused: {reply.refused}")
        self.refusal = reply.refused

    def _act(self, state: State) -> None:
        session = state.session
        if session is None or (session.phase == "done" and not self._opened):
            # States from before the opening may still be on their way.
            if state.output is not None and not self._opened:
                self._ask(state, "open", OpenSession(program=self._program))
            return
        request = self._next(session)
        if any(c.quality for c in state.channels if c.label == session.channel):
            self._good_since_s = state.t_s
        if request.verb == "present" or state.t_s - self._good_since_s > CHECK_S:
            self._ask(state, request.verb, request)

    def _next(self, session: SessionState) -> SessionCommand:
        """Return what comes next; when nothing does, a sign of being there."""
        verb, stored = self.script.get(session.phase, "present"), self._stored
        if verb == "press" and self._token:
            return SessionCommand(
                verb="arm",
                token=self._token,
                operator=OPERATOR,
                site=session.site,
                confirmed=self._confirmed,
            )
        if verb == "start":
            return SessionCommand(
                verb=verb, operator=OPERATOR, confirmed=self._confirmed
            )
        if session.needling is not None and session.phase == "treating":
            return SessionCommand(verb=needling_verb(session))
        if verb == "calibrate" and stored is not None:
            return SessionCommand(
                verb=verb, noise_uv=stored.noise_uv, mvc_uv=stored.mvc_uv
            )
        return SessionCommand(verb=verb)

    def _ask(
        self, state: State, what: str, message: OpenSession | SessionCommand
    ) -> None:
        too_soon = what == self._asked and state.t_s - self._asked_s < RETRY_S
        if self._awaits_reply or too_soon:
            return
        self._asked, self._asked_s, self._awaits_reply = what, state.t_s, True
        send(self._commands, message)

    def _report(self, event: Event) -> None:
        self.events.append(event)
        detail = event.detail
        if event.kind == "phase":
            cause = f" ({detail['cause']})" if detail["cause"] else ""
            self._say(f"{detail['from']} → {detail['to']}{cause}")
        elif event.kind == "prompt":
            self._say(f"please: {detail['task']}")
        elif event.kind in TOLD:
            self._say(f"{event.kind}: {detail}")


def needling_verb(session: SessionState) -> str:
    """Return what the operator does while a therapist needles."""
    done = session.needling.n_insertions if session.needling else 0
    return next_verb(done, session.treatment_s or 0.0) or "present"


def run_demo(
    params: DemoParams, say: Callable[[str], None], *, headless: bool
) -> tuple[ExitCode, State | None]:
    """Run the demo; return why it ended and the last state of its session, if any.

    Headless, it ends with the session; else it goes on until it is interrupted.
    """
    supervisor = demo_supervisor(params)
    supervisor.say = say
    operator = Operator(supervisor, demo_program_of(supervisor).name, say)
    welcomed = False

    clock = SystemClock()
    injector = Injector(params.faults, supervisor, operator.leave, say)
    began_s = math.inf

    def serve() -> bool:
        nonlocal welcomed, began_s
        # A start that takes its time takes none of the session's.
        began_s = min(began_s, clock.now_s())
        if not welcomed and not headless:
            say(f"the live page is at http://127.0.0.1:{params.port}; Ctrl-C ends")
        welcomed = True
        operator.step()
        injector.step(operator.state)
        if headless and clock.now_s() - began_s > params.seconds + PATIENCE_S:
            raise SessionStuckError(operator.stuck())
        return not (headless and operator.has_ended)

    code = supervisor.run(serve)
    state = operator.state
    had_session = state is not None and state.session is not None
    return code, state if had_session else None
