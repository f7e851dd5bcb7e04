"""The chain for a rig with a stimulator on it: every disturbance is treated by name.

Where `dsp.chain.EmgChain` filters and measures as fast as possible, this one first
takes out what is known: hum as a tracked sinusoid, stimulation by blanking before the
filter and cancelling in the tails behind it, heart beats by their mean. It works on
whole blocks (40 ms at 50 Hz), so what it says is later by `AccurateChain.lag_rows`, and
the same however the signal is cut.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from dsp.artifact.epochs import RESIDUE_BAD as ARTIFACT_RESIDUE_BAD
from dsp.artifact.epochs import EpochCleaner, EpochParams
from dsp.artifact.gaps import GapFiller
from dsp.artifact.pulses import PulseDetector
from dsp.artifact.train import TrainFollower
from dsp.blocks import Reblock
from dsp.chain import ChainParams, Measurement, Reading
from dsp.design import FilterDesign, FilterSpec, design_filter
from dsp.ecg import RESIDUE_BAD as HEART_RESIDUE_BAD
from dsp.ecg import HeartCleaner, HeartMethod
from dsp.errors import DesignError
from dsp.heart import RPeakDetector
from dsp.intake import check_shape
from dsp.kernel import make_filter
from dsp.mains import PERIODS_PER_BLOCK, MainsTracker
from dsp.masked import MaskedRms
from dsp.quality import QualityMonitor
from dsp.types import F64, Bools, Flags, QualityFlag

#: A window of which less counts is not believed: pulses at 35 Hz leave a quarter, in
#: which neither the estimate is precise nor the artifact over.
MIN_SHARE = 0.3  # A: assumption
#: So long after a pulse what is left of it is not taken for hum.
HUM_SETTLE_S = 0.06  # A: assumption
_RECENT_PULSES = 16
#: Blocks have the length they would have at this power-line frequency if there is none.
_DEFAULT_MAINS_HZ = 50.0
_SETTLING, _NON_FINITE = int(QualityFlag.SETTLING), int(QualityFlag.NON_FINITE)
_ARTIFACT, _HEART = int(QualityFlag.ARTIFACT), int(QualityFlag.HEART)


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done about each disturbance.

    Parameters
    ----------
    artifact : EpochParams or None
        How stimulation is treated; None without a stimulator.
    detect_pulses : bool
        Whether pulses are looked for in the signal. They may be given as well.
    heart : HeartMethod or None
        How heart beats are treated; None where the heart cannot be seen.
    track_mains : bool
        Whether hum is tracked and subtracted instead of notched.
    """

    artifact: EpochParams | None = field(default_factory=EpochParams)
    detect_pulses: bool = False
    heart: HeartMethod | None = HeartMethod.TEMPLATE
    track_mains: bool = True


