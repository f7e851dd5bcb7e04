"""Sliding RMS with an exact window that cannot drift.

Every window is a sum of non-negative squares that are really inside it. Nothing is ever
subtracted, so an artifact of any size leaves no trace once it has left the window, and
rounding does not add up.

The squares stand in a ring. A window that ends at the newest sample is summed by one
vector-matrix product; long windows use sums of whole tiles. The RMS at every sample of
a chunk shares what all its windows have in common (the core) and adds, by two
triangular matrix products, the squares that are about to leave and those that entered::

    |-- leaving --|------------- core -------------|-- entering --|
    ^ before the chunk                             ^ the chunk
"""

import math

import numpy as np

from dsp.errors import DesignError, ShapeError
from dsp.types import F64

#: Rows of one tile of the ring; only windows of several tiles use them.
TILE_ROWS = 64
#: Up to this many rows one product is faster than looking up tiles.
DIRECT_ROWS = 4 * TILE_ROWS
#: Rows per step of the RMS at every sample: the triangular products cost as much per
#: sample as the step is long.
DENSE_ROWS = 32
#: The same where a step of 32 rows no longer fits the first-level cache.
WIDE_DENSE_ROWS = 16
#: From this many channels on.
WIDE_CHANNELS = 128
#: The ring may be this much longer than its window, as long as it stays small: a
#: window that does not wrap around is one product instead of two.
_ROOMY_FACTOR = 8
_ROOMY_VALUES = 16384


