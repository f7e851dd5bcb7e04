"""Was it safe: a device's own history against what must follow from a fault."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.core.actuators import ACTUATORS, Actuator
from service.core.limits import COMPILED
from service.core.model import STIMULATING_PHASES
from service.core.permits import MAX_TTL_MS
from service.core.plans import Modality
from service.core.slew import MAX_PERMIT_GAP_S
from service.faults.bounds import MARGIN_S, MS, Demand

#: A permit that was on its way when a phase ended lives for so long at most.
PERMIT_LIFE_S = MAX_TTL_MS * MS

#: A rise that was decided on before a phase ended is felt within this time. A.
RISE_GRACE_S = 0.05

#: Grid of the usual stimulator.
GRID_MA = 0.5

#: Amplitudes are compared with this tolerance, in the unit of the actuator.
ROUNDING = 1e-6

#: What a late permit may still do after a phase has ended.
LATE_KINDS = frozenset({"late-permit", "stop-output"})


@dataclass(frozen=True, slots=True)
class Trace:
    """What an actuator did from before a fault until the end of the run.

    ``history`` holds (t_s, amplitude) for every change, ``phases`` (t_s, phase) for
    every phase that the session entered; both begin before ``fault_s``. Amplitudes are
    in the unit of the actuator, ``grid`` is that of the device.
    """

    kind: str
    fault_s: float
    end_s: float
    history: Sequence[tuple[float, float]]
    phases: Sequence[tuple[float, str]]
    limit: float
    actuator: Actuator = ACTUATORS[Modality.EMS]
    grid: float = GRID_MA


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not happen, and by how much it did."""

    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault. ``time_to_zero_s`` is None where none was asked for.

    ``stood_still_s`` is how long the whole host did nothing meanwhile.
    """

    kind: str
    phase: str
    argument: float
    requirement: str
    time_to_zero_s: float | None
    violations: tuple[Violation, ...]
    real: bool = False
    stood_still_s: float = 0.0


def time_to_zero_s(trace: Trace, demand: Demand) -> float:
    """Return how long after the fault the device was above zero, within the demand."""
    until_s = min(trace.end_s, trace.fault_s + demand.until_s)
    ends = [
        min(end_s, until_s)
        for start_s, end_s, amplitude in _segments(trace)
        if amplitude > 0 and start_s < until_s
    ]
    return max(max(ends, default=-math.inf) - trace.fault_s, 0.0)


def violations_of(
    trace: Trace, demand: Demand, allowance_s: float = 0.0
) -> list[Violation]:
    """Return everything that was not safe.

    ``allowance_s`` is added to the bound: time for which the whole host stood still.
    """
    found = [*_above_limit(trace), *_steps(trace), *_outside_of_treatment(trace)]
    if demand.asks:
        took_s = time_to_zero_s(trace, demand)
        bound_s = demand.bound_s + allowance_s
        if took_s > bound_s:
            text = f"zero after {took_s / MS:.0f} ms, at most {bound_s / MS:.0f} ms"
            found.append(Violation(f"{demand.requirement}: too late", text))
        else:
            found += _restart(trace, trace.fault_s + bound_s)
    return found


def _segments(trace: Trace) -> Iterator[tuple[float, float, float]]:
    """Return (start_s, end_s, amplitude) of every stretch without a change."""
    closed = [*trace.history, (trace.end_s, 0.0)]
    for (start_s, amplitude), (end_s, _) in itertools.pairwise(closed):
        yield start_s, end_s, amplitude


def _above_limit(trace: Trace) -> list[Violation]:
    limit, unit = trace.limit, trace.actuator.unit
    # What is not a number is not at most the limit either.
    above = [a for _, a in trace.history if not a <= limit + ROUNDING]
    if not above:
        return []
    text = f"{max(above):g} {unit}, at most {limit:g} {unit}"
    return [Violation("S11: above a limit", text)]


def _steps(trace: Trace) -> list[Violation]:
    """Return rises at once that are larger than one step may be."""
    most, unit = trace.actuator.max_step, trace.actuator.unit
    before = 0.0
    found = []
    for t_s, amplitude in trace.history:
        rise = amplitude - before
        if t_s >= trace.fault_s and rise > most + ROUNDING:
            text = f"{rise:g} {unit} at once, at most {most:g} {unit}"
            found.append(Violation("S13: a jump", text))
        before = amplitude
    return found[:1]


def _outside_of_treatment(trace: Trace) -> list[Violation]:
    """Return current or rises after the session had left the treatment."""
    rise_grace_s = PERMIT_LIFE_S if trace.kind in LATE_KINDS else RISE_GRACE_S
    found = []
    for left_s, back_s, phase in _pauses(trace):
        text = f"while {phase}, since {left_s - trace.fault_s:+.3f} s"
        if _is_on(trace, left_s + PERMIT_LIFE_S + MARGIN_S, back_s):
            found.append(Violation("S15: current outside of a treatment", text))
        if _rises(trace, left_s + rise_grace_s, back_s):
            found.append(Violation("S13: a rise outside of a treatment", text))
    return found[:1]


def _pauses(trace: Trace) -> Iterator[tuple[float, float, str]]:
    """Return (start_s, end_s, phase) of every phase without leave to stimulate."""
    closed = [*trace.phases, (trace.end_s, "")]
    for (start_s, phase), (end_s, _) in itertools.pairwise(closed):
        if phase not in STIMULATING_PHASES:
            yield start_s, end_s, phase


def _is_on(trace: Trace, from_s: float, until_s: float) -> bool:
    return any(
        amplitude > 0 and start_s < until_s and end_s > from_s
        for start_s, end_s, amplitude in _segments(trace)
        if from_s < until_s
    )


def _rises(trace: Trace, from_s: float, until_s: float) -> bool:
    changes = itertools.pairwise([(-math.inf, 0.0), *trace.history])
    return any(
        after > before and from_s < t_s < until_s
        for (_, before), (t_s, after) in changes
    )


def _restart(trace: Trace, zero_s: float) -> list[Violation]:
    """Return amplitudes above a slow rise from zero, once zero was forced."""
    again = [(t_s, a) for t_s, a in trace.history if t_s > zero_s and a > 0]
    slew_per_s = COMPILED[trace.actuator.slew].absolute
    # S13: one point of the grid, and what the gap between two permits may add. A.
    first = trace.grid + slew_per_s * MAX_PERMIT_GAP_S
    for t_s, amplitude in again:
        risen_s = t_s - again[0][0]
        if amplitude > slew_per_s * risen_s + first + ROUNDING:
            unit = trace.actuator.unit
            text = f"{amplitude:g} {unit} {risen_s:.2f} s after it began again"
            return [Violation("S13: a restart that does not begin at zero", text)]
    return []
