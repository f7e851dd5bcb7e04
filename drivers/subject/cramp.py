"""Cramps that pulses set off, and how long they last."""

import math
from dataclasses import dataclass

import numpy as np

from drivers.subject.stimulation import Stimulation

CRAMP_PCT_MVC = 30.0  # A: assumption
CRAMP_LASTS_S = (10.0, 60.0)  # A: assumption
#: A: assumption; per second, at twice the threshold frequency and full recruitment.
HAZARD_PER_S = 0.02
ONSET_TAU_S = 0.3  # A: assumption; a cramp comes and goes with this lag


@dataclass(frozen=True, slots=True)
class CrampParams:
    """The pulse rate from which on pulses can set off a cramp.

    25.5 ± 1.6 Hz in controls and 14.9 ± 1.3 Hz in people prone to cramps (Miller and
    Knight 2009, Muscle Nerve 39:364).
    """

    threshold_hz: float = 25.0


def cramp_hazard(params: CrampParams, pulses: Stimulation, motor: float) -> float:
    """Return the rate per second at which a cramp begins under these pulses."""
    if not pulses.is_on:
        return 0.0
    above = pulses.frequency_hz / params.threshold_hz - 1.0
    return HAZARD_PER_S * max(0.0, above) * motor


class Cramp:
    """Whether the muscle is in a cramp, and how strong that is now."""

    __slots__ = ("_budget", "_dt_s", "_follow", "_left_s", "_rng", "level_pct_mvc")

    def __init__(self, rng: np.random.Generator, dt_s: float) -> None:
        self._rng = rng
        self._dt_s = dt_s
        self._follow = -math.expm1(-dt_s / ONSET_TAU_S)
        # A cramp begins when the hazard has added up to an exponential number.
        self._budget = float(rng.exponential())
        self._left_s = 0.0
        self.level_pct_mvc = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the cramp is going on."""
        return self._left_s > 0.0

    def advance(self, hazard_per_s: float) -> float:
        """Advance one step; return what the cramp adds to the muscle, in %MVC."""
        if self._left_s > 0.0:
            self._left_s -= self._dt_s
        elif hazard_per_s > 0.0:
            self._budget -= hazard_per_s * self._dt_s
            if self._budget < 0.0:
                self._budget = float(self._rng.exponential())
                self._left_s = float(self._rng.uniform(*CRAMP_LASTS_S))
        target = CRAMP_PCT_MVC if self._left_s > 0.0 else 0.0
        self.level_pct_mvc += (target - self.level_pct_mvc) * self._follow
        return self.level_pct_mvc
