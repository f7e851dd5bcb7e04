"""The rate-limited integral: the level follows the sum of the excess over time."""

from dataclasses import dataclass
from typing import ClassVar

from service.core.laws.parameters import (
    MAX_UP_MA_PER_S,
    LawParameters,
    number,
)
from service.core.laws.protocol import Observation, Reason, reason_for


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegralLaw(LawParameters):
    """Rate-limited integral in velocity form.

    Parameters
    ----------
    up_ma_per_s, down_ma_per_s : float
        Largest rates of change of the level.
    gain_ma_per_s_per_pct : float
        Rise per second and %MVC of excess tone. A: 0.02–0.05.
    least_up_ma_per_s : float
        Smallest rise per second while tone is above the threshold. Without it the level
        creeps where little excess is left, and never gets there.

    Notes
    -----
    It is the bounded level that is integrated further, so nothing winds up at a limit.
    """

    kind: ClassVar[str] = "integral"

    gain_ma_per_s_per_pct: float = number(0.05, 1e-4, 1.0)
    least_up_ma_per_s: float = number(0.0, 0.0, MAX_UP_MA_PER_S)

    def start(self) -> None:
        """Return the state: the level itself is all that this law remembers."""

    def step(self, state: None, observation: Observation) -> tuple[None, float, Reason]:
        """Move the level by the rate-limited excess.

        Parameters
        ----------
        state : None
            Nothing.
        observation : Observation
            Level, time, tone and cap.

        Returns
        -------
        state : None
            Nothing.
        level_ma : float
            Between 0 and the cap.
        reason : Reason
            Why.
        """
        excess_pct_mvc = observation.excess_pct_mvc
        patient = observation.relaxed or observation.quiet
        if not observation.known or (patient and excess_pct_mvc > 0):
            excess_pct_mvc = 0.0
        rate = self.gain_ma_per_s_per_pct * excess_pct_mvc
        if excess_pct_mvc > 0:
            rate = max(rate, self.least_up_ma_per_s)
        rate = min(max(rate, -self.down_ma_per_s), self.up_ma_per_s)
        # Not `toward`: the order of these operations fixes the last bit of every
        # level in recorded sessions.
        moved_ma = observation.level_ma + rate * observation.dt_s
        level_ma = min(max(moved_ma, 0.0), observation.ceiling_ma)
        return state, level_ma, reason_for(observation, level_ma)
