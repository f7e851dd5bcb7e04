"""Sustained pressure, a guided effort and a stretch, as data.

A marks assumptions and engineering choices of this project, R numbers of manual
practice that were recalled without a source that was checked.
"""

from dataclasses import dataclass

#: A discomfort from here on, on the scale of 0 to 10, is never agreed on. R: manual
#: practice stays at 5 to 7.
WORST_NRS = 7.0

#: Nor is a pressure above this multiple of the threshold of pressure pain. R.
MAX_PPT_RATIO = 1.2

#: A pressure that is let go falls to zero within this time. A.
LET_GO_S = 5.0


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """Pressure release: what one cycle consists of, and how often it is repeated.

    Parameters
    ----------
    patience_s : float
        So long a tense site is looked for, or waited for to be named. A.
    ramp_kpa_per_s : float
        Rise of the pressure. A: 5 to 10.
    ramp_s : float
        A ramp that nothing has ended is given up after this. A.
    start_kpa : float
        Nobody says anything and the threshold of pressure pain is not known: the ramp
        ends here. A.
    ppt_ratio : float
        It is known: the ramp ends at this multiple of it. R: 1.0 to 1.2.
    discomfort_nrs : float
        The agreed discomfort, 0 to 10: the ramp ends there, whatever the pressure. R.
    hold_min_s, hold_max_s : float
        The pressure is held for at least, and at most, so long. R: 30 s, and 90 s does
        better (both of manual treatment).
    release_drop : float
        Released: tone has fallen by this share since the hold began. A.
    release_s : float
        And has stayed there for this long. A.
    ease_s : float
        The muscle is left alone in a position of ease, the fall of the pressure
        included. R: 20 to 30 s.
    effort_s : float
        Isometric effort at the guided level; only time within the band counts.
        R: 7 to 10 s.
    effort_low_pct_mvc, effort_high_pct_mvc : float
        The band. R: 20 to 30 %MVC.
    effort_patience_s : float
        An effort that is not in the band for long enough is given up after this. A: a
        long contraction invites a cramp.
    recover_s : float
        Rest after the effort. R: at least 5 s.
    stretch_s : float
        The stretch. R: 30 to 60 s.
    stretch_ratio : float
        It is begun, and goes on, only while tone is below this multiple of the
        threshold. A.
    stretch_tense_s : float
        Tone above it for so long ends the stretch. A.
    cycles : int
        At most so many; fewer once one of them brings no gain. R: 3.
    """

    patience_s: float = 60.0
    ramp_kpa_per_s: float = 7.0
    ramp_s: float = 60.0
    start_kpa: float = 80.0
    ppt_ratio: float = 1.0
    discomfort_nrs: float = 5.0
    hold_min_s: float = 30.0
    hold_max_s: float = 90.0
    release_drop: float = 0.5
    release_s: float = 3.0
    ease_s: float = 25.0
    effort_s: float = 8.0
    effort_low_pct_mvc: float = 20.0
    effort_high_pct_mvc: float = 30.0
    effort_patience_s: float = 20.0
    recover_s: float = 5.0
    stretch_s: float = 40.0
    stretch_ratio: float = 1.1
    stretch_tense_s: float = 3.0
    cycles: int = 3

    @property
    def too_much_nrs(self) -> float:
        """Discomfort from which on the pressure is let go at once.

        Two points more than agreed, and never more than `WORST_NRS`. A.
        """
        return min(WORST_NRS, self.discomfort_nrs + 2.0)
