"""Tension of a recording over time, by the chain of a live session."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp.bursts import WINDOW_S as BURST_WINDOW_S
from dsp.chain import ChainParams, EmgChain
from dsp.errors import DesignError
from dsp.types import F64, Bools
from service.replay.params import HOP_S, ReplayParams

Indices = npt.NDArray[np.int64]
"""Sample numbers."""

MIN_WINDOW_S = 0.04
"""A shorter RMS says nothing about EMG. A: assumption."""

SHORT_WINDOW_SHARE = 0.4
SHORT_SETTLING_SHARE = 0.25
"""Shares of a recording that is too short for a whole window and a settled filter.
A: assumption."""


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Moving RMS at every hop: over the burst window and over the user's window.

    ``t_s`` is the end of each window, from the first sample on, and ``burst_delay_s``
    how far the middle of a burst window lies before it. Values are NaN until filter
    and window are filled, at the start and after a gap.
    """

    t_s: F64
    burst: F64
    burst_delay_s: float
    rms: F64
    window_s: float
    notes: tuple[str, ...] = ()

    @property
    def burst_t_s(self) -> F64:
        """Middles of the burst windows."""
        return self.t_s - self.burst_delay_s


@dataclass(frozen=True, slots=True)
class _Plan:
    """Windows and waiting time that fit the longest unbroken piece."""

    window_s: float
    burst_window_s: float
    settling_s: float
    notes: tuple[str, ...]


def envelopes(
    x: F64, t_s: F64, bounds: Sequence[int], fs: float, params: ReplayParams
) -> Envelopes:
    """Return the envelopes of ``x`` (n_samples, n_channels), cut at ``bounds``."""
    hop = max(1, round(HOP_S * fs))
    ends = _hop_ends(bounds, hop)
    stamps_s = np.maximum.accumulate(t_s)
    end_s = stamps_s[ends - 1] - stamps_s[0] if ends.size else np.empty(0)
    burst, rms = np.full((2, ends.size, x.shape[1]), np.nan)
    try:
        plan, chain = _chain(x.shape[1], fs, float(np.max(np.diff(bounds))), params)
    except DesignError as error:
        note = f"{error}; tension was not computed"
        return Envelopes(end_s, burst, 0.0, rms, 0.0, (note,))
    settled = round(plan.settling_s * fs)
    row = 0
    for start, stop in itertools.pairwise(bounds):
        chain.restart()
        for at in range(start, stop - hop + 1, hop):
            reading = chain.process(x[at : at + hop])
            taken = at + hop - start - settled
            if taken >= round(plan.burst_window_s * fs):
                burst[row] = reading.envelope_uv
            if taken >= round(plan.window_s * fs):
                rms[row] = reading.rms_uv
            row += 1
    missing = ~_all_finite(x, ends, round((plan.window_s + plan.settling_s) * fs))
    burst[missing] = np.nan
    rms[missing] = np.nan
    notes = (*chain.design.warnings, *plan.notes)
    return Envelopes(end_s, burst, plan.burst_window_s / 2, rms, plan.window_s, notes)


def _hop_ends(bounds: Sequence[int], hop: int) -> Indices:
    """Sample numbers behind the last sample of every hop."""
    pieces = [
        np.arange(start + hop, stop + 1, hop)
        for start, stop in itertools.pairwise(bounds)
    ]
    return np.concatenate(pieces).astype(np.int64)


def _chain(
    n_channels: int, fs: float, longest: float, params: ReplayParams
) -> tuple[_Plan, EmgChain]:
    """Build the chain; raise `DesignError` if rate or length do not allow one."""
    window_s = min(params.window_s, SHORT_WINDOW_SHARE * longest / fs)
    if window_s < MIN_WINDOW_S:
        needed_s = MIN_WINDOW_S / SHORT_WINDOW_SHARE
        msg = (
            f"expected an unbroken piece of at least {needed_s:.3f} s, the longest has "
            f"{longest / fs:.3f} s"
        )
        raise DesignError(msg)
    burst_window_s = min(BURST_WINDOW_S, window_s)
    chain = EmgChain(
        ChainParams(
            fs=fs,
            n_channels=n_channels,
            lower_hz=params.lower_hz,
            upper_hz=params.upper_hz,
            mains_hz=params.mains_hz or None,
            control_window_s=window_s,
            fast_window_s=burst_window_s,
        )
    )
    settling_s = min(chain.design.settling_s, SHORT_SETTLING_SHARE * longest / fs)
    notes = []
    if window_s < params.window_s or settling_s < chain.design.settling_s:
        notes.append(
            f"no piece is longer than {longest / fs:.3f} s: RMS over {window_s:.3f} s, "
            "the start of the filter included"
        )
    return _Plan(window_s, burst_window_s, settling_s, tuple(notes)), chain


def _all_finite(x: F64, ends: Indices, window: int) -> Bools:
    """Tell per hop and channel whether the last ``window`` samples are all numbers."""
    good = np.isfinite(x)
    if good.all():
        return np.ones((ends.size, x.shape[1]), np.bool_)
    bad = np.cumsum(~good, axis=0, dtype=np.int32)
    bad = np.vstack([np.zeros((1, x.shape[1]), np.int32), bad])
    return np.asarray(bad[ends] == bad[np.maximum(ends - window, 0)])
