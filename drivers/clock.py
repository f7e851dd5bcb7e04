"""The only place that reads a clock."""

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from drivers.ports import Clock


def utc_now() -> datetime:
    """Return the wall clock, for calendars only: it may jump at any time."""
    return datetime.now(UTC)


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


class ScaledClock:
    """Time that passes ``speed`` times as fast as that of another clock.

    Replay at K times the pace gives it to everything above, so that stamps, rates and
    ages agree with each other as they did when the recording was made.
    """

    def __init__(self, clock: Clock, speed: float) -> None:
        if not (math.isfinite(speed) and speed > 0):
            msg = f"speed: expected a finite number above 0, got {speed!r}"
            raise ValueError(msg)
        self._clock = clock
        self._speed = speed
        self._start_ns = clock.now_ns()

    def now_s(self) -> float:
        """Return scaled seconds."""
        return self.now_ns() * 1e-9

    def now_ns(self) -> int:
        """Return scaled nanoseconds; both clocks agree where this one began."""
        passed_ns = self._clock.now_ns() - self._start_ns
        return self._start_ns + round(passed_ns * self._speed)

    def sleep(self, duration_s: float) -> None:
        """Let ``duration_s`` of scaled time pass."""
        self._clock.sleep(duration_s / self._speed)
