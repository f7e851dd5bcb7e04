"""Every fault that can be injected: its name, its argument, and who has to do it."""

import math
import signal
from dataclasses import dataclass

from drivers.subject.faults import KINDS as SIGNAL_KINDS
from service.errors import ConfigError
from service.messages import Role

SUBJECT = "subject"
FLOOD = "flood"
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

#: What can be done to a process: killed or stopped, every role and the subject.
PROCESS_KINDS = {
    f"{what}-{name}": (name, number)
    for what, number in SIGNALS.items()
    for name in (*(role.value for role in Role), SUBJECT)
}

#: Kind, meaning of its argument, and the argument if none is given.
PERMIT_KINDS: dict[str, tuple[str, float]] = {
    "late-permit": ("ms by which every permit is late, for 3 s", 400.0),
    "lost-permit": ("seconds in which every permit is lost", 1.0),
}
OUTPUT_KINDS: dict[str, tuple[str, float]] = {
    "lost-readback": ("seconds in which no reply of the device arrives", 1.0),
    "device-fault": ("seconds in which the device reports an electrode fault", 2.0),
}
DISK_KINDS: dict[str, tuple[str, float]] = {
    "disk-full": ("seconds in which nothing can be written", 5.0),
}
OPERATOR_KINDS: dict[str, tuple[str, float]] = {
    "operator-gone": ("no meaning: the operator does not come back", 0.0),
}
FLOOD_KINDS: dict[str, tuple[str, float]] = {
    "request-flood": ("requests per second to the API, for 5 s", 1000.0),
}

#: Every kind that takes an argument, with its meaning and its default.
ARGUMENTS: dict[str, tuple[str, float]] = {
    **SIGNAL_KINDS,
    **PERMIT_KINDS,
    **OUTPUT_KINDS,
    **DISK_KINDS,
    **OPERATOR_KINDS,
    **FLOOD_KINDS,
}

ALL_KINDS = (*ARGUMENTS, *PROCESS_KINDS)

#: Who is told to misbehave, by a line on its standard input.
TOLD: dict[str, str] = {
    **dict.fromkeys(SIGNAL_KINDS, SUBJECT),
    **dict.fromkeys((*PERMIT_KINDS, *OUTPUT_KINDS), Role.OUTPUT.value),
    **dict.fromkeys(DISK_KINDS, Role.RECORDER.value),
    **dict.fromkeys(FLOOD_KINDS, FLOOD),
}


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault, ``at_s`` after the treatment has begun."""

    kind: str
    at_s: float
    argument: float


def parse_fault(text: str) -> PlannedFault:
    """Return the fault of ``KIND@T[:ARG]``; raise `ConfigError` if it is none."""
    kind, _, rest = text.partition("@")
    at, _, argument = rest.partition(":")
    if kind not in ALL_KINDS:
        known = ", ".join(ALL_KINDS)
        msg = f"--fault: expected KIND of {known}, got {kind!r}"
        raise ConfigError(msg)
    _, default = ARGUMENTS.get(kind, ("", 0.0))
    at_s, value = _number(at, text), _number(argument or str(default), text)
    return PlannedFault(kind, at_s, value)


def _number(part: str, text: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        msg = f"--fault: expected KIND@T[:ARG] with seconds from 0 on, got {text!r}"
        raise ConfigError(msg)
    return value
