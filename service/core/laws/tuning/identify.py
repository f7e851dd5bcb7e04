"""Identify a first-order response with dead time from a short identification bout.

The level is moved up and down again; tone is measured without stimulation, so samples
come in groups and need not be evenly spaced. For every pair of lag and dead time the
model is linear in the rest, which least squares solves exactly; only the pair is
searched. A slow drift of tone is part of the model: a person who relaxes by lying down
must not be taken for a responder.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from service.core.laws.tuning.response import LinearResponse, Matrix

#: Fewer tones cannot carry five parameters. A.
MIN_TONES = 15
#: The level must move by at least this much to be felt. A.
MIN_STEP_MA = 1.0
#: Share of the variance (beside drift) that the response must explain. A.
MIN_EXPLAINED = 0.5
#: The gain must be this many of its standard errors away from zero. A.
MIN_GAIN_ERRORS = 3.0
#: The lag may be uncertain by at most this share of itself. A.
MAX_LAG_ERROR = 0.75
#: Longest dead time that is searched: afferent delay, window and one bout. A.
MAX_DELAY_S = 12.0
#: Shortest lag that is searched; anything faster is at once for a loop of bouts. A.
MIN_LAG_S = 0.2

#: A dead time that ends between two groups of tones changes none of them: it has no
#: slope in mA per second, and costs no certainty.
FLAT_PER_S = 1e-9
#: Below this ratio of singular values the parameters are one and the same.
MIN_CONDITION = 1e-6

_LAGS = 24
_DELAYS = 25
_PARAMETERS = 5


@dataclass(frozen=True, slots=True)
class Identified:
    """A response that fits.

    Parameters
    ----------
    response : LinearResponse
        First order with dead time.
    gain_error_pct_mvc_per_ma, lag_error_s : float
        Standard errors, widened for tones that resemble their neighbours.
    explained : float
        Share of the variance beside drift that the response explains.
    residual_pct_mvc : float
        Standard deviation of what is left.
    """

    response: LinearResponse
    gain_error_pct_mvc_per_ma: float
    lag_error_s: float
    explained: float
    residual_pct_mvc: float


@dataclass(frozen=True, slots=True)
class NotIdentified:
    """A refusal.

    Parameters
    ----------
    reason : str
        What is wrong with the data or the fit, and what to do.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class IdentificationBout:
    """What was applied and what was measured.

    Parameters
    ----------
    change_t_s, level_ma : ndarray, shape (n_changes,)
        The level from each of these times on; the first holds for all time before.
    tone_t_s, tone_pct_mvc : ndarray, shape (n_tones,)
        Tone measured without stimulation.
    """

    change_t_s: NDArray[np.float64]
    level_ma: NDArray[np.float64]
    tone_t_s: NDArray[np.float64]
    tone_pct_mvc: NDArray[np.float64]

    def trouble(self) -> str | None:
        """Return why this cannot be fitted at all.

        Returns
        -------
        str or None
            None when it can.
        """
        arrays = (self.change_t_s, self.level_ma, self.tone_t_s, self.tone_pct_mvc)
        if any(array.ndim != 1 or not np.isfinite(array).all() for array in arrays):
            return "times, levels and tones must be finite and one-dimensional"
        if self.change_t_s.size != self.level_ma.size or self.level_ma.size == 0:
            return "every change of the level needs a time and a level"
        if self.tone_t_s.size != self.tone_pct_mvc.size:
            return "every tone needs a time"
        if self.tone_t_s.size < MIN_TONES:
            return (
                f"{self.tone_t_s.size} tones are too few; measure {MIN_TONES} or more"
            )
        if any((np.diff(t) < 0).any() for t in (self.change_t_s, self.tone_t_s)):
            return "times must not decrease"
        if np.ptp(self.level_ma) < MIN_STEP_MA:
            return (
                f"the level moved by {np.ptp(self.level_ma):.2g} mA; "
                f"move it by {MIN_STEP_MA:g} mA or more"
            )
        if np.ptp(self.tone_pct_mvc) == 0:
            return "the tone did not change at all; is the electrode connected?"
        return None


def identify(bout: IdentificationBout) -> Identified | NotIdentified:
    """Fit gain, lag and dead time.

    Parameters
    ----------
    bout : IdentificationBout
        What was applied and measured. Best a doublet: up, wait, down, wait.

    Returns
    -------
    Identified or NotIdentified
        A refusal names its reason.
    """
    trouble = bout.trouble()
    if trouble is not None:
        return NotIdentified(trouble)
    span_s = float(np.ptp(bout.tone_t_s))
    lag_s, delay_s = _search(bout, span_s)
    columns = _columns(bout, lag_s, delay_s)
    weights, left = _solve(columns, bout.tone_pct_mvc)
    drift_only = _solve(columns[:, 1:], bout.tone_pct_mvc)[1]
    explained = 1.0 - _power(left) / max(_power(drift_only), 1e-300)
    errors = _standard_errors(bout, (lag_s, delay_s), float(weights[0]), left)
    if errors is None:
        return NotIdentified(
            "response and drift cannot be told apart; move the level up and down again"
        )
    found = Identified(
        response=LinearResponse(float(weights[0]), (lag_s,), delay_s),
        gain_error_pct_mvc_per_ma=errors[0],
        lag_error_s=errors[1],
        explained=explained,
        residual_pct_mvc=math.sqrt(_power(left) / (left.size - _PARAMETERS)),
    )
    refusal = _refusal(found, span_s)
    return found if refusal is None else NotIdentified(refusal)


