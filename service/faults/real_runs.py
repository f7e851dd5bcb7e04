"""One fault among the real processes: a demo, an injection, the word of the device."""

import http.client
import random
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from drivers.clock import SystemClock
from drivers.liblsl import load_pylsl
from drivers.subject.presets import subject_params
from service.core.limits import COMPILED, Quantity
from service.core.program import Program
from service.demo import (
    SCRIPT,
    DemoParams,
    Operator,
    Stored,
    demo_program_of,
    demo_supervisor,
)
from service.errors import ServiceError
from service.faults.bounds import Demand, demand_of
from service.faults.device_history import DeviceHistory
from service.faults.explained import broken_journal, unexplained
from service.faults.injector import Injector
from service.faults.kinds import ALL_KINDS, ARGUMENTS, PROCESS_KINDS, PlannedFault
from service.faults.prepared import BOUT
from service.faults.verdict import (
    Outcome,
    Trace,
    Violation,
    time_to_zero_s,
    violations_of,
)
from service.messages import State
from service.recorder.journal import GENESIS, read_records
from service.supervisor import Supervisor

#: Kinds of the campaign: what the demo can be told, and a stop over HTTP.
STOP = "stop"
FLOOD = "request-flood"
REAL_KINDS = (*(kind for kind in ALL_KINDS if kind != "operator-gone"), STOP)

#: Where a fault meets a session; most of them while something is felt.
REAL_PHASES = ("treating-on", "treating-on", "treating-off", "holding", "armed")

#: A stop comes so long after the flood has begun.
INTO_THE_FLOOD_S = 1.0
STOP_TIMEOUT_S = 2.0

#: A fault comes so long after its phase has begun, at most.
LEAD_S = 0.6

#: A run is watched for an on part and an off part, or for a return.
WATCH_S = 3.7
RETURN_S = 1.6

#: A session is where it should be within this time, or the host is too slow. A.
PATIENCE_S = 60.0

#: Between two looks of the supervisor the host may be busy for so long; what is beyond
#: it counts as time in which the whole host stood still. A.
BUSY_S = 0.05

#: The demo's calibration without rest and contraction: both are known of a simulated
#: subject, whose noise is a small share of the largest contraction.
RELAX_S, BASELINE_S = 0.5, 3.0
NOISE_SHARE = 0.005

SUBJECT = "responder"


@dataclass(frozen=True, slots=True)
class RealDraw:
    """One fault to rehearse; ``seed`` is that of the simulated subject."""

    kind: str
    phase: str
    argument: float
    lead_s: float
    seed: int


def draw_real(rng: random.Random, kind: str) -> RealDraw:
    """Choose the moment of a fault of this kind."""
    _, argument = ARGUMENTS.get(kind, ("", 0.0))
    # A flood asks whether a stop gets through: there must be something to stop.
    needs_current = kind in {FLOOD, STOP}
    phase = "treating-on" if needs_current else rng.choice(REAL_PHASES)
    return RealDraw(kind, phase, argument, rng.uniform(0, LEAD_S), rng.randint(1, 99))


def hurried(program: Program) -> Program:
    """Return a program that soon stimulates."""
    calibration = replace(program.calibration, relax_s=RELAX_S, baseline_s=BASELINE_S)
    return replace(program, bout=BOUT, calibration=calibration)


