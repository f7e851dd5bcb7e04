"""Blanking: the samples around a pulse are taken out before any filter sees them.

A band-pass that runs across the artifact carries it on for tens of milliseconds. The
gap is bridged by a straight line between its neighbours instead, so that what is slower
than the gap (baseline, motion) passes on through it; what the filter puts out inside
the gap does not count.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError
from dsp.types import F64, Bools

#: Blanked before a pulse: anti-alias filters ring ahead, and times are not exact.
BEFORE_S = 0.001  # A: assumption
#: Blanked after a pulse: artifact and M-wave (5 ms would be enough for the artifact).
AFTER_S = 0.025  # A: assumption
#: Longest gap that is bridged. Pulses too fast to leave anything between them merge
#: into one gap, which then is held in pieces of this length and never counts.
MAX_GAP_S = 0.1  # A: assumption
#: Fast trains leave no tail behind the full gap; it shrinks so that this is left...
MIN_TAIL_S = 0.0085  # A: assumption
#: ... but never below this: the M-wave is not over earlier.
MIN_AFTER_S = 0.015  # A: assumption


@dataclass(frozen=True, slots=True)
class Released:
    """Samples that need to wait no longer.

    Parameters
    ----------
    emg_uv : ndarray, shape (n_samples, n_channels)
        EMG in microvolt, gaps bridged.
    gap : ndarray of bool, shape (n_samples,)
        Which samples were bridged.
    """

    emg_uv: F64
    gap: Bools


class GapFiller:
    """Bridge the gaps that pulses leave, and hold samples back until that is possible.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    n_channels : int
        Number of channels.
    after_s : float
        Longest gap after a pulse, in second.

    Attributes
    ----------
    position : int
        Samples taken so far.
    late_pulses : int
        Pulses that came to be known after their samples had been released.

    Raises
    ------
    DesignError
        If the gap is not shorter than `MAX_GAP_S`.
    """

    def __init__(self, fs: float, n_channels: int, after_s: float = AFTER_S) -> None:
        if not 0 < after_s < MAX_GAP_S:
            msg = (
                f"blanking: expected after_s above 0 and below {MAX_GAP_S:g} s, got "
                f"{after_s!r}"
            )
            raise DesignError(msg)
        self._before = math.ceil(BEFORE_S * fs)
        self._after_s, self._fs = after_s, fs
        self._after = math.ceil(after_s * fs)
        self._newest = -math.inf
        self._longest = math.ceil(MAX_GAP_S * fs)
        self._n_channels = n_channels
        self._held = np.zeros((0, n_channels))
        self._spans: deque[tuple[int, int]] = deque()
        self._last: F64 | None = None
        self.position = 0
        self.late_pulses = 0

    @property
    def gap_rows(self) -> int:
        """Longest gap of a single pulse in samples."""
        return self._before + self._after + 1

    def restart(self) -> None:
        """Forget everything, pulses included."""
        self._held = np.zeros((0, self._n_channels))
        self._spans.clear()
        self._last = None
        self._newest = -math.inf
        self.position = 0
        self.late_pulses = 0

    def mark(self, pulse_row: float) -> int:
        """Take note of a pulse; pulses come in order.

        Parameters
        ----------
        pulse_row : float
            When it began, in samples since the start.

        Returns
        -------
        int
            Samples after the pulse that are blanked.
        """
        interval_s = (pulse_row - self._newest) / self._fs
        self._newest = pulse_row
        after = math.ceil(gap_after_s(interval_s, self._after_s) * self._fs)
        start = math.floor(pulse_row) - self._before
        stop = math.ceil(pulse_row) + after
        if start < self.position - len(self._held):
            self.late_pulses += 1
        self._spans.append((start, stop))
        return after

    def gap_mask(self, n_rows: int) -> Bools:
        """Return which of the next samples lie in gaps that are known by now.

        Parameters
        ----------
        n_rows : int
            Number of samples.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True inside a gap.
        """
        return self._mask(self.position, n_rows)

    def push(self, emg_uv: F64) -> Released:
        """Take one block and return what can go on.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            Finite EMG in microvolt; not modified.

        Returns
        -------
        Released
            The oldest samples that were held, and those of this block up to the first
            gap that is still open.
        """
        self._held = np.concatenate((self._held, emg_uv))
        self.position += len(emg_uv)
        first = self.position - len(self._held)
        gap = self._mask(first, len(self._held))
        n_ready = self._ready(gap)
        filled = self._bridge(gap, n_ready)
        self._held = self._held[n_ready:].copy()
        while self._spans and self._spans[0][1] < first + n_ready:
            self._spans.popleft()
        return Released(filled, gap[:n_ready].copy())

    def _mask(self, first: int, n_rows: int) -> Bools:
        mask = np.zeros(n_rows, np.bool_)
        for start, stop in self._spans:
            mask[max(0, start - first) : max(0, stop - first)] = True
        return mask

    def _ready(self, gap: Bools) -> int:
        """Return how many rows can go: all but an open gap and a coming pulse's."""
        n_ready = max(0, len(gap) - self._before - 1)
        if n_ready == 0 or not gap[n_ready - 1]:
            return n_ready
        if not gap[n_ready:].all():
            return n_ready
        start = n_ready - int(np.argmin(gap[:n_ready][::-1]))
        start = start if not gap[:n_ready].all() else 0
        return n_ready if n_ready - start >= self._longest else start

    def _bridge(self, gap: Bools, n_ready: int) -> F64:
        rows = self._held[:n_ready].copy()
        if not n_ready:
            return rows
        for start, stop in _runs(gap):
            if start >= n_ready:
                break
            bridge = self._line(start, stop)
            rows[start:stop] = bridge[: n_ready - start]
        self._last = rows[-1].copy()
        return rows

    def _line(self, start: int, stop: int) -> F64:
        """Return what bridges a gap; an end that is not known equals the other."""
        before = self._held[start - 1] if start else self._last
        after = self._held[stop] if stop < len(self._held) else None
        if before is None:
            before = np.zeros(self._n_channels) if after is None else after
        if after is None:
            after = before
        share = np.arange(1, stop - start + 1) / (stop - start + 1)
        return np.asarray(before + share[:, np.newaxis] * (after - before))


def gap_after_s(interval_s: float, longest_s: float = AFTER_S) -> float:
    """Return how long to blank after a pulse.

    Parameters
    ----------
    interval_s : float
        Time since the pulse before it, in second.
    longest_s : float
        Gap where there is time enough, in second.

    Returns
    -------
    float
        Second; ``longest_s`` up to 29 pulses per second by default.
    """
    room_s = interval_s - BEFORE_S - MIN_TAIL_S
    return min(longest_s, max(room_s, MIN_AFTER_S))


def _runs(mask: Bools) -> list[tuple[int, int]]:
    """Return start and stop of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
