"""Massage as data: light before deep, a budget of contact, and how fast is allowed.

A marks assumptions and engineering choices of this project, R numbers recalled without
a source that was checked.
"""

import enum
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from service.core.patterns import Pattern
from service.core.plans import Modality

#: Highest first stage, in the unit of the actuator: kPa of a squeeze, mm of a vibrator.
#: Deep pressure first raised the resting EMG by 235 %, light before deep did not
#: (Roberts 2011, Int J Ther Massage Bodywork). Where light ends is A.
LIGHT_CEILING: Mapping[Modality, float] = {
    Modality.MASSAGE: 60.0,
    Modality.VIBRATION: 0.3,
}

#: Vibration up to here is percussion; faster is allowed only while tone falls. A.
SLOW_HZ = 30.0

#: So many off parts running must each be lower than the one before. A.
FALLING_WINDOWS = 3

#: And the last of them at most this share of the first. A: one of them is 5 % off, and
#: three that happen to be lower each time are no fall.
FALLING_RATIO = 0.9

#: Tone that has risen by this share since the off part before has risen. A.
RISE_RATIO = 1.1

#: Without a step for so long it was a pause: what comes back begins lightly. A.
PAUSE_S = 1.0

#: Tone under contact is judged by the median of so much of it. A: as in off windows,
#: adverse is what lasts.
FELT_S = 5.0


class Depth(enum.IntEnum):
    """The stages of massage."""

    LIGHT = 0
    MODERATE = 1
    DEEP = 2


