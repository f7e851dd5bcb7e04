"""Waiting for children that start: as long as they come on, and saying for whom."""

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from drivers.ports import Clock
from service.children import Child
from service.errors import ExitCode, StartError

#: Children of which none has come on for so long will not. A: an LSL stream is looked
#: for during 10 s.
IDLE_S = 30.0

#: So much processor time is work: a child that imports gets it in `IDLE_S` even where
#: a host has ten times more to do than it can; one that only waits does not use it. A.
WORK_S = 1.0

#: Work without end is none. A.
LIMIT_S = 180.0

#: Whoever waits is told for whom, but not before a start on an idle host is over. A.
TELL_EVERY_S = 10.0

#: Where the fields of ``/proc/PID/stat`` after the name say user and system time.
USER_TICKS, SYSTEM_TICKS = 11, 12


def worked_s(pid: int) -> float:
    """Return the processor time that a process has used; 0 where nobody tells."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    fields = stat.rpartition(")")[2].split()
    ticks = int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])
    return ticks / os.sysconf("SC_CLK_TCK")


class Patience:
    """Lets a start take its time on a busy host, and no longer."""

    def __init__(
        self,
        clock: Clock,
        say: Callable[[str], None],
        worked: Callable[[int], float] = worked_s,
    ) -> None:
        self._clock = clock
        self._say = say
        self._worked = worked
        self._began_s = self._told_s = self._came_on_s = clock.now_s()
        self._late: tuple[str, ...] = ()
        self._done_s = -math.inf

    def look(self, late: Sequence[Child]) -> None:
        """Raise `StartError` if those who are not there yet will not come."""
        now_s = self._clock.now_s()
        names = tuple(child.name for child in late)
        done_s = sum(self._worked(child.process.pid) for child in late)
        if names != self._late or done_s - self._done_s > WORK_S:
            self._late, self._done_s, self._came_on_s = names, done_s, now_s
        waited_s, idle_s = now_s - self._began_s, now_s - self._came_on_s
        if idle_s > IDLE_S:
            raise _given_up(f"{idle_s:.0f} s without doing anything", names)
        if waited_s > LIMIT_S:
            raise _given_up(f"{waited_s:.0f} s of work", names)
        if now_s - self._told_s >= TELL_EVERY_S:
            self._told_s = now_s
            self._say(f"starting for {waited_s:.0f} s, waiting for {', '.join(names)}")


def _given_up(what: str, names: Sequence[str]) -> StartError:
    msg = f"not ready after {what}: {', '.join(names)}; nothing runs now"
    return StartError(msg, ExitCode.FAILED)
