"""Rigs in the middle of a session, ready to be copied: nothing is calibrated twice."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from drivers.output_registry import OutputFaults
from service.config.treatment import DisturbanceConfig
from service.core.actuators import ACTUATORS, Actuator
from service.core.arming import Safety
from service.core.program import Bout, Program
from service.demo_programs import DEFAULT_PROGRAM, demo_program
from service.errors import ConfigError
from service.rehearsal.copying import freeze, thaw
from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import VirtualRig

#: A treatment in a hurry: a fault meets an on part and an off part within 4 s.
BOUT = Bout(on_s=1.8, off_s=1.5, settle_s=0.3)

#: Muscles of a program for several, so that one is always left out.
N_MUSCLES = 3

#: A session is copied this often in each phase, this far apart: the amplitude of a
#: treatment rises for a minute, the other phases are short. A.
COPIES_PER_PHASE = 8
APART_S = {
    "treating-on": 6.0,
    "treating-off": 6.0,
    "calibrating": 2.5,
    "leak": 5.0,
}
APART_ELSE_S = 0.8

#: A session that does not end has found a bug of its own.
LONGEST_S = 300.0

HOLD_S = 0.5

#: The leak is measured in a relaxed muscle, and a maximal contraction leaves this
#: person tense: noise and contraction are given instead.
REFERENCE = {"noise_uv": 3.0, "mvc_uv": 600.0}

#: Where a fault can meet a session, and how often: most where something is felt.
PHASES = {
    "calibrating": 1,
    "ready": 1,
    "armed": 1,
    "leak": 2,
    "treating-on": 4,
    "treating-off": 2,
    "holding": 1,
    "weaning": 2,
    "reassessing": 1,
}

#: Phases that the rehearsed session of any program comes through.
EVERY_PROGRAM = ("calibrating", "ready", "treating-on", "treating-off", "holding")


@dataclass(frozen=True, slots=True)
class Plan:
    """A session to copy from; ``expires`` says whether the device does by itself.

    One that does not leaves everything to the layers above it. ``limit`` is that of the
    session, in the unit of its actuators.
    """

    program: Program
    seed: int
    limit: float
    expires: bool
    coarse: bool = True

    @property
    def actuator(self) -> Actuator:
        """What the program drives."""
        return ACTUATORS[self.program.modality]


class CoarseRig(VirtualRig):
    """With an amplifier that sends every 31 ms, as wireless ones do."""

    chunk_samples = 64


def plans_of(name: str) -> tuple[Plan, ...]:
    """Return the sessions of a program that are rehearsed."""
    long, short = (
        rehearsal_program(name, treatment_s) for treatment_s in (150.0, 50.0)
    )
    most = long.max_amplitude
    return (
        Plan(long, seed=2, limit=most, expires=False),
        Plan(short, seed=1, limit=0.2 * most, expires=False, coarse=False),
        Plan(short, seed=3, limit=most, expires=True),
    )


def leak_plans() -> tuple[Plan, ...]:
    """Return sessions that measure the leak before anything is treated.

    With a device that does not expire, and with one that does, which the faults of the
    output need.
    """
    program = rehearsal_program(DEFAULT_PROGRAM, 50.0)
    most = program.max_amplitude
    return (
        Plan(program, seed=1, limit=most, expires=False),
        Plan(program, seed=1, limit=most, expires=True, coarse=False),
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


def rehearsal_program(name: str, treatment_s: float) -> Program:
    """Return a program of the demo that actuates; the default has shorter bouts."""
    program = demo_program(name, treatment_s)
    if not program.actuates:
        msg = f"program: expected one that actuates something, got {name!r}"
        raise ConfigError(msg)
    return replace(program, bout=BOUT) if name == DEFAULT_PROGRAM else program


def prepare(
    say: Callable[[str], None], name: str = DEFAULT_PROGRAM
) -> Mapping[str, list[Prepared]]:
    """Return copies of every phase of every planned session of a program."""
    found: dict[str, list[Prepared]] = defaultdict(list)
    for plan in plans_of(name):
        most = f"{plan.limit:g} {plan.actuator.unit}"
        say(f"preparing a session of {name} with at most {most}")
        _follow(plan, found)
    is_default = name == DEFAULT_PROGRAM
    for plan in leak_plans() if is_default else ():
        say(f"preparing a leak calibration up to {plan.limit:g} mA")
        _measure_leak(plan, found)
    wanted = PHASES if is_default else EVERY_PROGRAM
    missing = [phase for phase in wanted if phase not in found]
    if missing:
        msg = f"expected every phase in the rehearsed sessions, no {missing}"
        raise RuntimeError(msg)
    return found


def _follow(plan: Plan, found: dict[str, list[Prepared]]) -> None:
    rig = open_rig(plan, RigOptions(Safety(presence=True)))
    copier = _Copier(plan, found, PHASES.keys())

    def look(rig: VirtualRig) -> bool:
        copier.look(rig)
        return rig.phase in {"done", "fault"}

    rig.run(look, LONGEST_S)


def _measure_leak(plan: Plan, found: dict[str, list[Prepared]]) -> None:
    options = RigOptions(Safety(presence=True), treatment=DisturbanceConfig())
    rig = open_rig(plan, options)
    copier = _Copier(plan, found, {"leak"})

    def is_armed(rig: VirtualRig) -> bool:
        if rig.phase == "checking":
            rig.ask("calibrate", **REFERENCE)
        return rig.phase == "armed"

    def is_over(rig: VirtualRig) -> bool:
        copier.look(rig)
        return rig.phase != "leak"

    rig.run(is_armed, LONGEST_S, script={"ready": "arm"})
    rig.ask("leak")
    rig.run(is_over, LONGEST_S, script={})


def open_rig(plan: Plan, options: RigOptions) -> VirtualRig:
    """Return a rig with an open session of a plan."""
    make = CoarseRig if plan.coarse else VirtualRig
    rig = make(
        seed=plan.seed,
        program=plan.program,
        n_channels=N_MUSCLES if plan.program.has_muscles else 1,
        faults=OutputFaults(never_expires=not plan.expires),
        recorded=True,
        options=options,
    )
    rig.open(limits={plan.actuator.amplitude: plan.limit})
    return rig


class _Copier:
    """Copies a session now and then in each of some phases."""

    def __init__(
        self, plan: Plan, found: dict[str, list[Prepared]], phases: Collection[str]
    ) -> None:
        self._plan = plan
        self._found = found
        self._phases = phases
        self._counts: dict[str, int] = defaultdict(int)
        self._taken_s: dict[str, float] = defaultdict(float)

    def look(self, rig: VirtualRig) -> None:
        """Copy the rig if this phase is due."""
        phase, now_s = phase_of(rig), rig.clock.now_s()
        due = now_s - self._taken_s[phase] >= APART_S.get(phase, APART_ELSE_S)
        many = self._counts[phase] >= COPIES_PER_PHASE
        if phase not in self._phases or many or not due:
            return
        self._counts[phase] += 1
        self._taken_s[phase] = now_s
        taken = copy_of(phase, self._plan, rig)
        self._found[phase].append(taken)
        if phase == "treating-on":
            self._found["holding"].append(_held(self._plan, taken.copy()))


def phase_of(rig: VirtualRig) -> str:
    """Return the phase of a rig; a treatment is on or off."""
    if rig.phase != "treating":
        return rig.phase
    return "treating-on" if any(rig.role.state().amplitudes) else "treating-off"


def _held(plan: Plan, rig: VirtualRig) -> Prepared:
    rig.ask("hold")
    rig.pass_time(HOLD_S)
    return copy_of("holding", plan, rig)


def copy_of(phase: str, plan: Plan, rig: VirtualRig) -> Prepared:
    """Return a rig as it is now."""
    rig.forget()
    lines = rig.journal.lines
    last: dict[str, Any] = json.loads(lines[-1])
    rig.journal.lines = []
    data = freeze(rig)
    rig.journal.lines = lines
    return Prepared(phase, plan, data, int(last["n"]) + 1, str(last["hash"]))
