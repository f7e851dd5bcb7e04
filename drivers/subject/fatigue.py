"""Fatigue of voluntary contractions: three compartments of motor units.

``MA' = C - F MA``, ``MF' = F MA - R' MF``, ``MR' = -C + R' MF`` with active, fatigued
and resting shares that add up to 1. C follows the wanted load at 10 per second, as far
as resting units are left. R' is R while the load is wanted and r R at rest (Xia and
Frey Law 2008, J Biomech 41:3046; rest multiplier: Looft and Frey-Law).
"""

from dataclasses import dataclass

FOLLOW_PER_S = 10.0  # LD = LR of the model
#: A: assumption; below this share nothing is wanted and nothing is active.
NOTHING_ACTIVE = 1e-9


@dataclass(frozen=True, slots=True)
class FatigueParams:
    """Rates of fatigue F and recovery R, and the rest multiplier r (default: R)."""

    fatigue_per_s: float = 0.00970
    recovery_per_s: float = 0.00091
    rest_multiplier: float = 15.0


#: A joint in general.
DEFAULT_FATIGUE = FatigueParams()

#: Without rest multiplier (Frey-Law, Looft and Heitsman 2012, J Biomech 45:1803; the
#: abstract swaps the labels F and R; elbow and hand R).
JOINTS = {
    "ankle": FatigueParams(0.00589, 0.00058, 1.0),
    "knee": FatigueParams(0.01500, 0.00149, 1.0),
    "trunk": FatigueParams(0.00755, 0.00075, 1.0),
    "shoulder": FatigueParams(0.01820, 0.00168, 1.0),
    "elbow": FatigueParams(0.00912, 0.00094, 1.0),
    "hand": FatigueParams(0.00980, 0.00064, 1.0),
}

#: With rest multiplier (R; fitted to contractions with pauses).
RESTING_JOINTS = {
    "ankle": FatigueParams(0.01485, 0.00333, 9.31),
    "elbow": FatigueParams(0.01086, 0.00225, 4.93),
    "hand": FatigueParams(0.01227, 0.00134, 9.10),
    "knee": FatigueParams(0.00825, 0.00076, 14.85),
    "shoulder": FatigueParams(0.00825, 0.00076, 14.85),
}


class MotorUnits:
    """The three compartments of one muscle, advanced step by step."""

    __slots__ = ("_params", "active", "fatigued")

    def __init__(self, params: FatigueParams = DEFAULT_FATIGUE) -> None:
        self._params = params
        self.active = 0.0
        self.fatigued = 0.0

    @property
    def resting(self) -> float:
        """Share of the units that could still be recruited."""
        return 1.0 - self.active - self.fatigued

    def advance(self, load: float, dt_s: float) -> float:
        """Advance one step towards a load, 0 to 1; return the active share."""
        active, fatigued = self.active, self.fatigued
        params = self._params
        missing = load - active
        recovery = params.recovery_per_s
        if missing > 0.0:
            drive = FOLLOW_PER_S * min(missing, 1.0 - active - fatigued)
        else:
            drive = FOLLOW_PER_S * missing
            recovery *= params.rest_multiplier
        tiring = params.fatigue_per_s * active
        active += dt_s * (drive - tiring)
        self.fatigued = fatigued + dt_s * (tiring - recovery * fatigued)
        self.active = active if active > NOTHING_ACTIVE else 0.0
        return self.active
