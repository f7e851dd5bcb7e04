"""What a modality does to a person, one step at a time."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from drivers.subject.stimulation import Stimulation

THRESHOLD_NRS = 5.0  # A: assumption; the discomfort of what is at the pain threshold
#: A: assumption; 7 at 1.2 of the threshold, 0 at half of it.
NRS_SLOPE = 10.0
WORST_NRS = 10.0


class Effect(NamedTuple):
    """What one modality does now.

    ``relaxing`` is its drive to inhibition, 0 to 1, ``reflex_pct_mvc`` activity that
    it adds to the muscle, ``hurt`` pain that excites (1 at the tolerance, 0 where that
    begins), ``pressed`` pressure over the pressure-pain threshold, ``discomfort_nrs``
    what it feels like, 0 to 10. ``resets`` is true when the tone falls to rest at once.
    """

    relaxing: float = 0.0
    reflex_pct_mvc: float = 0.0
    hurt: float = 0.0
    resets: bool = False
    pressed: float = 0.0
    discomfort_nrs: float = 0.0


NO_EFFECT = Effect()


class Mechanism(Protocol):
    """How one modality acts on one person; it has a memory of its own."""

    def advance(self, felt: Sequence[Stimulation], tone_pct_mvc: float) -> Effect:
        """Advance one step under these actuators, none of them when it is off."""


def discomfort_nrs(over_threshold: float) -> float:
    """Return the discomfort, 0 to 10, of something over its pain threshold."""
    nrs = THRESHOLD_NRS + NRS_SLOPE * (over_threshold - 1.0)
    return min(WORST_NRS, max(0.0, nrs))


def over_sites(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the mean of a value per site, by how much each site matters.

    The first value is that of the first site; a lone actuator is all there is.
    """
    if not values:
        return 0.0
    shares = [weights[i % len(weights)] for i in range(len(values))]
    return sum(v * w for v, w in zip(values, shares, strict=True)) / sum(shares)
