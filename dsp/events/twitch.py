"""Local twitch responses: brief bursts that a needle or a thumb evokes."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from dsp.blocks import Reblock
from dsp.sliding import SlidingRms
from dsp.types import F64

#: Window of the envelope.
ENVELOPE_S = 0.02  # A: assumption
#: Begins above the mean plus so many deviations, and so many times the level before.
START_SD = 8.0  # A: assumption
START_RATIO = 5.0  # A: assumption
#: Ends below so many times the level before.
END_RATIO = 2.0  # A: assumption
#: The level before is taken from so long.
BEFORE_S = 0.5  # A: assumption
#: What is shorter is a spike, what is longer a contraction.
WIDTH_S = (0.010, 1.0)  # A: assumption
#: Nothing is looked for so soon after the last one.
REFRACTORY_S = 0.15  # A: assumption
#: It is a response if a marker of needle or pressure came so shortly before.
MARKER_S = 1.0  # A: assumption
_BLOCK_S = 0.005


@dataclass(frozen=True, slots=True)
class Twitch:
    """A brief burst.

    Parameters
    ----------
    start_s : float
        When it began, in second since the start of the stream.
    width_s : float
        How long it lasted.
    peak_pct_mvc : float
        Largest envelope.
    latency_s : float
        Time since the marker; NaN without one, then it is no response.
    """

    start_s: float
    width_s: float
    peak_pct_mvc: float
    latency_s: float = math.nan

    @property
    def is_response(self) -> bool:
        """Whether a marker came shortly before."""
        return not math.isnan(self.latency_s)


class TwitchDetector:
    """Find twitches in the filtered EMG of one channel.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    mvc_uv : float
        RMS of the maximal voluntary contraction in microvolt.
    start_ratio, start_sd : float
        A twitch begins above so many times the level before, and above its mean plus so
        many standard deviations. The defaults are for muscles at rest, watched without
        a break.
    """

    def __init__(
        self,
        fs: float,
        mvc_uv: float,
        start_ratio: float = START_RATIO,
        start_sd: float = START_SD,
    ) -> None:
        self._mvc_uv = mvc_uv
        self._start_ratio = start_ratio
        self._start_sd = start_sd
        self._reblock = Reblock(max(1, round(_BLOCK_S * fs)), 1)
        self._block_s = self._reblock.n_rows / fs
        self._envelope = SlidingRms(1, max(1, round(ENVELOPE_S * fs)))
        n_before = round(BEFORE_S / self._block_s)
        self._guard = math.ceil(ENVELOPE_S / self._block_s)
        self._before: deque[float] = deque(maxlen=n_before + self._guard)
        self._markers: deque[float] = deque(maxlen=64)
        self._count = 0
        self._start_s = math.nan
        self._level = 0.0
        self._peak = 0.0
        self._quiet_from_s = 0.0

    def mark(self, t_s: float) -> None:
        """Take note of a needle or pressure event.

        Parameters
        ----------
        t_s : float
            When, in second since the start of the stream.
        """
        self._markers.append(t_s)

    def push(self, y: F64) -> list[Twitch]:
        """Take the samples of one chunk and return the twitches that ended.

        Parameters
        ----------
        y : ndarray, shape (n_samples, 1)
            Filtered EMG in microvolt; not modified.

        Returns
        -------
        list of Twitch
            In order.

        Raises
        ------
        ShapeError
            If it is not one channel.
        """
        found = []
        for block, _ in self._reblock.push(y):
            self._envelope.push(block)
            self._count += 1
            twitch = self._step(
                self._count * self._block_s, float(self._envelope.last()[0])
            )
            if twitch is not None:
                found.append(twitch)
        return found

    def _step(self, t_s: float, envelope_uv: float) -> Twitch | None:
        if math.isnan(self._start_s):
            self._look_for_start(t_s, envelope_uv)
            return None
        self._peak = max(self._peak, envelope_uv)
        if envelope_uv >= END_RATIO * self._level:
            if t_s - self._start_s > 2 * WIDTH_S[1]:
                # A contraction: what follows is the new level.
                self._start_s = math.nan
                self._before.clear()
            return None
        return self._finish(t_s)

    def _look_for_start(self, t_s: float, envelope_uv: float) -> None:
        before = list(self._before)[: -self._guard]
        self._before.append(envelope_uv)
        if len(self._before) < (self._before.maxlen or 0) or t_s < self._quiet_from_s:
            return
        mean, sd = float(np.mean(before)), float(np.std(before))
        if envelope_uv > max(mean + self._start_sd * sd, self._start_ratio * mean):
            self._start_s, self._level, self._peak = t_s, mean, envelope_uv
            for _ in range(self._guard):
                self._before.pop()

    def _finish(self, t_s: float) -> Twitch | None:
        start_s, self._start_s = self._start_s, math.nan
        self._quiet_from_s = t_s + REFRACTORY_S
        # The envelope is late by half its window at the start and by all of it at the
        # end.
        width_s = t_s - start_s - 0.5 * ENVELOPE_S
        start_s -= 0.5 * ENVELOPE_S
        if not WIDTH_S[0] <= width_s <= WIDTH_S[1]:
            return None
        recent = [m for m in self._markers if 0.0 <= start_s - m <= MARKER_S]
        latency_s = start_s - recent[-1] if recent else math.nan
        return Twitch(start_s, width_s, 100.0 * self._peak / self._mvc_uv, latency_s)
