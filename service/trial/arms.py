"""The arms of a trial: control laws, and what they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from drivers.subject.recruitment import RecruitmentParams, weiss_factor
from service.core.actuators import ACTUATORS
from service.core.laws.integral import IntegralLaw
from service.core.laws.mapping import law_from_mapping
from service.core.laws.parameters import LawError
from service.core.laws.protocol import Observation, Reason
from service.core.limits import Quantity
from service.core.plans import Modality
from service.core.program import Program
from service.core.thresholds import TOLERANCE_RATIO
from service.errors import ConfigError

OPEN_LOOP, SHAM = "open-loop", "sham"
NAIVE, NAIVE_OPEN_LOOP = "naive-integral", "naive-open-loop"
#: What a trial compares with unless it is told otherwise.
USUAL_COMPARATORS = (OPEN_LOOP, SHAM)
COMPARATORS = (*USUAL_COMPARATORS, NAIVE, NAIVE_OPEN_LOOP)

#: Share that an open loop gives: of the program's amplitude, or, where nothing guards
#: it, of what the person tolerates. A: 60 % of the tolerance is what people who set it
#: by feel end at.
OPEN_LOOP_SHARE = 0.6
#: It gets there as fast as the loop may.
OPEN_LOOP_UP_MA_PER_S = 0.8


NO_COMPARATOR = "none"

#: The arm of a program whose level no control law moves.
AS_SHIPPED = "program"


def moves_by_law(program: Program) -> bool:
    """Return whether a control law moves the level: that of pulses alone."""
    return program.modality is Modality.EMS


def comparators_of(program: Program) -> tuple[str, ...]:
    """Return what a program can be compared with, the usual ones first.

    Without a loop there is no open loop, and what is not actuated cannot be withheld,
    but for what a screen shows.
    """
    if moves_by_law(program) and not program.has_muscles:
        return COMPARATORS
    if program.actuates:
        return USUAL_COMPARATORS
    return (SHAM,) if program.feedback is not None else ()


def chosen_comparators(
    names: Sequence[str] | None, program: Program
) -> tuple[str, ...]:
    """Return the comparators that were asked for; the usual ones if none was named."""
    if names is None:
        return tuple(n for n in comparators_of(program) if n in USUAL_COMPARATORS)
    return () if list(names) == [NO_COMPARATOR] else tuple(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantLaw:
    """No feedback: one level for all the time, whatever the tone.

    Only what guards a treatment keeps it from there: its cap, and a cool-down.
    """

    kind: ClassVar[str] = OPEN_LOOP

    level_ma: float
    up_ma_per_s: float = OPEN_LOOP_UP_MA_PER_S

    def start(self) -> None:
        """Return the state: there is nothing to remember."""

    def step(self, state: None, observation: Observation) -> tuple[None, float, Reason]:
        """Approach the level, and stay there."""
        up_ma = 0.0 if observation.quiet else self.up_ma_per_s * observation.dt_s
        level_ma = min(observation.level_ma + up_ma, self.level_ma)
        return state, min(level_ma, observation.ceiling_ma), Reason.HELD


@dataclass(frozen=True, slots=True)
class Arm:
    """What a group of subjects gets: a program, and limits on top of it.

    Without ``guarded`` nothing judges the response: the limits alone are left. Where
    nothing is ``shown``, the screen of a biofeedback stays dark. ``given_share`` is how
    much is given of the amplitude that the person tolerates, ``most_share`` how much of
    it may be, where the person is asked.
    """

    name: str
    program: Program
    limits: dict[str, float]
    guarded: bool = True
    shown: bool = True
    given_share: float | None = None
    most_share: float | None = None

    def program_for(self, nerves: RecruitmentParams) -> Program:
        """Return the program for one person: who sets a level by feel asks for it."""
        if self.given_share is None:
            return self.program
        level_ma = self.given_share * self._tolerated_ma(nerves)
        return replace(self.program, law=ConstantLaw(level_ma=level_ma))

    def limits_for(self, nerves: RecruitmentParams) -> dict[str, float]:
        """Return the limits for one person."""
        if self.most_share is None:
            return self.limits
        most_ma = self.most_share * self._tolerated_ma(nerves)
        given_ma = self.limits.get(Quantity.AMPLITUDE_MA, self.program.max_amplitude)
        return {**self.limits, Quantity.AMPLITUDE_MA: min(most_ma, given_ma)}

    def _tolerated_ma(self, nerves: RecruitmentParams) -> float:
        return nerves.tolerance_ma * weiss_factor(nerves, self.program.pulse_width_us)


def make_arms(
    program: Program, controllers: tuple[str, ...], comparators: tuple[str, ...]
) -> dict[str, Arm]:
    """Return the arms by name; without controllers there is the program's own."""
    if controllers and not moves_by_law(program):
        msg = (
            f"--controller: {program.name} has no control law, got "
            f"{', '.join(controllers)}; leave it out"
        )
        raise ConfigError(msg)
    own = program.law.kind if moves_by_law(program) else AS_SHIPPED
    named = [(kind, _controlled(program, kind)) for kind in controllers]
    named = named or [(own, program)]
    arms = {name: Arm(name, given, {}) for name, given in named}
    for name in comparators:
        arms[name] = _compared(program, name)
    if len(arms) < len(named) + len(comparators):
        msg = "--controller and --comparator: expected different arms, got one twice"
        raise ConfigError(msg)
    return arms


