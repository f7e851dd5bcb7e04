"""How long it takes from the newest EMG sample to the permit that it led to."""

import math

import numpy as np

from service.states import LatencyState

#: Median and 99th percentile are those of this many newest permits.
RECENT = 4096


class LatencyMeter:
    """Bounded memory of latencies; the maximum is that since `restart`."""

    def __init__(self) -> None:
        self._recent_ms = np.empty(RECENT)
        self._n = 0
        self._max_ms = -math.inf

    def restart(self) -> None:
        """Forget, as at the start of a session."""
        self._n = 0
        self._max_ms = -math.inf

    def add(self, latency_s: float) -> None:
        """Take in one latency."""
        latency_ms = latency_s * 1e3
        self._recent_ms[self._n % RECENT] = latency_ms
        self._n += 1
        self._max_ms = max(self._max_ms, latency_ms)

    def state(self) -> LatencyState:
        """Return count, median, 99th percentile and maximum."""
        if not self._n:
            return LatencyState(n=0, median_ms=None, p99_ms=None, max_ms=None)
        recent = self._recent_ms[: min(self._n, RECENT)]
        median_ms, p99_ms = np.percentile(recent, (50, 99))
        return LatencyState(
            n=self._n,
            median_ms=float(median_ms),
            p99_ms=float(p99_ms),
            max_ms=self._max_ms,
        )
