"""Integers that were too large for their format and came out at its other end.

Saturated samples stand at the rail, which shows as clipping. Wrapped ones look like
EMG of an enormous amplitude, and only the step between two samples gives them away.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dsp.types import Bools

#: A step by more than this share of the format's range is a wrap. A: EMG that fills a
#: quarter of the range from one sample to the next is told as well.
WRAP_SHARE = 0.75


class WrapDetector:
    """Follows one stream of integers, chunk by chunk."""

    def __init__(self, channel_format: str) -> None:
        limits = np.iinfo(channel_format)
        self._ends = (limits.min, limits.max)
        self._step = WRAP_SHARE * (float(limits.max) - float(limits.min))
        self._last: npt.NDArray[Any] | None = None

    def find(self, raw: npt.NDArray[Any], starts: Sequence[int] = ()) -> Bools | None:
        """Return which values of (n_samples, n_channels) wrapped; None if none did.

        Rows in ``starts`` do not continue the row before them.
        """
        rows = raw if self._last is None else np.concatenate((self._last, raw))
        self._last = raw[-1:].copy()
        if float(rows.max()) - float(rows.min()) <= self._step:
            return None
        wrapped = np.zeros(raw.shape, np.bool_)
        steps = np.abs(np.diff(rows.astype(np.float64), axis=0)) > self._step
        # An amplifier that is driven from rail to rail has not wrapped.
        at_end = np.isin(rows, self._ends)
        steps &= ~(at_end[1:] | at_end[:-1])
        wrapped[len(raw) - len(steps) :] = steps
        wrapped[list(starts)] = False
        return wrapped if wrapped.any() else None


def wrap_detector(channel_format: str) -> WrapDetector | None:
    """Return the detector of a stream's format; floating numbers do not wrap."""
    return WrapDetector(channel_format) if channel_format.startswith("int") else None
