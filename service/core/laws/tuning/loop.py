"""The sampled loop: tone arrives once per bout, the law steps faster, nothing is lost.

Between two tones the law goes on with the one that it has. The step of plant and law
over that time is computed exactly, so are dead times that are no multiple of it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.core.laws.tuning.response import LinearResponse, Matrix

Transfer = Callable[[NDArray[np.float64]], NDArray[np.complex128]]

#: Dead times closer than this to a multiple of the period count as one.
PHASE_EPSILON = 1e-9
#: A closed loop with poles inside by less is at the limit, not stable.
POLE_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class LinearLaw:
    """A law away from its bounds: ``level += immediate e`` and an integral.

    Parameters
    ----------
    immediate_ma_per_pct : float
        What one step adds to the level for this step's excess alone or at once.
    summed_ma_per_pct : float
        What one step adds for all later steps.
    period_s : float
        Time between two steps of the law.
    """

    immediate_ma_per_pct: float
    summed_ma_per_pct: float
    period_s: float


@dataclass(frozen=True, slots=True)
class SampledLoop:
    """A response under a law that sees a new tone every so often.

    Parameters
    ----------
    response : LinearResponse
        The person. Only the size of its gain counts: feedback is taken as negative.
    law : LinearLaw
        The law.
    tone_period_s : float
        Time between two tones, a whole number of steps of the law.

    Raises
    ------
    ValueError
        If the periods do not fit.
    """

    response: LinearResponse
    law: LinearLaw
    tone_period_s: float

    def __post_init__(self) -> None:
        steps = self.tone_period_s / self.law.period_s
        if steps < 1 - PHASE_EPSILON or abs(steps - round(steps)) > 1e-6:  # noqa: PLR2004
            msg = (
                f"the tone period {self.tone_period_s:g} s must be a whole number of "
                f"law periods of {self.law.period_s:g} s"
            )
            raise ValueError(msg)

    def with_gain(self, factor: float) -> "SampledLoop":
        """Return the loop with a response that is stronger by a factor.

        Parameters
        ----------
        factor : float
            At least 0.

        Returns
        -------
        SampledLoop
            The same but for the gain.
        """
        gain = self.response.gain_pct_mvc_per_ma * factor
        response = replace(self.response, gain_pct_mvc_per_ma=gain)
        return replace(self, response=response)

    def with_delay(self, more_s: float) -> "SampledLoop":
        """Return the loop with a response that comes later.

        Parameters
        ----------
        more_s : float
            Additional dead time.

        Returns
        -------
        SampledLoop
            The same but for the dead time.
        """
        delay_s = self.response.delay_s + more_s
        return replace(self, response=replace(self.response, delay_s=delay_s))

    def open_loop(self) -> Transfer:
        """Return the open loop from excess to the fall of tone.

        Returns
        -------
        callable
            From angular frequencies in rad/s, shape (n,), above 0 and up to the
            Nyquist frequency of the tone, to complex gains, shape (n,). The closed
            loop is at its limit where the gain is -1.
        """
        whole, rest_s = self._split_delay()
        transition, drive = self._advance(self.tone_period_s)
        look, direct = self._look(rest_s)
        chain = whole + (rest_s > 0)

        def transfer(omega_rad_s: NDArray[np.float64]) -> NDArray[np.complex128]:
            z = np.exp(1j * omega_rad_s * self.tone_period_s)
            states = _driven(transition, drive, z)
            seen = sum((look[0, i] * x for i, x in enumerate(states)), direct)
            return np.asarray(seen * z ** (-chain), np.complex128)

        return transfer

    def radius(self) -> float:
        """Return the largest modulus of the poles of the closed loop.

        Returns
        -------
        float
            Below 1 is stable.
        """
        whole, rest_s = self._split_delay()
        transition, drive = self._advance(self.tone_period_s)
        look, direct = self._look(rest_s)
        n_states, chain = len(transition), whole + (rest_s > 0)
        closed = np.zeros((n_states + chain, n_states + chain))
        closed[:n_states, :n_states] = transition
        if not chain:
            closed -= drive @ look
        else:
            # The delay line shifts by one; its last cell is the tone that is fed back.
            closed[n_states, :n_states] = look
            closed[n_states, -1] -= direct
            rows = np.arange(n_states + 1, n_states + chain)
            closed[rows, rows - 1] = 1.0
            closed[:n_states, -1] -= drive[:, 0]
        return float(np.abs(np.linalg.eigvals(closed)).max())

    def stable(self) -> bool:
        """Return whether the closed loop settles.

        Returns
        -------
        bool
            True when every pole lies inside of the unit circle.
        """
        return self.radius() < 1.0 - POLE_EPSILON

    def _split_delay(self) -> tuple[int, float]:
        periods = self.response.delay_s / self.tone_period_s
        whole = math.floor(periods + PHASE_EPSILON)
        rest = periods - whole
        return whole, rest * self.tone_period_s if rest > PHASE_EPSILON else 0.0

    def _look(self, rest_s: float) -> tuple[Matrix, float]:
        """Return what is seen of the states (and of the input) ``rest_s`` late."""
        n_lags = len(self.response.lags_s)
        read = np.zeros((1, n_lags + 1))
        read[0, n_lags - 1] = 1.0
        if rest_s == 0.0:
            return read, 0.0
        transition, drive = self._advance(self.tone_period_s - rest_s)
        return read @ transition, float((read @ drive)[0, 0])

    def _advance(self, time_s: float) -> tuple[Matrix, Matrix]:
        """Return the step of lags and law over a time with the excess held."""
        steps = math.floor(time_s / self.law.period_s + PHASE_EPSILON)
        rest_s = time_s - steps * self.law.period_s
        size = len(self.response.lags_s) + 2
        whole = _joined(*self._law_step(self.law.period_s))
        total = np.linalg.matrix_power(whole, steps)
        if rest_s > PHASE_EPSILON * self.law.period_s:
            total = _joined(*self._law_step(rest_s)) @ total
        return total[: size - 1, : size - 1], total[: size - 1, size - 1 :]

    def _law_step(self, dt_s: float) -> tuple[Matrix, Matrix]:
        response = self.response
        size = abs(response.gain_pct_mvc_per_ma)
        lagged, push = replace(response, gain_pct_mvc_per_ma=size).advance(dt_s)
        n_lags = len(response.lags_s)
        transition = np.eye(n_lags + 1)
        transition[:n_lags, :n_lags] = lagged
        transition[:n_lags, n_lags:] = push
        drive = np.zeros((n_lags + 1, 1))
        drive[:n_lags] = push * self.law.immediate_ma_per_pct
        drive[n_lags] = self.law.summed_ma_per_pct
        return transition, drive


def _joined(transition: Matrix, drive: Matrix) -> Matrix:
    """Return the step with the held input as one more state."""
    bottom = np.zeros((1, len(transition) + 1))
    bottom[0, -1] = 1.0
    return np.vstack([np.hstack([transition, drive]), bottom])


def _driven(
    transition: Matrix, drive: Matrix, z: NDArray[np.complex128]
) -> list[NDArray[np.complex128]]:
    """Return each state over the input at ``z``, by substitution.

    The lags are a chain and the law comes before all of them, so each state depends on
    itself, on earlier lags, and on the law, which is the last state.
    """
    n_lags = len(transition) - 1
    law = drive[n_lags, 0] / (z - transition[n_lags, n_lags])
    states: list[NDArray[np.complex128]] = []
    for row in range(n_lags):
        driven = transition[row, n_lags] * law + drive[row, 0]
        for column, state in enumerate(states):
            driven = driven + transition[row, column] * state
        states.append(driven / (z - transition[row, row]))
    return [*states, law]
