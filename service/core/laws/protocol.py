"""What every control law sees, answers and may not do.

A law is a frozen dataclass of parameters with one pure method, ``step(state,
observation) -> (state, level_ma, reason)``. The level belongs to the treatment, not to
the law: each observation says where it is, so whoever else moves it (a strike, weaning,
a hold) is followed without being announced.

No law can leave these rules, because every level passes through `toward`:

- 0 ≤ level ≤ cap, at once when the cap falls;
- a rise needs tone that is known and above the threshold, a muscle that is not yet
  relaxed, and no cool-down;
- rise and fall per second are limited.
"""

import enum
import math
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

#: A longer step than this is not acted on: the time in between was not controlled. A.
MAX_DT_S = 0.5

S = TypeVar("S")


class Reason(enum.StrEnum):
    """Why a law asks for the level that it asks for."""

    UNKNOWN = "tone_unknown"
    PATIENT = "patient"
    CEILING = "at_ceiling"
    RISING = "rising"
    FALLING = "falling"
    HELD = "held"
    IN_BAND = "in_band"
    MINIMUM_ON = "minimum_on"
    MINIMUM_OFF = "minimum_off"
    MEASURING = "measuring"
    BACKED_OFF = "backed_off"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class ClosedBout:
    """A bout (on-part and the off-window after it) that has just ended.

    Parameters
    ----------
    tone_pct_mvc : float
        Mean or median tone of its off-window; NaN when none was measured.
    level_ma : float
        Amplitude of its on-part.
    """

    tone_pct_mvc: float
    level_ma: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What a law may know at one moment.

    Parameters
    ----------
    t_s : float
        Now.
    level_ma, level_t_s : float
        Where the level is, and when it was last moved.
    tone_pct_mvc : float
        Newest tone measured without stimulation; NaN while it is not known.
    threshold_pct_mvc : float
        Tone below it is relaxed.
    cap_ma : float
        The tightest ceiling in force. NaN and negative count as 0.
    relaxed : bool
        The muscle counts as relaxed: no rise.
    quiet : bool
        Cool-down after an adverse response: no rise.
    closed : ClosedBout or None
        The bout that ended with this observation, if one did.

    Raises
    ------
    ValueError
        If time or level are not finite, or the threshold is not above 0: the caller
        has lost its own state.
    """

    t_s: float
    level_ma: float
    level_t_s: float
    tone_pct_mvc: float
    threshold_pct_mvc: float
    cap_ma: float
    relaxed: bool = False
    quiet: bool = False
    closed: ClosedBout | None = None

    def __post_init__(self) -> None:
        needed = self.t_s, self.level_ma, self.level_t_s, self.threshold_pct_mvc
        if not all(map(math.isfinite, needed)):
            msg = (
                "a law needs a finite t_s, level_ma, level_t_s and threshold_pct_mvc, "
                f"not {needed}"
            )
            raise ValueError(msg)
        if self.threshold_pct_mvc <= 0:
            msg = f"a law needs a threshold above 0, not {self.threshold_pct_mvc} %MVC"
            raise ValueError(msg)

    @property
    def dt_s(self) -> float:
        """Time since the level was last moved, between 0 and `MAX_DT_S`."""
        return min(max(self.t_s - self.level_t_s, 0.0), MAX_DT_S)

    @property
    def excess_pct_mvc(self) -> float:
        """Tone minus threshold; positive means too tense, NaN means not known."""
        excess = self.tone_pct_mvc - self.threshold_pct_mvc
        return excess if math.isfinite(excess) else math.nan

    @property
    def known(self) -> bool:
        """Whether the tone is known."""
        return math.isfinite(self.excess_pct_mvc)

    @property
    def may_rise(self) -> bool:
        """Whether any law may ask for more than there is."""
        return self.excess_pct_mvc > 0 and not (self.relaxed or self.quiet)

    @property
    def ceiling_ma(self) -> float:
        """The cap as a number that is at least 0."""
        return self.cap_ma if self.cap_ma > 0 else 0.0


class Law(Protocol[S]):
    """A control law: parameters, a first state, and a pure step."""

    kind: ClassVar[str]

    def start(self) -> S:
        """Return the state before the first observation."""
        ...

    def step(self, state: S, observation: Observation) -> tuple[S, float, Reason]:
        """Return the next state, the level in mA, and why."""
        ...


def toward(
    observation: Observation,
    target_ma: float,
    up_ma_per_s: float,
    down_ma_per_s: float,
) -> float:
    """Move the level towards a target as far as is allowed now.

    Parameters
    ----------
    observation : Observation
        Level, time, tone and cap.
    target_ma : float
        Where the law wants to be. NaN keeps the level.
    up_ma_per_s, down_ma_per_s : float
        Largest rates of change.

    Returns
    -------
    float
        Between 0 and the ceiling; above the level only if `Observation.may_rise`.
    """
    level_ma, dt_s = observation.level_ma, observation.dt_s
    wanted_ma = target_ma - level_ma if target_ma == target_ma else 0.0  # noqa: PLR0124
    rise_ma = up_ma_per_s * dt_s if observation.may_rise else 0.0
    change_ma = min(max(wanted_ma, -down_ma_per_s * dt_s), rise_ma)
    return min(max(level_ma + change_ma, 0.0), observation.ceiling_ma)


def reason_for(observation: Observation, level_ma: float) -> Reason:
    """Name what decided about a level that needs no closer explanation.

    Parameters
    ----------
    observation : Observation
        What the law saw.
    level_ma : float
        What it asks for.

    Returns
    -------
    Reason
        The tightest rule first.
    """
    if not observation.known:
        return Reason.UNKNOWN
    if observation.excess_pct_mvc > 0 and not observation.may_rise:
        return Reason.PATIENT
    if level_ma >= observation.ceiling_ma and observation.may_rise:
        return Reason.CEILING
    if level_ma > observation.level_ma:
        return Reason.RISING
    return Reason.FALLING if level_ma < observation.level_ma else Reason.HELD


def moved_by_others(asked_ma: float, observation: Observation) -> bool:
    """Return whether the level is not where the law left it.

    Parameters
    ----------
    asked_ma : float
        What the law asked for last; NaN before the first step.
    observation : Observation
        Where the level is.

    Returns
    -------
    bool
        True at the first step, and after a strike, weaning or a hold.
    """
    return asked_ma != observation.level_ma
