"""What a contraction was worth: its best window, whether it counts, and if not, why."""

import math
import statistics
from dataclasses import dataclass

import numpy as np

from dsp.normalise import MAX_SPREAD, Trials, judge_trials
from service.core.program import CalibrationPlan

#: Contraction to noise ratio below which there was none: 20 dB for a maximal one...
MIN_MVC_RATIO = 10.0  # A: assumption
#: ... and 10 dB for a submaximal one.
MIN_RVC_RATIO = 3.0  # A: assumption

_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one trial came to.

    Parameters
    ----------
    number : int
        Counts from 1.
    achieved_uv : float
        Noise-corrected RMS in microvolt; NaN if nothing was recorded.
    rejected : str
        Why it does not count, a sentence for the operator; empty if it counts.
    """

    number: int
    achieved_uv: float
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all trials so far came to.

    Parameters
    ----------
    verdicts : tuple of Verdict
        One per trial.
    reference_uv : float
        Noise-corrected level in microvolt: the largest of the maximal contractions that
        count, or the mean of the submaximal ones; NaN if none does.
    spread : float
        By how much the best two that count differ, as a share; NaN for fewer.
    """

    verdicts: tuple[Verdict, ...]
    reference_uv: float
    spread: float

    @property
    def n_counted(self) -> int:
        """How many trials count."""
        return sum(not verdict.rejected for verdict in self.verdicts)

    @property
    def complaint(self) -> str:
        """What is wrong with the best two taken together; empty if nothing is."""
        if not self.spread > MAX_SPREAD:
            return ""
        return (
            f"the best two contractions differ by {_PERCENT * self.spread:.0f} %, "
            f"expected at most {_PERCENT * MAX_SPREAD:.0f} %"
        )


def judge(
    trials_uv: tuple[tuple[float, ...], ...], noise_uv: float, plan: CalibrationPlan
) -> Judgement:
    """Judge the trials of a calibration together.

    Parameters
    ----------
    trials_uv : tuple of tuple of float
        Short-window RMS values of each trial in microvolt, noise included.
    noise_uv : float
        Noise floor in microvolt.
    plan : CalibrationPlan
        Says which contraction was asked for.

    Returns
    -------
    Judgement
        A maximal contraction is its best window, a submaximal one its median; see
        `dsp.normalise.judge_trials` for outliers.
    """
    submaximal = plan.reference == "rvc"
    ratio = MIN_RVC_RATIO if submaximal else MIN_MVC_RATIO
    # Maximal: the best window. Submaximal: what was held for half of the time.
    levels = [_level(values, submaximal=submaximal) for values in trials_uv]
    weak = [not level >= ratio * noise_uv for level in levels]
    seen = [
        np.array([math.nan if w else level])
        for level, w in zip(levels, weak, strict=True)
    ]
    trials = judge_trials(seen, noise_uv)
    verdicts = tuple(
        Verdict(
            k + 1, _without(levels[k], noise_uv), _why(trials, k, levels[k], noise_uv)
        )
        for k in range(len(levels))
    )
    counted = sorted(v.achieved_uv for v in verdicts if not v.rejected)
    reference = trials.reference_uv
    if submaximal and counted:
        reference = statistics.fmean(counted)
    spread = 1.0 - counted[-2] / counted[-1] if len(counted) > 1 else math.nan
    return Judgement(verdicts, reference, spread)


def _level(values_uv: tuple[float, ...], *, submaximal: bool) -> float:
    if not values_uv:
        return math.nan
    return statistics.median(values_uv) if submaximal else max(values_uv)


def _without(level_uv: float, noise_uv: float) -> float:
    return math.sqrt(max(0.0, level_uv**2 - noise_uv**2))


def _why(trials: Trials, k: int, level_uv: float, noise_uv: float) -> str:
    if trials.used[k]:
        return ""
    if math.isnan(level_uv):
        return (
            "nothing was recorded: begin with the prompt, hold on to its end, and keep "
            "cables from moving"
        )
    if math.isnan(trials.best_uv[k]):
        return (
            f"no contraction was seen: {level_uv:.1f} µV over a rest of "
            f"{noise_uv:.1f} µV"
        )
    middle = float(np.nanmedian(trials.best_uv))
    return (
        f"{trials.best_uv[k]:.0f} µV is far from the median of all trials, "
        f"{middle:.0f} µV"
    )
