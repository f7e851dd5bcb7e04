"""How tone answers to the level, linearised: a gain, one or two lags, a dead time."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LinearResponse:
    """Response of tone to the level around a working point.

    Parameters
    ----------
    gain_pct_mvc_per_ma : float
        Change of tone per change of level; negative where stimulation relaxes.
    lags_s : tuple of float
        Time constants in series, at least one.
    delay_s : float
        Dead time, with the delay of the tension window in it.

    Raises
    ------
    ValueError
        If a number is not finite, a lag is not above 0 or the delay is below 0.
    """

    gain_pct_mvc_per_ma: float
    lags_s: tuple[float, ...]
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.gain_pct_mvc_per_ma, *self.lags_s, self.delay_s)
        if not all(math.isfinite(value) for value in numbers):
            msg = f"a response needs finite numbers, not {numbers}"
            raise ValueError(msg)
        if not self.lags_s or min(self.lags_s) <= 0 or self.delay_s < 0:
            msg = (
                "a response needs lags above 0 and a delay from 0, "
                f"not {self.lags_s} and {self.delay_s}"
            )
            raise ValueError(msg)

    @property
    def relaxes(self) -> bool:
        """Whether more stimulation means less tone."""
        return self.gain_pct_mvc_per_ma < 0

    def advance(self, dt_s: float) -> tuple[Matrix, Matrix]:
        """Return the exact step of the lags under an input that is held.

        Parameters
        ----------
        dt_s : float
            Length of the step.

        Returns
        -------
        transition : ndarray, shape (n_lags, n_lags)
            Of the states; the last state is the output, without delay.
        drive : ndarray, shape (n_lags, 1)
            Of the input in mA; the gain is in it, with its sign.
        """
        n_lags = len(self.lags_s)
        stepped = _stepped(self.gain_pct_mvc_per_ma, self.lags_s, dt_s)
        return stepped[:n_lags, :n_lags], stepped[:n_lags, n_lags:]


@lru_cache(maxsize=64)
def _stepped(gain: float, lags_s: tuple[float, ...], dt_s: float) -> Matrix:
    """Return the step with the held input as the last state; it is read-only."""
    n_lags = len(lags_s)
    block = np.zeros((n_lags + 1, n_lags + 1))
    for row, lag_s in enumerate(lags_s):
        block[row, row] = -1.0 / lag_s
        block[row, row - 1 if row else n_lags] = 1.0 / lag_s
    block[0, n_lags] *= gain
    stepped: Matrix = expm(block * dt_s)
    stepped.setflags(write=False)
    return stepped
