"""Muscular load over a session: amplitude distribution, rest time and gaps."""

import math

import numpy as np

from dsp.errors import DesignError
from dsp.events.runs import RunTracker
from dsp.types import F64

#: Below this a muscle rests (Veiersted et al. 2013, J Electromyogr Kinesiol 23:540).
REST_PCT_MVC = 0.5
#: A gap is a rest of at least this length (R).
GAP_S = 0.2
#: Percentiles of the amplitude probability distribution: static, median, peak load.
STATIC, MEDIAN, PEAK = 10.0, 50.0, 90.0
#: Jonsson (1982): limits of %MVC for work of an hour and more; the second must not be
#: exceeded.
STATIC_LIMITS_PCT_MVC = (2.0, 5.0)
MEDIAN_LIMITS_PCT_MVC = (10.0, 14.0)
PEAK_LIMITS_PCT_MVC = (50.0, 70.0)
#: The distribution is kept in logarithmic bins, 2 % wide.
_LOWEST_PCT, _HIGHEST_PCT, _BINS = 0.01, 500.0, 550


class LoadStatistics:
    """Distribution, rest and gaps of one channel's tension, in constant memory.

    Parameters
    ----------
    update_s : float
        Time between two values in second.
    rest_pct_mvc : float
        Tension below which the muscle rests.
    gap_s : float
        Shortest gap in second.
    hysteresis : float
        A gap ends above this times the rest level, so that the estimator's noise does
        not count as many gaps.

    Raises
    ------
    DesignError
        If a parameter is not above zero.

    Notes
    -----
    Percentiles are exact to the width of a bin, 2 %. Definitions of gap and rest vary;
    compare only what was counted alike (Hansson et al. 2000, J Electromyogr Kinesiol
    10:103).
    """

    def __init__(
        self,
        update_s: float,
        rest_pct_mvc: float = REST_PCT_MVC,
        gap_s: float = GAP_S,
        hysteresis: float = 1.2,
    ) -> None:
        if not (min(update_s, rest_pct_mvc, gap_s) > 0 and hysteresis >= 1):
            msg = (
                f"load: expected times and level above 0 and hysteresis of 1 or more, "
                f"got {update_s!r}, {rest_pct_mvc!r}, {gap_s!r} and {hysteresis!r}"
            )
            raise DesignError(msg)
        self._update_s, self._rest_pct = update_s, rest_pct_mvc
        self._leave_pct = hysteresis * rest_pct_mvc
        edges = np.geomspace(_LOWEST_PCT, _HIGHEST_PCT, _BINS)
        self._edges = np.concatenate(([0.0], edges))
        self._counts = np.zeros(_BINS + 1, np.int64)
        self._gaps = RunTracker(max(1, round(gap_s / update_s)))
        self._resting = False
        self._longest, self._since_rest = 0, 0
        self.n_gaps = 0

    @property
    def n_values(self) -> int:
        """Values that were finite."""
        return int(self._counts.sum())

    @property
    def gaps_per_min(self) -> float:
        """Gaps that ended, per minute; NaN without a value."""
        if not self.n_values:
            return math.nan
        return 60.0 * self.n_gaps / (self.n_values * self._update_s)

    @property
    def rest_time_share(self) -> float:
        """Share of the time below the rest level; NaN without a value."""
        if not self.n_values:
            return math.nan
        below = int(np.searchsorted(self._edges, self._rest_pct, side="right")) - 1
        return float(self._counts[:below].sum() / self.n_values)

    @property
    def longest_activity_s(self) -> float:
        """Longest time without a rest, in second."""
        return max(self._longest, self._since_rest) * self._update_s

    def push(self, tension_pct_mvc: F64) -> None:
        """Take values of the tension.

        Parameters
        ----------
        tension_pct_mvc : ndarray, shape (n,)
            One channel; NaN is left out and ends a gap.
        """
        good = tension_pct_mvc[np.isfinite(tension_pct_mvc)]
        index = np.searchsorted(self._edges, good, side="right") - 1
        np.add.at(self._counts, np.clip(index, 0, _BINS), 1)
        self.n_gaps += len(self._gaps.push(np.array(self._rests(tension_pct_mvc))))

    def percentile(self, percent: float) -> float:
        """Return the level that the tension stays below for a share of the time.

        Parameters
        ----------
        percent : float
            0 to 100, for example `STATIC`, `MEDIAN` or `PEAK`.

        Returns
        -------
        float
            Percent of MVC; NaN without a value.
        """
        total = self.n_values
        if not total:
            return math.nan
        wanted = percent / 100.0 * total
        reached = np.cumsum(self._counts)
        k = int(np.searchsorted(reached, max(wanted, 1e-9)))
        below = float(reached[k - 1]) if k else 0.0
        share = (wanted - below) / max(float(self._counts[k]), 1.0)
        upper = self._edges[min(k + 1, _BINS)]
        return float(self._edges[k] + share * (upper - self._edges[k]))

    def _rests(self, tension: F64) -> list[bool]:
        rests = []
        for value in tension.tolist():
            limit = self._leave_pct if self._resting else self._rest_pct
            self._resting = value < limit
            rests.append(self._resting)
            self._since_rest = 0 if self._resting else self._since_rest + 1
            self._longest = max(self._longest, self._since_rest)
        return rests
