"""What the stimulated muscle answers: M-waves of every on part, from the raw EMG.

The chain cleans M-waves away, so they are taken from what goes into it. Pulses come
from the trigger channel where there is one, and are found in the signal otherwise.
"""

import math
from typing import NamedTuple

import numpy as np

from dsp.artifact.pulses import PulseDetector
from dsp.artifact.train import TrainFollower
from dsp.blocks import Reblock
from dsp.events.fatigue import (
    MIN_TENSION_PCT_MVC,
    SEGMENT_S,
    median_frequency_of,
)
from dsp.events.mwave import (
    LATE_S,
    MIN_PERIOD_S,
    MIN_RATE_HZ,
    REACH_S,
    PulseEpochs,
    measure_m_wave,
)
from dsp.types import BAD_QUALITY, F64
from service.core.model import MuscleResponse, Phase, Sample
from service.core.plans import Modality
from service.core.state import Session, Treatment
from service.core.tone import Calibration
from service.engine.feed import Feed
from service.messages import OutputState

#: Pulses are averaged whose amplitude differs from the last one by no more. A: the
#: largest step of a search.
PLATEAU_MA = 1.0
#: What is heard later or earlier than this does not follow on what was heard before.
CONTINUOUS_S = 0.005
#: Pulses are looked for in blocks of this length, as the chain does.
BLOCK_S = 0.04

NO_PULSES = "no pulses were seen"
TOO_FAST = "the pulses come too fast"
TOO_SLOW = "the EMG is sampled too slowly"

_PERCENT = 100.0
_PHASES = frozenset({Phase.TREATING, Phase.WEANING})


class Heard(NamedTuple):
    """The newest of the controlled channel: sample, feed, what is behind them.

    ``column`` is the channel of the feed, ``cleaned_uv`` its filtered samples,
    (n_samples, 1), where anybody watches, ``output`` what the device said last.
    """

    sample: Sample
    feed: Feed
    column: int
    cleaned_uv: F64
    output: OutputState | None


class OnPart:
    """The raw EMG of one on part, and the amplitude during it."""

    def __init__(self, fs: float, frequency_hz: float) -> None:
        self._fs = fs
        self._epochs = PulseEpochs(fs)
        self._detector = PulseDetector(fs)
        self._train = TrainFollower(fs)
        self._train.expect(0, frequency_hz)
        self._reblock = Reblock(max(1, round(BLOCK_S * fs)), 1)
        self._blocks = 0
        self._rows: list[int] = []
        self._amplitudes_ma: list[float] = []
        self._n_pulses = 0
        self._count = 0
        self.until_s = math.nan

    def follows(self, t_s: float, n_rows: int) -> bool:
        """Return whether ``n_rows`` that end at ``t_s`` come next."""
        if math.isnan(self.until_s):
            return True
        return abs(t_s - n_rows / self._fs - self.until_s) <= CONTINUOUS_S

    def hear(self, raw_uv: F64, trigger: list[float] | None, t_s: float) -> None:
        """Take raw samples, (n,), up to ``t_s``; triggers count from the first."""
        first = self._count
        pulses = (
            self._found(raw_uv) if trigger is None else [first + k for k in trigger]
        )
        self._n_pulses += len(pulses)
        self._epochs.push(raw_uv, pulses)
        self._count += len(raw_uv)
        self.until_s = t_s

    def note(self, amplitude_ma: float) -> None:
        """Note what is on at the end of what was heard."""
        self._rows.append(self._count)
        self._amplitudes_ma.append(amplitude_ma)

    @property
    def is_complete(self) -> bool:
        """Whether the last pulse with a known amplitude has been heard to its end."""
        wait_s = REACH_S + LATE_S
        return bool(self._rows) and self._count - self._rows[-1] >= wait_s * self._fs

    def measure(
        self, now_s: float, mains_hz: float, median_frequency_hz: float
    ) -> MuscleResponse | None:
        """Return what the muscle answered; None if nothing was on."""
        if not self._amplitudes_ma or not self._amplitudes_ma[-1] > 0:
            return None
        epochs_uv, rows = self._epochs.take()
        felt_ma = np.interp(rows, self._rows, self._amplitudes_ma)
        last_ma = self._amplitudes_ma[-1]
        used = (np.abs(felt_ma - last_ma) <= PLATEAU_MA) & (rows <= self._rows[-1])
        wave = measure_m_wave(epochs_uv[used], self._fs, mains_hz or None)
        return MuscleResponse(
            now_s,
            float(felt_ma[used].mean()) if used.any() else last_ma,
            wave.amplitude_uv,
            wave.scatter_uv,
            median_frequency_hz,
            wave.trouble.value if self._n_pulses else NO_PULSES,
        )

    def _found(self, raw_uv: F64) -> list[float]:
        pulses: list[float] = []
        for block, _ in self._reblock.push(raw_uv[:, np.newaxis]):
            first = self._blocks * len(block)
            self._blocks += 1
            pulses += self._train.push(self._detector.push(block), first, len(block))
        return pulses


