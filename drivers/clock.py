"""The only place that reads a clock."""

import time
from dataclasses import dataclass


class SystemClock:
    """Monotonic time of this host.

    On Linux, macOS and Windows liblsl's ``local_clock`` and Python's monotonic clock
    read the same counter, so one clock serves LSL stamps and permits alike;
    ``unclench doctor`` measures the difference between the two.
    """

    def now_s(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def now_ns(self) -> int:
        """Return monotonic nanoseconds."""
        return time.monotonic_ns()

    def sleep(self, duration_s: float) -> None:
        """Block for ``duration_s``."""
        time.sleep(duration_s)


@dataclass(slots=True)
class ManualClock:
    """Virtual time: it passes only when somebody says so.

    Used by replay as fast as possible, by rehearsals without hardware, and by tests.
    """

    time_ns: int = 0

    def now_s(self) -> float:
        """Return virtual seconds."""
        return self.time_ns * 1e-9

    def now_ns(self) -> int:
        """Return virtual nanoseconds."""
        return self.time_ns

    def sleep(self, duration_s: float) -> None:
        """Let ``duration_s`` of virtual time pass at once."""
        self.time_ns += round(duration_s * 1e9)
