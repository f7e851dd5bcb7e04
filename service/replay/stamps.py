"""What the time stamps of a recording say about its samples."""

import itertools
from dataclasses import dataclass

import numpy as np

from dsp.types import F64

GAP_MIN_S = 0.05
"""A: assumption; shorter leads of the stamps are latency, not loss."""

CLOCK_STEP_S = 0.5
"""A: assumption; a larger step back is another clock, not jitter."""

RATE_TOLERANCE = 0.05
"""A: assumption; relative deviation from the nominal rate that filters bear."""


@dataclass(frozen=True, slots=True)
class StampFacts:
    """Gaps and steps back of one stream.

    ``bounds`` are the sample numbers between which the stream is unbroken, 0 and the
    number of samples included; ``gaps_s`` are the lengths of the breaks between them
    that are gaps; ``piece_rate_hz`` is the rate inside the pieces.
    """

    bounds: tuple[int, ...]
    gaps_s: tuple[float, ...]
    n_backward: int
    piece_rate_hz: float


def judge_stamps(t_s: F64, nominal_rate_hz: float) -> StampFacts:
    """Find where a stream is broken; stamps that come late and catch up are no gap."""
    steps_s = np.diff(t_s)
    n_backward = int(np.count_nonzero(steps_s < 0))
    resets = (np.flatnonzero(steps_s < -CLOCK_STEP_S) + 1).tolist()
    outer = [0, *resets, t_s.size]
    bounds: set[int] = set(outer)
    gaps_s: list[float] = []
    for start, stop in itertools.pairwise(outer):
        for at, gap_s in _gaps(t_s[start:stop], nominal_rate_hz):
            bounds.add(start + at)
            gaps_s.append(gap_s)
    ordered = tuple(sorted(bounds))
    return StampFacts(
        ordered, tuple(gaps_s), n_backward, _piece_rate(t_s, ordered, nominal_rate_hz)
    )


def _gaps(t_s: F64, rate_hz: float) -> list[tuple[int, float]]:
    """Leads of the stamps over the sample count that no later sample takes back."""
    if t_s.size < 2 or not rate_hz > 0:  # noqa: PLR2004 - one step needs two stamps
        return []
    lead_s = t_s - np.arange(t_s.size) / rate_hz
    lasting_s = np.minimum.accumulate(lead_s[::-1])[::-1]
    jumps_s = np.diff(lasting_s)
    where = np.flatnonzero(jumps_s > GAP_MIN_S)
    return [(int(i) + 1, float(jumps_s[i])) for i in where]


def _piece_rate(t_s: F64, bounds: tuple[int, ...], nominal_rate_hz: float) -> float:
    count, span_s = 0, 0.0
    for start, stop in itertools.pairwise(bounds):
        if stop - start > 1:
            count += stop - start - 1
            span_s += float(t_s[stop - 1] - t_s[start])
    return count / span_s if span_s > 0 else nominal_rate_hz