def _refusal(found: Identified, span_s: float) -> str | None:
    gain, (lag_s,) = found.response.gain_pct_mvc_per_ma, found.response.lags_s
    if found.explained < MIN_EXPLAINED:
        return (
            f"the response explains {100 * found.explained:.0f} % of the changes of "
            f"tone, at least {100 * MIN_EXPLAINED:.0f} % are needed; use a larger step "
            "or a longer bout"
        )
    if abs(gain) < MIN_GAIN_ERRORS * found.gain_error_pct_mvc_per_ma:
        return (
            f"a gain of {gain:.2g} ± {found.gain_error_pct_mvc_per_ma:.2g} %MVC/mA "
            "cannot be told from none; use a larger step or a longer bout"
        )
    if lag_s > 0.9 * span_s or found.lag_error_s > max(
        MAX_LAG_ERROR * lag_s, MIN_LAG_S
    ):
        return (
            f"a lag of {lag_s:.2g} ± {found.lag_error_s:.2g} s is not resolved; "
            "use a longer bout"
        )
    return None


def _search(bout: IdentificationBout, span_s: float) -> tuple[float, float]:
    longest_s = min(MAX_DELAY_S, 0.5 * span_s)
    lags = np.geomspace(MIN_LAG_S, max(span_s, 2 * MIN_LAG_S), _LAGS)
    delays = np.linspace(0.0, longest_s, _DELAYS)

    def misfit(pair: NDArray[np.float64]) -> float:
        lag_s = math.exp(min(max(pair[0], math.log(lags[0])), math.log(lags[-1])))
        delay_s = min(max(float(pair[1]), 0.0), longest_s)
        columns = _columns(bout, lag_s, delay_s)
        return _power(_solve(columns, bout.tone_pct_mvc)[1])

    grid = [(math.log(lag), float(delay)) for lag in lags for delay in delays]
    start = min(grid, key=lambda pair: misfit(np.array(pair)))
    best = minimize(
        misfit,
        np.array(start),
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-12, "maxiter": 400},
    ).x
    lag_s = float(np.clip(np.exp(best[0]), lags[0], lags[-1]))
    return lag_s, float(np.clip(best[1], 0.0, longest_s))


def _columns(bout: IdentificationBout, lag_s: float, delay_s: float) -> Matrix:
    """Return the lagged level (mA), ones, and time, for each tone."""
    steps_ma = np.diff(bout.level_ma)
    elapsed_s = bout.tone_t_s[:, None] - bout.change_t_s[None, 1:] - delay_s
    answered = -np.expm1(-np.maximum(elapsed_s, 0.0) / lag_s)
    lagged_ma = bout.level_ma[0] + answered @ steps_ma
    t_s = bout.tone_t_s - bout.tone_t_s.mean()
    scale_s = max(float(np.ptp(t_s)), 1e-9)
    return np.column_stack([lagged_ma, np.ones(t_s.size), t_s / scale_s])


def _solve(columns: Matrix, tones: Matrix) -> tuple[Matrix, Matrix]:
    weights = np.asarray(np.linalg.lstsq(columns, tones, rcond=None)[0], np.float64)
    return weights, tones - columns @ weights


def _power(left: Matrix) -> float:
    return float(left @ left)


def _standard_errors(
    bout: IdentificationBout, pair: tuple[float, float], gain: float, left: Matrix
) -> tuple[float, float] | None:
    """Return the errors of gain and lag; None where the data leave them open."""
    lag_s, delay_s = pair
    columns = _columns(bout, lag_s, delay_s)
    nudge_s = 1e-4 * lag_s
    by_lag = (_columns(bout, lag_s + nudge_s, delay_s) - columns)[:, 0] / nudge_s
    by_delay = (_columns(bout, lag_s, delay_s + nudge_s) - columns)[:, 0] / nudge_s
    used = np.column_stack([columns, gain * by_lag])
    if np.abs(by_delay).max() > FLAT_PER_S:
        used = np.column_stack([used, gain * by_delay])
    sizes = np.linalg.norm(used, axis=0)
    if sizes.min() == 0.0:
        return None
    _, singular, basis = np.linalg.svd(used / sizes, full_matrices=False)
    if singular[-1] < MIN_CONDITION * singular[0]:
        return None
    variance = _power(left) / (left.size - _PARAMETERS) * _redundancy(left)
    spread = np.sqrt(variance * ((basis / singular[:, None]) ** 2).sum(axis=0)) / sizes
    return float(spread[0]), float(spread[3])


def _redundancy(left: Matrix) -> float:
    """Return how many neighbouring tones say the same, as an AR(1) process."""
    power = _power(left)
    if power <= 0:
        return 1.0
    alike = min(max(float(left[1:] @ left[:-1]) / power, 0.0), 0.95)
    return (1.0 + alike) / (1.0 - alike)
