"""What a device did, by its own history: dose, and every limit that it must not leave.

Nothing here is asked of the session or the output role: it is they who are judged.
Amplitudes are in the unit of what the program actuates; every actuator has a history of
its own.
"""

import itertools
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.core.actuators import ACTUATORS, MAX_CURRENT_CHANNELS, Actuator
from service.core.limits import Quantity
from service.core.plans import Modality
from service.core.program import Program
from service.core.slew import (
    FADING_TAU_S,
    FAMILIAR_S,
    FORGOTTEN_S,
    MAX_PERMIT_GAP_S,
    RECALL_PER_S,
    RECALL_RATIO,
    RECALLED_S,
)
from service.faults.bounds import NOTHING
from service.faults.verdict import ROUNDING, Trace, violations_of

History = Sequence[tuple[float, float]]
"""(t_s, amplitude) of every change of one actuator."""

RowHistory = Sequence[tuple[float, tuple[float, ...]]]
"""(t_s, amplitudes) of every change of any actuator of a device."""

Phases = Sequence[tuple[float, str]]
"""(t_s, phase) of every change of the phase."""

#: A rise is judged over this long. A: longer than any grid of device or time.
RISE_S = 1.0
#: And against what was felt in the time before it.
MEMORY_S = FORGOTTEN_S + RISE_S
#: An expiry that comes one permit late is no violation. A.
ON_SLACK_S = 0.5
UC_PER_MC = 1000.0
#: µA·s: mA times µs, in µC.
UC_PER_MA_US = 1e-3


@dataclass(frozen=True, slots=True)
class Bounds:
    """What limits one session: its limits, its program, and the grid of the device."""

    limits: Mapping[Quantity, float]
    program: Program
    grid: float

    @property
    def actuator(self) -> Actuator:
        """What the program actuates."""
        return ACTUATORS[self.program.modality]


def sites_of(rows: RowHistory) -> list[History]:
    """Return the history of every actuator; none if nothing was ever changed."""
    n_sites = len(rows[0][1]) if rows else 0
    found: list[list[tuple[float, float]]] = [[] for _ in range(n_sites)]
    for t_s, amplitudes in rows:
        for own, amplitude in zip(found, amplitudes, strict=True):
            if amplitude != (own[-1][1] if own else 0.0):
                own.append((t_s, amplitude))
    return [*found]


def envelope(rows: RowHistory) -> list[tuple[float, float]]:
    """Return the largest of all amplitudes, whenever one of them changes."""
    return [(t_s, max(amplitudes)) for t_s, amplitudes in rows]


def segments(history: History, end_s: float) -> list[tuple[float, float, float]]:
    """Return (start_s, end_s, amplitude) of every stretch with an amplitude."""
    closed = [*history, (end_s, 0.0)]
    return [
        (start_s, stop_s, amplitude)
        for (start_s, amplitude), (stop_s, _) in itertools.pairwise(closed)
        if amplitude > 0
    ]


def dose_of(history: History, end_s: float) -> float:
    """Return the sum of amplitude over time."""
    return sum(
        (stop - start) * level for start, stop, level in segments(history, end_s)
    )


def violations(
    rows: RowHistory, phases: Phases, end_s: float, bounds: Bounds
) -> list[str]:
    """Return every limit that was left, in words; each kind once per actuator."""
    if bounds.program.modality is Modality.NONE:
        moved = any(amplitude for _, amplitudes in rows for amplitude in amplitudes)
        return ["output: something moved where nothing is actuated"] if moved else []
    sites = sites_of(rows)
    found = []
    for k, history in enumerate(sites):
        place = f" at actuator {k + 1}" if len(sites) > 1 else ""
        own = _violations_at(history, phases, end_s, bounds)
        found += [f"{what}{place}" for what in own]
    if bounds.program.modality is Modality.EMS:
        found += _too_many_currents(rows)
    return found


