"""Sliding RMS with an exact window that cannot drift.

Every window is a sum of squares that are really inside it. Nothing is ever subtracted,
so an artifact of any size leaves no trace once it has left the window.

A window that ends at the newest sample is summed by one product; long ones use sums of
whole tiles. The RMS at every sample of a chunk takes what all its windows share (the
core) and adds, by triangular products, squares about to leave and those that entered::

    |-- leaving --|------------- core -------------|-- entering --|
    ^ before the chunk                             ^ the chunk
"""

import math
from collections.abc import Callable

import numpy as np

from dsp.errors import DesignError
from dsp.intake import (
    BLOCK_ROWS,
    WIDE_BLOCK_ROWS,
    WIDE_CHANNELS,
    aligned_zeros,
    check_shape,
)
from dsp.types import F64

#: Rows of one tile; only windows of several tiles use them.
TILE_ROWS = 32
#: Up to so many rows, or values, one product is faster than looking up tiles.
DIRECT_ROWS, DIRECT_VALUES = 256, 2048
WIDE_DIRECT_ROWS = 64  # the same for many channels
#: A short and narrow window stands in an array of 2 to 4 times its length, and its
#: rows move back to the top when they reach the end: no window ever wraps around.
ROOMY_FACTORS = (2, 4)
#: Largest such array, in values (512 kB); where it is too small, rows form a ring.
ROOMY_VALUES = 65536
_square, _sqrt = np.square, np.sqrt  # one look-up less; it shows at 8 channels

#: Slices of that array are kept: cutting two costs as much as squaring. A source with
#: steady chunks needs one pair per chunk between two moves to the top.
MAX_VIEWS = 1024

_View = tuple[F64, F64, int]
"""``(rows, window, end)``: rows of the chunk, of the window, and where they end."""
Write = Callable[[F64, F64], object]
"""``write(samples, rows)`` puts what shall be squared into ``rows``."""


def _copy(samples: F64, rows: F64) -> None:
    check_shape(samples.shape, rows.shape[1])
    rows[...] = samples