def free_port() -> int:
    """Return a port that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(slots=True)
class _Progress:
    """How far a run has come."""

    reached_s: float | None = None
    injected_s: float | None = None
    fault_s: float | None = None
    looked_s: float = 0.0
    stood_still_s: float = 0.0
    obituary: str = ""
    phases: list[tuple[float, str]] = field(default_factory=list)


class RealRun:
    """A demo of its own, with one fault in it."""

    def __init__(self, drawn: RealDraw, data: Path, say: Callable[[str], None]) -> None:
        fault = PlannedFault(drawn.kind, 0.0, drawn.argument)
        self._drawn = drawn
        self._data = data
        self._clock = SystemClock()
        self._params = DemoParams(
            seconds=COMPILED[Quantity.TREATMENT_S].absolute,
            seed=drawn.seed,
            subject=SUBJECT,
            port=free_port(),
            data=data,
            faults=(fault,),
            tense=True,
        )
        self._fault = fault
        self._supervisor = _hurried_supervisor(self._params)
        program = demo_program_of(self._supervisor)
        mvc_uv = subject_params(SUBJECT, drawn.seed).sigma_mvc_uv
        stored = Stored(NOISE_SHARE * mvc_uv, mvc_uv)
        self._operator = Operator(self._supervisor, program.name, _quiet, stored)
        self._limit_ma = program.max_amplitude_ma
        self._injector = Injector((), self._supervisor, self._operator.leave, say)
        self._device = DeviceHistory(
            load_pylsl(), self._supervisor.snapshot.rig.output.name
        )
        self._progress = _Progress()
        self._demand = demand_of(drawn.kind, drawn.argument, supervised=True)

    def run(self) -> Outcome:
        """Start everything, let the fault happen, end everything, judge."""
        self._stay_in(self._drawn.phase)
        began_s = self._clock.now_s()

        def serve() -> bool:
            self._look()
            if self._progress.injected_s is None:
                late = self._clock.now_s() - began_s > PATIENCE_S
                return not late
            return self._clock.now_s() < self._end_s()

        try:
            self._supervisor.run(serve)
        except ServiceError as error:
            self._progress.obituary = str(error)
        self._device.listen()
        return self._judge()

    def _stay_in(self, phase: str) -> None:
        script = dict(SCRIPT)
        if phase == "ready":
            del script["ready"]
        if phase == "armed":
            del script["armed"]
        self._operator.script = script

    def _look(self) -> None:
        progress, now_s = self._progress, self._clock.now_s()
        if progress.injected_s is not None:
            gap_s = now_s - progress.looked_s
            progress.stood_still_s += gap_s if gap_s > BUSY_S else 0.0
        progress.looked_s = now_s
        self._device.listen()
        self._operator.step()
        state = self._operator.state
        if progress.injected_s is not None:
            self._follow_up(now_s)
        elif state is not None and phase_of(state) == self._drawn.phase:
            progress.reached_s = progress.reached_s or now_s
            if now_s - progress.reached_s >= self._drawn.lead_s:
                self._inject()
        elif state is not None:
            progress.reached_s = None
            if self._drawn.phase == "holding" and phase_of(state) == "treating-on":
                self._operator.script["treating"] = "hold"

    def _inject(self) -> None:
        progress = self._progress
        self._operator.script = {}
        progress.injected_s = self._clock.now_s()
        if self._drawn.kind == STOP:
            self._stop()
        else:
            self._injector.inject(self._fault)
            if self._drawn.kind != FLOOD:
                progress.fault_s = progress.injected_s
        progress.looked_s = self._clock.now_s()

    def _follow_up(self, now_s: float) -> None:
        progress = self._progress
        begun_s = progress.injected_s or now_s
        if progress.fault_s is None and now_s - begun_s >= INTO_THE_FLOOD_S:
            self._stop()

    def _stop(self) -> None:
        """Ask over HTTP as anybody may; the answer does not matter, the device does."""
        self._progress.fault_s = self._clock.now_s()
        port = self._params.port
        threading.Thread(target=_post_stop, args=(port,), daemon=True).start()

    def _end_s(self) -> float:
        progress, demand = self._progress, self._demand
        if progress.fault_s is None:
            return float("inf")
        if not demand.asks:
            return progress.fault_s + self._drawn.argument + RETURN_S
        if demand.is_final:
            return progress.fault_s + max(WATCH_S, demand.bound_s + RETURN_S)
        return progress.fault_s + max(WATCH_S, demand.until_s + RETURN_S)

    def _judge(self) -> Outcome:
        drawn, progress, demand = self._drawn, self._progress, self._demand
        outcome = Outcome(
            kind=drawn.kind,
            phase=drawn.phase,
            argument=drawn.argument,
            requirement=demand.requirement,
            time_to_zero_s=None,
            violations=(),
            real=True,
            stood_still_s=progress.stood_still_s,
        )
        if progress.fault_s is None:
            why = progress.obituary or self._operator.stuck()
            lost = Violation("the rehearsal did not get to its fault", why)
            return replace(outcome, violations=(lost,))
        trace = Trace(
            kind=drawn.kind,
            fault_s=progress.fault_s,
            end_s=self._clock.now_s(),
            history=self._device.changes(),
            phases=_phases(self._operator),
            limit_ma=self._limit_ma,
        )
        found = violations_of(trace, demand, progress.stood_still_s)
        found += self._unexplained(trace, demand)
        took_s = time_to_zero_s(trace, demand) if demand.asks else None
        return replace(outcome, time_to_zero_s=took_s, violations=tuple(found))

    def _unexplained(self, trace: Trace, demand: Demand) -> list[Violation]:
        drawn, obituary = self._drawn, self._progress.obituary
        if drawn.kind in PROCESS_KINDS:
            name, _ = PROCESS_KINDS[drawn.kind]
            silent_subject = drawn.kind == "stop-subject"
            if name in obituary or silent_subject:
                return []
            text = f"expected the supervisor to name {name}, got {obituary!r}"
            return [Violation("S25: not explained", text)]
        if obituary:
            return [Violation("a role died of a fault that was not its own", obituary)]
        (folder,) = (self._data / "sessions").iterdir()
        records = read_records(folder)
        state = self._operator.state
        session = state.session if state else None
        why = f"{session.cause} {session.hold_reason}" if session else ""
        return [
            *broken_journal(records, 0, GENESIS),
            *unexplained(records, why, trace, demand),
        ]


def phase_of(state: State) -> str:
    """Return the phase of a session; a treatment is on or off."""
    if state.session is None:
        return ""
    if state.session.phase != "treating":
        return state.session.phase
    on = state.output is not None and any(state.output.amplitudes)
    return "treating-on" if on else "treating-off"


def _hurried_supervisor(params: DemoParams) -> Supervisor:
    supervisor = demo_supervisor(params)
    programs = supervisor.snapshot.programs
    programs = {name: hurried(program) for name, program in programs.items()}
    supervisor.snapshot = replace(supervisor.snapshot, programs=programs)
    return supervisor


def _phases(operator: Operator) -> Sequence[tuple[float, str]]:
    return [
        (event.t_s, str(event.detail["to"]))
        for event in operator.events
        if event.kind == "phase"
    ]


def _post_stop(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STOP_TIMEOUT_S)
    try:
        connection.request("POST", "/api/v1/stop")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        # The device's history says whether it stopped.
        return
    finally:
        connection.close()


def _quiet(_text: str) -> None:
    """Say nothing: the campaign has a line per run."""