class SlidingRms:
    """RMS over the newest samples, for every channel.

    Before a window is filled, it is the RMS of the samples seen so far.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    window : int
        Samples of the window that `last` and `dense` use.
    longest : int, optional
        Samples of the longest window that `over` may be asked for; ``window`` if
        shorter or not given.

    Raises
    ------
    DesignError
        If ``window`` or ``n_channels`` is less than 1.

    Notes
    -----
    Sliding sums without subtraction: van Herk (1992), Pattern Recognition Letters
    13:517, for the idea of prefixes and suffixes.
    """

    __slots__ = (
        "_count",
        "_dense_rows",
        "_kept",
        "_longest",
        "_n_channels",
        "_ones",
        "_pos",
        "_ring",
        "_rows",
        "_suffix",
        "_tiled",
        "_tiles",
        "_triangles",
        "_weights",
        "_window",
    )

    def __init__(self, n_channels: int, window: int, longest: int = 0) -> None:
        if n_channels < 1 or window < 1:
            msg = (
                f"sliding RMS: expected at least 1 channel and a window of at least 1 "
                f"sample, got {n_channels!r} and {window!r}"
            )
            raise DesignError(msg)
        self._n_channels = n_channels
        self._window = window
        self._longest = max(window, longest)
        wide = n_channels >= WIDE_CHANNELS
        step = WIDE_DENSE_ROWS if wide else DENSE_ROWS
        self._dense_rows = min(step, window)
        # One tile for the rows being written, one row for the core of `dense`.
        least = self._longest + TILE_ROWS + 1
        roomy = min(_ROOMY_FACTOR * self._longest, _ROOMY_VALUES // n_channels)
        n_tiles = math.ceil(max(least, roomy) / TILE_ROWS)
        self._rows = n_tiles * TILE_ROWS
        self._ring = np.zeros((self._rows, n_channels))
        self._tiles = np.zeros((n_tiles, n_channels))
        self._tiled = self._longest > DIRECT_ROWS
        self._ones = np.ones(max(DIRECT_ROWS, n_tiles))
        self._weights = np.full(min(window, DIRECT_ROWS), 1.0 / window)
        self._triangles: dict[int, tuple[F64, F64]] = {}
        self._suffix = np.empty((self._dense_rows, n_channels))
        self._kept = np.empty(n_channels)
        self._pos = 0
        self._count = 0

    @property
    def count(self) -> int:
        """Samples seen since the start or the last `restart`."""
        return self._count

    def restart(self) -> None:
        """Forget every sample."""
        self._ring[:] = 0.0
        self._tiles[:] = 0.0
        self._pos = 0
        self._count = 0

    def push(self, y: F64) -> None:
        """Take the samples of one chunk.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified. Any length, 0 included.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        n, pos = len(y), self._pos
        if n > TILE_ROWS or pos + n >= self._rows or self._tiled:
            self._push_pieces(y)
            return
        np.multiply(y, y, self._ring[pos : pos + n])
        self._pos = pos + n
        self._count += n

    def last(self) -> F64:
        """Return the RMS over the window that ends at the newest sample.

        Returns
        -------
        ndarray, shape (n_channels,)
            RMS in microvolt, NaN before the first sample; the caller may keep it.
        """
        pos, window = self._pos, self._window
        if pos < window or self._count < window or window > DIRECT_ROWS:
            return self.over(window)
        mean: F64 = self._weights.dot(self._ring[pos - window : pos])
        return np.sqrt(mean, mean)

    def over(self, n_samples: int) -> F64:
        """Return the RMS over the newest samples.

        Parameters
        ----------
        n_samples : int
            Length of the window, at most the longest one. Fewer are used if fewer have
            been seen since the start.

        Returns
        -------
        ndarray, shape (n_channels,)
            RMS in microvolt, NaN if there is no sample; the caller may keep it.

        Raises
        ------
        DesignError
            If the window is longer than the longest one.
        """
        if not 0 <= n_samples <= self._longest:
            msg = (
                f"sliding RMS: expected a window of 0 to {self._longest} samples, got "
                f"{n_samples!r}; build it with a longer one"
            )
            raise DesignError(msg)
        seen = min(n_samples, self._count)
        if seen == 0:
            return np.full(self._n_channels, np.nan)
        mean = self._sum(self._pos - seen, self._pos)
        mean /= seen
        return np.sqrt(mean, mean)

    def dense(self, y: F64) -> F64:
        """Take one chunk and return the RMS at every sample of it.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified. Any length, 0 included.

        Returns
        -------
        ndarray, shape (n_samples, n_channels)
            RMS in microvolt over the window that ends at each sample; the caller may
            keep it.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        self._check_shape(y)
        out = np.empty(y.shape)
        start, n = 0, len(y)
        while start < n:
            # Neither the rows that enter nor those that leave may wrap around.
            leaving = (self._pos - self._window) % self._rows
            room = self._rows - max(self._pos, leaving)
            stop = min(start + self._dense_rows, start + room, n)
            self._dense_piece(y[start:stop], out[start:stop], leaving)
            start = stop
        return out

    def _dense_piece(self, y: F64, out: F64, leaving: int) -> None:
        m, pos, ring, window = len(y), self._pos, self._ring, self._window
        triangles = self._triangles.get(m) or self._triangles_for(m)
        entering, suffix = ring[pos : pos + m], self._suffix[:m]
        np.multiply(y, y, entering)
        # The row before those that leave has left: lend it to the core, so that the
        # same product adds it to every sample.
        lent, kept = ring[leaving], self._kept
        kept[...] = lent
        lent[...] = self._sum(pos + m - window, pos)
        triangles[0].dot(entering, out)
        triangles[1].dot(ring[leaving : leaving + m], suffix)
        lent[...] = kept
        np.add(out, suffix, out)
        np.sqrt(out, out)
        if self._count < window:
            seen = np.minimum(np.arange(1, m + 1) + self._count, window)
            out *= np.sqrt(window / seen)[:, np.newaxis]
        self._advance(m)

    def _triangles_for(self, m: int) -> tuple[F64, F64]:
        """Return the products that add what entered, and the core and what leaves."""
        leaves = np.ones((m, m))
        leaves[:, 1:] = np.triu(np.ones((m, m)))[:, : m - 1]
        triangles = np.tri(m) / self._window, leaves / self._window
        self._triangles[m] = triangles
        return triangles

    def _push_pieces(self, y: F64) -> None:
        self._check_shape(y)
        start, n = 0, len(y)
        while start < n:
            stop = min(start + TILE_ROWS, start + self._rows - self._pos, n)
            piece = y[start:stop]
            np.multiply(piece, piece, self._ring[self._pos : self._pos + stop - start])
            self._advance(stop - start)
            start = stop

    def _advance(self, n: int) -> None:
        tile, end = self._pos // TILE_ROWS, self._pos + n
        if self._tiled and end // TILE_ROWS != tile:
            rows = self._ring[tile * TILE_ROWS : (tile + 1) * TILE_ROWS]
            self._ones[:TILE_ROWS].dot(rows, self._tiles[tile])
        self._pos = end if end < self._rows else 0
        self._count += n

    def _sum(self, start: int, stop: int) -> F64:
        """Add up ring rows; a negative index counts from the end of the ring."""
        if start >= 0:
            return self._sum_rows(start, stop)
        if stop <= 0:
            return self._sum_rows(start + self._rows, stop + self._rows)
        total = self._sum_rows(start + self._rows, self._rows)
        total += self._sum_rows(0, stop)
        return total

    def _sum_rows(self, start: int, stop: int) -> F64:
        ring, ones = self._ring, self._ones
        if stop - start <= DIRECT_ROWS:
            direct: F64 = ones[: stop - start].dot(ring[start:stop])
            return direct
        first, end = -(-start // TILE_ROWS), stop // TILE_ROWS
        total: F64 = ones[: end - first].dot(self._tiles[first:end])
        head, tail = first * TILE_ROWS, end * TILE_ROWS
        if start < head:
            total += ones[: head - start].dot(ring[start:head])
        if tail < stop:
            total += ones[: stop - tail].dot(ring[tail:stop])
        return total

    def _check_shape(self, y: F64) -> None:
        if y.ndim != 2 or y.shape[1] != self._n_channels:  # noqa: PLR2004
            msg = (
                f"sliding RMS: expected a chunk (n_samples, {self._n_channels}), got "
                f"{y.shape}; chunks are time-first"
            )
            raise ShapeError(msg)
