"""Is a stream still one unbroken stream? Judged from its raw time stamps.

Stamps jitter by milliseconds and step back a little within that; neither is a loss.
What matters to a filter is where its signal stops being consecutive, and what matters
to a decision is how old its newest sample is.
"""

import enum
import itertools
import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError, ShapeError
from dsp.types import F64

#: No stamp may be ahead of its own arrival by more. A.
FUTURE_MAX_S = 0.05
#: Older data must not steer stimulation. A.
LATE_AFTER_S = 0.25
#: Shortest step of the stamps that is a loss; jitter stays below it. A.
GAP_MIN_S = 0.025
#: A step back beyond this is time going backwards, not jitter. A.
REVERSAL_MIN_S = 0.05
#: Stamps that stay behind for so long are the new time of the stream. A.
REVERSAL_PATIENCE_S = 0.25
#: Relative deviation of the rate that is tolerated. A.
RATE_TOLERANCE = 0.05
#: The rate is that of this much time. A.
RATE_WINDOW_S = 4.0
#: And known after this much. A.
RATE_KNOWN_S = 2.0
#: Farther from the arrival than liblsl can buffer (360 s): another clock. A.
FOREIGN_CLOCK_S = 600.0
#: More data than time has passed by this much is a backlog. A.
BURST_MAX_S = 0.3
#: The measure of a backlog forgets a stream that is a little fast. A.
BURST_LEAK = 1.1


#: Without the call of a method around them: they are asked on every chunk.
_least, _greatest = np.minimum.reduce, np.maximum.reduce


class Finding(enum.StrEnum):
    """What can be wrong with the stamps of a chunk."""

    GAP = "gap"
    DUPLICATE = "duplicate"
    BACKWARDS = "backwards"
    FOREIGN_CLOCK = "foreign_clock"
    FUTURE = "future"
    LATE = "late"
    BURST = "burst"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive samples of a chunk.

    Parameters
    ----------
    start, stop : int
        Rows of the chunk.
    continues : bool
        Whether the piece continues what came before it. If not, whatever has a memory
        of the signal must restart.
    missing_samples : int
        How many samples are missing before it; 0 where nobody can say.
    """

    start: int
    stop: int
    continues: bool
    missing_samples: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one chunk says about its stream.

    Parameters
    ----------
    pieces : tuple of Piece
        What may be used, in order. Samples in no piece are to be dropped.
    findings : tuple of Finding
        What is wrong.
    age_s : float
        Arrival minus newest stamp; NaN for an empty chunk.
    effective_rate_hz : float
        Rate over the last seconds; NaN until it is known.
    """

    pieces: tuple[Piece, ...]
    findings: tuple[Finding, ...]
    age_s: float
    effective_rate_hz: float


NOTHING = Judgement((), (), math.nan, math.nan)


