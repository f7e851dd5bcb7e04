"""One fault among the real processes: a demo, an injection, the word of the device."""

import http.client
import math
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from drivers.clock import SystemClock
from drivers.liblsl import load_pylsl
from drivers.subject.presets import subject_params
from service.bus import send
from service.core.limits import COMPILED, Quantity
from service.core.program import Program, ResponsePlan
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
from service.faults.kinds import (
    ARGUMENTS,
    FLOOD_KINDS,
    PROCESS_KINDS,
    PlannedFault,
)
from service.faults.prepared import BOUT
from service.faults.real_draws import STOP, RealDraw
from service.faults.verdict import (
    Outcome,
    Trace,
    Violation,
    time_to_zero_s,
    violations_of,
)
from service.messages import ClearOutputFault, State
from service.recorder.journal import GENESIS, JournalError, read_records
from service.supervisor import Supervisor

#: A stop comes so long after the flood has begun.
INTO_THE_FLOOD_S = 1.0
STOP_TIMEOUT_S = 2.0

#: A run is watched for an on part and an off part, or for a return.
WATCH_S = 3.7
RETURN_S = 1.6

#: A session is where it should be within this time, or the host is too slow. A.
PATIENCE_S = 90.0

#: Between two looks of the supervisor the host may be busy for so long; what is beyond
#: it counts as time in which the whole host stood still. A.
BUSY_S = 0.05

#: A calibration without rest and contraction, in which even a relaxed muscle counts as
#: a tense one: the rehearsal is of faults, not of a treatment.
RELAX_S, BASELINE_S = 0.5, 3.0
SMALL_MVC_SHARE = 0.02
NOISE_SHARE = 0.005

#: So that no response to stimulation ends the treatment before the fault does.
PATIENT = ResponsePlan(adverse_ratio=2.0, adverse_sd=10.0, useless_s=1000.0)

#: Requests to get out of the last fault are made this often.
ASK_EVERY_S = 1.0

#: A subject that hangs is EMG that stops: the session says so itself.
SELF_TOLD = frozenset({"stop-subject"})

SUBJECT = "responder"


def hurried(program: Program) -> Program:
    """Return a program that soon stimulates."""
    calibration = replace(program.calibration, relax_s=RELAX_S, baseline_s=BASELINE_S)
    return replace(program, bout=BOUT, calibration=calibration, response=PATIENT)


