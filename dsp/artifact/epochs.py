"""Cleaning the samples between pulses, epoch by epoch, as a stream.

An epoch can only be cleaned when it is over, so its samples are held back until then
and let go together: in order, late by at most `REACH_S`.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from dsp.artifact.cancel import ArtifactMethod, Canceller, make_canceller
from dsp.artifact.gaps import AFTER_S, BEFORE_S
from dsp.artifact.pulses import SINC_ROWS, read_at
from dsp.emg_spectrum import model_bandwidth_hz, tail_gain
from dsp.types import F64, Bools

#: Artifact and M-wave are cleaned away so long after a pulse; later samples pass as
#: they are. Five time constants of a slow electrode artifact and the latest reflexes.
REACH_S = 0.1  # A: assumption
#: Only so long after the last pulse a sample belongs to an off-window: amplifier
#: recovery, after-discharge and silent period are over.
SETTLE_S = 0.3  # A: assumption
#: Shorter tails say nothing.
MIN_TAIL_S = 0.003  # A: assumption
#: After a pause of this length the epochs before it predict nothing.
FORGET_S = 2.0  # A: assumption
#: Time constant of the residue index in epochs.
RESIDUE_EPOCHS = 20.0  # A: assumption
#: Power right after the gap relative to the end of the tail: something is left.
RESIDUE_WARN = 2.0  # A: assumption
RESIDUE_BAD = 4.0  # A: assumption
_MS = 1000.0
_THIRDS = 3


@dataclass(frozen=True, slots=True)
class EpochParams:
    """What is done between pulses.

    Parameters
    ----------
    method : ArtifactMethod
        How tails are cleaned.
    after_s : float
        Longest gap after a pulse, in second.
    reach_s : float
        How long after a pulse its tail is cleaned, in second.
    settle_s : float
        How long after a pulse an off-window begins, in second.
    """

    method: ArtifactMethod = ArtifactMethod.COMB
    after_s: float = AFTER_S
    reach_s: float = REACH_S
    settle_s: float = SETTLE_S


class EpochCleaner:
    """Weigh and clean filtered samples by their distance from the pulses.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    n_channels : int
        Number of channels.
    band_hz : tuple of float
        -3 dB edges of the band-pass before it.
    params : EpochParams
        What is done.

    Attributes
    ----------
    position : int
        Samples taken so far.
    held : int
        Samples that are held back.
    """

    def __init__(
        self,
        fs: float,
        n_channels: int,
        band_hz: tuple[float, float],
        params: EpochParams,
    ) -> None:
        self._fs, self._band_hz, self._params = fs, band_hz, params
        self._n_channels = n_channels
        self._before = math.ceil(BEFORE_S * fs)
        self._reach = round(params.reach_s * fs)
        self._settle = round(params.settle_s * fs)
        self._values_per_row = 2.0 * model_bandwidth_hz(band_hz) / fs
        self.restart()

    def restart(self) -> None:
        """Forget everything, pulses included."""
        self._pulses: deque[tuple[float, int]] = deque()
        self._current: tuple[float, int] | None = None
        self._last_pulse = -math.inf
        self._canceller = self._fresh()
        self._rows = np.zeros((0, self._n_channels))
        self._gap = np.zeros(0, np.bool_)
        self._early = np.zeros(self._n_channels)
        self._late = np.zeros(self._n_channels)
        self.position = 0

    @property
    def held(self) -> int:
        """Samples that are held back."""
        return len(self._rows)

    @property
    def longest_hold(self) -> int:
        """Samples that can be held back."""
        return self._reach + SINC_ROWS + 1

    @property
    def residue_ratio(self) -> F64:
        """Power right after the gap over that at the end of the tail, per channel.

        Returns
        -------
        ndarray, shape (n_channels,)
            1 where nothing is left of the artifact; 0 before the first epoch.
        """
        late = np.maximum(self._late, np.finfo(np.float64).tiny)
        return np.asarray(self._early / late)

    def mark(self, pulse_row: float, after_rows: int) -> None:
        """Take note of a pulse; pulses come in order.

        Parameters
        ----------
        pulse_row : float
            When it began, in samples since the start.
        after_rows : int
            Samples after it that are blanked.
        """
        self._pulses.append((pulse_row, after_rows))

    def push(self, emg_uv: F64, gap: Bools) -> tuple[F64, F64]:
        """Take filtered samples and return those that need to wait no longer.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified.
        gap : ndarray of bool, shape (n_samples,)
            Which of them lie in a gap.

        Returns
        -------
        emg_uv : ndarray, shape (n_released, n_channels)
            Cleaned EMG in microvolt, in order.
        weight : ndarray, shape (n_released,)
            1 for samples that count, 0 for others.
        """
        self._rows = np.concatenate((self._rows, emg_uv))
        self._gap = np.concatenate((self._gap, gap))
        self.position += len(emg_uv)
        parts = []
        while (part := self._next()) is not None:
            parts.append(part)
        if not parts:
            return np.zeros((0, self._n_channels)), np.zeros(0)
        rows, weights = zip(*parts, strict=True)
        return np.concatenate(rows), np.concatenate(weights)

    def _fresh(self) -> Canceller:
        return make_canceller(self._params.method, self._values_per_row)

    def _first(self) -> int:
        return self.position - len(self._rows)

    def _next(self) -> tuple[F64, F64] | None:
        """Return the next piece that can be let go."""
        if self._current is not None:
            return self._epoch(*self._current)
        stop = self.position
        if self._pulses:
            stop = min(stop, math.ceil(self._pulses[0][0]))
            if self._first() >= stop:
                self._begin(self._pulses.popleft())
                return np.zeros((0, self._n_channels)), np.zeros(0)
        if stop <= self._first():
            return None
        return self._release(stop)

    def _begin(self, marked: tuple[float, int]) -> None:
        pulse = marked[0]
        if pulse - self._last_pulse > FORGET_S * self._fs:
            self._canceller = self._fresh()
            self._early[:] = self._late[:] = 0.0
        self._current, self._last_pulse = marked, pulse

    def _release(self, stop: int) -> tuple[F64, F64]:
        n = stop - self._first()
        weight = np.where(self._gap[:n], 0.0, 1.0)
        if self._params.method is ArtifactMethod.OFF_WINDOWS:
            rows = np.arange(self._first(), stop)
            weight[rows < self._last_pulse + self._settle] = 0.0
        rows_uv = self._rows[:n]
        self._rows, self._gap = self._rows[n:].copy(), self._gap[n:].copy()
        return rows_uv, weight

    def _epoch(self, pulse: float, after: int) -> tuple[F64, F64] | None:
        stop = math.ceil(pulse) + self._reach
        period: float = self._reach + after
        if self._pulses:
            following = self._pulses[0][0]
            stop = min(stop, math.floor(following) - self._before)
            period = min(period, following - pulse)
        # Reading between samples needs some to spare behind the tail.
        if self.position < stop + SINC_ROWS:
            return None
        self._current = None
        n = stop - (math.ceil(pulse) + after + 1)
        if n < MIN_TAIL_S * self._fs:
            rows, weight = self._release(max(stop, self._first()))
            return rows, np.zeros_like(weight)
        if self._params.method is ArtifactMethod.OFF_WINDOWS:
            return self._release(stop)
        cleaned = self._clean(pulse, after, n, period)
        head = stop - n - self._first()
        rows, weight = self._release(stop)
        weight[head:] = 0.0
        if cleaned is not None:
            rows[head : head + len(cleaned)] = cleaned
            weight[head : head + len(cleaned)] = 1.0
        return rows, weight

    def _clean(self, pulse: float, after: int, n: int, period: float) -> F64 | None:
        start = math.ceil(pulse) + after + 1 - self._first()
        tail = self._rows[start : start + n]
        if self._params.method is not ArtifactMethod.TAIL:
            tail = read_at(self._rows, start - (math.ceil(pulse) - pulse), n)
        cleaned = self._canceller.step(tail)
        if cleaned is None:
            return None
        rows = (period, self._before + after + 1, n)
        period_ms, gap_ms, tail_ms = (round(_MS * r / self._fs) for r in rows)
        cleaned = cleaned / tail_gain(self._band_hz, period_ms, gap_ms, tail_ms)
        self._note_residue(cleaned)
        return cleaned

    def _note_residue(self, cleaned: F64) -> None:
        third = max(1, len(cleaned) // _THIRDS)
        early = np.square(cleaned[:third]).mean(axis=0)
        late = np.square(cleaned[-third:]).mean(axis=0)
        new = 1.0 / RESIDUE_EPOCHS
        self._early += new * (early - self._early)
        self._late += new * (late - self._late)
