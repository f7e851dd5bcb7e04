"""Step with dead band ("titration"): a fixed step at fixed times, or none."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from service.core.laws.parameters import LawError, LawParameters, number
from service.core.laws.protocol import (
    Observation,
    Reason,
    moved_by_others,
    reason_for,
    toward,
)


@dataclass(frozen=True, slots=True)
class DeadBandState:
    """What the law remembers.

    Parameters
    ----------
    target_ma : float
        Level of the last decision.
    due_s : float
        The next decision is not before.
    asked_ma : float
        What was asked for last.
    """

    target_ma: float = 0.0
    due_s: float = -math.inf
    asked_ma: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadBandLaw(LawParameters):
    """Step with dead band.

    Parameters
    ----------
    up_ma_per_s, down_ma_per_s : float
        Largest rates of change between two decisions.
    step_ma : float
        Size of one step. A: 1 mA, or 2 % of the range.
    decision_s : float
        Time between decisions. A: 5–10 s, at least one bout.
    rise_ratio : float
        A step up above this multiple of the threshold. A: 1.2.
    fall_ratio : float
        A step down below this multiple of the threshold. A: 0.8.

    Raises
    ------
    LawError
        If the band is empty.
    """

    kind: ClassVar[str] = "dead_band"

    step_ma: float = number(1.0, 0.05, 5.0)
    decision_s: float = number(5.0, 1.0, 120.0)
    rise_ratio: float = number(1.2, 1.0, 5.0)
    fall_ratio: float = number(0.8, 0.0, 1.0)

    def __post_init__(self) -> None:
        LawParameters.__post_init__(self)
        if self.fall_ratio >= self.rise_ratio:
            msg = f"fall_ratio {self.fall_ratio:g} must be below rise_ratio"
            raise LawError(msg)

    def start(self) -> DeadBandState:
        """Return the state before the first observation.

        Returns
        -------
        DeadBandState
            The first decision is due at once.
        """
        return DeadBandState()

    def step(
        self, state: DeadBandState, observation: Observation
    ) -> tuple[DeadBandState, float, Reason]:
        """Decide if a decision is due, and approach the last one.

        Parameters
        ----------
        state : DeadBandState
            From the previous call.
        observation : Observation
            Level, time, tone and cap.

        Returns
        -------
        state : DeadBandState
            For the next call.
        level_ma : float
            Between 0 and the cap.
        reason : Reason
            Why.
        """
        state = self._followed(state, observation)
        in_band = False
        if observation.known and observation.t_s >= state.due_s:
            state = self._decided(state, observation)
        if observation.known:
            ratio = observation.tone_pct_mvc / observation.threshold_pct_mvc
            in_band = self.fall_ratio <= ratio <= self.rise_ratio
        level_ma = toward(
            observation, state.target_ma, self.up_ma_per_s, self.down_ma_per_s
        )
        reason = reason_for(observation, level_ma)
        if in_band and reason is Reason.HELD:
            reason = Reason.IN_BAND
        return replace(state, asked_ma=level_ma), level_ma, reason

    def _followed(
        self, state: DeadBandState, observation: Observation
    ) -> DeadBandState:
        ceiling_ma = observation.ceiling_ma
        if not moved_by_others(state.asked_ma, observation):
            return replace(state, target_ma=min(state.target_ma, ceiling_ma))
        first = math.isnan(state.asked_ma)
        due_s = state.due_s if first else observation.t_s + self.decision_s
        return replace(
            state, target_ma=min(observation.level_ma, ceiling_ma), due_s=due_s
        )

    def _decided(self, state: DeadBandState, observation: Observation) -> DeadBandState:
        tone, threshold = observation.tone_pct_mvc, observation.threshold_pct_mvc
        target_ma = state.target_ma
        if tone > self.rise_ratio * threshold and observation.may_rise:
            target_ma = min(target_ma + self.step_ma, observation.ceiling_ma)
        elif tone < self.fall_ratio * threshold:
            target_ma = max(target_ma - self.step_ma, 0.0)
        return replace(
            state, target_ma=target_ma, due_s=observation.t_s + self.decision_s
        )
