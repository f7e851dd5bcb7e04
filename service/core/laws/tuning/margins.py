"""How far a loop is from its limit of stability, as gain, phase and delay."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from service.core.laws.integral import IntegralLaw
from service.core.laws.pi import PiLaw
from service.core.laws.protocol import Law
from service.core.laws.run_to_run import RunToRunLaw
from service.core.laws.tuning.loop import LinearLaw, SampledLoop, Transfer
from service.core.laws.tuning.response import LinearResponse

#: An unexpected gain, as at the motor threshold, must not make the loop ring. A.
MIN_GAIN_MARGIN = 3.0
#: Customary lower bound for a damped loop. R.
MIN_PHASE_MARGIN_DEG = 45.0
#: EMG that stays away for this long is a fault anyway; less must not ring. A.
MIN_DELAY_MARGIN_S = 3.0

_GRID = 1200
_DECADES = 6.0
_DELAY_SCAN = 20
_BISECTIONS = 30


@dataclass(frozen=True, slots=True)
class Margins:
    """Margins of a sampled loop.

    Parameters
    ----------
    stable : bool
        Whether the closed loop settles. If not, the other numbers say how far the
        nearest crossing is, not that there is room.
    gain : float
        Factor on the gain at which it stops settling; infinity if never.
    phase_deg : float
        Phase to lose at the crossover; infinity without a crossover.
    delay_s : float
        Additional dead time at which it stops settling; infinity if never, 0 if it
        does not settle now.
    crossover_rad_s : float
        Highest frequency at which the loop gain is 1; NaN without one.
    """

    stable: bool
    gain: float
    phase_deg: float
    delay_s: float
    crossover_rad_s: float

    def shortfalls(self) -> tuple[str, ...]:
        """Return what is not enough.

        Returns
        -------
        tuple of str
            A sentence for each; empty when the loop may be used.
        """
        if not self.stable:
            return ("the loop does not settle",)
        found = []
        if self.gain < MIN_GAIN_MARGIN:
            found.append(f"gain margin {self.gain:.2f} is below {MIN_GAIN_MARGIN:g}")
        if self.phase_deg < MIN_PHASE_MARGIN_DEG:
            least = f"{MIN_PHASE_MARGIN_DEG:g}°"
            found.append(f"phase margin {self.phase_deg:.0f}° is below {least}")
        if self.delay_s < MIN_DELAY_MARGIN_S:
            least = f"{MIN_DELAY_MARGIN_S:g} s"
            found.append(f"delay margin {self.delay_s:.2f} s is below {least}")
        return tuple(found)


def linearise(law: Law[Any], law_period_s: float) -> LinearLaw:
    """Return a law as it acts away from its bounds.

    Parameters
    ----------
    law : Law
        Integral, PI or run-to-run.
    law_period_s : float
        Time between two steps; for run-to-run the length of a run.

    Returns
    -------
    LinearLaw
        Without dead bands, bounds and rates.

    Raises
    ------
    ValueError
        If the law has no linear form: its margins would mean nothing.
    """
    if isinstance(law, IntegralLaw):
        step = law.gain_ma_per_s_per_pct * law_period_s
        return LinearLaw(step, step, law_period_s)
    if isinstance(law, PiLaw):
        summed = law.gain_ma_per_pct * law_period_s / law.integral_s
        return LinearLaw(law.gain_ma_per_pct, summed, law_period_s)
    if isinstance(law, RunToRunLaw):
        step = law.correction / law.response_pct_mvc_per_ma
        return LinearLaw(step, step, law_period_s)
    msg = f"the law {law.kind} switches: it has no gain and phase margins"
    raise ValueError(msg)


def loop_of(
    law: Law[Any],
    response: LinearResponse,
    tone_period_s: float,
    law_period_s: float | None = None,
) -> SampledLoop:
    """Close a law around a response.

    Parameters
    ----------
    law : Law
        Integral, PI or run-to-run.
    response : LinearResponse
        The person.
    tone_period_s : float
        Time between two tones: a bout, or for run-to-run a run.
    law_period_s : float or None
        Time between two steps of the law; None means one for each tone.

    Returns
    -------
    SampledLoop
        For `margins`.
    """
    period_s = tone_period_s if law_period_s is None else law_period_s
    return SampledLoop(response, linearise(law, period_s), tone_period_s)


def margins(loop: SampledLoop) -> Margins:
    """Compute gain, phase and delay margin of a sampled loop.

    Parameters
    ----------
    loop : SampledLoop
        Response and law.

    Returns
    -------
    Margins
        Crossings are bracketed on a dense grid and refined to rounding. The delay
        margin is the first dead time, fractions of a period included, that uses up
        the phase margin of the loop with that dead time.
    """
    omega = _grid(loop.tone_period_s)
    left = _phases_left(loop, omega)
    phase = min((abs(phase) for _, phase in left), default=math.inf)
    crossover = max((w for w, _ in left), default=math.nan)
    stable = loop.stable()
    return Margins(
        stable=stable,
        gain=_gain_margin(loop, omega),
        phase_deg=math.degrees(phase),
        delay_s=_delay_margin(loop, omega, phase / crossover) if stable else 0.0,
        crossover_rad_s=crossover,
    )


def _grid(tone_period_s: float) -> NDArray[np.float64]:
    shares = np.concatenate(
        [np.logspace(-_DECADES, 0.0, _GRID), np.linspace(1.0 / _GRID, 1.0, _GRID)]
    )
    return np.unique(shares) * (math.pi / tone_period_s)


def _gain_margin(loop: SampledLoop, omega: NDArray[np.float64]) -> float:
    transfer = loop.open_loop()
    values = transfer(omega)
    # Only the crossing nearest to -1 counts: weaker ones need not be refined.
    outermost = np.where(values.real < 0, np.abs(values), 0.0)
    imaginary = np.where(outermost > 0.5 * _largest(values), values.imag, np.nan)
    at_axis = _crossings(omega, imaginary, lambda w: _at(transfer, w).imag)
    reals = [_at(transfer, w).real for w in at_axis]
    # At the Nyquist frequency the loop is real: a crossing without a change of sign.
    reals.append(float(values[-1].real))
    return min((-1.0 / real for real in reals if real < 0), default=math.inf)


def _largest(values: NDArray[np.complex128]) -> float:
    """Return the modulus at the outermost crossing of the negative axis."""
    imaginary = values.imag
    crosses = (imaginary[:-1] * imaginary[1:] < 0) & (values[:-1].real < 0)
    return float(np.abs(values[:-1][crosses]).max(initial=0.0))


def _phases_left(
    loop: SampledLoop, omega: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Return frequency and phase to lose, in radian, wherever the loop gain is 1."""
    transfer = loop.open_loop()
    size = np.log(np.abs(transfer(omega)))
    found = _crossings(omega, size, lambda w: math.log(abs(_at(transfer, w))))
    values = [(w, -_at(transfer, w)) for w in found]
    return [(w, math.atan2(value.imag, value.real)) for w, value in values]


