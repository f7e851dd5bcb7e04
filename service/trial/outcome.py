"""What became of the subjects of each arm, with confidence intervals."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.core.actuators import ACTUATORS
from service.core.model import Outcome
from service.core.plans import Modality
from service.core.release import ALL_DONE, NO_GAIN, RELAXED
from service.core.treatment import TIME_IS_OVER, WEANED
from service.trial.result import Result
from service.trial.statistics import median_interval, percentile, wilson

P10, P50, P90, P95 = 10, 50, 90, 95

#: A treatment that is over for one of these has run as planned.
COMPLETED_REASONS = frozenset(
    {
        WEANED,
        "relaxed off the mat",
        "relaxed without contact",
        "relaxed without feedback",
        "the contact time of the row is used up",
        RELAXED,
        ALL_DONE,
        NO_GAIN,
        TIME_IS_OVER,
    }
)
RELAPSED = "relapsed"
#: Endings by a guard on the response, of sessions that neither failed nor completed.
GUARDED = frozenset({Outcome.ADVERSE.value, Outcome.NOT_REACHED.value})


@dataclass(frozen=True, slots=True)
class Group:
    """Results of one cohort in one arm."""

    cohort: str
    arm: str
    results: tuple[Result, ...]

    @property
    def treated(self) -> list[Result]:
        """Those whose treatment began."""
        return [one for one in self.results if one.randomised]


def groups(results: Sequence[Result]) -> list[Group]:
    """Sort results into groups, in the order in which they come."""
    found: dict[tuple[str, str], list[Result]] = {}
    for one in results:
        found.setdefault((one.cohort, one.arm), []).append(one)
    return [Group(cohort, arm, tuple(own)) for (cohort, arm), own in found.items()]


def summarise(group: Group, rng: np.random.Generator) -> dict[str, Any]:
    """Return the row of one group as JSON can hold it; unknown values are None."""
    treated = group.treated
    # An observation has nothing to reach.
    n_aimed = sum(one.stop != Outcome.OBSERVED for one in treated)
    reached = [one.reached_s for one in treated if one.reached_s is not None]
    doses = [one.dose for one in treated]
    unit = next((one.unit for one in treated), "")
    is_electrical = unit == ACTUATORS[Modality.EMS].unit
    ratios = [r.peak_tone_ratio for r in treated if r.peak_tone_ratio is not None]
    shares = [one.dose / one.naive_dose for one in treated if one.naive_dose]
    left = [r.residual_amplitude for r in treated if r.residual_amplitude is not None]
    judged = any(one.treatable is not None for one in treated)
    treatable = [one for one in treated if one.treatable]
    n_treated_well = sum(one.reached_s is not None for one in treatable)
    kept = sum(one.stop == Outcome.REACHED for one in treated)
    return {
        "cohort": group.cohort,
        "name": group.arm,
        "n": len(treated),
        "reached_fraction": len(reached) / n_aimed if n_aimed else None,
        "reached_fraction_ci95": wilson(len(reached), n_aimed),
        "n_treatable": len(treatable) if judged else None,
        "reached_of_treatable": (
            n_treated_well / len(treatable) if treatable else None
        ),
        "reached_of_treatable_ci95": wilson(n_treated_well, len(treatable)),
        "kept_fraction": kept / n_aimed if n_aimed else None,
        "kept_fraction_ci95": wilson(kept, n_aimed),
        "time_to_threshold_s": _spread(reached, rng),
        "treatment_s": _spread([one.treated_s for one in treated], rng),
        "unit": unit or None,
        "dose_median": percentile(doses, P50) if unit else None,
        "dose_median_ci95": median_interval(doses, rng) if unit else None,
        "dose_ma_s_median": percentile(doses, P50) if is_electrical else None,
        "dose_to_naive_median": percentile(shares, P50),
        "dose_to_naive_max": max(shares, default=None),
        "peak_amplitude_median": (
            percentile([one.peak_amplitude for one in treated], P50) if unit else None
        ),
        "residual_amplitude_median": percentile(left, P50),
        "peak_tone_ratio_p95": percentile(ratios, P95),
        **_safety(treated),
        **_truthfulness(treated),
        "outcomes": _tally(one.stop for one in treated),
        "findings": _tally(one.finding for one in treated if one.finding),
        "counts": _totals(treated),
        "flow": flow(group.results),
    }


def _tally(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _totals(treated: Sequence[Result]) -> dict[str, int]:
    """Return the sum of what each session counted."""
    found: Counter[str] = Counter()
    for one in treated:
        found.update(one.counts)
    return dict(sorted(found.items()))


def _safety(treated: Sequence[Result]) -> dict[str, Any]:
    zero_after = [
        one.zero_after_sign_s for one in treated if one.zero_after_sign_s is not None
    ]
    return {
        "longest_at_cap_s": max((one.at_cap_s for one in treated), default=None),
        "adverse_signs": sum(one.sign_s is not None for one in treated),
        "zero_after_sign_s_max": max(zero_after, default=None),
        "strikes": sum(one.strikes for one in treated),
        "relapses": sum(one.relapses for one in treated),
        "limit_violations": sum(len(one.violations) for one in treated),
    }


def _truthfulness(treated: Sequence[Result]) -> dict[str, Any]:
    """Return how often the session was wrong about a muscle being relaxed."""
    updates = sum(one.updates for one in treated)
    measured = sum(one.measured_updates for one in treated)
    return {
        "updates": updates,
        "false_relaxed_fraction": _share(treated, "false_relaxed", updates),
        "grossly_false_relaxed_fraction": _share(
            treated, "grossly_false_relaxed", updates
        ),
        "measured_false_relaxed_fraction": _share(
            treated, "measured_false_relaxed", measured
        ),
        "missed_relaxed_fraction": _share(treated, "missed_relaxed", updates),
    }


def flow(results: Sequence[Result]) -> dict[str, Any]:
    """Return how many came how far, and why they came no further."""
    ended = [one for one in results if one.randomised]
    completed = [one for one in ended if _is_completed(one)]
    guarded = [one for one in ended if one.stop in GUARDED and not _is_completed(one)]
    failed = [one for one in ended if not _is_completed(one) and one not in guarded]
    return {
        "assessed": len(results),
        "not_randomised": _reasons([one for one in results if not one.randomised]),
        "randomised": len(ended),
        "completed": len(completed),
        "stopped_by_guard": _reasons(guarded),
        "failed": _reasons(failed),
    }


def _is_completed(one: Result) -> bool:
    if one.stop == Outcome.OBSERVED:
        return True
    return one.stop in {Outcome.REACHED, Outcome.NOT_REACHED} and (
        one.reason in COMPLETED_REASONS or one.reason == RELAPSED
    )


def _reasons(results: Sequence[Result]) -> dict[str, int]:
    return _tally(one.reason for one in results)


def _share(results: Sequence[Result], name: str, updates: int) -> float | None:
    if not updates:
        return None
    return sum(int(getattr(one, name)) for one in results) / updates


def _spread(values: Sequence[float], rng: np.random.Generator) -> dict[str, Any]:
    return {
        "n": len(values),
        "median": percentile(values, P50),
        "median_ci95": median_interval(values, rng),
        "p10": percentile(values, P10),
        "p90": percentile(values, P90),
    }
