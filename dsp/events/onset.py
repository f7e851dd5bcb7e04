"""When a muscle switches on and off: Teager-Kaiser energy and a double threshold."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from dsp.blocks import Reblock
from dsp.events.runs import Run, RunTracker
from dsp.sliding import SlidingRms
from dsp.types import F64

#: Smoothing of the energy.
SMOOTH_S = 0.02  # A: assumption; about a low-pass at 25 Hz
#: Standard deviations of the root of the energy above its rest. 6 to 15 deviations of
#: the energy itself are recommended (R), which misses what is weaker than 10 dB.
MAX_H, MIN_H = 10.0, 2.5  # A: assumption
#: Peak energy over rest from which the upper end is used, and below which the lower.
HIGH_RATIO, LOW_RATIO = 100.0, 10.0  # A: assumption
#: Energy must stay above the threshold for so long.
PERSIST_S = 0.025  # R: 25-50 ms
#: Shorter pauses do not end a contraction.
PAUSE_S = 0.1  # A: assumption
#: Rest is learned over so long, from the quiet half of it.
REST_S = 5.0  # A: assumption
_BLOCK_S = 0.02
_GAUSS_MEDIAN = 0.6745


@dataclass(frozen=True, slots=True)
class OnsetParams:
    """Thresholds of the detector.

    Parameters
    ----------
    persist_s : float
        How long energy must stay above the threshold, in second.
    pause_s : float
        Longest pause within a contraction, in second.
    min_h, max_h : float
        Range of the threshold in standard deviations above rest.
    """

    persist_s: float = PERSIST_S
    pause_s: float = PAUSE_S
    min_h: float = MIN_H
    max_h: float = MAX_H


class OnsetDetector:
    """Find contractions of one channel in filtered EMG.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    params : OnsetParams, optional
        Thresholds.

    Notes
    -----
    ``psi[n] = x[n]² - x[n-1] x[n+1]`` (Solnik et al. 2008, Acta Bioeng Biomech 10:65),
    smoothed as a mean square over `SMOOTH_S`; mean and deviation of rest are median and
    median deviation of the quiet half of the last `REST_S`. The threshold rises from
    ``min_h`` to ``max_h`` deviations with the contrast seen so far, because a high one
    misses weak contractions and a low one finds strong ones too early.
    """

    def __init__(self, fs: float, params: OnsetParams | None = None) -> None:
        p = params or OnsetParams()
        self._params, self._fs = p, fs
        self._reblock = Reblock(max(1, round(_BLOCK_S * fs)), 1)
        self._smooth = SlidingRms(1, max(1, round(SMOOTH_S * fs)))
        self._runs = RunTracker(max(1, round(p.persist_s * fs)), round(p.pause_s * fs))
        self._rest: deque[float] = deque(maxlen=round(REST_S / _BLOCK_S))
        self._last = np.zeros(2)
        self._contrast = 0.0

    @property
    def active_since(self) -> int | None:
        """First sample of the contraction that is under way, if there is one."""
        return self._runs.start

    def push(self, y: F64) -> list[Run]:
        """Take the samples of one chunk and return the contractions that ended.

        Parameters
        ----------
        y : ndarray, shape (n_samples, 1)
            Filtered EMG in microvolt; not modified.

        Returns
        -------
        list of Run
            Samples since the start; the smoothing's delay of half `SMOOTH_S` is taken
            off.

        Raises
        ------
        ShapeError
            If it is not one channel.
        """
        found = []
        for block, _ in self._reblock.push(y):
            x = np.concatenate((self._last, block[:, 0]))
            self._last = x[-2:]
            psi = np.maximum(np.square(x[1:-1]) - x[:-2] * x[2:], 0.0)
            energy = self._smooth.dense(np.sqrt(psi)[:, np.newaxis])[:, 0]
            found += self._runs.push(energy > self._threshold(energy))
        shift = round(0.5 * SMOOTH_S * self._fs)
        return [Run(max(0, r.start - shift), max(0, r.stop - shift)) for r in found]

    def _threshold(self, energy: F64) -> float:
        self._rest.append(float(np.median(energy)))
        values = np.sort(np.array(self._rest))
        quiet = values[: max(1, len(values) // 2)]
        middle = float(np.median(quiet))
        away = np.abs(quiet - middle)
        # The deviation of medians of blocks, back to that of the samples in them.
        spread = float(np.median(away)) / _GAUSS_MEDIAN + middle / _SMOOTH_SNR
        peak = min(float(energy.max()), HIGH_RATIO * middle) / middle if middle else 0.0
        self._contrast = max(0.999 * self._contrast, peak**2)
        return middle + self._h() * spread

    def _h(self) -> float:
        low, high = math.log(LOW_RATIO), math.log(HIGH_RATIO)
        level = (math.log(max(self._contrast, LOW_RATIO)) - low) / (high - low)
        p = self._params
        return p.min_h + min(level, 1.0) * (p.max_h - p.min_h)


#: Mean over deviation of the smoothed energy at rest, for model EMG.
_SMOOTH_SNR = 4.0  # A: assumption
