"""Sliding RMS with an exact window that never drifts.

The stream is cut into blocks as long as the window. A window always consists of the end
of one block and the beginning of the next, so its sum is a suffix sum plus a prefix sum.
Sums are only ever added up and start afresh with every block: nothing is subtracted,
nothing accumulates, and an artifact is gone without trace when it has left the window.
"""

import numpy as np

from dsp.errors import DesignError
from dsp.types import F64

#: Prefix sums are computed as a product with a triangular matrix of this size.
_TRIANGLE = 32


class SlidingRms:
    """RMS over the last ``window`` samples, per channel.

    Until that many samples have been seen, over all that have been seen.

    Parameters
    ----------
    window : int
        Length of the window in samples, at least 1.
    n_channels : int
        Width of the chunks.

    Raises
    ------
    DesignError
        If the window is empty.
    """

    __slots__ = (
        "_carry",
        "_ones",
        "_position",
        "_squares",
        "_suffix",
        "_triangles",
        "n_seen",
        "window",
    )

    def __init__(self, window: int, n_channels: int) -> None:
        if window < 1:
            msg = f"expected a window of at least 1 sample, got {window}"
            raise DesignError(msg)
        self.window = window
        self.n_seen = 0
        self._position = 0
        self._carry = np.zeros(n_channels)
        self._squares = np.zeros((window, n_channels))
        self._suffix = np.zeros((window + 1, n_channels))
        # Everything is kept divided by the window, so that no scaling is left to do.
        self._ones = np.full(window, 1.0 / window)
        self._triangles = [
            np.tril(np.full((n, n), 1.0 / window)) for n in range(_TRIANGLE + 1)
        ]

    def restart(self) -> None:
        """Forget every sample."""
        self.n_seen = 0
        self._position = 0
        self._carry[...] = 0.0
        self._suffix[...] = 0.0

    @property
    def filled(self) -> bool:
        """Whether the window holds as many samples as it is long."""
        return self.n_seen >= self.window

    def last(self, y: F64) -> F64:
        """Take in a chunk and return the RMS at its end.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered signal.

        Returns
        -------
        ndarray, shape (n_channels,)
            A new array, in the unit of the signal.
        """
        n = len(y)
        start = 0
        while start < n:
            p = self._position
            take = min(n - start, self.window - p)
            part = y if take == n else y[start : start + take]
            squares = self._squares[p : p + take]
            np.multiply(part, part, squares)
            self._carry += np.dot(self._ones[:take], squares)
            start += take
            self._advance(take)
        mean = self._carry + self._suffix[self._position]
        if self.n_seen < self.window:
            mean *= self.window / max(self.n_seen, 1)
        return np.sqrt(mean, mean)

    def dense(self, y: F64) -> F64:
        """Take in a chunk and return the RMS at every sample.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered signal.

        Returns
        -------
        ndarray, shape (n_samples, n_channels)
            A new array, in the unit of the signal.
        """
        n = len(y)
        out = np.empty((n, y.shape[1]))
        seen = self.n_seen
        start = 0
        while start < n:
            p = self._position
            take = min(n - start, self.window - p, _TRIANGLE)
            squares = self._squares[p : p + take]
            sums = out[start : start + take]
            part = y[start : start + take]
            np.multiply(part, part, squares)
            np.dot(self._triangles[take], squares, sums)
            sums += self._carry
            self._carry[...] = sums[-1]
            sums += self._suffix[p + 1 : p + 1 + take]
            start += take
            self._advance(take)
        if seen < self.window:
            counts = np.minimum(np.arange(seen + 1, seen + n + 1), self.window)
            out *= (self.window / counts)[:, None]
        return np.sqrt(out, out)

    def _advance(self, n: int) -> None:
        self.n_seen += n
        self._position += n
        if self._position == self.window:
            self._position = 0
            backwards = self._suffix[-2::-1]
            np.cumsum(self._squares[::-1], axis=0, out=backwards)
            backwards *= self._ones[0]
            self._carry[...] = 0.0
