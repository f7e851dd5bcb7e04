"""From an estimate and the truth to one row of the table."""

from dataclasses import dataclass

import numpy as np

from bench.accuracy.methods import UPDATE_ROWS, Estimate
from bench.accuracy.mixtures import SCORED_FROM_S, Mixture
from bench.accuracy.signals import FS_HZ
from dsp.types import F64, Bools

#: An error of more than this that is not flagged is silent.
SILENT_PCT_MVC = 2.0
#: Errors are averaged over so long before the worst is taken: what a person would see.
WORST_S = 5.0
#: Success is judged at 0.5-5 %MVC: errors there are looked at window by window.
NEAR_PCT_MVC = 5.0
#: Every method may be late by up to so much; its delay is taken off before comparing.
MAX_DELAY_S = 0.6
DELAY_STEP_S = 0.01
#: Flagged for so much of the time, the whole row counts as flagged.
FLAGGED_SHARE = 0.5


@dataclass(frozen=True)
class Score:
    """Errors of one method on one mixture, while it believes itself.

    ``moments_share`` is how many of all single windows are off by more than
    `SILENT_PCT_MVC` and not flagged, ``largest_pct_mvc`` by how much the worst of them
    is, and ``near_pct_mvc`` the same where the truth is below `NEAR_PCT_MVC`, with its
    sign: above 0 the muscle seems tenser than it is.
    """

    mixture: str
    method: str
    bias_pct_mvc: float
    nrmse: float
    flagged: bool
    worst_pct_mvc: float
    flagged_share: float
    snr_db: float
    moments_share: float = 0.0
    largest_pct_mvc: float = 0.0
    near_pct_mvc: float = 0.0

    @property
    def silent(self) -> bool:
        """Whether the error is large and nothing says so."""
        large = max(abs(self.bias_pct_mvc), self.worst_pct_mvc) > SILENT_PCT_MVC
        return large and not self.flagged


def score(mixture: Mixture, method: str, estimate: Estimate) -> Score:
    """Compare with the truth at the delay that suits the method best."""
    scored = estimate.t_s > SCORED_FROM_S
    flagged = estimate.flagged[scored]
    share = float(flagged.mean())
    believed = ~flagged if share < 1.0 else np.ones(flagged.size, np.bool_)
    truth, error = aligned(mixture, estimate, believed)
    size = float(np.mean(np.square(error[believed])))
    unflagged = np.abs(error[~flagged])
    near = error[~flagged & (truth < NEAR_PCT_MVC)]
    n_off = int(np.count_nonzero(unflagged > SILENT_PCT_MVC))
    return Score(
        mixture=mixture.name,
        method=method,
        bias_pct_mvc=round(float(error[believed].mean()), 3),
        nrmse=round(float(np.sqrt(size / np.mean(np.square(truth[believed])))), 4),
        flagged=bool(share >= FLAGGED_SHARE),
        worst_pct_mvc=round(_worst(error, believed), 2),
        flagged_share=round(share, 3),
        snr_db=mixture.snr_db,
        moments_share=round(n_off / flagged.size, 4),
        largest_pct_mvc=round(float(unflagged.max(initial=0.0)), 2),
        near_pct_mvc=round(float(max(near, key=abs, default=0.0)), 2),
    )


def aligned(mixture: Mixture, estimate: Estimate, believed: Bools) -> tuple[F64, F64]:
    """Return truth and error at the delay that suits the method best."""
    scored = estimate.t_s > SCORED_FROM_S
    tension = np.nan_to_num(estimate.tension_pct[scored])
    t_s = estimate.t_s[scored]
    delays = np.arange(0.0, MAX_DELAY_S, DELAY_STEP_S)
    truths = [_truth_at(mixture.truth_pct, t_s - delay) for delay in delays]
    errors = [tension - truth for truth in truths]
    sizes = [float(np.mean(np.square(e[believed]))) for e in errors]
    best = int(np.argmin(sizes))
    return truths[best], errors[best]


def _truth_at(truth: F64, t_s: F64) -> F64:
    rows = np.clip(np.round(t_s * FS_HZ).astype(np.int64) - 1, 0, truth.size - 1)
    return truth[rows]


def _worst(error: F64, believed: Bools) -> float:
    """Return the largest mean error over `WORST_S` in which all was believed."""
    n = round(WORST_S * FS_HZ / UPDATE_ROWS)
    if error.size < n:
        return float(abs(error.mean()))
    kernel = np.ones(n)
    counted = np.convolve(believed, kernel, "valid")
    total = np.convolve(np.where(believed, error, 0.0), kernel, "valid")
    means = np.abs(total[counted >= n / 2] / counted[counted >= n / 2])
    return float(means.max()) if means.size else 0.0