def _at(transfer: Transfer, omega_rad_s: float) -> complex:
    return complex(transfer(np.array([omega_rad_s]))[0])


def _crossings(
    omega: NDArray[np.float64],
    values: NDArray[np.float64],
    of: Callable[[float], float],
) -> list[float]:
    sign = np.sign(values)
    found = []
    for i in np.flatnonzero(sign[:-1] * sign[1:] < 0):
        low, high = float(omega[i]), float(omega[i + 1])
        if of(low) * of(high) < 0:
            found.append(float(brentq(of, low, high, xtol=1e-14, rtol=1e-13)))
    return found


def _delay_margin(
    loop: SampledLoop, omega: NDArray[np.float64], guess_s: float
) -> float:
    if not math.isfinite(guess_s):
        return math.inf

    def settles(more_s: float) -> bool:
        left = _phases_left(loop.with_delay(more_s), omega)
        return all(phase > 0 for _, phase in left)

    # The guess is exact for a dead time that only shifts whole periods.
    later_s = np.linspace(0.0, 3.0 * guess_s, _DELAY_SCAN + 1)[1:].tolist()
    low_s = 0.0
    for high_s in later_s:
        if not settles(high_s):
            break
        low_s = high_s
    else:
        return low_s
    for _ in range(_BISECTIONS):
        middle_s = 0.5 * (low_s + high_s)
        if settles(middle_s):
            low_s = middle_s
        else:
            high_s = middle_s
    return low_s
