"""The filter kernel: a chunk of any length through second-order sections.

A chunk is one linear map. With the cascade's state ``s`` (two values per section, laid
out as scipy's ``zi``) and the chunk ``u`` of length ``n``,

    y = H u + O s,    s' = C u + Aⁿ s,

where H is the lower-triangular Toeplitz matrix of the impulse response. Stacked as one
matrix, ``[y; s'] = M_n [s; u]`` is a single product over all channels. Small chunks cost
little more than one call; `scipy.signal.sosfilt` spends most of its time around its loop.
"""

import math
from typing import Protocol

import numpy as np

from dsp.errors import DesignError, ShapeError
from dsp.types import F64, Bools

#: Longest block of one matrix product; the work per sample grows with it. Measured: for
#: few channels the call is the cost, for many the arithmetic.
LONG_BLOCK = 64
SHORT_BLOCK = 32
FEW_CHANNELS = 32

#: The block form must follow `scipy.signal.sosfilt` this closely, as a share of the
#: signal, or the sections are computed one after the other.
TOLERANCE = 1e-11

#: Length of the signal on which that is checked.
_CHECK_SAMPLES = 2048

#: Largest gain at DC that counts as none.
_NO_DC_GAIN = 1e-9


class Kernel(Protocol):
    """A linear map with a state, one chunk at a time."""

    state: F64
    """Shape ``(2 * n_sections, n_channels)``; rows as scipy's ``zi``, flattened."""

    def run(self, u: F64, offset: F64) -> F64 | None:
        """Filter ``u - offset``; None, and the old state, if that is not finite."""


class BlockKernel:
    """The block state-space form.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6), float64
        Second-order sections.
    n_channels : int
        Width of the chunks.
    """

    __slots__ = ("_block", "_maps", "_n_state", "_sos", "_spare", "_stack", "state")

    def __init__(self, sos: F64, n_channels: int) -> None:
        self._sos = sos
        self._n_state = 2 * len(sos)
        self._block = LONG_BLOCK if n_channels <= FEW_CHANNELS else SHORT_BLOCK
        self._stack = np.zeros((self._n_state + self._block, n_channels))
        self._maps: dict[int, tuple[F64, F64, F64]] = {}
        self._spare = np.zeros((self._n_state, n_channels))
        self.state = self._stack[: self._n_state]

    def run(self, u: F64, offset: F64) -> F64 | None:
        """Filter one chunk.

        Parameters
        ----------
        u : ndarray, shape (n_samples, n_channels)
            Input.
        offset : ndarray, shape (n_channels,)
            Subtracted from every sample.

        Returns
        -------
        ndarray, shape (n_samples, n_channels), or None
            A new array; None if a sample was not finite (the state is kept).
        """
        n = len(u)
        k = self._n_state
        out = np.empty((n + k, u.shape[1]))
        if n <= self._block:
            matrix, stack, inputs = self._maps.get(n) or self._prepare(n)
            np.subtract(u, offset, inputs)
            np.dot(matrix, stack, out)
            new = out[n:]
            # A NaN or an infinity anywhere reaches every row of the state: 0 · NaN is
            # NaN, and infinities of both signs meet as NaN or stay infinite.
            if not math.isfinite(np.vdot(new, new)):
                return None
            self.state[...] = new
            return out[:n]
        self._spare[...] = self.state
        for start in range(0, n, self._block):
            stop = min(start + self._block, n)
            matrix, stack, inputs = self._maps.get(stop - start) or self._prepare(
                stop - start
            )
            np.subtract(u[start:stop], offset, inputs)
            np.dot(matrix, stack, out[start : stop + k])
            self.state[...] = out[stop : stop + k]
        if not math.isfinite(np.vdot(self.state, self.state)):
            self.state[...] = self._spare
            return None
        return out[:n]

    def _prepare(self, n: int) -> tuple[F64, F64, F64]:
        stack = self._stack[: self._n_state + n]
        prepared = (block_map(self._sos, n), stack, stack[self._n_state :])
        self._maps[n] = prepared
        return prepared


class SectionKernel:
    """The sections one after the other, by scipy: slower, accurate for every design.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6), float64
        Second-order sections.
    n_channels : int
        Width of the chunks.
    """

    __slots__ = ("_sos", "state")

    def __init__(self, sos: F64, n_channels: int) -> None:
        self._sos = sos
        self.state = np.zeros((2 * len(sos), n_channels))

    def run(self, u: F64, offset: F64) -> F64 | None:
        """Filter one chunk.

        Parameters
        ----------
        u : ndarray, shape (n_samples, n_channels)
            Input.
        offset : ndarray, shape (n_channels,)
            Subtracted from every sample.

        Returns
        -------
        ndarray, shape (n_samples, n_channels), or None
            A new array; None if a sample was not finite (the state is kept).
        """
        from scipy import signal  # noqa: PLC0415 - costs half a second

        zi = self.state.reshape(len(self._sos), 2, -1)
        y, zf = signal.sosfilt(self._sos, u - offset, axis=0, zi=zi)
        if not math.isfinite(np.vdot(zf, zf)):
            return None
        self.state[...] = zf.reshape(self.state.shape)
        return np.ascontiguousarray(y)