@dataclass(frozen=True, slots=True)
class MassagePlan:
    """Massage by a row of actuators, light before deep.

    Parameters
    ----------
    pattern : Pattern
        How they work together.
    rate_hz : float
        Waves or strokes per second; 0 of percussion. R: 0.2–1 Hz.
    depths : tuple of float
        Level of the stages light, moderate and deep, in the unit of the actuators.
    dwell_s : float
        Contact in one stage without an adverse response before the next. A.
    floor : float
        Share of the level that stays between two waves of kneading. A.
    start_hz : float
        Rate of percussion to begin with; 0 of a squeeze. R: 5–30 Hz.
    site_s : float
        Longest contact of a session. A: 10 min per site; all sites of a row work in
        each on part.
    stretch_s : float
        After this long the row is off for `break_s`. A: 1 min in 5 min.
    break_s : float
        Shortest such break. A.
    """

    pattern: Pattern = Pattern.KNEADING
    rate_hz: float = 0.5
    depths: tuple[float, float, float] = (40.0, 80.0, 120.0)
    dwell_s: float = 40.0
    floor: float = 0.5
    start_hz: float = 0.0
    site_s: float = 600.0
    stretch_s: float = 240.0
    break_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Kneading:
    """What a massage has come to so far.

    Parameters
    ----------
    t_s : float
        When it was looked at last.
    depth : Depth
        The stage.
    contact_s : float
        Contact in this stage since it began, or since the last adverse response.
    used_s : float
        Contact of the session.
    work_since_s : float or None
        Begin of the first on part after the last break.
    felt : tuple of (float, float)
        Time and tone under contact of the last `FELT_S`.
    windows_pct_mvc : tuple of float
        Medians of the newest off parts since the last interruption, oldest first.
    is_fast : bool
        Whether the higher rate of the program is in use.
    is_fast_banned : bool
        Whether there was an adverse response under it.
    """

    t_s: float = -math.inf
    depth: Depth = Depth.LIGHT
    contact_s: float = 0.0
    used_s: float = 0.0
    work_since_s: float | None = None
    felt: tuple[tuple[float, float], ...] = ()
    windows_pct_mvc: tuple[float, ...] = ()
    is_fast: bool = False
    is_fast_banned: bool = False

    def passed(self, t_s: float, *, on: bool) -> "Kneading":
        """Account for the time since the last call.

        Parameters
        ----------
        t_s : float
            Now.
        on : bool
            Whether an on part lasts.

        Returns
        -------
        Kneading
            With the contact so far.
        """
        contact_s = min(max(t_s - self.t_s, 0.0), PAUSE_S) if on else 0.0
        since_s = t_s if on and self.work_since_s is None else self.work_since_s
        return replace(
            self,
            t_s=t_s,
            contact_s=self.contact_s + contact_s,
            used_s=self.used_s + contact_s,
            work_since_s=since_s,
        )

    def from_light(self) -> "Kneading":
        """Return the state after an interruption: lightly, slowly, nothing felt yet.

        Returns
        -------
        Kneading
            The budget stays.
        """
        return replace(
            self,
            depth=Depth.LIGHT,
            contact_s=0.0,
            felt=(),
            windows_pct_mvc=(),
            is_fast=False,
        )

    def rested(self) -> "Kneading":
        """Return the state after a break.

        Returns
        -------
        Kneading
            Begins lightly, and a new stretch.
        """
        return replace(self.from_light(), work_since_s=None)

    def struck(self) -> "Kneading":
        """Return the state after an adverse response.

        Returns
        -------
        Kneading
            From light again; never fast again if it was fast.
        """
        banned = self.is_fast_banned or self.is_fast
        return replace(self.from_light(), is_fast_banned=banned)

    def needs_break(self, plan: MassagePlan) -> bool:
        """Return whether the row has worked for long enough.

        Parameters
        ----------
        plan : MassagePlan
            Its budget.

        Returns
        -------
        bool
            True once the stretch is over.
        """
        since_s = self.work_since_s
        return since_s is not None and self.t_s - since_s >= plan.stretch_s

    def is_used_up(self, plan: MassagePlan) -> bool:
        """Return whether no contact is left in this session.

        Parameters
        ----------
        plan : MassagePlan
            Its budget.

        Returns
        -------
        bool
            True from `MassagePlan.site_s` on.
        """
        return self.used_s >= plan.site_s

    def felt_tone(self, t_s: float, tone_pct_mvc: float) -> "Kneading":
        """Take in a tone that was measured under contact.

        Parameters
        ----------
        t_s : float
            When.
        tone_pct_mvc : float
            The tone.

        Returns
        -------
        Kneading
            Remembering the last `FELT_S`.
        """
        kept = tuple(pair for pair in self.felt if t_s - pair[0] < FELT_S)
        return replace(self, felt=(*kept, (t_s, tone_pct_mvc)))

    def judged(
        self, plan: MassagePlan, tone_pct_mvc: float, *, may_deepen: bool
    ) -> "Kneading":
        """Decide on stage and rate for the next on part.

        Parameters
        ----------
        plan : MassagePlan
            How long a stage lasts.
        tone_pct_mvc : float
            Median of the off part that has just ended.
        may_deepen : bool
            Whether nothing else speaks against the next stage.

        Returns
        -------
        Kneading
            At most one stage deeper, and that only if tone has not risen since the off
            part before; fast only while every off part is lower than the one before.
        """
        windows = (*self.windows_pct_mvc[-FALLING_WINDOWS + 1 :], tone_pct_mvc)
        known = len(windows) > 1
        has_risen = known and windows[-1] > RISE_RATIO * windows[-2]
        pairs = itertools.pairwise(windows)
        is_falling = (
            len(windows) == FALLING_WINDOWS
            and all(b < a for a, b in pairs)
            and windows[-1] <= FALLING_RATIO * windows[0]
        )
        judged = replace(
            self,
            windows_pct_mvc=windows,
            is_fast=(
                plan.pattern is Pattern.PERCUSSION
                and is_falling
                and not self.is_fast_banned
            ),
        )
        ready = may_deepen and known and not has_risen
        if not ready or self.contact_s < plan.dwell_s or self.depth is Depth.DEEP:
            return judged
        return replace(judged, depth=Depth(self.depth + 1), contact_s=0.0)

    def rate_hz(self, plan: MassagePlan, highest_hz: float) -> float:
        """Return strokes or vibrations per second.

        Parameters
        ----------
        plan : MassagePlan
            The rate to begin with.
        highest_hz : float
            That of the program.

        Returns
        -------
        float
            Of percussion the program's rate only if it is slow, or verified by falling
            tone.
        """
        if plan.pattern is not Pattern.PERCUSSION:
            return plan.rate_hz
        return highest_hz if self.is_fast else min(plan.start_hz, highest_hz)


def plan_trouble(plan: MassagePlan, modality: Modality, highest_hz: float) -> str:
    """Say why a massage is refused.

    Parameters
    ----------
    plan : MassagePlan
        The plan.
    modality : Modality
        What it moves.
    highest_hz : float
        Highest rate of a vibrator that the program allows.

    Returns
    -------
    str
        Empty if it is not.
    """
    light, moderate, deep = plan.depths
    ceiling = LIGHT_CEILING[modality]
    if not 0.0 < light < moderate < deep:
        return (
            "expected light before deep: stages that rise from light to moderate to "
            f"deep, got {light:g}, {moderate:g}, {deep:g}; deep pressure first has "
            "raised the tone of resting muscles"
        )
    if light > ceiling:
        return (
            f"expected a light first stage, of at most {ceiling:g}, got {light:g}; "
            "deep pressure first has raised the tone of resting muscles"
        )
    is_percussion = plan.pattern is Pattern.PERCUSSION
    if is_percussion and not 0.0 < plan.start_hz <= min(SLOW_HZ, highest_hz):
        slow_hz = min(SLOW_HZ, highest_hz)
        return f"expected start_hz above 0 and up to {slow_hz:g}, got {plan.start_hz:g}"
    return ""
