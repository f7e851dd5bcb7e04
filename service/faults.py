"""Faults on purpose: what goes wrong in a demo, when, and who is made to do it."""

import math
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.subject.faults import KINDS as SIGNAL_KINDS
from service.errors import ConfigError
from service.messages import Role, State
from service.supervisor import Supervisor

SUBJECT = "subject"
SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

#: What can be done to a process: killed or stopped, every role and the subject.
PROCESS_KINDS = {
    f"{what}-{name}": (name, number)
    for what, number in SIGNALS.items()
    for name in (*(role.value for role in Role), SUBJECT)
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
    if kind not in SIGNAL_KINDS and kind not in PROCESS_KINDS:
        known = ", ".join([*SIGNAL_KINDS, *PROCESS_KINDS])
        msg = f"--fault: expected KIND of {known}, got {kind!r}"
        raise ConfigError(msg)
    _, default = SIGNAL_KINDS.get(kind, ("", 0.0))
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


class Injector:
    """Lets each planned fault happen once, at its time of the treatment."""

    def __init__(
        self,
        faults: Sequence[PlannedFault],
        supervisor: Supervisor,
        say: Callable[[str], None],
    ) -> None:
        self._waiting = sorted(faults, key=lambda fault: fault.at_s)
        self._supervisor = supervisor
        self._say = say

    def step(self, state: State | None) -> None:
        """Inject what is due."""
        session = state.session if state else None
        treated_s = session.treatment_s if session else None
        while self._waiting and treated_s is not None:
            if self._waiting[0].at_s > treated_s:
                return
            self._inject(self._waiting.pop(0))

    def _inject(self, fault: PlannedFault) -> None:
        self._say(f"fault: {fault.kind}")
        if fault.kind in PROCESS_KINDS:
            name, number = PROCESS_KINDS[fault.kind]
            self._supervisor.signal(name, number)
        else:
            self._supervisor.tell(SUBJECT, f"{fault.kind} {fault.argument!r}")
