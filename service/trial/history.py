"""What a device did, by its own history: dose, and every limit that it must not leave.

Nothing here is asked of the session or the output role: it is they who are judged.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.core.limits import Quantity
from service.core.program import Program
from service.core.slew import ESTABLISHED_MEMORY_S
from service.faults.bounds import NOTHING
from service.faults.verdict import RESTART_MA, ROUNDING_MA, Trace, violations_of

History = Sequence[tuple[float, float]]
"""(t_s, amplitude_ma) of every change."""

#: On-time is limited over this long.
ON_WINDOW_S = 60.0
#: A rise is judged over this long. A: longer than any grid of device or time.
RISE_S = 1.0
#: And against what was felt in the time before it.
MEMORY_S = ESTABLISHED_MEMORY_S + RISE_S
#: An expiry that comes one permit late is no violation. A.
ON_SLACK_S = 0.5
UC_PER_MC = 1000.0
#: µA·s: mA times µs, in µC.
UC_PER_MA_US = 1e-3


@dataclass(frozen=True, slots=True)
class Bounds:
    """What limits one session; ``program`` is what it asked for."""

    limits: Mapping[Quantity, float]
    program: Program


def segments(history: History, end_s: float) -> list[tuple[float, float, float]]:
    """Return (start_s, end_s, amplitude_ma) of every stretch with stimulation."""
    closed = [*history, (end_s, 0.0)]
    return [
        (start_s, stop_s, ma)
        for (start_s, ma), (stop_s, _) in itertools.pairwise(closed)
        if ma > 0
    ]


def dose_ma_s(history: History, end_s: float) -> float:
    """Return the sum of amplitude over time."""
    return sum((stop - start) * ma for start, stop, ma in segments(history, end_s))


def violations(
    history: History,
    phases: Sequence[tuple[float, str]],
    end_s: float,
    bounds: Bounds,
) -> list[str]:
    """Return every limit that was left, in words; each kind once."""
    limits = bounds.limits
    limit_ma = limits[Quantity.AMPLITUDE_MA]
    trace = Trace("", 0.0, end_s, history, phases, limit_ma)
    found = [f"{one.rule}: {one.detail}" for one in violations_of(trace, NOTHING)]
    stretches = segments(history, end_s)
    found += _too_fast(history, limits[Quantity.SLEW_UP_MA_PER_S])
    found += _too_long_on(stretches, limits[Quantity.ON_FRACTION])
    program = bounds.program
    charge_mc = (
        dose_ma_s(history, end_s)
        * program.pulse_width_us
        * program.frequency_hz
        * UC_PER_MA_US
        / UC_PER_MC
    )
    if charge_mc > limits[Quantity.SESSION_CHARGE_MC]:
        found.append(f"charge: {charge_mc:.3g} mC in a session")
    on_s = sum(stop - start for start, stop, _ in stretches)
    if on_s > limits[Quantity.TREATMENT_S]:
        found.append(f"time: stimulation for {on_s:.0f} s")
    return found


def _too_fast(history: History, slew_ma_per_s: float) -> list[str]:
    """Judge rises beyond what was felt lately; a return to that may be quicker."""
    felt: list[tuple[float, float, float]] = []
    since_s, before_ma = 0.0, 0.0
    for t_s, ma in history:
        if before_ma > 0:
            felt.append((since_s, t_s, before_ma))
        felt = [one for one in felt if t_s - one[1] <= MEMORY_S]
        # What was felt for long without a change was felt all the time.
        earlier = (was for from_s, _, was in felt if t_s - from_s >= RISE_S)
        peak_ma = max(earlier, default=0.0)
        ceiling_ma = peak_ma + slew_ma_per_s * RISE_S + RESTART_MA
        if ma > ceiling_ma + ROUNDING_MA:
            text = f"{ma:g} mA where {peak_ma:g} mA was felt {RISE_S:g} s before"
            return [f"slew: {text}"]
        since_s, before_ma = t_s, ma
    return []


def _too_long_on(
    stretches: Sequence[tuple[float, float, float]], on_fraction: float
) -> list[str]:
    most_s = on_fraction * ON_WINDOW_S + ON_SLACK_S
    first = 0
    for k, (_, stop_s, _) in enumerate(stretches):
        while stretches[first][1] <= stop_s - ON_WINDOW_S:
            first += 1
        on_s = sum(
            stop - max(start, stop_s - ON_WINDOW_S)
            for start, stop, _ in stretches[first : k + 1]
        )
        if on_s > most_s:
            return [f"on-time: {on_s:.1f} s of {ON_WINDOW_S:g} s"]
    return []
