"""Proportional-integral law with back-calculation against wind-up."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from service.core.laws.parameters import LawParameters, number
from service.core.laws.protocol import (
    Observation,
    Reason,
    moved_by_others,
    reason_for,
    toward,
)


@dataclass(frozen=True, slots=True)
class PiState:
    """What the law remembers.

    Parameters
    ----------
    integral_ma : float
        The integral part.
    asked_ma : float
        What was asked for last; NaN when the integral must be set anew.
    """

    integral_ma: float = 0.0
    asked_ma: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class PiLaw(LawParameters):
    """PI with back-calculation.

    Parameters
    ----------
    up_ma_per_s, down_ma_per_s : float
        Largest rates of change of the level.
    gain_ma_per_pct : float
        Proportional gain Kc. A default for a response of about 1 %MVC/mA; tune it.
    integral_s : float
        Integral time.
    tracking_ratio : float
        Time constant of the back-calculation over the integral time. A: 1.

    Notes
    -----
    ``raw = Kc e + i``; the level is what bounds and rates leave of it; and
    ``di/dt = Kc e / integral_s + (level - raw) / (tracking_ratio * integral_s)``.
    Whenever the level was not the law's own (first step, strike, weaning, unknown
    tone, cool-down) the integral is set so that ``raw`` equals the level: no jump.
    """

    kind: ClassVar[str] = "pi"

    gain_ma_per_pct: float = number(0.5, 1e-3, 20.0)
    integral_s: float = number(20.0, 2.0, 600.0)
    tracking_ratio: float = number(1.0, 0.5, 10.0)

    def start(self) -> PiState:
        """Return the state before the first observation.

        Returns
        -------
        PiState
            The integral is set by the first observation.
        """
        return PiState()

    def step(
        self, state: PiState, observation: Observation
    ) -> tuple[PiState, float, Reason]:
        """Move the level by proportional and integral part.

        Parameters
        ----------
        state : PiState
            From the previous call.
        observation : Observation
            Level, time, tone and cap.

        Returns
        -------
        state : PiState
            For the next call.
        level_ma : float
            Between 0 and the cap.
        reason : Reason
            Why.
        """
        excess = observation.excess_pct_mvc
        if not observation.known or (excess > 0 and not observation.may_rise):
            level_ma = min(max(observation.level_ma, 0.0), observation.ceiling_ma)
            frozen = replace(state, asked_ma=math.nan)
            return frozen, level_ma, reason_for(observation, level_ma)
        proportional_ma = self.gain_ma_per_pct * excess
        integral_ma = state.integral_ma
        if moved_by_others(state.asked_ma, observation):
            integral_ma = observation.level_ma - proportional_ma
        raw_ma = proportional_ma + integral_ma
        level_ma = toward(observation, raw_ma, self.up_ma_per_s, self.down_ma_per_s)
        surplus_ma = (level_ma - raw_ma) / self.tracking_ratio
        change_ma = (proportional_ma + surplus_ma) / self.integral_s * observation.dt_s
        after = PiState(integral_ma + change_ma, level_ma)
        return after, level_ma, reason_for(observation, level_ma)
