"""How chunks enter a filter: offset, bad samples, and the rows that they stand on.

Every channel starts at the steady state of its first sample: that sample, the *offset*,
is subtracted from all that follow (a band-pass has no gain at zero frequency), which
also keeps electrode offsets of many times the EMG out of the arithmetic.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from dsp.errors import ShapeError
from dsp.types import F64

#: Rows per matrix product. Short blocks waste calls, long ones multiply zeros; 32 was
#: the fastest of 16, 24, 32 and 64 up to 64 channels.
BLOCK_ROWS = 32
#: The same for many channels, where a block of 32 no longer fits the first-level cache.
WIDE_BLOCK_ROWS = 16
#: From this many channels on.
WIDE_CHANNELS = 128
#: A sample further than this from the channel's offset is no measurement and is
#: treated like a NaN: 10^9 V, and far from any overflow in later squares.
MAX_INPUT_UV = 1e15  # A: assumption
#: The sum of squares of a chunk stays below it only if every sample is a number below
#: `MAX_INPUT_UV`; one reduction checks a whole chunk.
SUM_LIMIT = MAX_INPUT_UV**2
CACHE_LINE_BYTES = 64
subtract = np.subtract  # one look-up less; it shows at 8 channels
# Plain tuples, not named ones: the interpreter unpacks only exact tuples fast, and at 8
# channels the whole chunk takes 2 µs.
Product = Callable[..., F64]
Plan = tuple[F64, F64, Callable[[F64], float], F64, Product, Product, F64, F64, "Plans"]
"""A block: ``offset, rows, sum_of, flat, output, advance, v, next_state, twin``."""
Plans = dict[tuple[int, ...], Plan]


def check_shape(shape: tuple[int, ...], n_channels: int) -> None:
    """Refuse a chunk that is not ``(n_samples, n_channels)``.

    Parameters
    ----------
    shape : tuple of int
        Shape of the chunk.
    n_channels : int
        Number of channels expected.

    Raises
    ------
    ShapeError
        If it has another number of channels or is no table.
    """
    if len(shape) != 2 or shape[1] != n_channels:  # noqa: PLR2004
        msg = (
            f"expected a chunk (n_samples, {n_channels}), got {shape}; chunks are "
            f"time-first"
        )
        raise ShapeError(msg)


def aligned_zeros(shape: tuple[int, int]) -> F64:
    """Return zeros that begin on a cache line.

    Vector loads that straddle two lines made whole runs up to a fifth slower, by the
    luck of the allocator.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.

    Returns
    -------
    ndarray, shape ``shape``
        C-contiguous.
    """
    size = shape[0] * shape[1]
    spare = CACHE_LINE_BYTES // np.dtype(np.float64).itemsize
    store = np.zeros(size + spare)
    first = -store.ctypes.data % CACHE_LINE_BYTES // store.itemsize
    return store[first : first + size].reshape(shape)


class Intake(ABC):
    """Offset and bad samples: what both forms of the filter share.

    There are two arenas, used in turn: rows of the cascade's state, then rows of the
    chunk. While one is filled, the other still holds the last good input, without
    which a bad sample at the start of a chunk could not be replaced.
    """

    __slots__ = (
        "_arenas",
        "_block_rows",
        "_last",
        "_n_channels",
        "_n_state",
        "_offset",
        "_plans",
        "_sos",
        "_twins",
        "repaired_uv",
        "repairs",
        "replaced",
    )

    def __init__(self, sos: F64, n_channels: int) -> None:
        self._sos = np.array(sos, dtype=np.float64)
        self._n_channels = n_channels
        self._n_state = 2 * len(sos)
        wide = n_channels >= WIDE_CHANNELS
        self._block_rows = WIDE_BLOCK_ROWS if wide else BLOCK_ROWS
        arena = self._n_state + self._block_rows, n_channels
        self._arenas = aligned_zeros(arena), aligned_zeros(arena)
        self._offset = aligned_zeros((self._block_rows, n_channels))
        self._twins: tuple[Plans, Plans] = ({}, {})
        self.repairs = 0
        self.replaced = np.zeros((0, n_channels), np.bool_)
        self.repaired_uv = np.zeros((0, n_channels))
        self.restart()

    @property
    def zi(self) -> F64:
        """Copy of the state in `scipy.signal.sosfilt` layout for ``axis=0``."""
        state = self._arenas[self._side()][: self._n_state]
        return state.reshape(len(self._sos), 2, self._n_channels).copy()

    def restart(self) -> None:
        """Forget everything: the next sample starts a new signal."""
        self._plans = self._twins[0]
        self._arenas[0][: self._n_state] = 0.0
        # NaN fails the check of the first chunk, and the repair sets the offset: the
        # start costs the running filter nothing.
        self._offset[:] = np.nan
        self._last = np.zeros((1, self._n_channels))

    def _side(self) -> int:
        return 0 if self._plans is self._twins[0] else 1

    def _blocks(self, emg_uv: F64, out: F64) -> None:
        """Filter a chunk of any length, block by block."""
        n_repairs, notes = self.repairs, []
        for start in range(0, len(emg_uv), self._block_rows):
            block = slice(start, start + self._block_rows)
            self._block(emg_uv[block], out[block])
            if self.repairs != n_repairs:
                n_repairs = self.repairs
                notes.append((block, self.replaced, self.repaired_uv))
        if notes:
            self.replaced = np.zeros(emg_uv.shape, np.bool_)
            self.repaired_uv = np.array(emg_uv, dtype=np.float64)
            for block, replaced, repaired_uv in notes:
                self.replaced[block] = replaced
                self.repaired_uv[block] = repaired_uv

    @abstractmethod
    def _block(self, emg_uv: F64, out: F64) -> None:
        """Filter a chunk of at most one block."""

    def _repair(self, rows: F64, emg_uv: F64) -> None:
        """Hold the last good value of the channel in place of every bad sample."""
        channels = np.arange(self._n_channels)
        unknown = np.isnan(self._offset[0])
        if unknown.any():
            good = np.abs(emg_uv) <= MAX_INPUT_UV
            first = emg_uv[good.argmax(axis=0), channels]
            starts = unknown & good.any(axis=0)
            self._offset[:, starts] = first[starts]
        offset = np.where(np.isnan(self._offset[0]), 0.0, self._offset[0])
        relative = emg_uv - offset
        good = np.abs(relative) <= MAX_INPUT_UV
        if good.all():
            rows[:] = relative
            return
        latest = np.where(good, np.arange(len(emg_uv))[:, np.newaxis], -1)
        np.maximum.accumulate(latest, axis=0, out=latest)
        rows[:] = np.where(latest < 0, self._last[-1], relative[latest, channels])
        self.repairs += 1
        self.replaced = ~good
        self.repaired_uv = rows + offset
