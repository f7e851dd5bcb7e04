"""Tension of a recording over time, through the filter of the live chain."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import signal

from dsp.bursts import WINDOW_S as BURST_WINDOW_S
from dsp.types import F64
from service.replay.params import HOP_S, ReplayParams

SETTLE_S = 0.15
MIN_WINDOW_S = 0.05
"""A shorter RMS says nothing about EMG. A: assumption."""


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Moving RMS at every hop: over the burst window and over the user's window.

    ``t_s`` is the end of each window, from the first sample on, and
    ``burst_delay_s`` how far the middle of a burst window lies before it. Values are
    NaN until filter and window are filled, at the start and after a gap.
    """

    t_s: F64
    burst: F64
    burst_delay_s: float
    rms: F64
    notes: tuple[str, ...] = ()


def envelopes(
    x: F64, t_s: F64, bounds: tuple[int, ...], fs: float, params: ReplayParams
) -> Envelopes:
    """Return the envelopes of ``x`` (n_samples, n_channels), cut at ``bounds``."""
    stamps_s = np.maximum.accumulate(t_s)
    hop = max(1, round(HOP_S * fs))
    ends = np.arange(hop - 1, x.shape[0], hop)
    stamps_s = stamps_s[ends] - stamps_s[0]
    burst = np.full((ends.size, x.shape[1]), np.nan)
    rms = np.full((ends.size, x.shape[1]), np.nan)
    longest = max(np.diff(bounds))
    window_s = min(params.window_s, longest / fs / 2)
    burst_s = min(BURST_WINDOW_S, window_s)
    notes = []
    if window_s < params.window_s:
        notes.append("short")
    if window_s < MIN_WINDOW_S:
        return Envelopes(stamps_s, burst, 0.0, rms, ("too short",))
    upper = min(params.upper_hz, 0.45 * fs)
    if upper < 4 * params.lower_hz:
        return Envelopes(stamps_s, burst, 0.0, rms, ("no band",))
    sos = signal.butter(4, [params.lower_hz, upper], "bandpass", fs=fs, output="sos")
    if params.mains_hz:
        for k in (1, 2, 3):
            if k * params.mains_hz < upper:
                b, a = signal.iirnotch(k * params.mains_hz, k * params.mains_hz / 2, fs)
                sos = np.vstack([sos, signal.tf2sos(b, a)])
    for start, stop in itertools.pairwise(bounds):
        piece = np.nan_to_num(x[start:stop] - x[start])
        y = signal.sosfilt(sos, piece, axis=0)
        total = np.cumsum(np.vstack([np.zeros((1, x.shape[1])), y * y]), axis=0)
        inside = np.flatnonzero((ends >= start) & (ends < stop))
        last = ends[inside] - start + 1
        settle = min(round(SETTLE_S * fs), (stop - start) // 4)
        for out, w_s in ((burst, burst_s), (rms, window_s)):
            w = round(w_s * fs)
            ok = last >= w + settle
            out[inside[ok]] = np.sqrt(
                np.maximum(0, total[last[ok]] - total[last[ok] - w]) / w
            )
    return Envelopes(stamps_s, burst, burst_s / 2, rms, tuple(notes))