class Quiet:
    """The first second of settled silence in an off part, for the median frequency."""

    def __init__(self, fs: float) -> None:
        self._buffer = np.zeros((round(SEGMENT_S * fs), 1))
        self._n = 0

    def clear(self) -> None:
        """Wait for the next off part."""
        self._n = 0

    def hear(self, cleaned_uv: F64) -> None:
        """Take filtered samples, (n_samples, 1), until there are enough."""
        n = min(len(cleaned_uv), len(self._buffer) - self._n)
        self._buffer[self._n : self._n + n] = cleaned_uv[:n]
        self._n += n

    def median_frequency_hz(self, feed: Feed, calibration: Calibration | None) -> float:
        """Return it; NaN where there was too little, or too little tension."""
        if calibration is None or self._n < len(self._buffer):
            return math.nan
        least_uv = calibration.mvc_uv * MIN_TENSION_PCT_MVC / _PERCENT
        fs = feed.sample_rate_hz
        return median_frequency_of(self._buffer, fs, feed.band_hz, least_uv)


class MuscleWatch:
    """Follows the on parts of a treatment and tells what the muscle answered.

    Without a search it measures only where somebody has ``heeded`` it.
    """

    def __init__(self, *, heeded: bool) -> None:
        self._heeded = heeded
        self._part: OnPart | None = None
        self._quiet: Quiet | None = None
        self._median_hz = math.nan
        self._was_on = False

    def hear(self, session: Session, heard: Heard) -> list[MuscleResponse]:
        """Take the newest chunk of a feed, after the session did."""
        feed = heard.feed
        treatment = session.treatment
        if treatment is None or not self._is_wanted(session, treatment):
            self._part, self._quiet, self._was_on = None, None, False
            return []
        self._listen_in_silence(session, heard)
        began, self._was_on = treatment.on and not self._was_on, treatment.on
        if began:
            told = self._begin(session, feed)
            if told is not None:
                return [told]
        part, raw_uv = self._part, feed.raw_uv[:, heard.column]
        if part is None or not part.follows(feed.t_s, len(raw_uv)):
            self._part = None
            return []
        part.hear(raw_uv, feed.raw_pulses, feed.t_s)
        if treatment.on:
            part.note(_confirmed_ma(session, heard.output))
        elif part.is_complete:
            self._part = None
            told = part.measure(session.now_s, feed.mains_hz, self._median_hz)
            return [] if told is None else [told]
        return []

    def _is_wanted(self, session: Session, treatment: Treatment) -> bool:
        searched = treatment.search is not None and treatment.search.is_under_way
        wanted = self._heeded or searched
        pulses = session.setup.program.modality is Modality.EMS
        return wanted and pulses and session.phase in _PHASES

    def _begin(self, session: Session, feed: Feed) -> MuscleResponse | None:
        """Begin an on part; return why its M-waves will not be measured, if so."""
        self._median_hz = math.nan
        if self._quiet is not None:
            self._median_hz = self._quiet.median_frequency_hz(feed, session.calibration)
            self._quiet.clear()
        self._part = None
        fs, rate_hz = feed.sample_rate_hz, session.setup.program.frequency_hz
        why = TOO_SLOW if fs < MIN_RATE_HZ else ""
        why = TOO_FAST if rate_hz * MIN_PERIOD_S > 1.0 else why
        if not why:
            self._part = OnPart(fs, rate_hz)
            return None
        level_ma = session.treatment.level.amplitude if session.treatment else 0.0
        nan = math.nan
        return MuscleResponse(session.now_s, level_ma, nan, nan, self._median_hz, why)

    def _listen_in_silence(self, session: Session, heard: Heard) -> None:
        if self._quiet is None:
            self._quiet = Quiet(heard.feed.sample_rate_hz)
        sample, n = heard.sample, len(heard.cleaned_uv)
        span_s = n / heard.feed.sample_rate_hz
        bout = session.setup.program.bout
        silent = session.zero.covers(sample.measured_s, span_s, bout)
        if silent and n and not sample.quality & BAD_QUALITY:
            self._quiet.hear(heard.cleaned_uv)


def _confirmed_ma(session: Session, output: OutputState | None) -> float:
    channel = session.setup.sites[0].index
    if output is None or not output.active or channel >= len(output.amplitudes):
        return 0.0
    return output.amplitudes[channel]
