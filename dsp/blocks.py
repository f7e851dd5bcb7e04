"""Blocks of one length out of chunks of any length, without bad samples.

What works on whole blocks gives the same answer however the signal is cut.
"""

from collections.abc import Iterator

import numpy as np

from dsp.errors import DesignError
from dsp.intake import MAX_INPUT_UV, check_shape
from dsp.types import F64, Bools


class Reblock:
    """Cut a signal into blocks of one length and hold good values over bad ones.

    Parameters
    ----------
    n_rows : int
        Length of a block in samples.
    n_channels : int
        Number of channels.

    Attributes
    ----------
    n_rows : int
        As given.
    pending : int
        Samples that wait for their block to fill.

    Raises
    ------
    DesignError
        If either is less than 1.
    """

    __slots__ = ("_block", "_last", "n_rows", "pending")

    def __init__(self, n_rows: int, n_channels: int) -> None:
        if n_rows < 1 or n_channels < 1:
            msg = (
                f"blocks: expected at least 1 sample and 1 channel, got {n_rows!r} and "
                f"{n_channels!r}"
            )
            raise DesignError(msg)
        self.n_rows = n_rows
        self._block = np.zeros((n_rows, n_channels))
        self._last = np.zeros(n_channels)
        self.pending = 0

    def restart(self) -> None:
        """Forget everything: the next sample starts a new signal."""
        self._last[:] = 0.0
        self.pending = 0

    def push(self, emg_uv: F64) -> Iterator[tuple[F64, Bools]]:
        """Take one chunk and give the blocks that it completes.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            EMG in microvolt; not modified. Any length, 0 included.

        Yields
        ------
        block : ndarray, shape (n_rows, n_channels)
            Samples, the last good one in place of every bad one; a new array.
        bad : ndarray of bool, shape (n_rows, n_channels)
            Which were replaced.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        check_shape(emg_uv.shape, self._block.shape[1])
        start, n = 0, len(emg_uv)
        while start < n:
            take = min(n - start, self.n_rows - self.pending)
            rows = slice(self.pending, self.pending + take)
            self._block[rows] = emg_uv[start : start + take]
            self.pending += take
            start += take
            if self.pending == self.n_rows:
                self.pending = 0
                block, bad = hold_good(self._block, self._last)
                self._last = block[-1].copy()
                yield block, bad


def hold_good(emg_uv: F64, last_uv: F64) -> tuple[F64, Bools]:
    """Replace what is no measurement by the last good value of its channel.

    Parameters
    ----------
    emg_uv : ndarray, shape (n_samples, n_channels)
        EMG in microvolt; not modified.
    last_uv : ndarray, shape (n_channels,)
        Last good values before it.

    Returns
    -------
    ndarray, shape (n_samples, n_channels)
        A copy without NaN, infinities and values beyond `dsp.intake.MAX_INPUT_UV`.
    ndarray of bool, shape (n_samples, n_channels)
        Which values were replaced.
    """
    # A comparison with NaN is false, which is what is wanted.
    bad = ~(np.abs(emg_uv) <= MAX_INPUT_UV)
    clean = emg_uv.copy()
    if not bad.any():
        return clean, bad
    rows = np.arange(len(emg_uv))[:, np.newaxis]
    latest = np.maximum.accumulate(np.where(bad, -1, rows), axis=0)
    held = np.take_along_axis(clean, np.maximum(latest, 0), axis=0)
    return np.where(latest < 0, last_uv, held), bad
