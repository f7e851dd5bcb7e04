"""The filter kernel: a cascade of second-order sections as one matrix product.

A chunk ``u`` of n samples and the cascade's state ``s`` enter one linear map::

    [y; s'] = M_n [s; u]

``M_n`` holds the impulse response (a lower-triangular Toeplitz matrix), the
observability and controllability matrices and ``A^n``. Time-first arrays let one GEMM
do all channels. The state is that of `scipy.signal.sosfilt`, so both forms can take
over from each other at any chunk.
"""

from typing import Protocol

import numpy as np

from dsp.intake import BLOCK_ROWS, SUM_LIMIT, Intake, check_shape, subtract
from dsp.types import F64, Bools

#: The block form is used if it agrees with the sections to this share of the signal.
MAX_BLOCK_ERROR = 1e-10


class SosFilter(Protocol):
    """A streaming filter over all channels of a stream."""

    @property
    def zi(self) -> F64:
        """Copy of the state in `scipy.signal.sosfilt` layout for ``axis=0``."""

    @property
    def repairs(self) -> int:
        """Number of passes so far in which samples had to be replaced."""

    @property
    def replaced(self) -> Bools:
        """Which samples the latest repair replaced, shape (n_samples, n_channels)."""

    @property
    def repaired_uv(self) -> F64:
        """The chunk of the latest repair with held values in place of bad ones."""

    def fresh(self, emg_uv: F64) -> F64:
        """Filter one chunk into a new array."""

    def into(self, emg_uv: F64, out: F64) -> None:
        """Filter one chunk into ``out``, a C-contiguous array of its shape."""

    def restart(self) -> None:
        """Forget everything: the next sample starts a new signal."""


class BlockFilter(Intake):
    """The cascade in block state-space form.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6)
        Second-order sections without gain at zero frequency.
    n_channels : int
        Number of channels.
    """

    __slots__ = ("_powers", "_responses")

    def __init__(self, sos: F64, n_channels: int) -> None:
        super().__init__(sos, n_channels)
        self._responses, self._powers = _responses(self._sos)

    def fresh(self, emg_uv: F64) -> F64:
        """Filter one chunk into a new array.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            EMG in microvolt; not modified. Any length, 0 included.

        Returns
        -------
        ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; the caller may keep and change it.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        plan = self._plans.get(emg_uv.shape)
        if plan is None:
            return self._unplanned(emg_uv)
        offset, rows, sum_of, flat, output, advance, v, state, twin = plan
        subtract(emg_uv, offset, rows)
        if not sum_of(flat) <= SUM_LIMIT:
            self._repair(rows, emg_uv)
        y = output(v)
        advance(v, state)
        self._plans = twin
        self._last = rows
        return y

    def into(self, emg_uv: F64, out: F64) -> None:
        """Filter one chunk into an array of the caller.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            EMG in microvolt; not modified. Any length, 0 included.
        out : ndarray, shape (n_samples, n_channels), float64
            Takes the filtered EMG; C-contiguous, not ``emg_uv`` itself.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        plan = self._plans.get(emg_uv.shape)
        if plan is None:
            self._unplanned_into(emg_uv, out)
            return
        offset, rows, sum_of, flat, output, advance, v, state, twin = plan
        subtract(emg_uv, offset, rows)
        if not sum_of(flat) <= SUM_LIMIT:
            self._repair(rows, emg_uv)
        output(v, out)
        advance(v, state)
        self._plans = twin
        self._last = rows

    _block = into

    def _unplanned(self, emg_uv: F64) -> F64:
        check_shape(emg_uv.shape, self._n_channels)
        out = np.empty((len(emg_uv), self._n_channels))
        self._unplanned_into(emg_uv, out)
        return out

    def _unplanned_into(self, emg_uv: F64, out: F64) -> None:
        check_shape(emg_uv.shape, self._n_channels)
        if 0 < len(emg_uv) <= self._block_rows:
            self._plan(emg_uv.shape)
            self.into(emg_uv, out)
        else:
            self._blocks(emg_uv, out)

    def _plan(self, shape: tuple[int, ...]) -> None:
        n = shape[0]
        output, advance = self._matrices(n)
        for side, plans in enumerate(self._twins):
            rows = self._arenas[side][self._n_state : self._n_state + n]
            flat = rows.reshape(-1)
            plans[shape] = (
                self._offset[:n],
                rows,
                flat.dot,
                flat,
                output.dot,
                advance.dot,
                self._arenas[side][: self._n_state + n],
                self._arenas[1 - side][: self._n_state],
                self._twins[1 - side],
            )

    def _matrices(self, n: int) -> tuple[F64, F64]:
        """Cut the two halves of ``M_n`` out of the longest one: they are Toeplitz."""
        n_state, whole = self._n_state, self._responses
        inputs = whole[BLOCK_ROWS:, n_state + BLOCK_ROWS - n :]
        advance = np.concatenate((self._powers[n], inputs), axis=1)
        return whole[:n, : n_state + n].copy(), advance


