"""Where a pressure release is: its step, and what it has measured so far.

Seek, ramp, hold, ease, effort, settle, stretch, check, and from the beginning. Nothing
here knows a session, or whether an actuator presses or a therapist does.
"""

import enum
import math
from dataclasses import dataclass

from service.core.evolve import evolve
from service.core.release_plan import LET_GO_S, ReleasePlan

#: A longer time between two updates adds no more than this. A.
MAX_DT_S = 0.1


class ReleaseStep(enum.StrEnum):
    """What happens now."""

    SEEK = "seek"
    RAMP = "ramp"
    HOLD = "hold"
    EASE = "ease"
    EFFORT = "effort"
    SETTLE = "settle"
    STRETCH = "stretch"
    CHECK = "check"


class Why(enum.StrEnum):
    """Why a step ended; empty while it goes on."""

    NOT_YET = ""
    SITE = "site"
    NAMED = "named"
    TIME = "time"
    GOAL = "goal"
    AGREED = "agreed_discomfort"
    ENOUGH = "enough"
    LET_GO = "let_go"
    RELEASED = "released"
    HALVED = "discomfort_halved"
    TOO_MUCH = "too_much"
    GUARDING = "guarding"
    TENSE = "tense"
    DONE = "done"
    PATIENCE = "patience"


#: Steps in which the site is pressed.
PRESSING = frozenset({ReleaseStep.RAMP, ReleaseStep.HOLD})

#: Why pressure is let go in one step rather than within `LET_GO_S`.
AT_ONCE = frozenset({Why.TOO_MUCH, Why.GUARDING})


@dataclass(frozen=True, slots=True)
class Look:
    """What one update of a session says.

    Parameters
    ----------
    now_s : float
        When.
    tone_pct_mvc : float
        Newest tone of the muscle; NaN if it is not known now.
    pressed_kpa : float
        What the actuator may do; NaN where hands press.
    goal_kpa : float
        Where the ramp ends if nothing is said.
    guarding_pct_mvc, stretch_pct_mvc : float
        Tone above the first is guarding, tone above the second forbids the stretch.
    site : int or None
        The tense site that the channels show.
    may_press : bool
        Whether a ramp may begin.
    is_resting : bool
        Whether it may not because the actuator was on for too long.
    check_s : float
        How long tone is looked at after a cycle.
    """

    now_s: float
    tone_pct_mvc: float = math.nan
    pressed_kpa: float = math.nan
    goal_kpa: float = 0.0
    guarding_pct_mvc: float = math.inf
    stretch_pct_mvc: float = math.inf
    site: int | None = None
    may_press: bool = True
    is_resting: bool = False
    check_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Release:
    """Where a pressure release is.

    Parameters
    ----------
    since_s, newest_s : float
        When the step began, and when it was looked at last.
    step : ReleaseStep
        What happens now.
    cycle : int
        From 1.
    site : int or None
        What is pressed; None until it is found or named.
    is_named : bool
        Whether the operator has named it.
    kpa : float
        Pressure that is wanted; while it is let go, what it falls from.
    most_kpa : float
        Somebody said "enough" here: no later ramp goes beyond.
    said_s : float
        When the person said how it feels, in this ramp or hold; before it, never.
    nrs, worst_nrs : float
        What was said last, and the worst of this ramp and hold; NaN before.
    hold_pct_mvc : float
        Tone at the begin of the hold.
    met_since_s, guarding_since_s : float or None
        Since when the tone has been what the step waits for, and above the bar.
    in_band_s : float
        Of the effort: time within the band.
    before_pct_mvc : float
        Tone before this cycle.
    tone_sum_pct_mvc, n_tones : float, int
        Of the check after it.
    is_told : bool
        Whether people have been asked for this step.
    """

    since_s: float
    newest_s: float
    step: ReleaseStep = ReleaseStep.SEEK
    cycle: int = 1
    site: int | None = None
    is_named: bool = False
    kpa: float = 0.0
    most_kpa: float = math.inf
    said_s: float = -math.inf
    nrs: float = math.nan
    worst_nrs: float = math.nan
    hold_pct_mvc: float = math.nan
    met_since_s: float | None = None
    guarding_since_s: float | None = None
    in_band_s: float = 0.0
    before_pct_mvc: float = math.nan
    tone_sum_pct_mvc: float = 0.0
    n_tones: int = 0
    is_told: bool = False

    def to(self, step: ReleaseStep, now_s: float) -> "Release":
        """Begin a step.

        Parameters
        ----------
        step : ReleaseStep
            Which.
        now_s : float
            When.

        Returns
        -------
        Release
            Without what the last step measured; a ramp begins at zero, and forgets
            what was said under an earlier one.
        """
        begun = evolve(
            self,
            step=step,
            since_s=now_s,
            newest_s=now_s,
            met_since_s=None,
            guarding_since_s=None if step not in PRESSING else self.guarding_since_s,
            in_band_s=0.0,
            tone_sum_pct_mvc=0.0,
            n_tones=0,
            is_told=False,
        )
        if step is not ReleaseStep.RAMP:
            return begun
        nan = math.nan
        return evolve(begun, kpa=0.0, said_s=-math.inf, nrs=nan, worst_nrs=nan)

    def paused(self, now_s: float) -> "Release":
        """Return what is left after an interruption.

        Parameters
        ----------
        now_s : float
            When.

        Returns
        -------
        Release
            At the begin of the same cycle, without pressure.
        """
        return evolve(self.to(ReleaseStep.SEEK, now_s), kpa=0.0)

    def wanted_kpa(self, plan: ReleasePlan, now_s: float) -> float:
        """Return the pressure that is wanted now.

        Parameters
        ----------
        plan : ReleasePlan
            Longest ramp and hold.
        now_s : float
            Now, which may be later than anything that was looked at.

        Returns
        -------
        float
            In kPa. A ramp that nobody looks at does not rise, and nothing stays on
            for longer than the plan says.
        """
        passed_s = now_s - self.since_s
        match self.step:
            case ReleaseStep.RAMP:
                return self.kpa if passed_s < plan.ramp_s + MAX_DT_S else 0.0
            case ReleaseStep.HOLD:
                return self.kpa if passed_s < plan.hold_max_s + MAX_DT_S else 0.0
            case ReleaseStep.EASE:
                return self.kpa * self.eased_share(now_s)
            case _:
                return 0.0

    def eased_share(self, now_s: float) -> float:
        """Return what is left of a pressure that is let go.

        Parameters
        ----------
        now_s : float
            Now.

        Returns
        -------
        float
            From 1 to 0 within `LET_GO_S` from the begin of the step on.
        """
        return max(0.0, 1.0 - (now_s - self.since_s) / LET_GO_S)

    @property
    def after_pct_mvc(self) -> float:
        """Mean tone of the check; NaN before there is any."""
        return self.tone_sum_pct_mvc / self.n_tones if self.n_tones else math.nan
