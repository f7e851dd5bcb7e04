"""Taking the heart out of the EMG: template subtraction or gating of the QRS."""

import enum
import math
from collections import deque

import numpy as np

from dsp.artifact.pulses import align
from dsp.types import F64

#: The detected peak lies so long after the R wave.
PEAK_DELAY_S = 0.055  # A: assumption; `dsp.heart.HALF_QRS_S` and its filter
#: What is cut around the R wave. The band-pass leaves of a beat little more than
#: the QRS complex and its ringing.
BEFORE_S = 0.10  # A: assumption
AFTER_S = 0.15  # A: assumption
#: A beat is known so long after its peak at the latest; samples wait for it.
KNOWN_S = 0.22  # A: assumption; `dsp.heart.CONFIRM_S`, and one block
#: Template: weight of the newest beat.
NEW_BEAT = 1.0 / 20.0  # A: assumption
#: Beats that the first template is the median of.
FIRST_BEATS = 6  # A: assumption
#: Beats are moved by at most so much to fit the template.
ALIGN_S = 0.020  # A: assumption
#: Respiration and posture change the size of a beat within these limits.
GAIN_LIMITS = (0.5, 1.5)  # A: assumption
#: The subtracted beat begins and ends with a raised cosine of this length.
EDGE_S = 0.010  # A: assumption
#: A beat that correlates less with the template teaches it nothing: it was a
#: contraction or a shock.
MIN_CORRELATION = 0.5  # A: assumption
#: Samples so close to the R wave do not count when the QRS is gated.
GATE_S = 0.060  # A: assumption
#: Beats over which what is left of them is judged.
RESIDUE_BEATS = 10.0  # A: assumption
#: Power within a beat relative to the power beside it: the heart reads as tension.
RESIDUE_BAD = 2.0  # A: assumption
#: After so long without a beat there is nothing to judge.
FORGET_S = 4.0  # A: assumption


class HeartMethod(enum.Enum):
    """What is done about the heart."""

    WATCH = "watch"  #: nothing; what it adds is only measured
    TEMPLATE = "template"  #: the mean beat is subtracted
    GATE = "gate"  #: samples around the QRS do not count


