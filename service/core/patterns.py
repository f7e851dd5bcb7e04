"""Patterns that travel over a row of actuators, as weights of the pressure.

A weight is the share of the level at one actuator, 0 to 1. All functions are pure: what
an actuator does follows from the time since the pattern began.
"""

import enum
import math

#: Half of the width of the wave of kneading, in actuators: neighbours overlap. A.
KNEADING_HALF_SITES = 2.0

#: Half of the width of the one contact of a stroke, in actuators. A.
STROKE_HALF_SITES = 1.0

#: Share of its period in which a stroke glides; then the hand is lifted. A.
GLIDE_SHARE = 0.8


class Pattern(enum.StrEnum):
    """How the actuators of a row work together."""

    KNEADING = "kneading"
    STROKING = "stroking"
    PERCUSSION = "percussion"


def weights(
    pattern: Pattern, n_sites: int, cycles: float, floor: float = 0.0
) -> tuple[float, ...]:
    """Return the share of the level at each actuator.

    Parameters
    ----------
    pattern : Pattern
        Which pattern.
    n_sites : int
        Actuators in the row.
    cycles : float
        Time since the pattern began, in periods of the pattern; at least 0.
    floor : float
        Share that stays between two waves of kneading, 0 to 1.

    Returns
    -------
    tuple of float
        One per actuator, 0 to 1. Without a floor their sum is at most
        `KNEADING_HALF_SITES` when kneading and `STROKE_HALF_SITES` when stroking;
        percussion drives all of them alike.
    """
    if pattern is Pattern.PERCUSSION:
        return (1.0,) * n_sites
    if pattern is Pattern.STROKING:
        return _stroke(n_sites, cycles % 1.0)
    half = min(0.5, KNEADING_HALF_SITES / n_sites)
    waves = (_hann(_apart(cycles - k / n_sites), half) for k in range(n_sites))
    return tuple(floor + (1.0 - floor) * wave for wave in waves)


def _stroke(n_sites: int, phase: float) -> tuple[float, ...]:
    """Return one contact that glides over the row from end to end."""
    if phase >= GLIDE_SHARE:
        return (0.0,) * n_sites
    length = n_sites - 1.0 + 2.0 * STROKE_HALF_SITES
    at = phase / GLIDE_SHARE * length - STROKE_HALF_SITES
    return tuple(_hann(abs(at - k), STROKE_HALF_SITES) for k in range(n_sites))


def _apart(cycles: float) -> float:
    """Return the distance to the nearest whole cycle, 0 to 0.5."""
    phase = cycles % 1.0
    return min(phase, 1.0 - phase)


def _hann(distance: float, half: float) -> float:
    """Return a raised cosine: 1 in the middle, 0 from ``half`` on."""
    if distance >= half:
        return 0.0
    return 0.5 + 0.5 * math.cos(math.pi * distance / half)
