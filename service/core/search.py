"""The search of sensory and motor threshold: one amplitude after the other, upwards.

A person says what is felt; the muscle itself says from where on it answers, by its
M-wave. What is found bounds everything that follows.
"""

import enum
import math
import statistics
from dataclasses import dataclass, replace

from service.core.model import MuscleResponse
from service.core.plans import SearchPlan
from service.core.thresholds import Thresholds

#: An M-wave is one from so many of the standard errors it had below. A.
SCATTER_RATIO = 3.0
#: And in so many bouts running, at one amplitude. A.
CONFIRMING_BOUTS = 2
#: So many bouts at an amplitude that was not reached, or without a tone that was
#: measured after it, end the search. A.
STUCK_BOUTS = 5
#: The newest standard errors say how precise a measurement is. A.
MAX_SCATTERS = 9


class SearchEnd(enum.StrEnum):
    """How a search ended."""

    FOUND = "motor threshold found"
    MARKED = "motor threshold marked"
    TOLERANCE = "tolerance marked"
    NOT_FOUND = "no motor threshold up to the ceiling"
    UNMEASURED = "no motor threshold up to the ceiling: muscle response not measurable"
    ADVERSE = "adverse response"
    HELD_BACK = "held back: amplitude not reached, or tone not measured after it"
    INTERRUPTED = "interrupted"


#: Ends after which the level is where the program says, between the thresholds.
COMPLETED = frozenset(
    {
        SearchEnd.FOUND,
        SearchEnd.MARKED,
        SearchEnd.TOLERANCE,
        SearchEnd.NOT_FOUND,
        SearchEnd.UNMEASURED,
    }
)


@dataclass(frozen=True, slots=True)
class Search:
    """A search at one moment.

    Parameters
    ----------
    amplitude_ma : float
        Amplitude of the bouts now; 0 before the first.
    bouts, above, stuck : int
        Bouts at this amplitude: those that were judged, those in a row with an M-wave,
        and those in a row that said nothing.
    scatters_uv : tuple of float
        Standard errors of the M-wave in the newest bouts without one.
    seen : MuscleResponse or None
        What the muscle answered in the bout that is under way.
    motor_ma : float
        Where the muscle answers; infinity while that is not known.
    end : SearchEnd or None
        How it ended; None while it is under way.
    """

    amplitude_ma: float = 0.0
    bouts: int = 0
    above: int = 0
    stuck: int = 0
    scatters_uv: tuple[float, ...] = ()
    seen: MuscleResponse | None = None
    motor_ma: float = math.inf
    end: SearchEnd | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether it still sets the level."""
        return self.end is None

    def bar_uv(self, plan: SearchPlan, response: MuscleResponse) -> float:
        """Return what an M-wave has to be above.

        Parameters
        ----------
        plan : SearchPlan
            The least that counts.
        response : MuscleResponse
            Its own precision counts while there is nothing below it.

        Returns
        -------
        float
            In microvolt.
        """
        scatters = self.scatters_uv or (response.scatter_uv,)
        return max(plan.m_wave_uv, SCATTER_RATIO * statistics.median(scatters))

    def bout_over(
        self, plan: SearchPlan, ceiling_ma: float, *, is_valid: bool
    ) -> "Search":
        """Judge a bout that has just ended.

        Parameters
        ----------
        plan : SearchPlan
            How the search goes on.
        ceiling_ma : float
            The tightest bound on the level.
        is_valid : bool
            Whether the amplitude was reached, and tone measured after it.

        Returns
        -------
        Search
            At the same amplitude, at the next, or at its end.
        """
        if self.amplitude_ma == 0.0:
            start_ma = min(plan.start_ma, ceiling_ma, plan.ceiling_ma)
            return replace(self, amplitude_ma=start_ma, seen=None)
        if not is_valid:
            stuck = replace(self, stuck=self.stuck + 1, seen=None)
            is_over = stuck.stuck >= STUCK_BOUTS
            return replace(stuck, end=SearchEnd.HELD_BACK) if is_over else stuck
        response, judged = self.seen, replace(self, stuck=0, seen=None)
        if response is None or math.isnan(response.m_wave_uv):
            return _dwelt(replace(judged, above=0), plan, ceiling_ma)
        if response.m_wave_uv > self.bar_uv(plan, response):
            return _answered(judged, plan, response)
        scatters = (*self.scatters_uv[1 - MAX_SCATTERS :], response.scatter_uv)
        quiet = replace(judged, above=0, scatters_uv=scatters)
        return _dwelt(quiet, plan, ceiling_ma)


def _answered(search: Search, plan: SearchPlan, response: MuscleResponse) -> Search:
    above = search.above + 1
    if above < CONFIRMING_BOUTS:
        return replace(search, above=above)
    felt_ma = min(search.amplitude_ma, response.amplitude_ma)
    motor_ma = plan.twitch_ratio * felt_ma
    return replace(search, above=above, motor_ma=motor_ma, end=SearchEnd.FOUND)


def _dwelt(search: Search, plan: SearchPlan, ceiling_ma: float) -> Search:
    bouts = search.bouts + 1
    if bouts < plan.dwell_bouts:
        return replace(search, bouts=bouts)
    ceiling_ma = min(ceiling_ma, plan.ceiling_ma)
    if search.amplitude_ma >= ceiling_ma:
        blind = not search.scatters_uv
        end = SearchEnd.UNMEASURED if blind else SearchEnd.NOT_FOUND
        return replace(search, bouts=bouts, end=end)
    higher_ma = min(search.amplitude_ma + plan.step_ma, ceiling_ma)
    return replace(search, amplitude_ma=higher_ma, bouts=0)


def level_after(plan: SearchPlan, search: Search, thresholds: Thresholds) -> float:
    """Return where the level starts once thresholds are known.

    Parameters
    ----------
    plan : SearchPlan
        Says where between them.
    search : Search
        Which has ended.
    thresholds : Thresholds
        What was found and marked.

    Returns
    -------
    float
        In mA, never above what the search had reached.
    """
    bounds = thresholds.ceilings_ma().values()
    high_ma = min(thresholds.motor_ma, search.amplitude_ma, *bounds)
    low_ma = plan.start_ma
    if thresholds.sensory_ma < math.inf:
        low_ma = thresholds.sensory_ma
    low_ma = min(low_ma, high_ma)
    return low_ma + plan.start_share * (high_ma - low_ma)
