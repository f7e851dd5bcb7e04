"""Run-to-run: one correction for a run of bouts, from the tone at its end."""

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

from service.core.laws.bouts import BoutWindow
from service.core.laws.parameters import LawParameters, number, whole
from service.core.laws.protocol import (
    Observation,
    Reason,
    moved_by_others,
    reason_for,
    toward,
)


@dataclass(frozen=True, slots=True)
class RunToRunState:
    """What the law remembers.

    Parameters
    ----------
    target_ma : float
        Level of this run.
    window : BoutWindow
        Bouts of this run.
    asked_ma : float
        What was asked for last.
    """

    target_ma: float = 0.0
    window: BoutWindow = field(default_factory=BoutWindow)
    asked_ma: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class RunToRunLaw(LawParameters):
    """Run-to-run correction.

    Parameters
    ----------
    up_ma_per_s, down_ma_per_s : float
        Largest rates of change within a run.
    correction : float
        Share of the error that one run corrects. Without memory from run to run it is
        stable between 0 and 2; use 0.3–0.5.
    response_pct_mvc_per_ma : float
        Size of the identified response, without its sign: tone must fall with the
        level, which the tuning checks.
    settle_bouts, measure_bouts : int
        Bouts of a run that are waited for, and then measured. A.
    max_step_ma : float
        Largest correction. A.

    Notes
    -----
    ``I[k+1] = I[k] + correction * (tone - threshold) / response``.
    """

    kind: ClassVar[str] = "run_to_run"

    correction: float = number(0.4, 0.01, 1.0)
    response_pct_mvc_per_ma: float = number(1.0, 0.01, 20.0)
    settle_bouts: int = whole(3, 0, 100)
    measure_bouts: int = whole(1, 1, 100)
    max_step_ma: float = number(2.0, 0.05, 5.0)

    def start(self) -> RunToRunState:
        """Return the state before the first observation.

        Returns
        -------
        RunToRunState
            A run at the level of the first observation.
        """
        return RunToRunState()

    def step(
        self, state: RunToRunState, observation: Observation
    ) -> tuple[RunToRunState, float, Reason]:
        """Correct the level when a run is over, and approach it.

        Parameters
        ----------
        state : RunToRunState
            From the previous call.
        observation : Observation
            Level, time, tone, cap and the bout that closed.

        Returns
        -------
        state : RunToRunState
            For the next call.
        level_ma : float
            Between 0 and the cap.
        reason : Reason
            Why.
        """
        if moved_by_others(state.asked_ma, observation):
            state = RunToRunState(target_ma=observation.level_ma)
        state = replace(state, target_ma=min(state.target_ma, observation.ceiling_ma))
        if observation.closed is not None:
            window = state.window.after(observation.closed, self.settle_bouts)
            state = self._corrected(replace(state, window=window), observation)
        level_ma = toward(
            observation, state.target_ma, self.up_ma_per_s, self.down_ma_per_s
        )
        reason = reason_for(observation, level_ma)
        if reason is Reason.HELD:
            reason = Reason.MEASURING
        return replace(state, asked_ma=level_ma), level_ma, reason

    def _corrected(
        self, state: RunToRunState, observation: Observation
    ) -> RunToRunState:
        tone_pct_mvc = state.window.mean_pct_mvc(self.measure_bouts)
        error_pct_mvc = tone_pct_mvc - observation.threshold_pct_mvc
        if not math.isfinite(error_pct_mvc):
            return state
        change_ma = self.correction * error_pct_mvc / self.response_pct_mvc_per_ma
        change_ma = min(max(change_ma, -self.max_step_ma), self.max_step_ma)
        if change_ma > 0 and not observation.may_rise:
            change_ma = 0.0
        target_ma = min(max(state.target_ma + change_ma, 0.0), observation.ceiling_ma)
        return replace(state, target_ma=target_ma, window=BoutWindow())
