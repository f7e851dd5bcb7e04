"""Insertions of a needle, the twitches that follow, and what they come to.

What needling does to the resting tone is disputed: a summary shows what was found
beside both expectations, a reset to rest (a claim) and no change (Baraja-Vegas 2020,
Pain Medicine 21:1224).
"""

import itertools
import math
import statistics
from dataclasses import dataclass, replace

from service.core.plans import NeedlingPlan

#: A relative change of the resting tone that counts as one, ...
REAL_SHARE = 0.3  # A: assumption
#: ... if it is also so many standard deviations of the baseline.
REAL_SD = 3.0  # A: assumption

#: The decline is that over the first responses (Baraja-Vegas 2020, as above).
N_DECLINING = 3


@dataclass(frozen=True, slots=True)
class SeenTwitch:
    """A brief burst of the muscle.

    Parameters
    ----------
    start_s : float
        LSL-clock time at which it began.
    width_s : float
        How long it lasted.
    peak_pct_mvc : float
        Its largest envelope.
    """

    start_s: float
    width_s: float
    peak_pct_mvc: float


@dataclass(frozen=True, slots=True)
class TwitchResponse:
    """A twitch that belongs to an insertion.

    Parameters
    ----------
    insertion : int
        Which insertion, counted from 1.
    latency_s : float
        Begin of the twitch after the mark; below 0 where the mark came late.
    twitch : SeenTwitch
        The twitch.
    """

    insertion: int
    latency_s: float
    twitch: SeenTwitch


@dataclass(frozen=True, slots=True)
class Needling:
    """What was marked and seen so far, in the order in which it was told.

    Parameters
    ----------
    insertions_s : tuple of float
        Marked times.
    twitches : tuple of SeenTwitch
        Every twitch while it was observed.
    """

    insertions_s: tuple[float, ...] = ()
    twitches: tuple[SeenTwitch, ...] = ()

    def marked(self, at_s: float) -> "Needling":
        """Return the record with one more insertion.

        Parameters
        ----------
        at_s : float
            When.

        Returns
        -------
        Needling
            Insertions stay in the order of their times.
        """
        return replace(self, insertions_s=tuple(sorted((*self.insertions_s, at_s))))

    def seen(self, twitch: SeenTwitch) -> "Needling":
        """Return the record with one more twitch.

        Parameters
        ----------
        twitch : SeenTwitch
            The twitch.

        Returns
        -------
        Needling
            With the twitch.
        """
        return replace(self, twitches=(*self.twitches, twitch))

    def responses(self, plan: NeedlingPlan) -> tuple[TwitchResponse, ...]:
        """Return which twitches belong to which insertions.

        Parameters
        ----------
        plan : NeedlingPlan
            How far from its mark a response may be.

        Returns
        -------
        tuple of TwitchResponse
            A twitch belongs to the nearest insertion that it can belong to; the others
            belong to none.
        """
        found = []
        for twitch in self.twitches:
            near = [
                (abs(twitch.start_s - at_s), k, twitch.start_s - at_s)
                for k, at_s in enumerate(self.insertions_s, 1)
                if -plan.early_s <= twitch.start_s - at_s <= plan.late_s
            ]
            if near:
                _, k, latency_s = min(near)
                found.append(TwitchResponse(k, latency_s, twitch))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class NeedlingSummary:
    """What an observation came to; NaN where nothing is known.

    Parameters
    ----------
    n_insertions, n_answered, n_responses, n_other : int
        Insertions, those with a response, responses, and twitches that belong to none.
    first_pct_mvc, largest_pct_mvc : float
        Peak of the first response, and of the largest.
    decline : float
        Mean ratio of a peak to the one before it, over the first three responses.
    median_width_s, median_latency_s : float
        Of the responses.
    before_pct_mvc, after_pct_mvc : float
        Resting tone.
    if_reset_below_pct_mvc : float
        What would be expected after a reset to rest.
    if_unchanged_above_pct_mvc, if_unchanged_below_pct_mvc : float
        And if nothing changed.
    finding : str
        ``reset``, ``no_change``, ``lower``, ``higher`` or ``unknown``.
    """

    n_insertions: int
    n_answered: int
    n_responses: int
    n_other: int
    first_pct_mvc: float
    largest_pct_mvc: float
    decline: float
    median_width_s: float
    median_latency_s: float
    before_pct_mvc: float
    after_pct_mvc: float
    if_reset_below_pct_mvc: float
    if_unchanged_above_pct_mvc: float
    if_unchanged_below_pct_mvc: float
    finding: str


@dataclass(frozen=True, slots=True)
class RestingTone:
    """Tone before and after, and what counts as rest.

    Parameters
    ----------
    before_pct_mvc, before_sd_pct_mvc : float
        Baseline and its standard deviation.
    after_pct_mvc : float
        Tone of the reassessment.
    rest_pct_mvc : float
        Tone below it is rest.
    """

    before_pct_mvc: float
    before_sd_pct_mvc: float
    after_pct_mvc: float
    rest_pct_mvc: float

    @property
    def unchanged_pct_mvc(self) -> tuple[float, float]:
        """The range in which a change is not told from none."""
        margin = max(REAL_SHARE * self.before_pct_mvc, REAL_SD * self.before_sd_pct_mvc)
        return max(0.0, self.before_pct_mvc - margin), self.before_pct_mvc + margin

    @property
    def finding(self) -> str:
        """Which expectation it agrees with."""
        after = self.after_pct_mvc
        low, high = self.unchanged_pct_mvc
        if not (math.isfinite(after) and math.isfinite(high)):
            return "unknown"
        if low <= after <= high:
            return "no_change"
        if after > high:
            return "higher"
        return "reset" if after < self.rest_pct_mvc else "lower"


def summarise(
    plan: NeedlingPlan, needling: Needling, tone: RestingTone
) -> NeedlingSummary:
    """Return what an observation came to.

    Parameters
    ----------
    plan : NeedlingPlan
        What counts as a response.
    needling : Needling
        What was marked and seen.
    tone : RestingTone
        Before and after.

    Returns
    -------
    NeedlingSummary
        Of everything.
    """
    responses = needling.responses(plan)
    peaks = [one.twitch.peak_pct_mvc for one in responses]
    low, high = tone.unchanged_pct_mvc
    ratios = [b / a for a, b in itertools.pairwise(peaks[:N_DECLINING])]
    return NeedlingSummary(
        n_insertions=len(needling.insertions_s),
        n_answered=len({one.insertion for one in responses}),
        n_responses=len(responses),
        n_other=len(needling.twitches) - len(responses),
        first_pct_mvc=peaks[0] if peaks else math.nan,
        largest_pct_mvc=max(peaks, default=math.nan),
        decline=statistics.geometric_mean(ratios) if ratios else math.nan,
        median_width_s=_median([one.twitch.width_s for one in responses]),
        median_latency_s=_median([one.latency_s for one in responses]),
        before_pct_mvc=tone.before_pct_mvc,
        after_pct_mvc=tone.after_pct_mvc,
        if_reset_below_pct_mvc=tone.rest_pct_mvc,
        if_unchanged_above_pct_mvc=low,
        if_unchanged_below_pct_mvc=high,
        finding=tone.finding,
    )


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else math.nan
