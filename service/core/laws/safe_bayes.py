"""Safe Bayesian optimisation across sessions: one amplitude per session.

Before a session, the trials of earlier sessions say which amplitudes are safe, and
which of those looks best. Within the session the level goes there and stays. All
statistics happen at the start, none in the loop.
"""

import math
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from service.core.laws.bouts import BoutWindow
from service.core.laws.parameters import LawError, LawParameters, number, whole
from service.core.laws.protocol import (
    ClosedBout,
    Observation,
    Reason,
    reason_for,
    toward,
)
from service.core.laws.surrogate import gaussian_processes, predict_ratio

#: After an adverse trial only this share of its amplitude is tried again. A: the cap
#: that one adverse response sets within a session.
AFTER_ADVERSE = 0.7
#: A bout counts from this share of the proposed amplitude on. A.
AT_TARGET = 0.95


@dataclass(frozen=True, slots=True)
class Trial:
    """What one session found.

    Parameters
    ----------
    amplitude_ma : float
        Largest amplitude that was applied.
    tone_ratio : float
        Tone of the off-windows over the baseline of that session; NaN if none was
        measured.
    adverse : bool
        The session ended with an adverse response.

    Raises
    ------
    LawError
        If the amplitude is not a finite number from 0.
    """

    amplitude_ma: float
    tone_ratio: float
    adverse: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.amplitude_ma) and self.amplitude_ma >= 0):
            msg = f"amplitude_ma of a trial must be from 0, not {self.amplitude_ma}"
            raise LawError(msg)


@dataclass(frozen=True, slots=True)
class Proposal:
    """The amplitude for the next session, and what is known about it.

    Parameters
    ----------
    amplitude_ma : float
        Safe, and within one step of what was felt.
    expected_ratio, upper_ratio : float
        Tone over baseline there: expected, and its upper confidence bound.
    safe_up_to_ma, reach_ma : float
        End of the safe range, and of the range that was looked at.
    """

    amplitude_ma: float
    expected_ratio: float
    upper_ratio: float
    safe_up_to_ma: float
    reach_ma: float