class ContinuityTracker:
    """Follows the stamps of one stream, chunk by chunk.

    Parameters
    ----------
    fs : float
        Nominal sampling rate in hertz.
    rate_tolerance : float
        Relative deviation of the effective rate that is tolerated.

    Raises
    ------
    DesignError
        If a parameter is not finite and above 0.
    """

    def __init__(self, fs: float, rate_tolerance: float = RATE_TOLERANCE) -> None:
        for name, value in (("fs", fs), ("rate_tolerance", rate_tolerance)):
            if not 0 < value < math.inf:
                msg = f"{name}: expected a finite number above 0, got {value!r}"
                raise DesignError(msg)
        self._fs = fs
        self._tolerance = rate_tolerance
        self.restart()

    def restart(self) -> None:
        """Forget the stream; the next chunk starts a new one."""
        self._newest_s = math.nan
        self._behind_since_s = math.nan
        self._arrival_s = math.nan
        self._backlog_s = 0.0
        self._restart_rate()

    def update(self, t_s: F64, arrival_s: float) -> Judgement:
        """Judge the next chunk.

        Parameters
        ----------
        t_s : ndarray, shape (n_samples,)
            Stamps in seconds, corrected to the clock of this host. May be empty.
        arrival_s : float
            When the chunk was received, on the same clock.

        Returns
        -------
        Judgement
            What may be used of it, and what is wrong with it.

        Raises
        ------
        ShapeError
            If ``t_s`` is not one-dimensional.
        """
        if t_s.ndim != 1:
            msg = f"expected t_s of shape (n_samples,), got {t_s.shape}"
            raise ShapeError(msg)
        n = len(t_s)
        if n == 0:
            return NOTHING
        # A NaN is both the least and the greatest, and fails the comparisons.
        oldest_s, latest_s = float(_least(t_s)), float(_greatest(t_s))
        if not (
            arrival_s - oldest_s <= FOREIGN_CLOCK_S
            and latest_s - arrival_s <= FOREIGN_CLOCK_S
        ):
            return Judgement((), (Finding.FOREIGN_CLOCK,), math.nan, math.nan)
        newest_s = float(t_s[-1])
        age_s = arrival_s - newest_s
        findings: list[Finding] = []
        if age_s < -FUTURE_MAX_S:
            findings.append(Finding.FUTURE)
        if age_s > LATE_AFTER_S:
            findings.append(Finding.LATE)
        elif self._is_burst(n, arrival_s):
            # Fresh stamps on more data than fits into the time: they are invented.
            self._newest_s = math.nan
            self._restart_rate()
            return Judgement((), (*findings, Finding.BURST), age_s, math.nan)
        pieces = self._cut(t_s, arrival_s, findings)
        rate_hz = self._rate(pieces, newest_s)
        if abs(rate_hz / self._fs - 1.0) > self._tolerance:
            findings.append(Finding.RATE)
        return Judgement(pieces, tuple(findings), age_s, rate_hz)

    def _is_burst(self, n: int, arrival_s: float) -> bool:
        known = math.isfinite(self._arrival_s)
        passed_s = max(arrival_s - self._arrival_s, 0.0) if known else math.inf
        self._arrival_s = arrival_s
        # What was there before the first look is no backlog: the meter starts at 0.
        came_s = n / self._fs if known else 0.0
        self._backlog_s = max(self._backlog_s + came_s - passed_s * BURST_LEAK, 0.0)
        return self._backlog_s > BURST_MAX_S

    def _cut(
        self, t_s: F64, arrival_s: float, findings: list[Finding]
    ) -> tuple[Piece, ...]:
        start, known = 0, math.isfinite(self._newest_s)
        if known and float(t_s[0]) < self._newest_s - REVERSAL_MIN_S:
            start = self._skip_behind(t_s, arrival_s, findings)
            known = math.isfinite(self._newest_s)
        else:
            self._behind_since_s = math.nan
        if start == len(t_s):
            return ()
        lead_s = float(t_s[start]) - self._newest_s - 1.0 / self._fs
        gap = known and lead_s > GAP_MIN_S
        missing = round(lead_s * self._fs) if gap else 0
        steps_s = t_s[start + 1 :] - t_s[start:-1]
        self._newest_s = float(_greatest(t_s[start:]))
        if not gap and (
            not len(steps_s) or _greatest(steps_s) <= GAP_MIN_S + 1.0 / self._fs
        ):
            return (Piece(start, len(t_s), continues=known),)
        inner = steps_s - 1.0 / self._fs
        findings.append(Finding.GAP)
        cuts = np.flatnonzero(inner > GAP_MIN_S)
        bounds = [start, *(start + 1 + cuts).tolist(), len(t_s)]
        lost = [missing, *np.round(inner[cuts] * self._fs).astype(int).tolist()]
        return tuple(
            Piece(first, last, k == 0 and known and not gap, lost[k])
            for k, (first, last) in enumerate(itertools.pairwise(bounds))
        )

    def _skip_behind(self, t_s: F64, arrival_s: float, findings: list[Finding]) -> int:
        """Return the first row that is not older than what was seen already."""
        new = np.flatnonzero(t_s > self._newest_s)
        if len(new):
            findings.append(Finding.DUPLICATE)
            self._behind_since_s = math.nan
            return int(new[0])
        findings.append(Finding.BACKWARDS)
        if math.isnan(self._behind_since_s):
            self._behind_since_s = arrival_s
        if arrival_s - self._behind_since_s < REVERSAL_PATIENCE_S:
            return len(t_s)
        # It stays behind: this is the time of the stream from now on.
        self._newest_s = self._behind_since_s = math.nan
        self._restart_rate()
        return 0

    def _restart_rate(self) -> None:
        self._count = 0
        self._anchors: deque[tuple[float, int]] = deque()

    def _rate(self, pieces: tuple[Piece, ...], newest_s: float) -> float:
        if not pieces:
            return math.nan
        if not all(piece.continues for piece in pieces):
            self._restart_rate()
        self._count += pieces[-1].stop - pieces[-1].start
        anchors = self._anchors
        if not anchors or newest_s - anchors[-1][0] >= RATE_WINDOW_S / 16:
            anchors.append((newest_s, self._count))
        while len(anchors) > 1 and newest_s - anchors[1][0] >= RATE_WINDOW_S:
            anchors.popleft()
        first_s, first = anchors[0]
        span_s = newest_s - first_s
        return (self._count - first) / span_s if span_s >= RATE_KNOWN_S else math.nan