def _compared(program: Program, name: str) -> Arm:
    known = comparators_of(program)
    if name not in known:
        expected = ", ".join(known) or (
            f"none, as {program.name} actuates nothing that could be withheld"
        )
        msg = f"--comparator: expected {expected}; got {name!r}"
        raise ConfigError(msg)
    if name == NAIVE:
        return Arm(name, _controlled(program, IntegralLaw.kind), {}, guarded=False)
    if name == NAIVE_OPEN_LOOP:
        share = OPEN_LOOP_SHARE
        return Arm(name, program, {}, guarded=False, given_share=share)
    if name == OPEN_LOOP:
        return Arm(name, open_loop(program), {})
    if not program.actuates:
        return Arm(name, program, {}, shown=False)
    return Arm(name, program, {ACTUATORS[program.modality].amplitude.value: 0.0})


def within_tolerance(arm: Arm) -> Arm:
    """Return the arm for people who are asked what is too strong before it begins."""
    program = arm.program
    if not moves_by_law(program) or program.has_muscles:
        msg = (
            f"--within-tolerance: expected a program of pulses for one muscle, "
            f"got {program.name}; leave it out"
        )
        raise ConfigError(msg)
    share = TOLERANCE_RATIO if arm.guarded else 1.0
    return replace(arm, most_share=share)


def open_loop(program: Program) -> Program:
    """Return the program with a level that does not depend on the tone.

    It is the same share of the program's amplitude for everything. Patterns, rests and
    guards stay: stages of a massage are all of that depth, zones of a mat begin and end
    at it. What is agreed with a person before a pressure release is no loop either:
    there the hold is of one length.
    """
    if program.release is not None:
        plan = program.release
        held_s = 0.5 * (plan.hold_min_s + plan.hold_max_s)
        fixed = replace(plan, hold_min_s=held_s, hold_max_s=held_s)
        return replace(program, release=fixed)
    level = OPEN_LOOP_SHARE * program.max_amplitude
    if program.massage is not None:
        depths = (level, level, level)
        return replace(program, massage=replace(program.massage, depths=depths))
    if program.mat is not None:
        mat = replace(program.mat, start_kpa=level)
        return replace(program, mat=mat, max_amplitude=level)
    return replace(program, law=ConstantLaw(level_ma=level))


def _controlled(program: Program, kind: str) -> Program:
    if kind == program.law.kind:
        return program
    try:
        return replace(program, law=law_from_mapping({"kind": kind}))
    except LawError as error:
        msg = f"--controller: {error}"
        raise ConfigError(msg) from error
