"""What the controlled muscle does by itself: contractions, load, rest and fatigue.

Everything that is kept has a fixed size, however long the session lasts. Time under
stimulation, and with EMG that cannot be believed, does not count: nothing is told from
either side of it as if it were one.
"""

import math
from collections import deque

import numpy as np

from dsp.blocks import Reblock
from dsp.bursts import find_bursts
from dsp.events.fatigue import MIN_TENSION_PCT_MVC, MedianFrequencyTrend
from dsp.events.load import MEDIAN, PEAK, REST_PCT_MVC, STATIC, LoadStatistics
from dsp.events.onset import OnsetDetector
from dsp.events.runs import Run
from dsp.types import BAD_QUALITY, F64
from service.core.model import Note, Sample
from service.core.state import Session
from service.core.tone import Calibration
from service.engine.feed import Feed
from service.states import ActivityState

#: Window of the tension that load and bursts are taken from (`dsp.bursts.WINDOW_S`).
TENSION_WINDOW_S = 0.1
#: Bursts are looked for in so much of it.
RECENT_S = 60.0
#: The indices are renewed this often. A: nobody reads them faster.
RENEW_S = 0.5
#: So long the rest is learned before there are contractions. A.
LEARN_S = 1.0
#: What is heard later or earlier than this does not follow on what was heard before.
CONTINUOUS_S = 0.05

_PERCENT = 100.0


class Activity:
    """Events and indices of one calibrated channel."""

    def __init__(
        self, fs: float, band_hz: tuple[float, float], calibration: Calibration
    ) -> None:
        self.calibration = calibration
        self._fs = fs
        self._onsets = OnsetDetector(fs)
        self._load = LoadStatistics(TENSION_WINDOW_S)
        least_uv = calibration.mvc_uv * MIN_TENSION_PCT_MVC / _PERCENT
        self._trend = MedianFrequencyTrend(fs, band_hz, least_uv)
        self._reblock = Reblock(max(1, round(TENSION_WINDOW_S * fs)), 1)
        self._recent: deque[float] = deque(maxlen=round(RECENT_S / TENSION_WINDOW_S))
        self._heard, self._stretch = 0, 0
        self._until_s = -math.inf
        self._began: int | None = None
        self._strong_row = -1
        self.n_contractions = 0
        self.onset_s = self.offset_s = math.nan

    def skip(self) -> None:
        """Leave out what happens now: what was under way is not known to end."""
        if self._stretch == self._heard:
            return
        self._stretch, self._began = self._heard, None
        self._reblock.restart()
        self._recent.append(math.nan)

    def hear(self, until_s: float, cleaned_uv: F64) -> list[Note]:
        """Take filtered samples that end at ``until_s``; return what began and ended.

        Samples, (n_samples, 1), are in microvolt; NaN where they do not count.
        """
        n = len(cleaned_uv)
        if abs(until_s - n / self._fs - self._until_s) > CONTINUOUS_S:
            self.skip()
        self._heard, self._until_s = self._heard + n, until_s
        n_pending = self._reblock.pending
        for k, (block, bad) in enumerate(self._reblock.push(cleaned_uv), 1):
            if self._measure(block[~bad], len(block)) >= REST_PCT_MVC:
                self._strong_row = self._heard - n - n_pending + k * len(block)
        self._trend.push(cleaned_uv)
        ended = self._onsets.push(cleaned_uv)
        notes = [note for run in ended for note in self._end(run)]
        return notes + self._begin(self._onsets.active_since)

    def state(self) -> ActivityState:
        """Return the indices as an operator sees them."""
        load, recent = self._load, np.array(self._recent, np.float64)
        t_s = TENSION_WINDOW_S * np.arange(len(recent))
        return ActivityState(
            observed_s=load.n_values * TENSION_WINDOW_S,
            contracting=self._began is not None,
            n_contractions=self.n_contractions,
            onset_s=_known(self.onset_s),
            offset_s=_known(self.offset_s),
            n_bursts=len(find_bursts(recent, np.asarray(t_s, np.float64))),
            rest_time_share=_known(load.rest_time_share),
            gaps_per_min=_known(load.gaps_per_min),
            longest_activity_s=load.longest_activity_s,
            static_pct_mvc=_known(load.percentile(STATIC)),
            median_pct_mvc=_known(load.percentile(MEDIAN)),
            peak_pct_mvc=_known(load.percentile(PEAK)),
            median_frequency_hz=_known(self._trend.mean_hz),
            median_frequency_pct_per_min=_known(self._trend.slope_pct_per_min),
        )

    def _measure(self, good_uv: F64, n_rows: int) -> float:
        tension = math.nan
        # Half a window that does not count says too little about the other half.
        if 2 * len(good_uv) > n_rows:
            rms_uv = math.sqrt(float(np.mean(np.square(good_uv))))
            tension = self.calibration.tone_pct_mvc(rms_uv)
        self._load.push(np.array([tension]))
        self._recent.append(tension)
        return tension

    def _time_s(self, row: int) -> float:
        return self._until_s - (self._heard - row) / self._fs

    def _begin(self, row: int | None) -> list[Note]:
        if row is None or self._began is not None or not self._is_real(row):
            return []
        self._began, self.onset_s = row, self._time_s(row)
        return [Note("onset", {"at_s": self.onset_s})]

    def _is_real(self, start: int) -> bool:
        """Tell a contraction from a fluctuation of the rest, or one only half heard."""
        learnt = self._fs * LEARN_S
        return max(self._stretch, learnt) <= start < self._strong_row

    def _end(self, run: Run) -> list[Note]:
        if not self._is_real(run.start):
            return []
        # Short ones begin and end within what was heard at once.
        notes = self._begin(run.start)
        self._began = None
        self.offset_s = self._time_s(run.stop)
        self.n_contractions += 1
        duration_s = (run.stop - run.start) / self._fs
        return [
            *notes,
            Note("offset", {"at_s": self.offset_s, "duration_s": duration_s}),
        ]


class ActivityWatch:
    """Follows the controlled channel from its calibration to the end of the session.

    One that nobody has ``heeded`` tells nothing and costs nothing.
    """

    def __init__(self, *, heeded: bool = True) -> None:
        self._heeded = heeded
        self._activity: Activity | None = None
        self._state: ActivityState | None = None
        self._renewed_s = -math.inf

    def begin(self, feed: Feed, channel: int) -> None:
        """Begin with a new session."""
        self._activity, self._state = None, None
        if self._heeded:
            feed.watch(channel)

    def hear(
        self, session: Session, sample: Sample, feed: Feed, cleaned_uv: F64
    ) -> list[Note]:
        """Take in what is behind the newest sample; return what began and ended."""
        calibration = session.calibration
        if calibration is None:
            self._activity, self._state = None, None
            return []
        activity = self._activity
        if activity is None or activity.calibration is not calibration:
            activity = Activity(feed.sample_rate_hz, feed.band_hz, calibration)
            self._activity = activity
        if not len(cleaned_uv):
            return []
        span_s = len(cleaned_uv) / feed.sample_rate_hz
        bout = session.setup.program.bout
        silent = session.zero.covers(sample.measured_s, span_s, bout)
        if not silent or sample.quality & BAD_QUALITY:
            activity.skip()
            return []
        return activity.hear(sample.measured_s, cleaned_uv)

    def state(self, now_s: float) -> ActivityState | None:
        """Return the newest indices, renewed now and then."""
        if self._activity is None:
            return None
        if self._state is None or now_s - self._renewed_s >= RENEW_S:
            self._state, self._renewed_s = self._activity.state(), now_s
        return self._state


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
