"""One fault in one virtual session: injected, observed, judged."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drivers.subject.faults import KINDS as SIGNAL_KINDS
from drivers.subject.faults import SignalFault
from service.core.model import STIMULATING_PHASES, Phase
from service.faults.bounds import Demand, demand_of
from service.faults.explained import broken_journal, unexplained
from service.faults.kinds import DISK_KINDS, OUTPUT_KINDS, PERMIT_KINDS
from service.faults.prepared import PHASES, Prepared
from service.faults.verdict import Outcome, Trace, time_to_zero_s, violations_of
from service.messages import Role
from service.recorder.journal import JOURNAL, parse_records
from service.rehearsal.virtual import VirtualRig

#: Kinds that virtual time can rehearse, with the range of their argument. Duplicates
#: and a wrong rate are caught by the driver of a stream: only real runs have one.
RANGES: Mapping[str, tuple[float, float]] = {
    "stall": (0.1, 2.0),
    "drop": (0.05, 1.5),
    "nan": (0.05, 4.0),
    "clip": (0.3, 4.0),
    "lead-off": (0.3, 4.0),
    "clock-jump": (0.06, 2.0),
    "late-permit": (50.0, 800.0),
    "lost-permit": (0.1, 2.0),
    "lost-readback": (0.1, 1.5),
    "device-fault": (0.3, 2.0),
    "disk-full": (0.1, 2.0),
    "operator-gone": (0.0, 0.0),
    "kill-engine": (0.0, 0.0),
    "stop-engine": (0.05, 2.0),
    "kill-output": (0.0, 0.0),
    "stop-output": (0.05, 2.0),
    "kill-recorder": (0.0, 0.0),
    "stop-recorder": (0.2, 2.0),
    "stop": (0.0, 0.0),
}

#: The device is the last layer only where the one above it is gone.
NEEDS_EXPIRY = frozenset({"kill-output", "stop-output"})

#: A fault comes so long after the copied moment, at most.
LEAD_S = 0.25

#: A treatment is watched for an on part and an off part, and for a return after a
#: fault that passes; other phases more briefly, because nothing may go out at all.
WATCH_S = 3.7
RETURN_S = 1.6
QUIET_WATCH_S = 1.2


@dataclass(frozen=True, slots=True)
class Draw:
    """One random choice of what happens, and when."""

    kind: str
    prepared: Prepared
    argument: float
    lead_s: float


def draw(
    rng: random.Random, prepared: Mapping[str, list[Prepared]], kinds: Sequence[str]
) -> Draw:
    """Choose kind, phase, moment and argument."""
    kind = rng.choice(kinds)
    needs_expiry = kind in NEEDS_EXPIRY
    fitting = {
        phase: [m for m in moments if m.plan.expires or not needs_expiry]
        for phase, moments in prepared.items()
    }
    phases = sorted(phase for phase in fitting if fitting[phase])
    weights = [PHASES[phase] for phase in phases]
    moments = fitting[rng.choices(phases, weights)[0]]
    argument = rng.uniform(*RANGES[kind])
    return Draw(kind, rng.choice(moments), argument, rng.uniform(0.0, LEAD_S))


def run_virtual(drawn: Draw) -> Outcome:
    """Let a fault happen, and say what it led to."""
    prepared, kind = drawn.prepared, drawn.kind
    rig = prepared.copy()
    fault_s = rig.clock.now_s() + drawn.lead_s
    rig.plan(fault_s, partial(_inject, rig, kind, drawn.argument))
    demand = demand_of(kind, drawn.argument, supervised=False)
    began = (rig.clock.now_s(), rig.phase)
    first_phase = rig.phase
    end_s = fault_s + _watch_s(first_phase, demand)
    while rig.clock.now_s() < end_s:
        rig.step()
    traces = _traces(drawn, rig, fault_s, began)
    found = [one for trace in traces for one in violations_of(trace, demand)]
    records = parse_records(rig.journal.lines, Path(JOURNAL))
    found += broken_journal(records, prepared.n_records, prepared.last_hash)
    found += unexplained(records, _own_words(rig), traces[0], demand)
    took_s = max(time_to_zero_s(trace, demand) for trace in traces)
    asked_s = took_s if demand.asks else None
    phase, requirement = prepared.phase, demand.requirement
    return Outcome(kind, phase, drawn.argument, requirement, asked_s, tuple(found))


def _traces(
    drawn: Draw, rig: VirtualRig, fault_s: float, began: tuple[float, str]
) -> list[Trace]:
    """Return what each actuator did: every one has to be safe."""
    return [
        Trace(
            kind=drawn.kind,
            fault_s=fault_s,
            end_s=rig.clock.now_s(),
            history=[(t_s, amplitudes[k]) for t_s, amplitudes in rig.device.history],
            phases=[began, *_phases(rig)],
            limit=drawn.prepared.plan.limit,
            actuator=wiring.actuator,
            grid=wiring.amplitude_step,
        )
        for k, wiring in enumerate(rig.params.gate.wiring)
    ]


def _watch_s(phase: str, demand: Demand) -> float:
    if phase not in STIMULATING_PHASES and phase != Phase.HOLDING:
        return max(QUIET_WATCH_S, demand.bound_s if demand.asks else 0.0)
    if not demand.asks or demand.is_final:
        return WATCH_S
    return max(WATCH_S, demand.until_s + RETURN_S)


def _phases(rig: VirtualRig) -> list[tuple[float, str]]:
    return [
        (event.t_s, str(event.detail["to"]))
        for event in rig.events
        if event.kind == "phase"
    ]


def _own_words(rig: VirtualRig) -> str:
    session = rig.engine.session
    if session is None:
        return ""
    # A leak calibration that was given up says why in place of its result.
    no_leak = session.leak if isinstance(session.leak, str) else ""
    return f"{session.cause} {session.hold_reason} {no_leak}"


def _inject(rig: VirtualRig, kind: str, argument: float) -> None:
    if kind in SIGNAL_KINDS:
        rig.signal_fault = SignalFault(kind, argument, rig.clock.now_s())
    elif kind in PERMIT_KINDS:
        rig.arrivals.inject(kind, argument)
    elif kind in OUTPUT_KINDS:
        rig.output.inject(kind, argument)
    elif kind in DISK_KINDS:
        rig.disk.inject(kind, argument)
    elif kind == "stop":
        rig.stop()
    elif kind == "operator-gone":
        rig.operator_is_there = False
    else:
        what, _, name = kind.partition("-")
        rig.halted.add(Role(name))
        if what == "stop":
            again: Callable[[], None] = partial(rig.go_on, Role(name))
            rig.plan(rig.clock.now_s() + argument, again)
