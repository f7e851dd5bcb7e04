"""The zones of a mat of spikes: how they come in, rest and end.

A marks assumptions and engineering choices of this project.
"""

import enum
import math
from dataclasses import dataclass, replace

#: What a person or an operator says of a zone that is not to be borne; after a colon,
#: which.
INTOLERABLE = "intolerable"

#: A tone after a zone came in above this multiple of the one before has risen. A.
RISE_RATIO = 1.1

#: A zone that raised the tone so often does not come back. A.
MAX_RISES = 2


class ZoneStatus(enum.StrEnum):
    """What a zone does. ``ENDED`` is for the rest of the session."""

    WAITING = "waiting"
    COMING = "coming"
    LYING = "lying"
    RESTING = "resting"
    ENDED = "ended"


#: In these a zone presses.
IN_CONTACT = frozenset({ZoneStatus.COMING, ZoneStatus.LYING})


@dataclass(frozen=True, slots=True)
class MatPlan:
    """A mat of spikes: zones that come in one after another, and rest.

    Parameters
    ----------
    start_kpa, step_kpa : float
        Pressure to begin with, and by how much it is raised at once while every zone
        that may is in and the tone is still above the threshold. A.
    ramp_s : float
        A zone comes in, and takes a raise, over this time. A: 30–60 s.
    judge_s : float
        Tone before a zone comes in and after its ramp is the mean of so long. A.
    discomfort_s : float
        After the first contact a moderate rise is no adverse response for this long. A:
        60–180 s.
    discomfort_pct_mvc : float
        Moderate is up to so much above the baseline. A: up to 3 %MVC.
    zone_s : float
        Longest contact of a zone before it rests. A.
    rest_s : float
        Shortest rest of a zone, for the skin and before it may come back. A.
    ease_s : float
        After success the mat goes down over this time. A.
    """

    start_kpa: float = 6.0
    step_kpa: float = 2.0
    ramp_s: float = 30.0
    judge_s: float = 15.0
    discomfort_s: float = 120.0
    discomfort_pct_mvc: float = 3.0
    zone_s: float = 300.0
    rest_s: float = 60.0
    ease_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone.

    Parameters
    ----------
    status : ZoneStatus
        What it does.
    since_s : float
        When that began.
    from_kpa, to_kpa : float
        Begin and end of its newest ramp.
    ramp_since_s : float
        When that began.
    contact_since_s : float
        When it came in.
    before_pct_mvc : float
        Tone before it came in; NaN if that is not known.
    ratio : float
        Tone after over tone before, when it was judged last; NaN before.
    rises : int
        How often it raised the tone.
    why : str
        Why it rests or has ended.
    """

    status: ZoneStatus = ZoneStatus.WAITING
    since_s: float = -math.inf
    from_kpa: float = 0.0
    to_kpa: float = 0.0
    ramp_since_s: float = 0.0
    contact_since_s: float = 0.0
    before_pct_mvc: float = math.nan
    ratio: float = math.nan
    rises: int = 0
    why: str = ""

    @property
    def is_in_contact(self) -> bool:
        """Whether it presses."""
        return self.status in IN_CONTACT

    def pressure_kpa(self, t_s: float, ramp_s: float) -> float:
        """Return what it presses with.

        Parameters
        ----------
        t_s : float
            Now.
        ramp_s : float
            Length of a ramp.

        Returns
        -------
        float
            0 unless it is in contact.
        """
        if not self.is_in_contact:
            return 0.0
        share = min(1.0, max(0.0, (t_s - self.ramp_since_s) / ramp_s))
        return self.from_kpa + (self.to_kpa - self.from_kpa) * share

    def come(self, t_s: float, to_kpa: float, before_pct_mvc: float) -> "Zone":
        """Return the zone as it begins to come in.

        Parameters
        ----------
        t_s : float
            Now.
        to_kpa : float
            Where its ramp leads.
        before_pct_mvc : float
            Tone before it.

        Returns
        -------
        Zone
            Unchanged if it has ended.
        """
        if self.status is ZoneStatus.ENDED:
            return self
        return replace(
            self,
            status=ZoneStatus.COMING,
            since_s=t_s,
            from_kpa=0.0,
            to_kpa=to_kpa,
            ramp_since_s=t_s,
            contact_since_s=t_s,
            before_pct_mvc=before_pct_mvc,
            why="",
        )

    def to(self, t_s: float, to_kpa: float, ramp_s: float) -> "Zone":
        """Return the zone on its way to another pressure.

        Parameters
        ----------
        t_s : float
            Now.
        to_kpa : float
            The pressure.
        ramp_s : float
            Length of a ramp up; down it goes at once.

        Returns
        -------
        Zone
            Unchanged if it is not in contact, or on its way there.
        """
        if not self.is_in_contact or to_kpa == self.to_kpa:
            return self
        now_kpa = min(self.pressure_kpa(t_s, ramp_s), to_kpa)
        return replace(self, from_kpa=now_kpa, to_kpa=to_kpa, ramp_since_s=t_s)

    def out(self, t_s: float, status: ZoneStatus, why: str = "") -> "Zone":
        """Return the zone without pressure.

        Parameters
        ----------
        t_s : float
            Now.
        status : ZoneStatus
            Waiting, resting or ended.
        why : str
            For the operator.

        Returns
        -------
        Zone
            Unchanged if it has ended.
        """
        if self.status is ZoneStatus.ENDED:
            return self
        return replace(
            self, status=status, since_s=t_s, from_kpa=0.0, to_kpa=0.0, why=why
        )

    def judged(
        self, t_s: float, after_pct_mvc: float, allowed_pct_mvc: float
    ) -> "Zone":
        """Judge a zone that has come in by the tone before and after.

        Parameters
        ----------
        t_s : float
            Now.
        after_pct_mvc : float
            Mean tone after its ramp.
        allowed_pct_mvc : float
            Rise that is discomfort and not a response; 0 once it should be over.

        Returns
        -------
        Zone
            Lying; resting if tone rose with it, ended if it did so again.
        """
        before = self.before_pct_mvc
        if not after_pct_mvc > RISE_RATIO * before + allowed_pct_mvc:
            ratio = after_pct_mvc / before if before > 0.0 else math.nan
            return replace(self, status=ZoneStatus.LYING, since_s=t_s, ratio=ratio)
        return self.blamed(t_s, after_pct_mvc / before if before > 0.0 else math.nan)

    def blamed(self, t_s: float, ratio: float = math.nan) -> "Zone":
        """Return the zone after tone has risen with it.

        Parameters
        ----------
        t_s : float
            Now.
        ratio : float
            Tone after over tone before.

        Returns
        -------
        Zone
            Resting, or ended from `MAX_RISES` on.
        """
        rises = self.rises + 1
        status = ZoneStatus.RESTING if rises < MAX_RISES else ZoneStatus.ENDED
        out = self.out(t_s, status, "tone rose with it")
        return replace(out, rises=rises, ratio=ratio)


@dataclass(frozen=True, slots=True)
class Lying:
    """What a mat has come to so far.

    Parameters
    ----------
    zones : tuple of Zone
        In the order of the actuators; empty before the first step.
    t_s : float
        When it was looked at last.
    first_s : float or None
        The first contact.
    window_s : float
        Begin of the window of tone that is being measured.
    raised_s : float
        When the pressure was raised last.
    tones : tuple of (float, float)
        Time and tone of the last `MatPlan.judge_s`.
    """

    zones: tuple[Zone, ...] = ()
    t_s: float = -math.inf
    first_s: float | None = None
    window_s: float = -math.inf
    raised_s: float = -math.inf
    tones: tuple[tuple[float, float], ...] = ()

    def with_zone(self, index: int, zone: Zone) -> "Lying":
        """Return the mat with one other zone.

        Parameters
        ----------
        index : int
            Which.
        zone : Zone
            What it is now.

        Returns
        -------
        Lying
            All others as they were.
        """
        zones = (*self.zones[:index], zone, *self.zones[index + 1 :])
        return replace(self, zones=zones)

    def all_out(self, t_s: float) -> "Lying":
        """Return the mat without contact; what rests or has ended stays so.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        Lying
            Zones that pressed are waiting.
        """
        zones = tuple(
            zone.out(t_s, ZoneStatus.WAITING) if zone.is_in_contact else zone
            for zone in self.zones
        )
        return replace(self, zones=zones, tones=())

    def newest(self) -> int | None:
        """Return which zone came in last.

        Returns
        -------
        int or None
            None if none is in contact.
        """
        pressing = [k for k, zone in enumerate(self.zones) if zone.is_in_contact]
        return max(pressing, key=lambda k: self.zones[k].contact_since_s, default=None)

    def next_in(self) -> int | None:
        """Return which zone should come in next.

        Returns
        -------
        int or None
            Of those that wait, one that was not tried, or else the one that tone fell
            with most; None if none waits.
        """
        waiting = [
            k for k, zone in enumerate(self.zones) if zone.status is ZoneStatus.WAITING
        ]
        return min(waiting, key=self._promise, default=None)

    def _promise(self, index: int) -> tuple[int, float]:
        zone = self.zones[index]
        return zone.rises, zone.ratio if math.isfinite(zone.ratio) else -math.inf

    @property
    def is_gone(self) -> bool:
        """Whether every zone has ended."""
        return bool(self.zones) and all(
            zone.status is ZoneStatus.ENDED for zone in self.zones
        )

    def in_discomfort(self, plan: MatPlan, t_s: float) -> bool:
        """Return whether a moderate rise of the tone is to be expected.

        Parameters
        ----------
        plan : MatPlan
            For how long.
        t_s : float
            Now.

        Returns
        -------
        bool
            True for a while from the first contact of the session on.
        """
        return self.first_s is not None and t_s - self.first_s < plan.discomfort_s


def is_intolerance(text: str) -> bool:
    """Return whether a mark says that a zone is not to be borne.

    Parameters
    ----------
    text : str
        Of the mark.

    Returns
    -------
    bool
        True for ``intolerable`` and ``intolerable:LABEL``.
    """
    return text == INTOLERABLE or text.startswith(f"{INTOLERABLE}:")