def _violations_at(
    history: History, phases: Phases, end_s: float, bounds: Bounds
) -> list[str]:
    limits, actuator = bounds.limits, bounds.actuator
    limit = limits[actuator.amplitude]
    trace = Trace("", 0.0, end_s, history, phases, limit, actuator)
    found = [f"{one.rule}: {one.detail}" for one in violations_of(trace, NOTHING)]
    found += _too_fast(history, end_s, bounds)
    stretches = _stretches(segments(history, end_s))
    if actuator.on_fraction is not None:
        most_s = limits[actuator.on_fraction] * actuator.on_window_s + ON_SLACK_S
        found += _too_long_on(stretches, actuator.on_window_s, most_s)
    if bounds.program.modality is Modality.EMS:
        found += _too_much_charge(history, end_s, bounds)
    on_s = sum(stop - start for start, stop in stretches)
    if on_s > limits[Quantity.TREATMENT_S]:
        found.append(f"time: on for {on_s:.0f} s")
    return found


def _too_much_charge(history: History, end_s: float, bounds: Bounds) -> list[str]:
    program = bounds.program
    charge_mc = (
        dose_of(history, end_s)
        * program.pulse_width_us
        * program.frequency_hz
        * UC_PER_MA_US
        / UC_PER_MC
    )
    if charge_mc <= bounds.limits[Quantity.SESSION_CHARGE_MC]:
        return []
    return [f"charge: {charge_mc:.3g} mC in a session"]


def _too_many_currents(rows: RowHistory) -> list[str]:
    most = max((sum(ma > 0 for ma in row) for _, row in rows), default=0)
    return [f"currents: {most} at once"] if most > MAX_CURRENT_CHANNELS else []


def _too_fast(history: History, end_s: float, bounds: Bounds) -> list[str]:
    """Judge rises beyond what was felt lately; a return to that may be quicker.

    The slack is a point of the device's grid, and what a permit's gap may add.
    """
    slew, unit = bounds.limits[bounds.actuator.slew], bounds.actuator.unit
    stretches = segments(history, end_s)
    first = 0
    # Stretches of which most may be left: none that a later one outlasts.
    felt: deque[tuple[float, float]] = deque()
    # Those of the last minute, falling: the first is the highest.
    known: deque[tuple[float, float]] = deque()
    for t_s, amplitude in history:
        while first < len(stretches) and stretches[first][0] <= t_s - RISE_S:
            _, stop_s, level = stretches[first]
            while felt and _left(felt[-1], stop_s) <= level:
                felt.pop()
            felt.append((stop_s, level))
            while known and known[-1][1] <= level:
                known.pop()
            known.append((stop_s, level))
            first += 1
        while felt and felt[0][0] < t_s - MEMORY_S:
            felt.popleft()
        while known and known[0][0] < t_s - RECALLED_S - RISE_S:
            known.popleft()
        peak = max((_left(one, t_s - RISE_S) for one in felt), default=0.0)
        top = known[0][1] if known else 0.0
        if amplitude > _highest(peak, top, slew) + bounds.grid + ROUNDING:
            text = f"{amplitude:g} {unit} where {peak:g} {unit} was felt"
            return [f"slew: {text} {RISE_S:g} s before"]
    return []


def _highest(peak: float, top: float, slew: float) -> float:
    """Return the highest amplitude a rise may have come to, with a permit's gap."""
    rise_s = RISE_S + MAX_PERMIT_GAP_S
    softer = min(RECALL_PER_S * top, RECALL_RATIO * slew)
    return max(peak + slew * rise_s, min(peak + softer * rise_s, top))


def _left(felt: tuple[float, float], t_s: float) -> float:
    """Return what is still familiar of an amplitude that was felt until then."""
    until_s, amplitude = felt
    fading_s = max(0.0, t_s - until_s - FAMILIAR_S)
    return amplitude * math.exp(-fading_s / FADING_TAU_S)


def _stretches(
    parts: Sequence[tuple[float, float, float]],
) -> list[tuple[float, float]]:
    """Join what is on without a break."""
    found: list[tuple[float, float]] = []
    for start_s, stop_s, _ in parts:
        if found and found[-1][1] == start_s:
            found[-1] = (found[-1][0], stop_s)
        else:
            found.append((start_s, stop_s))
    return found


def _too_long_on(
    stretches: Sequence[tuple[float, float]], window_s: float, most_s: float
) -> list[str]:
    first = 0
    for k, (_, stop_s) in enumerate(stretches):
        while stretches[first][1] <= stop_s - window_s:
            first += 1
        on_s = sum(
            stop - max(start, stop_s - window_s)
            for start, stop in stretches[first : k + 1]
        )
        if on_s > most_s:
            return [f"on-time: {on_s:.1f} s of {window_s:g} s"]
    return []
