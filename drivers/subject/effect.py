"""What a modality does to a person, one step at a time."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from drivers.subject.stimulation import Stimulation


class Effect(NamedTuple):
    """What one modality does now.

    ``relaxing`` is its drive to inhibition, 0 to 1, ``reflex_pct_mvc`` activity that
    it adds to the muscle, ``hurt`` pain that excites (1 at the tolerance, 0 where that
    begins), ``pressed`` pressure over the pressure-pain threshold. ``resets`` is true
    when the tone falls to rest at once.
    """

    relaxing: float = 0.0
    reflex_pct_mvc: float = 0.0
    hurt: float = 0.0
    resets: bool = False
    pressed: float = 0.0


NO_EFFECT = Effect()


class Mechanism(Protocol):
    """How one modality acts on one person; it has a memory of its own."""

    def advance(self, felt: Sequence[Stimulation], tone_pct_mvc: float) -> Effect:
        """Advance one step under these actuators, none of them when it is off."""


def over_sites(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the mean of a value per site, by how much each site matters.

    The first value is that of the first site; a lone actuator is all there is.
    """
    if not values:
        return 0.0
    shares = [weights[i % len(weights)] for i in range(len(values))]
    return sum(v * w for v, w in zip(values, shares, strict=True)) / sum(shares)