class AccurateChain:
    """Blanking, hum tracking, band-pass, cancelling, heart, weighted RMS and quality.

    The same promises as `dsp.chain.EmgChain`: any cutting into chunks gives the same
    output, an empty chunk changes nothing, NaN and infinities never get further than
    the first step, inputs are never modified.

    Parameters
    ----------
    params : ChainParams
        Sampling rate, channels, filter and windows. With `Treatment.track_mains` there
        are no notches.
    treatment : Treatment, optional
        What is done about each disturbance; everything by default.

    Attributes
    ----------
    params : ChainParams
        As given.
    treatment : Treatment
        As given.
    design : FilterDesign
        The filter as it was built, with its warnings.
    tap : callable or None
        Called by `process` with what is behind the RMS, cleaned samples in microvolt,
        in order; NaN where they do not count. For events in the signal.

    Raises
    ------
    DesignError
        If no filter, tracker or window can be built from ``params``.
    """

    def __init__(self, params: ChainParams, treatment: Treatment | None = None) -> None:
        treatment = treatment or Treatment()
        n, fs = params.n_channels, params.fs
        self.params, self.treatment = params, treatment
        self.tap: Callable[[F64], None] | None = None
        tracked = treatment.track_mains and params.mains_hz is not None
        self.design = _design(params, tracked=tracked)
        self._control_rows, self._fast_rows, self._measure_rows = _rows(params)
        mains_hz = params.mains_hz or _DEFAULT_MAINS_HZ
        block = max(1, math.ceil(PERIODS_PER_BLOCK * fs / mains_hz))
        self._reblock = Reblock(block, n)
        self._mains = MainsTracker(fs, n, mains_hz, block) if tracked else None
        artifact = treatment.artifact
        self._gaps = GapFiller(fs, 2 * n, artifact.after_s) if artifact else None
        self._detector = PulseDetector(fs) if treatment.detect_pulses else None
        self._train = TrainFollower(fs)
        self._filter = make_filter(self.design.sos, n)
        band = self.design.band_hz
        self._epochs = EpochCleaner(fs, n, band, artifact) if artifact else None
        self._beats = RPeakDetector(fs, n) if treatment.heart else None
        self._heart = HeartCleaner(fs, n, treatment.heart) if treatment.heart else None
        self._rms = MaskedRms(n, max(self._control_rows, self._measure_rows))
        self._monitor = QualityMonitor(n, fs, params.mains_hz)
        self._settling_rows = round(self.design.settling_s * fs) + self._control_rows
        reach_s = artifact.reach_s if artifact else 0.0
        self._artifact_rows = self._control_rows + round(reach_s * fs)
        lowered = self.design.band_hz[1] < params.upper_hz
        self._static = int(QualityFlag.LOW_RATE) if lowered else 0
        self._forget()

    def _forget(self) -> None:
        n = self.params.n_channels
        self._pulses: list[float] = []
        self._newest_pulse = -math.inf
        self._marked: deque[float] = deque(maxlen=_RECENT_PULSES)
        self._late = 0
        self._late_until = -1
        self._count = 0
        self._blocks = 0
        self._begin = np.full(n, -1)
        self._bad_until = np.full(n, -1)
        self._measured_from = 0

    def restart(self) -> None:
        """Forget everything, as after a gap: the next sample starts a new signal."""
        parts = (
            *(self._reblock, self._mains, self._gaps, self._detector, self._train),
            *(self._filter, self._epochs, self._beats, self._heart, self._rms),
            self._monitor,
        )
        for part in parts:
            if part is not None:
                part.restart()
        self._forget()

    @property
    def lag_rows(self) -> int:
        """Samples taken that the RMS does not know yet."""
        return self._count - self._rms.count

    @property
    def longest_lag_s(self) -> float:
        """By how much the RMS can be late, in second."""
        rows = self._reblock.n_rows
        if self._gaps is not None:
            rows += self._gaps.gap_rows
        if self._epochs is not None:
            rows += self._epochs.longest_hold
        if self._heart is not None:
            rows += self._heart.longest_hold
        return rows / self.params.fs

    @property
    def mains_hz(self) -> float:
        """Tracked power-line frequency; NaN if it is not tracked."""
        return math.nan if self._mains is None else self._mains.frequency_hz

    @property
    def rhythm_hz(self) -> float:
        """Heart rate in hertz; NaN if there is no steady rhythm to be seen."""
        return math.nan if self._beats is None else self._beats.rhythm_hz

    def process(self, emg_uv: F64, pulse_rows: Iterable[float] = ()) -> Reading:
        """Take one chunk and return what a frame says at its end.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            EMG in microvolt; not modified. Any length, 0 included.
        pulse_rows : iterable of float
            Stimulation pulses that became known, in samples since the start (fractions
            matter). They may lie ahead; they must not lie before the chunk.

        Returns
        -------
        Reading
            Envelope, RMS and quality.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        check_shape(emg_uv.shape, self.params.n_channels)
        self._pulses = sorted({*self._pulses, *pulse_rows})
        self._count += len(emg_uv)
        for block, bad in self._reblock.push(emg_uv):
            self._take(block, bad)
        envelope, _ = self._rms.over(self._fast_rows)
        rms, share = self._rms.over(self._control_rows)
        return Reading(envelope, rms, self._quality(share))

    def expect(self, frequency_hz: float) -> None:
        """Say what the stimulator does from now on.

        Pulses that are found in the signal are then believed only while it is on, and
        those that are missing from a steady train are filled in. Pulses that are given
        to `process` are believed anyway.

        Parameters
        ----------
        frequency_hz : float
            Pulses per second; 0 if it is off.
        """
        self._train.expect(self._count, frequency_hz)

    def rms_over(self, window_s: float) -> F64:
        """Return the RMS over another window of what `process` took.

        Parameters
        ----------
        window_s : float
            Its length in second, at most that of the longest window it was built with.

        Returns
        -------
        ndarray, shape (n_channels,)
            Microvolt, noise included; NaN before the first sample.
        """
        return self._rms.over(round(window_s * self.params.fs))[0]

    def restart_measurement(self) -> None:
        """Begin a new measurement with the next sample; everything runs on."""
        self._measured_from = self._count

    def measurement(self) -> Measurement:
        """Return the RMS of what `process` took since the last restart of it.

        Returns
        -------
        Measurement
            RMS of what the chain is done with, and the number of samples behind it.
        """
        n = min(max(0, self._rms.count - self._measured_from), self._measure_rows)
        return Measurement(self._rms.over(n)[0], n)

    def _take(self, block: F64, bad: Bools) -> None:
        self._note_bad(bad)
        self._note_pulses(block)
        usable = np.logical_not(bad.any(axis=1))
        if self._gaps is not None:
            usable = usable & ~self._gaps.gap_mask(len(block))
            usable &= ~self._near_pulse(len(block))
        hum = np.zeros_like(block)
        if self._mains is not None:
            hum = self._mains.block(block, usable)
        if self._gaps is None:
            self._clean(block - hum, hum, np.zeros(len(block), np.bool_))
            return
        # Hum travels along, because the monitor judges the electrode with it.
        released = self._gaps.push(np.hstack((block - hum, hum)))
        without, hum = np.hsplit(released.emg_uv, 2)
        self._clean(np.ascontiguousarray(without), hum, released.gap)

    def _clean(self, without_uv: F64, hum_uv: F64, gap: Bools) -> None:
        y = self._filter.fresh(without_uv)
        self._monitor.update(without_uv + hum_uv, y)
        beats = self._beats.push(without_uv) if self._beats else []
        weight = np.ones(len(y))
        if self._epochs is not None:
            y, weight = self._epochs.push(y, gap)
        weights = np.repeat(weight[:, np.newaxis], self.params.n_channels, axis=1)
        if self._heart is not None:
            known = beats if self._beats and self._has_rhythm() else []
            y, weights = self._heart.push(y, weights, known)
        self._rms.push(y, weights)
        if self.tap is not None and len(y):
            self.tap(np.where(weights > 0, y, np.nan))

    def _has_rhythm(self) -> bool:
        return not math.isnan(self.rhythm_hz)

    def _note_pulses(self, block: F64) -> None:
        first = self._blocks * len(block)
        self._blocks += 1
        found = self._detector.push(block) if self._detector else []
        if self._detector:
            found = self._train.push(found, first, len(block))
        if self._gaps is None or self._epochs is None:
            return
        # A pulse right after the block reaches back into it.
        ahead = first + len(block) + self._gaps.gap_rows
        due = [row for row in self._pulses if row < ahead]
        self._pulses = self._pulses[len(due) :]
        for row in sorted((*due, *found)):
            if row - self._newest_pulse < self._gaps.gap_rows * 0.1:
                continue
            self._newest_pulse = row
            self._marked.append(row)
            self._epochs.mark(row, self._gaps.mark(row))
        if self._gaps.late_pulses > self._late:
            self._late = self._gaps.late_pulses
            self._late_until = first + len(block) + self._control_rows

    def _near_pulse(self, n_rows: int) -> Bools:
        """Return where artifact and M-wave could pass for hum."""
        rows = (self._blocks - 1) * n_rows + np.arange(n_rows)
        near = np.zeros(n_rows, np.bool_)
        for pulse in self._marked:
            near |= (rows >= pulse) & (rows < pulse + HUM_SETTLE_S * self.params.fs)
        return near

    def _note_bad(self, bad: Bools) -> None:
        first = self._blocks * len(bad)
        starts = (self._begin < 0) & ~bad.all(axis=0)
        self._begin[starts] = first + bad.argmin(axis=0)[starts]
        last = first + len(bad) - 1 - bad[::-1].argmax(axis=0)
        until = np.where(bad.any(axis=0), last + self._control_rows, -1)
        np.maximum(self._bad_until, until, out=self._bad_until)

    def _quality(self, share: F64) -> Flags:
        flags = self._monitor.flags
        flags |= self._static
        done = self._rms.count
        settled = self._begin + self._settling_rows
        flags[(self._begin < 0) | (done < settled)] |= _SETTLING
        flags[done <= self._bad_until] |= _NON_FINITE
        flags[(share < MIN_SHARE) | (done <= self._late_until)] |= _ARTIFACT
        # What is left of a train says nothing about a window that began after it.
        if self._epochs is not None and self._newest_pulse > done - self._artifact_rows:
            flags[self._epochs.residue_ratio > ARTIFACT_RESIDUE_BAD] |= _ARTIFACT
        if self._heart is not None:
            flags[self._heart.residue_ratio > HEART_RESIDUE_BAD] |= _HEART
        return flags


def _design(params: ChainParams, *, tracked: bool) -> FilterDesign:
    spec = params.filter_spec
    if not tracked:
        return design_filter(spec)
    return design_filter(
        FilterSpec(
            fs=spec.fs, lower_hz=spec.lower_hz, upper_hz=spec.upper_hz, mains_hz=None
        )
    )


def _rows(params: ChainParams) -> tuple[int, int, int]:
    windows_s = params.control_window_s, params.fast_window_s, params.measure_window_s
    if params.n_channels < 1 or not 1 <= min(windows_s) * params.fs < math.inf:
        msg = (
            f"chain: expected at least 1 channel and windows of at least one sample, "
            f"got {params.n_channels!r} channels and windows of {windows_s} s"
        )
        raise DesignError(msg)
    control, fast, measure = (round(window_s * params.fs) for window_s in windows_s)
    return control, fast, measure
