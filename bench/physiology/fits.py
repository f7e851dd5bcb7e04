"""How far the model is from the power laws, and how near any rates could bring it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from bench.physiology.fatigue import LOADS, POWER_LAW_S
from bench.physiology.grid import Grid
from drivers.subject.fatigue import JOINTS
from dsp.types import F64

#: RMS error that was published with F and R of each joint (Frey-Law, Looft and
#: Heitsman 2012, J Biomech 45:1803).
PUBLISHED_RMS_S: Mapping[str, float] = {
    "shoulder": 2.7,
    "hand": 5.6,
    "knee": 6.7,
    "trunk": 9.3,
    "elbow": 9.9,
    "ankle": 11.2,
}
#: The lightest load is left out: a difference of minutes there hides all others.
FIRST = 1
#: Seconds that stand for a load that can be held for ever.
FOR_EVER_S = 1e5
#: Where the search begins: multiples of the published rates.
BEGIN_F, BEGIN_R = (0.5, 1.0, 2.0), (0.3, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Fit:
    """RMS errors of one joint over 20 to 90 %, in seconds.

    ``ours_s`` is with the published rates, ``least_s`` with the best there are.
    """

    ours_s: float
    least_s: float
    published_s: float


def held_s(rates_per_s: F64, loads: F64) -> F64:
    """Return how long loads can be held, in closed form.

    While a load is held, MF' = F load - R MF; it is lost when MF = 1 - load.
    """
    fatigue_per_s, recovery_per_s = rates_per_s
    share = (1.0 - loads) * recovery_per_s / (loads * fatigue_per_s)
    lost = share < 1.0
    inside = np.where(lost, 1.0 - share, 1.0)
    return np.where(lost, -np.log(inside) / recovery_per_s, FOR_EVER_S)


def fits(laws: Grid) -> dict[str, Fit]:
    """Return the errors of every joint with a power law."""
    return {
        joint: Fit(
            _rms([cell.difference for cell in list(row.values())[FIRST:]]),
            _least_s(joint),
            PUBLISHED_RMS_S[joint],
        )
        for joint, row in laws.rows.items()
    }


def _rms(differences: list[float]) -> float:
    return math.sqrt(sum(d * d for d in differences) / len(differences))


def _least_s(joint: str) -> float:
    loads, law_s = np.array(LOADS[FIRST:]), np.array(POWER_LAW_S[joint][FIRST:])
    rates = JOINTS[joint]

    def error_s(logarithms: F64) -> float:
        difference = held_s(np.exp(logarithms), loads) - law_s
        return float(np.sqrt(np.mean(difference**2)))

    begins = [
        np.log([f * rates.fatigue_per_s, r * rates.recovery_per_s])
        for f in BEGIN_F
        for r in BEGIN_R
    ]
    return min(minimize(error_s, b, method="Nelder-Mead").fun for b in begins)
