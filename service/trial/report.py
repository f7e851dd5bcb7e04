"""A trial's report: one JSON line, or tables for people."""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from service.trial.ledger import fingerprint
from service.trial.outcome import Group, groups, summarise
from service.trial.plan import BOOTSTRAP, TrialParams
from service.trial.result import Result

COLUMNS = (
    ("cohort", "cohort", 22),
    ("arm", "name", 12),
    ("n", "n", 4),
    ("reached", "reached_fraction", 8),
    ("of treatable", "reached_of_treatable", 13),
    ("to threshold s", "time", 14),
    ("dose", "dose", 15),
    ("of naive", "dose_to_naive_median", 9),
    ("peak/base p95", "peak_tone_ratio_p95", 14),
    ("at cap s", "longest_at_cap_s", 9),
    ("limits left", "limit_violations", 12),
    ("false relaxed", "false_relaxed_fraction", 14),
)


@dataclass(frozen=True, slots=True)
class TrialReport:
    """Results in the order of the plan, whoever worked them out."""

    params: TrialParams
    results: tuple[Result, ...]

    def groups(self) -> list[Group]:
        """Return the groups in the order of cohorts and arms, not of who came first."""
        cohorts, arms = list(self.params.cohorts), list(self.params.arms())
        return sorted(
            groups(self.results),
            key=lambda one: (cohorts.index(one.cohort), arms.index(one.arm)),
        )

    def to_data(self) -> dict[str, Any]:
        """Return everything that was found, and what it depends on."""
        parameters = self.params.to_data()
        seeds = np.random.SeedSequence(self.params.seed).spawn(BOOTSTRAP + 1)
        rng = np.random.default_rng(seeds[BOOTSTRAP])
        return {
            "arms": [summarise(group, rng) for group in self.groups()],
            "program": parameters["program"]["name"],
            "design": "crossover" if self.params.crossover else "parallel",
            "cohorts": list(self.params.cohorts),
            "subjects": self.params.subjects,
            "seed": self.params.seed,
            "fingerprint": fingerprint(parameters),
            "parameters": parameters,
            "violations": [
                {"cohort": r.cohort, "subject": r.subject, "arm": r.arm, "what": what}
                for r in self.results
                for what in r.violations
            ],
            "versions": versions(),
        }

    def to_json(self) -> str:
        """Return one line."""
        return json.dumps(self.to_data(), allow_nan=False)

    def to_text(self) -> str:
        """Return a table of outcomes, and the flow of subjects under it."""
        data = self.to_data()
        rows = [
            " ".join(f"{title:>{width}}" for title, _, width in COLUMNS),
            *(_row(arm) for arm in data["arms"]),
            "",
            *(_flow_line(arm) for arm in data["arms"]),
        ]
        found = data["violations"]
        rows += [
            "{cohort}/{subject}/{arm}: {what}".format(**violation)
            for violation in found
        ]
        design = f"{data['program']}, {data['design']}, seed {data['seed']}"
        return "\n".join([design, *rows])


def versions() -> dict[str, str]:
    """Return what computed the results."""
    found = {"python": platform.python_version()}
    for name in ("unclench", "numpy", "scipy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _row(arm: dict[str, Any]) -> str:
    dose = _cell(arm["dose_median"])
    shown = {
        **arm,
        "time": arm["time_to_threshold_s"]["median"],
        "dose": f"{dose} {arm['unit']} s" if arm["unit"] else dose,
    }
    return " ".join(f"{_cell(shown[key]):>{width}}" for _, key, width in COLUMNS)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _flow_line(arm: dict[str, Any]) -> str:
    flow = arm["flow"]
    parts = [f"{flow[key]} {key}" for key in ("assessed", "randomised", "completed")]
    for key in ("not_randomised", "stopped_by_guard", "failed"):
        parts += _told(key.replace("_", " "), flow[key])
    for key in ("outcomes", "findings", "counts"):
        parts += [f"{n} {word.replace('_', ' ')}" for word, n in arm[key].items()]
    return f"{arm['cohort']}, {arm['name']}: " + "; ".join(parts)


def _told(what: str, reasons: dict[str, int]) -> Sequence[str]:
    return [f"{n} {what} ({why})" for why, n in reasons.items()]
