"""Comparing two ways of doing the same, side by side in one process."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

#: One block of each candidate per round.
ROUNDS = 61
#: A block repeats its work for at least this long.
BLOCK_S = 0.004
_MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``reached`` says whether ``target`` was met."""

    bench: str
    case: str
    value: float
    unit: str
    target: float
    reached: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Median of the per-round ratios, and both medians per call in microseconds."""

    ratio: float
    baseline_us: float
    candidate_us: float


def compare(
    baseline: Callable[[], None], candidate: Callable[[], None], calls: int
) -> Comparison:
    """Time blocks of both in turn; each function makes ``calls`` calls."""
    repeats = max(1, round(BLOCK_S / _block_s(baseline, 1)))
    enabled = gc.isenabled()
    gc.disable()
    try:
        pairs = [
            (_block_s(baseline, repeats), _block_s(candidate, repeats))
            for _ in range(ROUNDS)
        ]
    finally:
        if enabled:
            gc.enable()
    per_call = _MICROSECONDS / (repeats * calls)
    return Comparison(
        ratio=statistics.median(a / b for a, b in pairs),
        baseline_us=statistics.median(a for a, _ in pairs) * per_call,
        candidate_us=statistics.median(b for _, b in pairs) * per_call,
    )


def _block_s(work: Callable[[], None], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return time.perf_counter() - start