class HeartCleaner:
    """Take beats out of the filtered EMG, as a stream.

    Samples are held back until every beat that can reach them is known.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    n_channels : int
        Number of channels.
    method : HeartMethod
        What is done.

    Attributes
    ----------
    position : int
        Samples taken so far.
    n_beats : int
        Beats that taught the template.

    Notes
    -----
    Template: mean of earlier beats (causal), aligned by cross-correlation and scaled
    to each beat by regression, per channel.
    """

    def __init__(self, fs: float, n_channels: int, method: HeartMethod) -> None:
        self._fs, self._method, self._n_channels = fs, method, n_channels
        self._before, self._after = round(BEFORE_S * fs), round(AFTER_S * fs)
        self._spare = math.ceil(ALIGN_S * fs)
        self._known = round(KNOWN_S * fs)
        self._delay = round(PEAK_DELAY_S * fs)
        self._window = _edges(self._before + self._after, round(EDGE_S * fs))
        self._centre = slice(
            self._before - round(GATE_S * fs),
            self._before + round(GATE_S * fs),
        )
        self.restart()

    def restart(self) -> None:
        """Forget everything: the next sample starts a new signal."""
        self._rows = np.zeros((0, self._n_channels))
        self._weight = np.zeros((0, self._n_channels))
        self._beats: deque[int] = deque()
        self._first_beats: list[F64] = []
        self._template: F64 | None = None
        self._inside = np.zeros(self._n_channels)
        self._beside = np.zeros(self._n_channels)
        self._last_beat = -math.inf
        self.position = 0
        self.n_beats = 0

    @property
    def held(self) -> int:
        """Samples that are held back."""
        return len(self._rows)

    @property
    def longest_hold(self) -> int:
        """Samples that can be held back."""
        known = max(self._known, self._after + self._spare)
        return known + self._before + self._spare

    @property
    def residue_ratio(self) -> F64:
        """Power within beats over the power beside them, after cleaning.

        Returns
        -------
        ndarray, shape (n_channels,)
            1 without a heart; 0 before the first beat and when it was long ago.
        """
        if self.position - self._last_beat > FORGET_S * self._fs:
            return np.zeros(self._n_channels)
        beside = np.maximum(self._beside, np.finfo(np.float64).tiny)
        return np.asarray(self._inside / beside)

    @property
    def template_uv(self) -> F64 | None:
        """The mean beat, shape (n_rows, n_channels); None before the first."""
        return None if self._template is None else self._template.copy()

    def push(self, emg_uv: F64, weight: F64, beats: list[int]) -> tuple[F64, F64]:
        """Take filtered samples and return those that need to wait no longer.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified.
        weight : ndarray, shape (n_samples, n_channels)
            Which samples count so far.
        beats : list of int
            Positions of beats that became certain.

        Returns
        -------
        emg_uv : ndarray, shape (n_released, n_channels)
            Cleaned EMG in microvolt, in order.
        weight : ndarray, shape (n_released, n_channels)
            0 for samples that do not count.
        """
        self._rows = np.concatenate((self._rows, emg_uv))
        self._weight = np.concatenate((self._weight, weight))
        self.position += len(emg_uv)
        self._beats.extend(beat - self._delay for beat in beats)
        while self._beats and self._ready(self._beats[0]):
            self._beat(self._beats.popleft())
        return self._release()

    def _ready(self, beat: int) -> bool:
        return self.position >= beat + self._after + self._spare

    def _release(self) -> tuple[F64, F64]:
        until = self.position - self._known - self._before - self._spare
        if self._beats:
            until = min(until, self._beats[0] - self._before - self._spare)
        n = max(0, until - (self.position - len(self._rows)))
        rows, weight = self._rows[:n], self._weight[:n]
        self._rows, self._weight = self._rows[n:].copy(), self._weight[n:].copy()
        return rows, weight

    def _beat(self, beat: int) -> None:
        start = beat - self._before - (self.position - len(self._rows))
        stop = start + self._before + self._after
        if start < self._spare:
            return
        self._last_beat = beat
        counts = self._weight[start:stop] > 0
        if self._method is HeartMethod.GATE:
            self._weight[start:stop][self._centre] = 0.0
            return
        if self._method is HeartMethod.TEMPLATE:
            self._subtract(start, stop)
        self._note_residue(np.where(counts, self._rows[start:stop], np.nan))

    def _subtract(self, start: int, stop: int) -> None:
        if self._template is None:
            if self._first_beats:
                start += self._shift(start, stop, self._first_beats[0])
                stop = start + self._before + self._after
            self._first_beats.append(self._rows[start:stop].copy())
            if len(self._first_beats) == FIRST_BEATS:
                self._template = np.median(self._first_beats, axis=0)
                self._first_beats.clear()
            return
        shift = self._shift(start, stop, self._template)
        rows = self._rows[start + shift : stop + shift]
        learned = rows.copy()
        gain, correlation = _fit(self._template, rows)
        fits = correlation > MIN_CORRELATION
        gain = np.clip(gain, *GAIN_LIMITS)
        rows -= self._window * (gain * self._template)
        if fits.any():
            self.n_beats += 1
            self._template += NEW_BEAT * fits * (learned - self._template)

    def _shift(self, start: int, stop: int, template: F64) -> int:
        around = self._rows[start - self._spare : stop + self._spare]
        padded = np.pad(template, ((self._spare, self._spare), (0, 0)))
        return round(align(around, padded, self._fs, ALIGN_S))

    def _note_residue(self, beat_uv: F64) -> None:
        square = np.square(beat_uv)
        inside = _mean(square[self._centre])
        beside = _mean(
            np.concatenate((square[: self._centre.start], square[self._centre.stop :]))
        )
        seen = np.isfinite(inside) & np.isfinite(beside)
        new = seen / RESIDUE_BEATS
        self._inside += new * (np.where(seen, inside, 0.0) - self._inside)
        self._beside += new * (np.where(seen, beside, 0.0) - self._beside)


def _edges(n_rows: int, edge: int) -> F64:
    window = np.ones(n_rows)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(edge) + 0.5) / max(edge, 1))
    window[:edge], window[n_rows - edge :] = rise, rise[::-1]
    return window[:, np.newaxis]


def _fit(template: F64, rows: F64) -> tuple[F64, F64]:
    """Return scale and correlation of a beat with the template, per channel."""
    tt = np.einsum("ij,ij->j", template, template)
    tx = np.einsum("ij,ij->j", template, rows)
    xx = np.einsum("ij,ij->j", rows, rows)
    tiny = np.finfo(np.float64).tiny
    return tx / np.maximum(tt, tiny), tx / np.maximum(np.sqrt(tt * xx), tiny)


def _mean(square: F64) -> F64:
    seen = np.isfinite(square)
    total = np.where(seen, square, 0.0).sum(axis=0)
    n = seen.sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)
