"""Relay with minimum times: on or off, for actuators that know nothing in between."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from service.core.laws.parameters import LawError, LawParameters, number
from service.core.laws.protocol import Observation, Reason, reason_for, toward


@dataclass(frozen=True, slots=True)
class RelayState:
    """What the law remembers.

    Parameters
    ----------
    on : bool
        Whether it wants the output on.
    since_s : float
        When it last switched.
    below_since_s : float or None
        Since when tone has been below the off level without a break.
    """

    on: bool = False
    since_s: float = -math.inf
    below_since_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLaw(LawParameters):
    """Relay with hysteresis, minimum on and minimum off time.

    Parameters
    ----------
    up_ma_per_s, down_ma_per_s : float
        Rates at which it ramps on and off.
    on_ma : float
        Level while on.
    on_ratio : float
        On above this multiple of the threshold. A: 1.3.
    off_ratio : float
        Off below this multiple of the threshold. A: 1.
    off_after_s : float
        If tone stays there for this long. A: 10 s.
    min_on_s, min_off_s : float
        Shortest times in one state. They bind the relay alone: a cap that falls, a
        strike, a hold and a stop never wait. A.

    Raises
    ------
    LawError
        If there is no hysteresis.
    """

    kind: ClassVar[str] = "relay"

    on_ma: float = number(8.0, 0.05, 100.0)
    on_ratio: float = number(1.3, 1.0, 10.0)
    off_ratio: float = number(1.0, 0.1, 10.0)
    off_after_s: float = number(10.0, 0.0, 300.0)
    min_on_s: float = number(10.0, 0.0, 300.0)
    min_off_s: float = number(10.0, 0.0, 300.0)

    def __post_init__(self) -> None:
        LawParameters.__post_init__(self)
        if self.off_ratio >= self.on_ratio:
            msg = f"off_ratio {self.off_ratio:g} must be below on_ratio"
            raise LawError(msg)

    def start(self) -> RelayState:
        """Return the state before the first observation.

        Returns
        -------
        RelayState
            Off, and free to switch on.
        """
        return RelayState()

    def step(
        self, state: RelayState, observation: Observation
    ) -> tuple[RelayState, float, Reason]:
        """Switch if it may, and ramp towards the state.

        Parameters
        ----------
        state : RelayState
            From the previous call.
        observation : Observation
            Level, time, tone and cap.

        Returns
        -------
        state : RelayState
            For the next call.
        level_ma : float
            Between 0 and the cap.
        reason : Reason
            Why.
        """
        state, waiting = self._switched(self._watched(state, observation), observation)
        target_ma = self.on_ma if state.on else 0.0
        level_ma = toward(observation, target_ma, self.up_ma_per_s, self.down_ma_per_s)
        reason = reason_for(observation, level_ma)
        return state, level_ma, waiting if reason is Reason.HELD else reason

    def _watched(self, state: RelayState, observation: Observation) -> RelayState:
        off_pct_mvc = self.off_ratio * observation.threshold_pct_mvc
        if not observation.known or observation.tone_pct_mvc >= off_pct_mvc:
            return replace(state, below_since_s=None)
        if state.below_since_s is not None:
            return state
        return replace(state, below_since_s=observation.t_s)

    def _switched(
        self, state: RelayState, observation: Observation
    ) -> tuple[RelayState, Reason]:
        now_s = observation.t_s
        lasted_s = now_s - state.since_s
        on_pct_mvc = self.on_ratio * observation.threshold_pct_mvc
        if state.on:
            below_s = state.below_since_s
            due = below_s is not None and now_s - below_s >= self.off_after_s
            free, least = lasted_s >= self.min_on_s, Reason.MINIMUM_ON
        else:
            due = observation.may_rise and observation.tone_pct_mvc > on_pct_mvc
            free, least = lasted_s >= self.min_off_s, Reason.MINIMUM_OFF
        if due and free:
            return replace(state, on=not state.on, since_s=now_s), Reason.HELD
        return state, least if due else Reason.HELD
