"""The trials that the comparison consists of, by the command that anybody can use."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.trial.arms import NAIVE, NAIVE_OPEN_LOOP
from service.trial.plan import TrialParams
from service.trial.result import Result
from service.trial.trial import Work, run_trial

PROGRAM = Path("bench") / "ordering" / "program.toml"
ROOT = Path(__file__).parents[2]
TREATMENT_S = 600.0

GUARDED, STEP = "integral", "dead_band"
RESPONDERS, WEAK = "responder-spasm", "weak-spasm"
ADVERSE, ADVERSE_TONIC = "adverse-ems-spasm", "adverse-ems-tonic"

Cells = Mapping[tuple[str, str], Mapping[int, Result]]
"""Treated people of a cohort in an arm, by number: the same number is one person."""


@dataclass(frozen=True, slots=True)
class Part:
    """One trial: which cohorts go through which arms."""

    name: str
    cohorts: tuple[str, ...]
    controllers: tuple[str, ...]
    comparators: tuple[str, ...]

    def params(self, subjects: int, seed: int) -> TrialParams:
        """Return what the trial depends on."""
        return TrialParams(
            str(ROOT / PROGRAM),
            self.cohorts,
            subjects,
            seed,
            controllers=self.controllers,
            comparators=self.comparators,
            crossover=True,
            treatment_s=TREATMENT_S,
            within_tolerance=True,
        )

    def command(self, subjects: int, seed: int) -> str:
        """Return the command that does the same."""
        words = [
            f"unclench trial --program {PROGRAM.as_posix()}",
            *(f"--cohort {name}" for name in self.cohorts),
            f"--subjects {subjects} --seed {seed}",
            *(f"--controller {name}" for name in self.controllers),
            *(f"--comparator {name}" for name in self.comparators),
            f"--crossover --within-tolerance --treatment {TREATMENT_S:g}",
        ]
        return " \\\n    ".join(words)


#: All arms where something can be reached, and what guards are for everywhere else.
PARTS = (
    Part("responders", (RESPONDERS,), (GUARDED, STEP), (NAIVE_OPEN_LOOP, NAIVE)),
    Part("others", (WEAK, ADVERSE, ADVERSE_TONIC), (GUARDED,), (NAIVE,)),
)


def run(subjects: int, seed: int, workers: int, out: Path | None) -> Cells:
    """Live through whatever is not in ``out`` yet."""
    found: list[Result] = []
    for part in PARTS:
        work = Work(workers, out=out / part.name if out else None)
        found += run_trial(part.params(subjects, seed), work).results
    return cells_of(found)


def cells_of(results: Iterable[Result]) -> Cells:
    """Sort results of people whose treatment began by cohort and arm."""
    found: dict[tuple[str, str], dict[int, Result]] = {}
    for one in results:
        if one.randomised:
            found.setdefault((one.cohort, one.arm), {})[one.subject] = one
    return found
