"""A mat of blunt spikes: discomfort at first, then rest, unless it is not tolerated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.subject.effect import Effect, discomfort_nrs, over_sites
from drivers.subject.stimulation import Stimulation

FULL_KPA = 10.0  # A: assumption; 1 - 1/e of the effect of a zone
DISCOMFORT_TAU_S = 60.0  # A: assumption; the first one to three minutes
FORGET_TAU_S = 300.0  # A: assumption; off the mat, its spikes are new again


@dataclass(frozen=True, slots=True)
class MatParams:
    """How one person lies on spikes (A: assumption).

    ``discomfort_pct_mvc`` is the transient at the first contact (1-3 %MVC). From
    ``tolerance_kpa`` on, a zone hurts, and at twice that nobody relaxes. About 10 % of
    users stopped as it was too painful (a trial with one arm, n = 91).
    """

    discomfort_pct_mvc: float = 2.0
    tolerance_kpa: float = 40.0
    zone_weights: tuple[float, ...] = (1.0,)


class Mat:
    """The zones of a mat, in their order."""

    def __init__(self, params: MatParams, dt_s: float) -> None:
        self._params = params
        self._settle = -math.expm1(-dt_s / DISCOMFORT_TAU_S)
        self._forget = -math.expm1(-dt_s / FORGET_TAU_S)
        self._settled = 0.0

    def advance(
        self,
        felt: Sequence[Stimulation],
        tone_pct_mvc: float,  # noqa: ARG002
    ) -> Effect:
        """Advance one step on these zones."""
        params = self._params
        reached = over_sites(
            [-math.expm1(-zone.level / FULL_KPA) for zone in felt], params.zone_weights
        )
        if reached > 0.0:
            self._settled += (1.0 - self._settled) * self._settle
        else:
            self._settled -= self._settled * self._forget
        discomfort = params.discomfort_pct_mvc * reached * (1.0 - self._settled)
        hardest = max((zone.level for zone in felt), default=0.0)
        over_tolerance = hardest / params.tolerance_kpa
        hurt = max(0.0, over_tolerance - 1.0)
        return Effect(
            reached * max(0.0, 1.0 - hurt),
            discomfort,
            hurt,
            discomfort_nrs=discomfort_nrs(over_tolerance),
        )