@dataclass(frozen=True, slots=True)
class SafeBayesState:
    """What the law remembers within a session.

    Parameters
    ----------
    proposal : Proposal
        Where the level goes.
    window : BoutWindow
        Bouts at that level.
    felt_ma : float
        Largest level of any bout.
    """

    proposal: Proposal
    window: BoutWindow = field(default_factory=BoutWindow)
    felt_ma: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeBayesLaw(LawParameters):
    """Safe Bayesian optimisation of the amplitude across sessions.

    Parameters
    ----------
    up_ma_per_s, down_ma_per_s : float
        Largest rates of change within a session.
    trials : tuple of Trial
        What earlier sessions of this person and placement found.
    felt_ma : float
        Amplitude that was felt and tolerated before the first trial, as in the search
        for the sensory threshold. A: 0 when there was none.
    max_step_ma : float
        Never further than this beyond what was felt. A.
    grid_ma : float
        Resolution. A: the grid of the device.
    adverse_ratio : float
        Tone over baseline that counts as adverse. A: 1.25.
    caution_sd : float
        So many standard deviations of the prediction must lie between it and that
        bar. A: 2.
    length_ma : float
        Amplitudes this far apart act alike. A: a recruitment curve rises over about
        2.5 mA, twice that here.
    effect_sd : float
        Spread of the effect before any trial, as a share of the baseline. A.
    trial_sd : float
        Spread of one trial, as a share of the baseline. A: 0.15.
    settle_bouts : int
        Bouts at the amplitude that do not count. A.

    Raises
    ------
    LawError
        If scikit-learn (extra ``optimise``) is missing.
    """

    kind: ClassVar[str] = "safe_bayes"

    trials: tuple[Trial, ...] = ()
    felt_ma: float = number(0.0, 0.0, 100.0)
    max_step_ma: float = number(2.0, 0.1, 5.0)
    grid_ma: float = number(0.5, 0.05, 5.0)
    adverse_ratio: float = number(1.25, 1.05, 2.0)
    caution_sd: float = number(2.0, 1.0, 6.0)
    length_ma: float = number(5.0, 0.5, 50.0)
    effect_sd: float = number(0.3, 0.01, 2.0)
    trial_sd: float = number(0.15, 0.01, 1.0)
    settle_bouts: int = whole(4, 0, 100)

    def __post_init__(self) -> None:
        LawParameters.__post_init__(self)
        gaussian_processes()

    def propose(self) -> Proposal:
        """Choose the amplitude of the next session.

        Returns
        -------
        Proposal
            The amplitude whose lower confidence bound of tone is lowest, among those
            that can be reached without passing one that is not safe. Zero when
            nothing else is safe.
        """
        at_ma = self._reachable_ma()
        known = [t for t in self.trials if math.isfinite(t.tone_ratio)]
        mean, sd = predict_ratio(
            np.array([t.amplitude_ma for t in known]),
            np.array([t.tone_ratio for t in known]),
            at_ma,
            (self.length_ma, self.effect_sd, self.trial_sd),
        )
        upper = mean + self.caution_sd * sd
        # The ramp passes every lower amplitude, so all of them must be safe too.
        beyond = np.flatnonzero(~(upper[1:] < self.adverse_ratio))
        n_safe = 1 + (int(beyond[0]) if beyond.size else at_ma.size - 1)
        best = int(np.argmin((mean - self.caution_sd * sd)[:n_safe]))
        return Proposal(
            amplitude_ma=float(at_ma[best]),
            expected_ratio=float(mean[best]),
            upper_ratio=float(upper[best]),
            safe_up_to_ma=float(at_ma[n_safe - 1]),
            reach_ma=float(at_ma[-1]),
        )

    def start(self) -> SafeBayesState:
        """Return the state before the first observation.

        Returns
        -------
        SafeBayesState
            With the proposal for this session.
        """
        return SafeBayesState(self.propose())

    def step(
        self, state: SafeBayesState, observation: Observation
    ) -> tuple[SafeBayesState, float, Reason]:
        """Approach the proposed amplitude and collect what it does.

        Parameters
        ----------
        state : SafeBayesState
            From the previous call.
        observation : Observation
            Level, time, tone, cap and the bout that closed.

        Returns
        -------
        state : SafeBayesState
            For the next call.
        level_ma : float
            Between 0 and the smaller of cap and proposal.
        reason : Reason
            Why.
        """
        target_ma = state.proposal.amplitude_ma
        if observation.closed is not None:
            state = self._measured(state, observation.closed, observation.ceiling_ma)
        level_ma = toward(observation, target_ma, self.up_ma_per_s, self.down_ma_per_s)
        reason = reason_for(observation, level_ma)
        return state, level_ma, Reason.MEASURING if reason is Reason.HELD else reason

    def _measured(
        self, state: SafeBayesState, closed: ClosedBout, ceiling_ma: float
    ) -> SafeBayesState:
        felt_ma = max(state.felt_ma, closed.level_ma)
        there_ma = AT_TARGET * min(state.proposal.amplitude_ma, ceiling_ma)
        if closed.level_ma <= 0 or closed.level_ma < there_ma:
            return replace(state, felt_ma=felt_ma)
        window = state.window.after(closed, self.settle_bouts)
        return replace(state, felt_ma=felt_ma, window=window)

    def _reachable_ma(self) -> NDArray[np.float64]:
        reach_ma = self.max_step_ma + max(
            [self.felt_ma, *(t.amplitude_ma for t in self.trials)]
        )
        adverse_ma = [AFTER_ADVERSE * t.amplitude_ma for t in self.trials if t.adverse]
        reach_ma = min([reach_ma, *adverse_ma])
        # The nudge lets 0.6 / 0.2 count as 3.
        n_steps = math.floor(reach_ma / self.grid_ma + 1e-9)
        grid_ma = np.arange(n_steps + 1, dtype=np.float64) * self.grid_ma
        return np.minimum(grid_ma, reach_ma)


def conclude(
    state: SafeBayesState, baseline_pct_mvc: float, *, adverse: bool
) -> Trial | None:
    """Return what a session has found.

    Parameters
    ----------
    state : SafeBayesState
        At the end of the session.
    baseline_pct_mvc : float
        Tone before the treatment.
    adverse : bool
        The session ended with an adverse response.

    Returns
    -------
    Trial or None
        None when nothing was applied or measured, and nothing went wrong.
    """
    tone_pct_mvc = state.window.mean_pct_mvc(1)
    ratio = tone_pct_mvc / baseline_pct_mvc if baseline_pct_mvc > 0 else math.nan
    if state.felt_ma <= 0 or not (math.isfinite(ratio) or adverse):
        return None
    return Trial(state.felt_ma, ratio, adverse)