class SlidingRms:
    """RMS over the newest samples, for every channel.

    Before a window is filled, it is the RMS of the samples seen so far.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    window : int
        Samples of the window that `last`, `hop` and `dense` use.
    longest : int, optional
        Samples of the longest window that `over` may be asked for; ``window`` if
        shorter or not given.
    write : callable, optional
        ``write(samples, rows)`` turns what `hop` and `dense` get into filtered EMG in
        ``rows``: a filter that puts its output straight to its place, for example
        `dsp.kernel.BlockFilter.into`. Without it they get filtered EMG.

    Raises
    ------
    DesignError
        If ``window`` or ``n_channels`` is less than 1.
    """

    __slots__ = (
        "_base",
        "_block",
        "_direct",
        "_kept",
        "_longest",
        "_n_channels",
        "_ones",
        "_plans",
        "_pos",
        "_quick_end",
        "_roomy",
        "_rows",
        "_squares",
        "_step",
        "_tiled",
        "_tiles",
        "_views",
        "_weigh",
        "_window",
        "_write",
    )

    def __init__(
        self, n_channels: int, window: int, longest: int = 0, write: Write = _copy
    ) -> None:
        if n_channels < 1 or window < 1:
            msg = (
                f"sliding RMS: expected at least 1 channel and a window of at least 1 "
                f"sample, got {n_channels!r} and {window!r}"
            )
            raise DesignError(msg)
        self._n_channels = n_channels
        self._write = write
        self._window = window
        self._longest = max(window, longest)
        wide = n_channels >= WIDE_CHANNELS
        self._block = WIDE_BLOCK_ROWS if wide else BLOCK_ROWS
        self._step = min(self._block, window)
        few = max(DIRECT_ROWS, DIRECT_VALUES // n_channels)
        self._direct = direct = WIDE_DIRECT_ROWS if wide else few
        self._tiled = self._longest > self._direct
        least, most = (factor * self._longest for factor in ROOMY_FACTORS)
        roomy_rows = min(most, ROOMY_VALUES // n_channels)
        self._roomy = not self._tiled and roomy_rows >= least + TILE_ROWS
        # A ring needs one more tile for the rows that are written, and one row for the
        # core.
        n_tiles = math.ceil((self._longest + TILE_ROWS + 1) / TILE_ROWS)
        self._rows = roomy_rows if self._roomy else n_tiles * TILE_ROWS
        self._squares = aligned_zeros((self._rows, n_channels))
        self._tiles = np.zeros((n_tiles, n_channels))
        self._ones = np.ones(max(direct, n_tiles))
        self._weigh = np.full(window, 1.0 / window).dot
        self._plans: dict[int, tuple[Callable[..., F64], ...]] = {}
        self._views: dict[tuple[int, int], _View] = {}
        self._kept = np.empty(n_channels)
        self.restart()

    @property
    def count(self) -> int:
        """Samples seen since the start or the last `restart`."""
        return self._base + self._pos

    def restart(self) -> None:
        """Forget every sample."""
        self._squares[:] = 0.0
        self._tiles[:] = 0.0
        self._views.clear()
        self._pos = self._longest if self._roomy else 0
        self._base = -self._pos
        # Up to here a chunk may end and still take the quick way; none before the
        # window is filled.
        self._quick_end = -1

    def push(self, y: F64) -> None:
        """Take one chunk.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified. Any length, 0 included.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        check_shape(y.shape, self._n_channels)
        start, n = 0, len(y)
        while start < n:
            stop = start + self._room(n - start)
            _square(y[start:stop], self._squares[self._pos : self._pos + stop - start])
            self._advance(stop - start)
            start = stop

    def last(self) -> F64:
        """Return the RMS over the window that ends at the newest sample.

        Returns
        -------
        ndarray, shape (n_channels,)
            RMS in microvolt, NaN before the first sample; the caller may keep it.
        """
        return self.over(self._window)

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
        seen = min(n_samples, self.count)
        if seen == 0:
            return np.full(self._n_channels, np.nan)
        mean = self._sum(self._pos - seen, self._pos)
        mean /= seen
        return np.sqrt(mean, mean)

    def hop(self, samples: F64) -> F64:
        """Take one chunk and return the RMS at its end.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            What ``write`` turns into filtered EMG in microvolt; not modified. Any
            length, 0 included.

        Returns
        -------
        ndarray, shape (n_channels,)
            RMS in microvolt, NaN before the first sample; the caller may keep it.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        n = len(samples)
        views = self._views.get((self._pos, n)) or self._view(n)
        if views is None:
            self._take(samples)
            return self.over(self._window)
        rows, window, end = views
        self._write(samples, rows)
        _square(rows, rows)
        self._pos = end
        mean: F64 = self._weigh(window)
        return _sqrt(mean, mean)

    def dense(self, samples: F64) -> F64:
        """Take one chunk and return the RMS at every sample of it.

        Parameters
        ----------
        samples : ndarray, shape (n_samples, n_channels)
            What ``write`` turns into filtered EMG in microvolt; not modified. Any
            length, 0 included.

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
        n, pos = len(samples), self._pos
        end = pos + n
        if end > self._quick_end or not 0 < n <= self._step:
            return self._dense_steps(samples)
        squares, window = self._squares, self._window
        entered, left, core = self._plans.get(n) or self._plan(n)
        entering = squares[pos:end]
        self._write(samples, entering)
        _square(entering, entering)
        # The row before those that leave has left: the core stands there, so that the
        # same product adds it to every sample.
        leaving = pos - window
        core(squares[end - window : pos], squares[leaving])
        out: F64 = entered(entering)
        out += left(squares[leaving : leaving + n])
        self._pos = end
        return _sqrt(out, out)

    def _view(self, n: int) -> _View | None:
        """Return what `hop` needs for ``n`` samples here, None if it has to go slow."""
        if self._quick_end < 0:
            return None
        self._room(n)
        pos, end = self._pos, self._pos + n
        if end > self._quick_end:
            return None
        view = self._views.get((pos, n))
        if view is None:
            if len(self._views) >= MAX_VIEWS:
                self._views.clear()
            squares = self._squares
            view = squares[pos:end], squares[end - self._window : end], end
            self._views[pos, n] = view
        return view

    def _dense_steps(self, samples: F64) -> F64:
        check_shape(samples.shape, self._n_channels)
        out = np.empty(samples.shape)
        start, n = 0, len(samples)
        while start < n:
            room = self._room(min(self._step, n - start))
            leaving = (self._pos - self._window) % self._rows
            stop = start + min(room, self._rows - leaving)
            self._dense_step(samples[start:stop], out[start:stop], leaving)
            start = stop
        return out

    def _dense_step(self, samples: F64, out: F64, leaving: int) -> None:
        m, pos, squares, window = len(out), self._pos, self._squares, self._window
        entered, left, _ = self._plans.get(m) or self._plan(m)
        entering = squares[pos : pos + m]
        self._write(samples, entering)
        _square(entering, entering)
        # As in `dense`, but longer windows still need that row afterwards.
        lent = squares[leaving]
        self._kept[...] = lent
        lent[...] = self._sum(pos + m - window, pos)
        entered(entering, out)
        out += left(squares[leaving : leaving + m])
        lent[...] = self._kept
        np.sqrt(out, out)
        if self.count < window:
            seen = np.minimum(np.arange(1, m + 1) + self.count, window)
            out *= np.sqrt(window / seen)[:, np.newaxis]
        self._advance(m)

    def _plan(self, m: int) -> tuple[Callable[..., F64], ...]:
        """Return the products for what entered, the core with what leaves, the core."""
        left = np.ones((m, m))
        left[:, 1:] = np.triu(np.ones((m, m)))[:, : m - 1]
        ones = np.ones(self._window - m)
        plan = (np.tri(m) / self._window).dot, (left / self._window).dot, ones.dot
        self._plans[m] = plan
        return plan

    def _take(self, samples: F64) -> None:
        check_shape(samples.shape, self._n_channels)
        start, n = 0, len(samples)
        while start < n:
            stop = start + self._room(min(self._block, n - start))
            rows = self._squares[self._pos : self._pos + stop - start]
            self._write(samples[start:stop], rows)
            _square(rows, rows)
            self._advance(stop - start)
            start = stop

    def _room(self, wanted: int) -> int:
        """Return how many rows can be written now, at most ``wanted``."""
        if self._pos + wanted > self._rows and self._roomy:
            top, longest = self._pos - self._longest, self._longest
            self._squares[:longest] = self._squares[top : self._pos]
            self._base += top
            self._pos = longest
        return min(wanted, self._rows - self._pos)

    def _advance(self, n: int) -> None:
        end = self._pos + n
        if self._tiled:
            squares, add = self._squares, self._ones[:TILE_ROWS].dot
            for k in range(self._pos // TILE_ROWS, end // TILE_ROWS):
                add(squares[k * TILE_ROWS : (k + 1) * TILE_ROWS], self._tiles[k])
        if end == self._rows and not self._roomy:
            end, self._base = 0, self._base + end
        self._pos = end
        # `dense` gives the oldest row away, which longer windows would miss.
        plain = self._roomy and self._window == self._longest
        filled = self.count >= self._window
        self._quick_end = self._rows if plain and filled else -1

    def _sum(self, start: int, stop: int) -> F64:
        """Add up rows; a negative index counts from the end of the ring."""
        if start >= 0:
            return self._sum_rows(start, stop)
        if stop <= 0:
            return self._sum_rows(start + self._rows, stop + self._rows)
        total = self._sum_rows(start + self._rows, self._rows)
        total += self._sum_rows(0, stop)
        return total

    def _sum_rows(self, start: int, stop: int) -> F64:
        squares, ones = self._squares, self._ones
        if stop - start <= self._direct:
            direct: F64 = ones[: stop - start].dot(squares[start:stop])
            return direct
        first, end = -(-start // TILE_ROWS), stop // TILE_ROWS
        total: F64 = ones[: end - first].dot(self._tiles[first:end])
        head, tail = first * TILE_ROWS, end * TILE_ROWS
        if start < head:
            total += ones[: head - start].dot(squares[start:head])
        if tail < stop:
            total += ones[: stop - tail].dot(squares[tail:stop])
        return total
