"""A randomised trial on simulated subjects, from its parameters to its report."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from service.trial.ledger import Ledger
from service.trial.plan import TrialParams, plan_tasks
from service.trial.pool import run_all
from service.trial.report import TrialReport
from service.trial.result import Result


@dataclass(frozen=True, slots=True)
class Work:
    """How a trial is computed; its results do not depend on it."""

    workers: int = 1
    scheduler: str | None = None
    out: Path | None = None


def run_trial(params: TrialParams, work: Work) -> TrialReport:
    """Run whatever is not finished yet, and report on all of it."""
    tasks = plan_tasks(params)
    ledger = Ledger(work.out, params.to_data())
    left = [task for task in tasks if task.key not in ledger.results]
    if left:
        n_done = len(tasks) - len(left)
        for result in _shown(
            run_all(left, work.workers, work.scheduler), n_done, len(tasks)
        ):
            ledger.add(result)
    return TrialReport(params, tuple(ledger.results[task.key] for task in tasks))


def _shown(results: Iterable[Result], n_done: int, n: int) -> Iterator[Result]:
    """Show on standard error how far a trial is."""
    columns = ("sessions", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=n, completed=n_done)
        for result in results:
            yield result
            progress.advance(bar)
