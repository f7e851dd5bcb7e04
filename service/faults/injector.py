"""Lets faults happen in a running demo: to processes by signals, else by a line."""

import contextlib
from collections.abc import Callable, Sequence

from service.faults.kinds import OPERATOR_KINDS, PROCESS_KINDS, TOLD, PlannedFault
from service.messages import State
from service.supervisor import Supervisor


class Injector:
    """Lets each planned fault happen once, at its time of the treatment."""

    def __init__(
        self,
        faults: Sequence[PlannedFault],
        supervisor: Supervisor,
        leave: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self._waiting = sorted(faults, key=lambda fault: fault.at_s)
        self._supervisor = supervisor
        self._leave = leave
        self._say = say

    def step(self, state: State | None) -> None:
        """Inject what is due."""
        session = state.session if state else None
        treated_s = session.treatment_s if session else None
        while self._waiting and treated_s is not None:
            if self._waiting[0].at_s > treated_s:
                return
            self.inject(self._waiting.pop(0))

    def inject(self, fault: PlannedFault) -> None:
        """Let a fault happen now."""
        self._say(f"fault: {fault.kind}")
        if fault.kind in PROCESS_KINDS:
            name, number = PROCESS_KINDS[fault.kind]
            self._supervisor.signal(name, number)
        elif fault.kind in OPERATOR_KINDS:
            self._leave()
        else:
            line = f"{fault.kind} {fault.argument!r}"
            # A child that has just died hears nothing; the supervisor will notice.
            with contextlib.suppress(BrokenPipeError):
                self._supervisor.tell(TOLD[fault.kind], line)