class SectionFilter(Intake):
    """The cascade section by section, for designs that the block form cannot hold.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6)
        Second-order sections without gain at zero frequency.
    n_channels : int
        Number of channels.
    """

    __slots__ = ()

    def fresh(self, emg_uv: F64) -> F64:
        """Filter one chunk into a new array.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            EMG in microvolt; not modified. Any length, 0 included.

        Returns
        -------
        ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; the caller may keep and change it.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        check_shape(emg_uv.shape, self._n_channels)
        out = np.empty((len(emg_uv), self._n_channels))
        self._blocks(emg_uv, out)
        return out

    def into(self, emg_uv: F64, out: F64) -> None:
        """Filter one chunk into an array of the caller.

        Parameters
        ----------
        emg_uv : ndarray, shape (n_samples, n_channels)
            EMG in microvolt; not modified. Any length, 0 included.
        out : ndarray, shape (n_samples, n_channels), float64
            Takes the filtered EMG.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        check_shape(emg_uv.shape, self._n_channels)
        self._blocks(emg_uv, out)

    def _block(self, emg_uv: F64, out: F64) -> None:
        from scipy.signal import sosfilt  # noqa: PLC0415 - 0.6 s to import

        side = self._side()
        rows = self._arenas[side][self._n_state : self._n_state + len(emg_uv)]
        np.subtract(emg_uv, self._offset[: len(emg_uv)], rows)
        if not rows.reshape(-1).dot(rows.reshape(-1)) <= SUM_LIMIT:
            self._repair(rows, emg_uv)
        out[...], zf = sosfilt(self._sos, rows, axis=0, zi=self.zi)
        self._arenas[1 - side][: self._n_state] = zf.reshape(-1, self._n_channels)
        self._plans = self._twins[1 - side]
        self._last = rows


def make_filter(sos: F64, n_channels: int) -> SosFilter:
    """Return the fastest form of the cascade that is accurate.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6)
        Second-order sections without gain at zero frequency.
    n_channels : int
        Number of channels.

    Returns
    -------
    SosFilter
        `BlockFilter`, or `SectionFilter` where the block form is off by more than
        `MAX_BLOCK_ERROR` of the signal.
    """
    if block_error(sos) <= MAX_BLOCK_ERROR:
        return BlockFilter(sos, n_channels)
    return SectionFilter(sos, n_channels)


def block_error(sos: F64) -> float:
    """Compare the block form with the sections on a test signal.

    The signal is noise of unit size from a fixed sequence, with a step to 1000 times
    its size after the start: an electrode that shifts.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6)
        Second-order sections.

    Returns
    -------
    float
        Largest difference relative to the largest output; infinity if either form
        blows up.
    """
    n, shift_uv = 64 * BLOCK_ROWS, 1000.0
    noise = np.sin(np.arange(n, dtype=np.float64) ** 2)
    noise[n // 2 :] += shift_uv
    test_uv = np.ascontiguousarray(noise[:, np.newaxis])
    with np.errstate(all="ignore"):
        block = BlockFilter(sos, 1).fresh(test_uv)
        sections = SectionFilter(sos, 1).fresh(test_uv)
        error = np.abs(block - sections).max() / np.abs(sections).max()
    return float(error) if np.isfinite(error) else np.inf


def _responses(sos: F64) -> tuple[F64, list[F64]]:
    """Return ``M`` of a whole block, and ``A^n`` for n up to a block.

    Both are what `scipy.signal.sosfilt` itself answers to unit states and a unit
    sample, so the block form has no rounding of its own beyond its products.
    """
    from scipy.signal import sosfilt  # noqa: PLC0415 - 0.6 s to import

    n_zi = 2 * len(sos)
    n_units = n_zi + BLOCK_ROWS
    units = np.zeros((BLOCK_ROWS, n_units))
    units[:, n_zi:] = np.eye(BLOCK_ROWS)
    state = np.eye(n_zi, n_units).reshape(len(sos), 2, n_units)
    powers = [np.eye(n_zi)]
    rows = []
    for unit in units:
        y, state = sosfilt(sos, unit[np.newaxis], axis=0, zi=state)
        rows.append(y)
        powers.append(state.reshape(n_zi, n_units)[:, :n_zi])
    return np.concatenate([*rows, state.reshape(n_zi, n_units)]), powers