def block_map(sos: F64, n: int) -> F64:
    """Return the matrix of a chunk of ``n`` samples.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6), float64
        Second-order sections.
    n : int
        Length of the chunk.

    Returns
    -------
    ndarray, shape (n + 2 * n_sections, 2 * n_sections + n)
        ``[y; s'] = M [s; u]``. Its columns are what scipy answers to unit states and
        unit samples, so nothing is derived twice.
    """
    from scipy import signal  # noqa: PLC0415 - costs half a second

    k = 2 * len(sos)
    inputs = np.zeros((n, k + n))
    inputs[:, k:] = np.eye(n)
    states = np.zeros((k, k + n))
    states[:, :k] = np.eye(k)
    y, zf = signal.sosfilt(sos, inputs, axis=0, zi=states.reshape(len(sos), 2, -1))
    return np.ascontiguousarray(np.vstack([y, zf.reshape(k, -1)]))


def make_kernel(sos: F64, n_channels: int) -> Kernel:
    """Return the fastest kernel that is accurate for a design.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6), float64
        Second-order sections.
    n_channels : int
        Width of the chunks.

    Returns
    -------
    Kernel
        Block form, or sections where the block form is off by more than `TOLERANCE`.
    """
    return (
        BlockKernel(sos, n_channels)
        if block_error(sos) <= TOLERANCE
        else SectionKernel(sos, n_channels)
    )


def block_error(sos: F64) -> float:
    """Return how far the block form is from the sections, on a broadband signal.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6), float64
        Second-order sections.

    Returns
    -------
    float
        Largest difference as a share of the input's peak.
    """
    index = np.arange(_CHECK_SAMPLES, dtype=np.float64)
    signal_in = np.sin(0.0007 * index * index)[:, None] + 1.0  # a chirp beside DC
    zero = np.zeros(1)
    blocks = BlockKernel(sos, 1).run(signal_in, zero)
    sections = SectionKernel(sos, 1).run(signal_in, zero)
    if blocks is None or sections is None:
        return math.inf
    return float(np.abs(blocks - sections).max() / np.abs(signal_in).max())


class StreamingFilter:
    """A causal filter that carries its state from chunk to chunk.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6), float64
        Second-order sections with no gain at DC, so that an electrode's offset can be
        taken off before the filter: exactly what starting at the steady state of the
        first sample would do, without its rounding.
    n_channels : int
        Width of the chunks.

    Raises
    ------
    DesignError
        If the filter lets DC through.
    """

    __slots__ = ("_kernel", "_last", "_n_channels", "_offset", "_started")

    def __init__(self, sos: F64, n_channels: int) -> None:
        gain = np.prod(sos[:, :3].sum(axis=1) / sos[:, 3:].sum(axis=1))
        if not abs(gain) < _NO_DC_GAIN:
            msg = f"expected a filter without gain at DC, got {gain:.3g}"
            raise DesignError(msg)
        self._n_channels = n_channels
        self._kernel = make_kernel(sos, n_channels)
        self._offset = np.zeros(n_channels)
        self._last = np.zeros(n_channels)
        self._started = False

    def restart(self) -> None:
        """Forget everything: the next sample is a first sample."""
        self._kernel.state[...] = 0.0
        self._offset[...] = np.nan
        self._started = False

    def run(self, emg_uv: F64) -> tuple[F64, Bools | None]:
        """Filter one chunk.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            Input; NaN and infinities are replaced by the channel's last good value.

        Returns
        -------
        filtered_uv : ndarray, shape (n_samples, n_channels)
            A new array.
        replaced : ndarray of bool, shape (n_samples, n_channels), or None
            Which samples were not finite; None when all were.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        if emg_uv.ndim != 2 or emg_uv.shape[1] != self._n_channels:  # noqa: PLR2004
            msg = (
                f"expected a chunk (n_samples, {self._n_channels}), got {emg_uv.shape}"
            )
            raise ShapeError(msg)
        if not len(emg_uv):
            return np.empty((0, self._n_channels)), None
        if not self._started:
            return self._run_first(emg_uv)
        filtered = self._kernel.run(emg_uv, self._offset)
        if filtered is None:
            return self._run_repaired(emg_uv)
        self._last[...] = emg_uv[-1]
        return filtered, None

    def _run_first(self, emg_uv: F64) -> tuple[F64, Bools | None]:
        """Take the first finite sample of every channel as its offset."""
        finite = np.isfinite(emg_uv)
        waiting = np.isnan(self._offset) | (not self._started)
        found = finite.any(axis=0) & waiting
        first = emg_uv[finite.argmax(axis=0), np.arange(self._n_channels)]
        self._offset[...] = np.where(found, first, self._offset)
        self._offset[waiting & ~found] = np.nan
        self._last[found] = first[found]
        self._started = not np.isnan(self._offset).any()
        return self._run_repaired(emg_uv)

    def _run_repaired(self, emg_uv: F64) -> tuple[F64, Bools | None]:
        bad = ~np.isfinite(emg_uv)
        offset = np.where(np.isnan(self._offset), 0.0, self._offset)
        held = np.where(np.isnan(self._offset), 0.0, self._last)
        repaired = _hold_last(emg_uv, bad, held)
        filtered = self._kernel.run(repaired, offset)
        if filtered is None:
            msg = "the filter left the range of float64: the input is beyond 1e150 µV"
            raise ShapeError(msg)
        self._last[...] = repaired[-1]
        return filtered, bad if bad.any() else None


def _hold_last(emg_uv: F64, bad: Bools, before: F64) -> F64:
    """Replace bad samples by the last good one of their channel."""
    n = len(emg_uv)
    rows = np.where(bad, -1, np.arange(n)[:, None])
    rows = np.maximum.accumulate(rows, axis=0)
    picked = np.take_along_axis(emg_uv, np.maximum(rows, 0), axis=0)
    return np.where(rows >= 0, picked, before)