def free_port() -> int:
    """Return a port that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(slots=True)
class _Progress:
    """How far one fault has come."""

    drawn: RealDraw
    demand: Demand
    reached_s: float | None = None
    injected_s: float | None = None
    fault_s: float | None = None
    stood_still_s: float = 0.0

    @property
    def end_s(self) -> float:
        """When enough has been seen; infinity before the fault has happened."""
        if self.fault_s is None:
            return math.inf
        bound_s, until_s = self.demand.bound_s, self.demand.until_s
        if not self.demand.asks:
            longest_s = self.drawn.argument if self.drawn.kind in ARGUMENTS else 0.0
            return self.fault_s + min(longest_s, WATCH_S) + RETURN_S
        last_s = bound_s if self.demand.is_final else until_s
        return self.fault_s + max(WATCH_S, last_s + RETURN_S)


class RealRig:
    """A demo of its own, with one fault after the other.

    A fault that the rig cannot recover from is the last one.
    """

    def __init__(self, seed: int, data: Path, say: Callable[[str], None]) -> None:
        # The planned fault is one of the flood: it brings who does it.
        flood = PlannedFault("request-flood", math.inf, 0.0)
        longest_s = COMPILED[Quantity.TREATMENT_S].absolute
        self._params = DemoParams(longest_s, seed, SUBJECT, free_port(), data, (flood,))
        self._data = data
        self._say = say
        self._clock = SystemClock()
        self._supervisor = hurried_supervisor(self._params)
        program = demo_program_of(self._supervisor)
        mvc_uv = SMALL_MVC_SHARE * subject_params(SUBJECT, seed).sigma_mvc_uv
        stored = Stored(NOISE_SHARE * mvc_uv, mvc_uv)
        self._operator = Operator(self._supervisor, program.name, _quiet, stored)
        self._limit_ma = program.max_amplitude
        self._injector = Injector((), self._supervisor, self._operator.leave, _quiet)
        name = self._supervisor.snapshot.rig.output.name
        self._device = DeviceHistory(load_pylsl(), name)
        self._actuator = self._supervisor.bus.client(
            self._supervisor.endpoints.actuator
        )
        self._waiting: list[_Progress] = []
        self._found: list[Outcome] = []
        self._looked_s = self._asked_s = self._turned_s = 0.0

    def run(
        self, draws: Sequence[RealDraw]
    ) -> tuple[list[Outcome], list[RealDraw], str]:
        """Start everything, let each fault happen, end everything, judge.

        Returns what was found, and the faults that the rig did not live to see with
        the reason of its end.
        """
        self._waiting = [
            _Progress(d, demand_of(d.kind, d.argument, supervised=True)) for d in draws
        ]
        obituary = ""
        try:
            self._supervisor.run(self._look)
        except ServiceError as error:
            obituary = str(error)
        self._device.listen()
        left = [p.drawn for p in self._waiting if p.fault_s is None]
        for progress in self._waiting:
            if progress.fault_s is not None:
                self._found.append(self._judge(progress, obituary))
        return self._found, left, obituary

    def _look(self) -> bool:
        """Do what comes next; False when nothing does."""
        progress, now_s = self._waiting[0], self._clock.now_s()
        gap_s, self._looked_s = now_s - self._looked_s, now_s
        # How long it took to start says nothing about the session.
        self._turned_s = self._turned_s or now_s
        if progress.injected_s is not None and gap_s > BUSY_S:
            progress.stood_still_s += gap_s
        self._device.listen()
        self._operator.step()
        if progress.injected_s is None:
            self._approach(progress, now_s)
        elif progress.fault_s is None:
            self._stop_within_the_flood(progress, now_s)
        late = now_s - self._turned_s > PATIENCE_S
        if now_s >= progress.end_s or late:
            self._found.append(self._judge(self._waiting.pop(0), ""))
            self._turned_s = now_s
            self._operator.come_back()
        return bool(self._waiting)

    def _approach(self, progress: _Progress, now_s: float) -> None:
        """Lead the session to where the fault shall meet it."""
        state, drawn = self._operator.state, progress.drawn
        if state is None:
            return
        phase = phase_of(state)
        if phase == drawn.phase:
            progress.reached_s = progress.reached_s or now_s
            if now_s - progress.reached_s >= drawn.lead_s:
                self._inject(progress)
            return
        progress.reached_s = None
        self._operator.script = dict(SCRIPT) | {"fault": "acknowledge"}
        if drawn.phase != "holding":
            self._operator.script["holding"] = "start"
        elif phase == "treating-on":
            self._operator.script["treating"] = "hold"
        if now_s - self._asked_s < ASK_EVERY_S:
            return
        self._asked_s = now_s
        if state.output is not None and state.output.fault is not None:
            send(self._actuator, ClearOutputFault())
        if phase == "done":
            self._operator.begin_another()

    def _inject(self, progress: _Progress) -> None:
        drawn = progress.drawn
        self._operator.script = {}
        progress.injected_s = self._clock.now_s()
        if drawn.kind == STOP:
            self._stop(progress)
        else:
            self._injector.inject(PlannedFault(drawn.kind, 0.0, drawn.argument))
            if drawn.kind not in FLOOD_KINDS:
                progress.fault_s = progress.injected_s
        self._looked_s = self._clock.now_s()

    def _stop_within_the_flood(self, progress: _Progress, now_s: float) -> None:
        """Stop once the flood runs and there is something to stop."""
        state, begun_s = self._operator.state, progress.injected_s or now_s
        is_on = state is not None and phase_of(state) == "treating-on"
        if now_s - begun_s >= INTO_THE_FLOOD_S and is_on:
            self._stop(progress)

    def _stop(self, progress: _Progress) -> None:
        """Ask over HTTP as anybody may; the answer does not matter, the device does."""
        progress.fault_s = self._clock.now_s()
        port = self._params.port
        threading.Thread(target=_post_stop, args=(port,), daemon=True).start()

    def _judge(self, progress: _Progress, obituary: str) -> Outcome:
        drawn, demand = progress.drawn, progress.demand
        if progress.fault_s is None:
            return never_met(drawn, self._operator.stuck())
        trace = Trace(
            kind=drawn.kind,
            fault_s=progress.fault_s,
            end_s=self._clock.now_s(),
            history=self._device.changes(),
            phases=_phases(self._operator),
            limit=self._limit_ma,
        )
        found = violations_of(trace, demand, progress.stood_still_s)
        found += self._unexplained(trace, demand, obituary)
        took_s = time_to_zero_s(trace, demand) if demand.asks else None
        n_bad = len(found)
        self._say(f"{drawn.kind} while {drawn.phase}: {n_bad} violations")
        return Outcome(
            kind=drawn.kind,
            phase=drawn.phase,
            argument=drawn.argument,
            requirement=demand.requirement,
            time_to_zero_s=took_s,
            violations=tuple(found),
            real=True,
            stood_still_s=progress.stood_still_s,
        )

    def _unexplained(
        self, trace: Trace, demand: Demand, obituary: str
    ) -> list[Violation]:
        if trace.kind in PROCESS_KINDS and trace.kind not in SELF_TOLD:
            name, _ = PROCESS_KINDS[trace.kind]
            if name in obituary:
                return []
            text = f"expected the supervisor to name {name}, got {obituary!r}"
            return [Violation("S25: not explained", text)]
        if obituary:
            # A host that is too busy ends a rig, which is safe and says so.
            return []
        state = self._operator.state
        session = state.session if state else None
        if session is None:
            return []
        try:
            records = read_records(self._data / "sessions" / session.session_id)
        except JournalError as error:
            return [Violation("S25: no journal", str(error))]
        why = f"{session.cause} {session.hold_reason}"
        return [
            *broken_journal(records, 0, GENESIS),
            *unexplained(records, why, trace, demand),
        ]


def never_met(drawn: RealDraw, why: str) -> Outcome:
    """Return what to say of a fault that could not be rehearsed."""
    lost = Violation("the rehearsal did not get to its fault", why)
    return Outcome(
        kind=drawn.kind,
        phase=drawn.phase,
        argument=drawn.argument,
        requirement="",
        time_to_zero_s=None,
        violations=(lost,),
        real=True,
    )


def phase_of(state: State) -> str:
    """Return the phase of a session; a treatment is on or off."""
    if state.session is None:
        return ""
    if state.session.phase != "treating":
        return state.session.phase
    on = state.output is not None and any(state.output.amplitudes)
    return "treating-on" if on else "treating-off"


def hurried_supervisor(params: DemoParams) -> Supervisor:
    """Return the supervisor of a demo that soon stimulates."""
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
    """Say nothing: the campaign has a line per fault."""
