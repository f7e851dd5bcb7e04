"""From a stop to confirmed zero, while the API answers a thousand requests a second."""

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.loop import armed_operator, service, stop_by_http
from bench.timing import Row
from drivers.clock import SystemClock

FLOOD_HZ = 1000.0

#: Sessions that are stopped while armed, and stops of a rig at rest in between: both go
#: the same way, but only the first have permits that come against them.
N_ARMED = 6
N_IDLE = 20
MEDIAN_MAX_MS = 20.0
WORST_MAX_MS = 100.0
MS = 1e3

#: The flood lasts for 5 s: the stop comes in the middle of it.
INTO_THE_FLOOD_S = 1.5


def run() -> list[Row]:
    """Arm, flood, stop, several times."""
    with service() as (supervisor, port), _flood(port) as ask:
        operator = armed_operator(supervisor)
        clock = SystemClock()
        flooded_s: float | None = None
        n_armed = 0
        took_ms: list[float] = []

        def step() -> bool:
            nonlocal flooded_s, n_armed
            operator.step()
            session = operator.state.session if operator.state else None
            if session is None or session.phase != "armed":
                return n_armed < N_ARMED
            if flooded_s is None:
                ask()
                flooded_s = clock.now_s()
            elif clock.now_s() - flooded_s > INTO_THE_FLOOD_S:
                took_ms.extend(MS * stop_by_http(port) for _ in range(1 + N_IDLE))
                operator.begin_another()
                flooded_s = None
                n_armed += 1
            return n_armed < N_ARMED

        supervisor.run(step)
    detail = f"{len(took_ms)} stops, {N_ARMED} of an armed session"
    return [
        _row("median", statistics.median(took_ms), MEDIAN_MAX_MS, detail),
        _row("worst", max(took_ms), WORST_MAX_MS, detail),
    ]


def _row(case: str, value_ms: float, most_ms: float, detail: str) -> Row:
    name = f"{case}, {FLOOD_HZ:g} requests/s"
    return Row("stop", name, value_ms, "ms", most_ms, value_ms <= most_ms, detail)


@contextmanager
def _flood(port: int) -> Iterator[Callable[[], None]]:
    flood = subprocess.Popen(  # noqa: S603 - this program, its own modules
        [sys.executable, "-m", "service.faults.flood", "--port", str(port)],
        stdin=subprocess.PIPE,
        text=True,
    )

    def ask() -> None:
        if flood.stdin is not None:
            flood.stdin.write(f"request-flood {FLOOD_HZ}\n")
            flood.stdin.flush()

    try:
        yield ask
    finally:
        flood.communicate(timeout=10)
