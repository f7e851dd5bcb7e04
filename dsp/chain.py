"""The streaming EMG chain: filter, sliding RMS and quality behind one object."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dsp.design import (
    DEFAULT_HARMONICS,
    LOWER_EDGE_HZ,
    UPPER_EDGE_HZ,
    FilterDesign,
    FilterSpec,
    design_filter,
)
from dsp.errors import DesignError
from dsp.kernel import make_filter
from dsp.quality import QualityMonitor
from dsp.sliding import SlidingRms
from dsp.types import F64, Flags, QualityFlag

#: Window of the RMS that decides.
CONTROL_WINDOW_S = 1.0  # A: assumption
#: Window of the RMS for the eye.
FAST_WINDOW_S = 0.25  # A: assumption
#: Window of measurements between stimulation.
MEASURE_WINDOW_S = 2.0  # A: assumption
#: Longer chunks are worked on in pieces of this size, to stay in the cache.
PIECE_ROWS = 256
# Operations on enumeration members cost more than the arrays they act on.
_SETTLING, _NON_FINITE = int(QualityFlag.SETTLING), int(QualityFlag.NON_FINITE)


@dataclass(frozen=True, slots=True)
class ChainParams:
    """What the chain is built for.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.
    n_channels : int
        Number of channels.
    lower_hz, upper_hz : float
        -3 dB edges of the band-pass in hertz (see `dsp.design`).
    mains_hz : float or None
        Power-line frequency, 50 or 60 Hz; None for no notches.
    n_harmonics : int
        Number of notches, the one at ``mains_hz`` included.
    control_window_s : float
        Window of ``rms_uv`` in `Reading`, in second.
    fast_window_s : float
        Window of ``envelope_uv`` in `Reading`, of `EmgChain.hop` and of
        `EmgChain.dense`, in second.
    measure_window_s : float
        Longest window of `EmgChain.measurement`, in second.
    """

    fs: float
    n_channels: int
    lower_hz: float = LOWER_EDGE_HZ
    upper_hz: float = UPPER_EDGE_HZ
    mains_hz: float | None = 50.0
    n_harmonics: int = DEFAULT_HARMONICS
    control_window_s: float = CONTROL_WINDOW_S
    fast_window_s: float = FAST_WINDOW_S
    measure_window_s: float = MEASURE_WINDOW_S

    @property
    def filter_spec(self) -> FilterSpec:
        """The part that concerns the filter."""
        return FilterSpec(
            fs=self.fs,
            lower_hz=self.lower_hz,
            upper_hz=self.upper_hz,
            mains_hz=self.mains_hz,
            n_harmonics=self.n_harmonics,
        )


class Reading(NamedTuple):
    """What the chain says at the end of a chunk: the numbers of a `dsp.types.Frame`.

    Parameters
    ----------
    envelope_uv : ndarray, shape (n_channels,)
        RMS over the fast window in microvolt; NaN before the first sample.
    rms_uv : ndarray, shape (n_channels,)
        RMS over the control window in microvolt, noise included.
    quality : ndarray of int, shape (n_channels,)
        `dsp.types.QualityFlag` per channel.
    """

    envelope_uv: F64
    rms_uv: F64
    quality: Flags


@dataclass(frozen=True, slots=True)
class Measurement:
    """RMS since the last `EmgChain.restart_measurement`.

    Parameters
    ----------
    rms_uv : ndarray, shape (n_channels,)
        RMS over the newest ``n_samples`` in microvolt, noise included; NaN if there
        are none.
    n_samples : int
        Samples since the restart, at most the measure window.
    """

    rms_uv: F64
    n_samples: int


class EmgChain:
    """Band-pass, notches, sliding RMS and quality on chunks of any length.

    The output does not depend on how the signal is cut into chunks; an empty chunk
    changes nothing. NaN and infinities never reach the filter's state: the channel's
    last good value is held in their place, and the channel is flagged. Inputs are never
    modified, and every array that is returned belongs to the caller.

    Parameters
    ----------
    params : ChainParams
        Sampling rate, channels, filter and windows.

    Attributes
    ----------
    params : ChainParams
        As given.
    design : FilterDesign
        The filter as it was built, with its warnings.
    filter : callable
        ``filter(emg_uv) -> y``: filter one chunk ``(n_samples, n_channels)`` in
        microvolt into a new array.
    filter_into : callable
        ``filter_into(emg_uv, out)``: the same into a C-contiguous array of the caller.
    hop : callable
        ``hop(emg_uv) -> rms_uv``: filter one chunk and return the RMS over the fast
        window at its end, shape ``(n_channels,)``.
    dense : callable
        ``dense(emg_uv) -> rms_uv``: filter one chunk and return the RMS over the fast
        window at every sample of it, shape ``(n_samples, n_channels)``.
    tap : callable or None
        Called by `process` with what is behind the RMS, filtered samples in microvolt,
        in order; whoever keeps them copies them. For events in the signal.

    Raises
    ------
    DesignError
        If no filter or window can be built from ``params``.

    Notes
    -----
    One chain serves one use: `filter`, `hop`, `dense` and `process` share one state,
    and each of them consumes its chunk. The first three are the methods of the parts
    themselves, because at 8 channels one more call would be felt; they raise
    `dsp.errors.ShapeError` on a chunk with another number of channels, and numpy warns
    of an overflow where it meets a finite value beyond 1e154 (which is replaced too).
    """

    __slots__ = (
        "_bad_until",
        "_begin",
        "_control_rows",
        "_count",
        "_filter",
        "_measure_rows",
        "_measured",
        "_monitor",
        "_quiet_from",
        "_rms",
        "_scratch",
        "_settling_rows",
        "_static_flags",
        "dense",
        "design",
        "filter",
        "filter_into",
        "hop",
        "params",
        "tap",
    )

    params: ChainParams
    design: FilterDesign
    filter: Callable[[F64], F64]
    filter_into: Callable[[F64, F64], None]
    hop: Callable[[F64], F64]
    dense: Callable[[F64], F64]
    tap: Callable[[F64], None] | None

    def __init__(self, params: ChainParams) -> None:
        n, fs = params.n_channels, params.fs
        self.params = params
        self.design = design_filter(params.filter_spec)
        fast_rows, self._control_rows, self._measure_rows = _window_rows(params)
        self._filter = make_filter(self.design.sos, n)
        self.filter = self._filter.fresh
        self.filter_into = self._filter.into
        longest = max(self._control_rows, self._measure_rows)
        self._rms = SlidingRms(n, fast_rows, longest, self.filter_into)
        self.hop = self._rms.hop
        self.dense = self._rms.dense
        self._monitor = QualityMonitor(n, fs, params.mains_hz)
        lowered = self.design.band_hz[1] < params.upper_hz
        self._static_flags = int(QualityFlag.LOW_RATE) if lowered else 0
        self._settling_rows = round(self.design.settling_s * fs) + self._control_rows
        self._scratch = np.empty((PIECE_ROWS, n))
        self.tap = None
        self._begin = np.zeros(n, np.int64)
        self._bad_until = np.full(n, -1)
        self._count = 0
        self._measured = 0
        self._quiet_from = self._settling_rows

    def restart(self) -> None:
        """Forget everything, as after a gap: the next sample starts a new signal."""
        self._filter.restart()
        self._rms.restart()
        self._monitor.restart()
        self._begin[:] = 0
        self._bad_until[:] = -1
        self._count = 0
        self._measured = 0
        self._quiet_from = self._settling_rows

    def process(self, emg_uv: F64) -> Reading:
        """Take one chunk and return what a frame says at its end.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            EMG in microvolt; not modified. Any length, 0 included.

        Returns
        -------
        Reading
            Envelope, RMS and quality.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        if len(emg_uv) <= PIECE_ROWS:
            self._take(emg_uv)
        else:
            for start in range(0, len(emg_uv), PIECE_ROWS):
                self._take(emg_uv[start : start + PIECE_ROWS])
        rms = self._rms
        return Reading(rms.last(), rms.over(self._control_rows), self._quality())

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
        return self._rms.over(round(window_s * self.params.fs))

    def restart_measurement(self) -> None:
        """Begin a new measurement with the next sample; the filter runs on."""
        self._measured = 0

    def measurement(self) -> Measurement:
        """Return the RMS of what `process` took since the last restart of it.

        Returns
        -------
        Measurement
            RMS and the number of samples behind it. To measure with the stimulator
            off, restart at the first chunk after the stimulator's last pulse has rung
            out, and read before the next.
        """
        n_samples = min(self._measured, self._measure_rows)
        return Measurement(self._rms.over(n_samples), n_samples)

    def _take(self, emg_uv: F64) -> None:
        n_repairs = self._filter.repairs
        y = self._scratch[: len(emg_uv)]
        # A double of more than 1e154 overflows the check that finds and replaces it.
        with np.errstate(over="ignore"):
            self.filter_into(emg_uv, y)
        self._rms.push(y)
        raw_uv = emg_uv
        if self._filter.repairs != n_repairs:
            raw_uv = self._filter.repaired_uv
            self._note_replaced()
        self._monitor.update(raw_uv, y)
        if self.tap is not None:
            self.tap(y)
        self._count += len(emg_uv)
        self._measured += len(emg_uv)

    def _note_replaced(self) -> None:
        replaced = self._filter.replaced
        n = len(replaced)
        last = self._count + n - 1 - replaced[::-1].argmax(axis=0)
        until = np.where(replaced.any(axis=0), last + self._control_rows, -1)
        np.maximum(self._bad_until, until, out=self._bad_until)
        leading = np.where(replaced.all(axis=0), n, replaced.argmin(axis=0))
        self._begin += np.where(self._begin == self._count, leading, 0)
        settled, clean = self._begin.max() + self._settling_rows, self._bad_until.max()
        self._quiet_from = int(max(settled, clean + 1))

    def _quality(self) -> Flags:
        flags = self._monitor.flags
        flags |= self._static_flags
        if self._count >= self._quiet_from:
            return flags
        settled = self._begin + self._settling_rows
        flags[self._count < settled] |= _SETTLING
        flags[self._count <= self._bad_until] |= _NON_FINITE
        return flags


def _window_rows(params: ChainParams) -> tuple[int, int, int]:
    windows_s = params.fast_window_s, params.control_window_s, params.measure_window_s
    if params.n_channels < 1 or not 1 <= min(windows_s) * params.fs < math.inf:
        msg = (
            f"chain: expected at least 1 channel and windows of at least one sample, "
            f"got {params.n_channels!r} channels and windows of {windows_s} s"
        )
        raise DesignError(msg)
    fast, control, measure = (round(window_s * params.fs) for window_s in windows_s)
    return fast, control, measure
