"""Confidence intervals of shares and medians."""

import math
from collections.abc import Sequence

import numpy as np

#: Normal quantile of a two-sided 95 % interval.
Z_95 = 1.959963984540054
LOW_PERCENT, HIGH_PERCENT = 2.5, 97.5
RESAMPLES = 2000


def wilson(n_hits: int, n: int) -> tuple[float, float] | None:
    """Return the 95 % score interval of a share (Wilson 1927); None of nothing."""
    if n == 0:
        return None
    share, z2 = n_hits / n, Z_95 * Z_95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 / (1 + z2 / n)
    half *= math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    low = 0.0 if n_hits == 0 else max(centre - half, 0.0)
    return low, 1.0 if n_hits == n else min(centre + half, 1.0)


def median_interval(
    values: Sequence[float], rng: np.random.Generator
) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of a median by bootstrap; None of nothing."""
    if not values:
        return None
    drawn = rng.choice(np.asarray(values, np.float64), (RESAMPLES, len(values)))
    medians = np.median(drawn, axis=1)
    low, high = np.percentile(medians, (LOW_PERCENT, HIGH_PERCENT))
    return float(low), float(high)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return a percentile; None of nothing."""
    if not values:
        return None
    return float(np.percentile(np.asarray(values, np.float64), percent))
