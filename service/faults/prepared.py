"""Rigs in the middle of a session, ready to be copied: nothing is calibrated twice."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from drivers.output_registry import OutputFaults
from service.core.arming import Safety
from service.core.program import Bout, Program
from service.rehearsal.copying import freeze, thaw
from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import VirtualRig, demo_program

#: A treatment in a hurry: a fault meets an on part and an off part within 4 s.
BOUT = Bout(on_s=1.8, off_s=1.5, settle_s=0.3)

#: A session is copied this often in each phase, this far apart: the amplitude of a
#: treatment rises for a minute, the other phases are short. A.
COPIES_PER_PHASE = 8
APART_S = {"treating-on": 6.0, "treating-off": 6.0, "calibrating": 2.5}
APART_ELSE_S = 0.8

#: A session that does not end has found a bug of its own.
LONGEST_S = 300.0

HOLD_S = 0.5

#: Where a fault can meet a session, and how often: most where something is felt.
PHASES = {
    "calibrating": 1,
    "ready": 1,
    "armed": 1,
    "treating-on": 4,
    "treating-off": 2,
    "holding": 1,
    "weaning": 2,
    "reassessing": 1,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A session to copy from; ``expires`` says whether the device does by itself.

    One that does not leaves everything to the layers above it.
    """

    seed: int
    limit_ma: float
    expires: bool
    treatment_s: float
    coarse: bool = True


class CoarseRig(VirtualRig):
    """With an amplifier that sends every 31 ms, as wireless ones do."""

    chunk_samples = 64


PLANS = (
    Plan(seed=2, limit_ma=30.0, expires=False, treatment_s=150.0),
    Plan(seed=1, limit_ma=6.0, expires=False, treatment_s=50.0, coarse=False),
    Plan(seed=3, limit_ma=30.0, expires=True, treatment_s=50.0),
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One copy of a rig, and the end of its journal so far."""

    phase: str
    plan: Plan
    rig: bytes
    n_records: int
    last_hash: str

    def copy(self) -> VirtualRig:
        """Return a rig of its own."""
        rig = thaw(self.rig)
        if not isinstance(rig, VirtualRig):
            msg = f"expected a rig, got {type(rig).__name__}"
            raise TypeError(msg)
        return rig


def rehearsal_program(treatment_s: float) -> Program:
    """Return the program of the demo with shorter bouts."""
    return replace(demo_program(treatment_s=treatment_s), bout=BOUT)


def prepare(say: Callable[[str], None]) -> Mapping[str, list[Prepared]]:
    """Return copies of every phase of every planned session."""
    found: dict[str, list[Prepared]] = defaultdict(list)
    for plan in PLANS:
        say(f"preparing a session with at most {plan.limit_ma:g} mA")
        _follow(plan, found)
    missing = [phase for phase in PHASES if not found[phase]]
    if missing:
        msg = f"expected every phase in the rehearsed sessions, no {missing}"
        raise RuntimeError(msg)
    return found


def _follow(plan: Plan, found: dict[str, list[Prepared]]) -> None:
    faults = OutputFaults(never_expires=not plan.expires)
    program = rehearsal_program(plan.treatment_s)
    make = CoarseRig if plan.coarse else VirtualRig
    rig = make(
        seed=plan.seed,
        program=program,
        faults=faults,
        recorded=True,
        options=RigOptions(Safety(presence=True)),
    )
    rig.open(limits={"amplitude_ma": plan.limit_ma})
    counts: dict[str, int] = defaultdict(int)
    taken_s: dict[str, float] = defaultdict(float)

    def look(rig: VirtualRig) -> bool:
        phase, now_s = phase_of(rig), rig.clock.now_s()
        due = now_s - taken_s[phase] >= APART_S.get(phase, APART_ELSE_S)
        if phase in PHASES and due and counts[phase] < COPIES_PER_PHASE:
            counts[phase] += 1
            taken_s[phase] = now_s
            found[phase].append(_copy(phase, plan, rig))
            if phase == "treating-on":
                found["holding"].append(_held(plan, found[phase][-1].copy()))
        return rig.phase in {"done", "fault"}

    rig.run(look, LONGEST_S)


def phase_of(rig: VirtualRig) -> str:
    """Return the phase of a rig; a treatment is on or off."""
    if rig.phase != "treating":
        return rig.phase
    return "treating-on" if any(rig.role.state().amplitudes) else "treating-off"


def _held(plan: Plan, rig: VirtualRig) -> Prepared:
    rig.ask("hold")
    rig.pass_time(HOLD_S)
    return _copy("holding", plan, rig)


def _copy(phase: str, plan: Plan, rig: VirtualRig) -> Prepared:
    rig.forget()
    lines = rig.journal.lines
    last: dict[str, Any] = json.loads(lines[-1])
    rig.journal.lines = []
    data = freeze(rig)
    rig.journal.lines = lines
    return Prepared(phase, plan, data, int(last["n"]) + 1, str(last["hash"]))
