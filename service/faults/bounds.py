"""What must follow from a fault, and within what time: the yardstick of a rehearsal.

The letters S1 to S30 name the requirements of the safety case. All are engineering
proposals of this project, none is a clinical limit.
"""

import math
from dataclasses import dataclass

from service.core.ebb import QUALITY_HOLD_S, RAMP_S
from service.core.permits import MAX_TTL_MS
from service.faults.kinds import PROCESS_KINDS
from service.faults.seams import LATE_FOR_S

#: S1, S2: EMG that stops, an engine that stops. A: 250 ms of silence and 100 ms more.
SILENCE_BOUND_S = 0.35

#: S5 to S7: bad samples fill a window that is judged; then the amplitude may stay, and
#: ebbs. A.
JUDGED_S = 0.6
QUALITY_BOUND_S = JUDGED_S + QUALITY_HOLD_S + RAMP_S

#: S9: EMG from the future is not believed from the next sample on. A: as S1.
FUTURE_BOUND_S = 0.35

#: S3: an output role that is gone leaves a command that expires by itself. A: as S2.
OUTPUT_BOUND_S = 0.35

#: S17: stop. A.
STOP_BOUND_S = 0.1

#: S19: two missing replies of 150 ms each, then the attempts to stop. A.
REPLY_BOUND_S = 0.35

#: S20: a fault that the device reports. A.
DEVICE_BOUND_S = 0.2

#: S24, S25: no record. A.
JOURNAL_BOUND_S = 1.0

#: S16: an operator who is missing for 2 s; then a ramp of at most 1 s. A.
OPERATOR_BOUND_S = 3.0

#: Viewers are not part of the loop: the supervisor misses them after 5 s. A.
VIEWER_BOUND_S = 5.5

#: S9: EMG less far ahead of the clock is believed. A.
LEAST_JUMP_S = 0.05

#: A fault that is over so soon after its bound has no time to show. A: a few chunks.
MARGIN_S = 0.05

MS = 1e-3


@dataclass(frozen=True, slots=True)
class Demand:
    """Zero from ``bound_s`` after the fault until ``until_s`` after it.

    ``until_s`` is infinite for what needs an operator before anything goes out again.
    A demand whose end comes before its bound asks for nothing.
    """

    requirement: str
    bound_s: float
    until_s: float

    @property
    def asks(self) -> bool:
        """Whether zero is demanded at all."""
        return self.until_s > self.bound_s + MARGIN_S

    @property
    def is_final(self) -> bool:
        """Whether zero is demanded for good."""
        return math.isinf(self.until_s)


NOTHING = Demand("", math.inf, 0.0)

#: Kinds whose argument is a duration: requirement and bound. Zero until they are over.
_WHILE_IT_LASTS = {
    "stall": ("S1", SILENCE_BOUND_S),
    "drop": ("S8", SILENCE_BOUND_S),
    "nan": ("S5", QUALITY_BOUND_S),
    "clip": ("S6", QUALITY_BOUND_S),
    "lead-off": ("S7", QUALITY_BOUND_S),
    "lost-permit": ("S10", SILENCE_BOUND_S),
    "stop-engine": ("S2", SILENCE_BOUND_S),
    "stop-output": ("S3", OUTPUT_BOUND_S),
    "stop-recorder": ("S25", JOURNAL_BOUND_S),
}

#: Kinds after which nothing goes out until an operator has acted.
_FOR_GOOD = {
    "lost-readback": ("S19", REPLY_BOUND_S),
    "device-fault": ("S20", DEVICE_BOUND_S),
    "disk-full": ("S24", JOURNAL_BOUND_S),
    "operator-gone": ("S16", OPERATOR_BOUND_S),
    "stop": ("S17", STOP_BOUND_S),
    "request-flood": ("S28", STOP_BOUND_S),
    "kill-engine": ("S2", SILENCE_BOUND_S),
    "kill-output": ("S3", OUTPUT_BOUND_S),
    "kill-recorder": ("S25", JOURNAL_BOUND_S),
    "kill-subject": ("S1", SILENCE_BOUND_S),
    "kill-outlets": ("S25", VIEWER_BOUND_S),
    "kill-api": ("S25", VIEWER_BOUND_S),
}


def demand_of(kind: str, argument: float, *, supervised: bool) -> Demand:
    """Return what must follow from a fault.

    ``supervised`` says that somebody ends everything when a process falls silent, so
    that a process that was stopped never goes on.
    """
    if kind == "clock-jump":
        asks = argument > LEAST_JUMP_S
        return Demand("S9", FUTURE_BOUND_S, math.inf) if asks else NOTHING
    if kind == "late-permit":
        asks = argument >= MAX_TTL_MS
        return Demand("S10", SILENCE_BOUND_S, LATE_FOR_S) if asks else NOTHING
    if supervised and kind in PROCESS_KINDS:
        kind = kind.replace("stop-", "kill-")
    if kind in _FOR_GOOD:
        requirement, bound_s = _FOR_GOOD[kind]
        return Demand(requirement, bound_s, math.inf)
    if kind in _WHILE_IT_LASTS:
        requirement, bound_s = _WHILE_IT_LASTS[kind]
        return Demand(requirement, bound_s, argument)
    return NOTHING
