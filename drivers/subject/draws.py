"""How numbers of people are drawn."""

import math

import numpy as np

Range = tuple[float, float]


def uniform(rng: np.random.Generator, bounds: Range) -> float:
    """Draw between two bounds."""
    return float(rng.uniform(*bounds))


def clipped_normal(
    rng: np.random.Generator, mean: float, sd: float, bounds: Range
) -> float:
    """Draw a normal number; what lies outside the bounds is moved to them."""
    return float(np.clip(rng.normal(mean, sd), *bounds))


def clipped_lognormal(
    rng: np.random.Generator, median: float, sigma: float, bounds: Range
) -> float:
    """Draw a lognormal number; what lies outside the bounds is moved to them."""
    return float(np.clip(rng.lognormal(math.log(median), sigma), *bounds))


def shares(rng: np.random.Generator, n: int) -> tuple[float, ...]:
    """Draw n shares that add up to 1, any of them as likely as another."""
    return tuple(rng.dirichlet(np.ones(n)).tolist())
