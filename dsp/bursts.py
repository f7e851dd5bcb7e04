"""Bursts of activity in an envelope: a robust threshold, then merging."""

import math
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError, ShapeError
from dsp.types import F64

WINDOW_S = 0.1
"""RMS window of the envelope that bursts are sought in. A: assumption."""

REST_PERCENTILE = 20.0
PEAK_PERCENTILE = 99.0
"""Rest and peak of a recording: most of it is rest, and single spikes are no peak.
A: assumption."""

THRESHOLD_SHARE = 0.25
"""Height of the threshold above rest, as a share of peak minus rest. A: assumption."""

MERGE_GAP_S = 0.5
"""Shorter pauses do not end a burst. A: assumption."""

MIN_DURATION_S = 0.1
"""Shorter bursts are spikes. A: assumption."""

MIN_CONTRAST = 4.0
"""Least ratio of peak to rest. A: assumption; Gaussian noise of 20-450 Hz in a 100 ms
window has 1.3, a weak tonic contraction 2 to 3, isolated contractions 6 and more."""


@dataclass(frozen=True, slots=True)
class BurstParams:
    """What counts as a burst.

    Parameters
    ----------
    rest_percentile : float
        Percentile of the envelope that is taken for rest.
    peak_percentile : float
        Percentile that is taken for the peak.
    threshold_share : float
        Position of the threshold between rest (0) and peak (1).
    merge_gap_s : float
        Longest pause inside one burst, in seconds.
    min_duration_s : float
        Shortest burst in seconds.
    min_contrast : float
        Least ratio of peak to rest; below it there are no bursts to speak of.

    Raises
    ------
    DesignError
        A parameter is not finite, or percentiles are not ordered within 0 to 100.
    """

    rest_percentile: float = REST_PERCENTILE
    peak_percentile: float = PEAK_PERCENTILE
    threshold_share: float = THRESHOLD_SHARE
    merge_gap_s: float = MERGE_GAP_S
    min_duration_s: float = MIN_DURATION_S
    min_contrast: float = MIN_CONTRAST

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not math.isfinite(getattr(self, name)):
                msg = f"{name}: expected a finite number, got {getattr(self, name)!r}"
                raise DesignError(msg)
        if not 0 <= self.rest_percentile < self.peak_percentile <= 100:  # noqa: PLR2004
            msg = (
                "expected 0 <= rest_percentile < peak_percentile <= 100, got "
                f"{self.rest_percentile} and {self.peak_percentile}"
            )
            raise DesignError(msg)


@dataclass(frozen=True, slots=True)
class Burst:
    """One burst.

    Parameters
    ----------
    start_s : float
        First envelope value above the threshold, seconds.
    end_s : float
        Last envelope value above the threshold, seconds.
    """

    start_s: float
    end_s: float


def find_bursts(
    envelope: F64, t_s: F64, params: BurstParams | None = None
) -> tuple[Burst, ...]:
    """Find the bursts of one channel.

    Parameters
    ----------
    envelope : ndarray, shape (n,)
        RMS envelope, any unit. Values that are not finite count as neither rest nor
        activity.
    t_s : ndarray, shape (n,)
        Rising times that the values stand for: the middles of their windows.
    params : BurstParams, optional
        What counts as a burst.

    Returns
    -------
    tuple of Burst
        In order; empty if the envelope has too little contrast.

    Raises
    ------
    ShapeError
        Envelope and times differ in length or are not one-dimensional.
    """
    if envelope.ndim != 1 or envelope.shape != t_s.shape:
        msg = (
            f"expected envelope and t_s of one shape (n,), got {envelope.shape} and "
            f"{t_s.shape}"
        )
        raise ShapeError(msg)
    p = params or BurstParams()
    finite = np.isfinite(envelope)
    if not finite.any():
        return ()
    rest, peak = np.percentile(envelope[finite], (p.rest_percentile, p.peak_percentile))
    if not peak > rest or peak < p.min_contrast * rest:
        return ()
    threshold = rest + p.threshold_share * (peak - rest)
    active = t_s[finite & (np.nan_to_num(envelope) > threshold)]
    return _merged(active, p)


def _merged(active_s: F64, p: BurstParams) -> tuple[Burst, ...]:
    """Join active times whose distance is small, and drop what stays short."""
    if active_s.size == 0:
        return ()
    breaks = np.flatnonzero(np.diff(active_s) > p.merge_gap_s)
    starts_s = active_s[np.concatenate(([0], breaks + 1))]
    ends_s = active_s[np.concatenate((breaks, [active_s.size - 1]))]
    return tuple(
        Burst(float(start_s), float(end_s))
        for start_s, end_s in zip(starts_s, ends_s, strict=True)
        if end_s - start_s >= p.min_duration_s
    )
