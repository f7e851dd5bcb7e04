"""Perturb and observe: try one step, keep what lowered the tone, take back the rest.

It needs no gain and no sign. It differs from the textbook in one respect: it never
climbs while tone is rising, whatever made it rise.
"""

import enum
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


class Move(enum.Enum):
    """What the law did last."""

    HOLD = 0
    CLIMB = 1
    DESCEND = -1


class Trend(enum.Enum):
    """How tone compares with the reference."""

    FLAT = 0
    ROSE = 1
    FELL = -1


@dataclass(frozen=True, slots=True)
class PerturbState:
    """What the law remembers.

    Parameters
    ----------
    target_ma : float
        Level that is being tried.
    foot_ma : float
        Level to return to if the climb fails: the last one that was worth it.
    move : Move
        What was done last.
    reference_pct_mvc : float
        Tone that the next measurement is compared with; NaN before the first.
    failed_climbs : int
        Climbs after which tone rose, less those after which it fell.
    window : BoutWindow
        Bouts since the last move.
    asked_ma : float
        What was asked for last.
    """

    target_ma: float = 0.0
    foot_ma: float = 0.0
    move: Move = Move.HOLD
    reference_pct_mvc: float = math.nan
    failed_climbs: int = 0
    window: BoutWindow = field(default_factory=BoutWindow)
    asked_ma: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class PerturbLaw(LawParameters):
    """Perturb and observe on the tone of off-windows.

    Parameters
    ----------
    up_ma_per_s, down_ma_per_s : float
        Largest rates of change between two decisions.
    step_ma : float
        Size of one trial. A: 1–2 mA.
    settle_bouts, measure_bouts : int
        Bouts after a move that are waited for, and then measured. Together they
        should last three time constants of the response. A.
    dead_band : float
        Share of the reference by which tone must differ to count as changed. A:
        above the spread of a mean of bouts.
    max_failed_climbs : int
        So many climbs that made it worse end all climbing. A.
    """

    kind: ClassVar[str] = "perturb"

    step_ma: float = number(1.0, 0.05, 2.0)
    settle_bouts: int = whole(2, 0, 100)
    measure_bouts: int = whole(2, 1, 100)
    dead_band: float = number(0.1, 0.01, 0.25)
    max_failed_climbs: int = whole(3, 1, 10)

    def start(self) -> PerturbState:
        """Return the state before the first observation.

        Returns
        -------
        PerturbState
            Measures the tone at the level that it finds before it moves anything.
        """
        return PerturbState()

    def step(
        self, state: PerturbState, observation: Observation
    ) -> tuple[PerturbState, float, Reason]:
        """Move after a measurement, and approach the level that is being tried.

        Parameters
        ----------
        state : PerturbState
            From the previous call.
        observation : Observation
            Level, time, tone, cap and the bout that closed.

        Returns
        -------
        state : PerturbState
            For the next call.
        level_ma : float
            Between 0 and the cap.
        reason : Reason
            Why.
        """
        state = self._followed(state, observation)
        if observation.closed is not None:
            window = state.window.after(observation.closed, self.settle_bouts)
            tone_pct_mvc = window.mean_pct_mvc(self.measure_bouts)
            state = replace(state, window=window)
            if math.isfinite(tone_pct_mvc):
                state = self._moved(state, observation, tone_pct_mvc)
        level_ma = toward(
            observation, state.target_ma, self.up_ma_per_s, self.down_ma_per_s
        )
        reason = reason_for(observation, level_ma)
        if reason is Reason.HELD:
            reason = self._why_held(state)
        return replace(state, asked_ma=level_ma), level_ma, reason

    def _why_held(self, state: PerturbState) -> Reason:
        if state.failed_climbs >= self.max_failed_climbs:
            return Reason.GIVEN_UP
        return Reason.BACKED_OFF if state.move is Move.DESCEND else Reason.MEASURING

    @staticmethod
    def _followed(state: PerturbState, observation: Observation) -> PerturbState:
        level_ma, ceiling_ma = observation.level_ma, observation.ceiling_ma
        if not moved_by_others(state.asked_ma, observation):
            return replace(state, target_ma=min(state.target_ma, ceiling_ma))
        # Whoever lowers the level in the middle of a climb saw it fail.
        lowered = state.move is Move.CLIMB and level_ma < state.asked_ma
        return PerturbState(
            target_ma=min(level_ma, ceiling_ma),
            foot_ma=level_ma,
            failed_climbs=state.failed_climbs + lowered,
        )

    def _trend(self, state: PerturbState, tone_pct_mvc: float) -> Trend:
        reference = state.reference_pct_mvc
        if tone_pct_mvc > reference * (1.0 + self.dead_band):
            return Trend.ROSE
        if tone_pct_mvc < reference * (1.0 - self.dead_band):
            return Trend.FELL
        return Trend.FLAT

    def _moved(
        self, state: PerturbState, observation: Observation, tone_pct_mvc: float
    ) -> PerturbState:
        trend = self._trend(state, tone_pct_mvc)
        judged = _judged(state, trend, tone_pct_mvc)
        if trend is Trend.ROSE and state.move is Move.CLIMB:
            back_ma = min(state.foot_ma, state.target_ma)
            return replace(judged, target_ma=back_ma, move=Move.DESCEND)
        descends = (trend is Trend.ROSE and state.move is Move.HOLD) or (
            trend is Trend.FELL and state.move is Move.DESCEND
        )
        if descends and state.target_ma > 0:
            return self._descended(judged)
        climbs = (trend is Trend.FELL and state.move is Move.CLIMB) or (
            trend is Trend.FLAT and state.move is not Move.DESCEND
        )
        if climbs and self._may_climb(judged, observation, tone_pct_mvc):
            return self._climbed(judged, observation)
        return replace(judged, move=Move.HOLD)

    def _descended(self, state: PerturbState) -> PerturbState:
        target_ma = max(state.target_ma - self.step_ma, 0.0)
        return replace(state, target_ma=target_ma, foot_ma=target_ma, move=Move.DESCEND)

    def _climbed(self, state: PerturbState, observation: Observation) -> PerturbState:
        target_ma = min(state.target_ma + self.step_ma, observation.ceiling_ma)
        foot_ma = state.foot_ma if state.move is Move.CLIMB else state.target_ma
        return replace(state, target_ma=target_ma, foot_ma=foot_ma, move=Move.CLIMB)

    def _may_climb(
        self, state: PerturbState, observation: Observation, tone_pct_mvc: float
    ) -> bool:
        return (
            observation.may_rise
            and tone_pct_mvc > observation.threshold_pct_mvc
            and state.failed_climbs < self.max_failed_climbs
            and state.target_ma < observation.ceiling_ma
        )


def _judged(state: PerturbState, trend: Trend, tone_pct_mvc: float) -> PerturbState:
    """Return the state with what the measurement taught, before the next move."""
    failed, foot_ma = state.failed_climbs, state.foot_ma
    if state.move is Move.CLIMB and trend is Trend.ROSE:
        failed += 1
    elif state.move is Move.CLIMB and trend is Trend.FELL:
        failed, foot_ma = max(failed - 1, 0), state.target_ma
    reference = tone_pct_mvc
    if trend is Trend.FLAT and math.isfinite(state.reference_pct_mvc):
        # A creep must not escape by being slow: the lowest tone stays the reference.
        reference = min(state.reference_pct_mvc, tone_pct_mvc)
    return replace(
        state,
        foot_ma=foot_ma,
        failed_climbs=failed,
        reference_pct_mvc=reference,
        window=BoutWindow(),
    )
