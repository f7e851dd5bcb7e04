"""The children of the supervisor: which live, which are silent, whose fault it is."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drivers.ports import Clock
from service.errors import ExitCode, RoleDied
from service.messages import Role

#: Roles, and how long each may fall silent before it counts as dead. None of them can
#: keep an output on by then: permits have expired, and so has the device itself. To end
#: everything sooner would only turn a hiccup of the host into an end. A.
SILENCE_NS: Mapping[Role, int] = {
    Role.ENGINE: 2_000_000_000,
    Role.OUTPUT: 1_000_000_000,
    Role.OUTLETS: 5_000_000_000,
    Role.RECORDER: 4_000_000_000,
    Role.API: 5_000_000_000,
}

#: Where the supervisor can stop the device itself it waits no longer than this for an
#: output role that is silent. A: the frame is written within 150 ms.
SILENCE_WITH_LINE_NS = 100_000_000

DIED: Mapping[str, ExitCode] = {
    Role.ENGINE: ExitCode.ENGINE_DIED,
    Role.OUTPUT: ExitCode.OUTPUT_DIED,
    Role.OUTLETS: ExitCode.OUTLETS_DIED,
    Role.RECORDER: ExitCode.RECORDER_DIED,
    Role.API: ExitCode.API_DIED,
}

#: When the supervisor itself was away for longer, the host stood still: what its
#: children had no chance to say is not held against them. A.
OWN_ABSENCE_NS = 50_000_000


@dataclass(slots=True)
class Child:
    """One process, and when it was last heard of."""

    name: str
    process: "subprocess.Popen[bytes]"
    role: Role | None = None
    beat_ns: int = 0
    heard: bool = False
    ready: bool = False


class Watch:
    """Looks at the children again and again; knows how long it did not look."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looked_ns = clock.now_ns()
        self.output_silence_ns = SILENCE_NS[Role.OUTPUT]

    def begin(self) -> None:
        """Start counting: nobody has been silent yet."""
        self._looked_ns = self._clock.now_ns()

    def look(self, children: Iterable[Child]) -> None:
        """Raise `RoleDied` for a child that ended or has been silent for too long."""
        now_ns = self._clock.now_ns()
        absent_ns = now_ns - self._looked_ns
        self._looked_ns = now_ns
        for child in children:
            check_alive(child)
            if child.role is None:
                continue
            if absent_ns > OWN_ABSENCE_NS:
                child.beat_ns = min(child.beat_ns + absent_ns, now_ns)
            silent_ns = now_ns - child.beat_ns
            if silent_ns > self._longest_ns(child.role):
                msg = f"{child.name} has been silent for {silent_ns / 1e6:.0f} ms"
                raise RoleDied(f"{msg}; everything was stopped", exit_code_of(child))

    def _longest_ns(self, role: Role) -> int:
        return self.output_silence_ns if role is Role.OUTPUT else SILENCE_NS[role]


def check_alive(child: Child) -> None:
    """Raise `RoleDied` if a child has ended."""
    code = child.process.poll()
    if code is not None:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        told = f"{child.name} {how}; the output was stopped and everything ended"
        raise RoleDied(told, exit_code_of(child))


def exit_code_of(child: Child) -> ExitCode:
    """Return the exit code that the end of a child leads to."""
    return DIED.get(child.name, ExitCode.SUBJECT_DIED)
