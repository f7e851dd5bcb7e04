"""The tail of a stimulation artifact under an M-wave, fitted together with it.

Two exponentials for the tail and two Hermite-Rodriguez functions for the M-wave (Lo
Conte, Merletti and Sandri 1994, IEEE Trans Biomed Eng 41:1147). Only the exponentials
are subtracted: the functions protect the M-wave from the fit but do not decide its
shape.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from scipy.optimize import least_squares

from dsp.types import F64

#: An M-wave is fitted if it explains so many times the noise per parameter.
F_BAR = 4.0  # A: assumption; about the 1 % point of F with 4 and 30 degrees of freedom

#: Bounds of fast and slow time constant, of one alone, and of latency and width, all in
#: second. A: fast 1-3 ms, slow 5-10 ms, with some room.
_TWO_TAILS = ((0.0005, 0.0045), (0.0042, 0.012))
_ONE_TAIL = ((0.0005, 0.012),)
_WAVE = ((0.005, 0.018), (0.0015, 0.006))
#: Where the fit begins: the best of these.
_TAILS_S = ((0.0015, 0.006), (0.0015, 0.009), (0.0025, 0.006), (0.0025, 0.009))
_LONE_TAILS_S = ((0.0015,), (0.003,), (0.007,))
_LATENCIES_S = (0.006, 0.008, 0.010, 0.012, 0.014, 0.016)
_WIDTHS_S = (0.002, 0.0028, 0.004)
_MAX_STEPS = 20
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class _Shape:
    """Time constants of the tail, and latency and width of an M-wave if there is one.

    All in second.
    """

    tails_s: tuple[float, ...]
    wave_s: tuple[float, ...] = ()

    def basis(self, t_s: F64) -> F64:
        """Return exponentials and Hermite-Rodriguez functions, one per column."""
        columns = [np.exp(-t_s / tau_s) for tau_s in self.tails_s]
        if self.wave_s:
            latency_s, width_s = self.wave_s
            u = (t_s - latency_s) / width_s
            bell = np.exp(-0.5 * u * u)
            columns += [u * bell, (u * u - 1.0) * bell]
        return np.column_stack(columns)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A shape, the power that it leaves, and whether its tail has one sign."""

    shape: _Shape
    left: float
    is_tail: bool

    @property
    def n_free(self) -> int:
        """Return how many numbers were fitted."""
        n_columns = len(self.shape.tails_s) + len(self.shape.wave_s)
        return n_columns + len(self.shape.tails_s) + len(self.shape.wave_s)


def without_tail(level_uv: F64, t_s: F64) -> F64:
    """Subtract the tail of the artifact from every epoch.

    Parameters
    ----------
    level_uv : ndarray, shape (n_pulses, n_rows)
        What follows the pulses, in microvolt, without offset and hum; not modified.
    t_s : ndarray, shape (n_rows,)
        Time since the pulse in second, evenly spaced.

    Returns
    -------
    ndarray, shape (n_pulses, n_rows)
        M-wave and EMG in microvolt.
    """
    shape = _fit(level_uv.mean(axis=0), t_s)
    basis, n = shape.basis(t_s), len(shape.tails_s)
    weights = level_uv @ np.linalg.pinv(basis).T
    return np.asarray(level_uv - weights[:, :n] @ basis[:, :n].T)


def _fit(mean_uv: F64, t_s: F64) -> _Shape:
    """Return the shape that explains a mean best: without an M-wave if that does."""
    largest = float(np.abs(mean_uv).max())
    if not largest > 0:
        return _Shape(_LONE_TAILS_S[0])
    scaled = mean_uv / largest
    plain = _with_tail(scaled, t_s, has_wave=False)
    whole = _with_tail(scaled, t_s, has_wave=True)
    n_more = max(whole.n_free - plain.n_free, 1)
    spare = max(len(t_s) - whole.n_free, 1)
    needed = F_BAR * n_more * whole.left / spare
    return whole.shape if plain.left - whole.left > needed else plain.shape


def _with_tail(scaled: F64, t_s: F64, *, has_wave: bool) -> _Fit:
    """Fit a tail of two parts, or of one if two would cancel each other.

    What decays does not change its sign; two parts of opposite sign would explain the
    M-wave away.
    """
    two = _refine(scaled, t_s, _best_start(scaled, t_s, _TAILS_S, has_wave=has_wave))
    if two.is_tail:
        return two
    start = _best_start(scaled, t_s, _LONE_TAILS_S, has_wave=has_wave)
    return _refine(scaled, t_s, start)


_Tails = tuple[tuple[float, ...], ...]


def _best_start(scaled: F64, t_s: F64, tails: _Tails, *, has_wave: bool) -> _Shape:
    first_s, sample_s = float(t_s[0]), float(t_s[1] - t_s[0])
    shapes, frames = _starts((first_s, sample_s, len(t_s)), tails, has_wave=has_wave)
    explained = np.square(np.einsum("gnk,n->gk", frames, scaled)).sum(axis=1)
    return shapes[int(np.argmax(explained))]


@lru_cache(maxsize=16)
def _starts(
    grid: tuple[float, float, int], tails: _Tails, *, has_wave: bool
) -> tuple[tuple[_Shape, ...], F64]:
    """Return shapes to begin with, and an orthonormal basis of each."""
    first_s, sample_s, n_rows = grid
    t_s: F64 = first_s + sample_s * np.arange(n_rows, dtype=np.float64)
    waves: _Tails = tuple(product(_LATENCIES_S, _WIDTHS_S)) if has_wave else ((),)
    shapes = tuple(_Shape(tail, wave) for tail, wave in product(tails, waves))
    return shapes, np.array([np.linalg.qr(shape.basis(t_s))[0] for shape in shapes])


def _refine(scaled: F64, t_s: F64, start: _Shape) -> _Fit:
    """Return the shape nearby that explains most."""
    n = len(start.tails_s)
    bounds = (_ONE_TAIL if n == 1 else _TWO_TAILS) + (_WAVE if start.wave_s else ())

    def shape_of(x: F64) -> _Shape:
        return _Shape(tuple(x[:n].tolist()), tuple(x[n:].tolist()))

    def left(x: F64) -> F64:
        frame, _ = np.linalg.qr(shape_of(x).basis(t_s))
        return np.asarray(scaled - frame @ (frame.T @ scaled))

    begin = np.array(start.tails_s + start.wave_s)
    found = least_squares(
        left,
        begin,
        bounds=([low for low, _ in bounds], [high for _, high in bounds]),
        x_scale=begin,
        max_nfev=_MAX_STEPS,
        ftol=_TOLERANCE,
        xtol=_TOLERANCE,
    )
    shape = shape_of(found.x)
    tail = (np.linalg.pinv(shape.basis(t_s)) @ scaled)[:n]
    is_tail = bool((tail >= 0).all() or (tail <= 0).all())
    return _Fit(shape, 2.0 * float(found.cost), is_tail)
