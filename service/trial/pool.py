"""Where sessions are lived through: in this process, or by workers of Dask."""

import contextlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

from service.errors import ConfigError
from service.trial.plan import Task
from service.trial.result import Result
from service.trial.session import run_session

#: Workers and this process talk on this host only.
LOOPBACK = "127.0.0.1"
CONNECT_S = 20

#: Nobody looks at what a worker of Dask notes of its stack a hundred times a second.
UNPROFILED = {"distributed.worker.profile.enabled": False}

Run = Callable[[Sequence[Task]], Iterator[Result]]
"""Yields the result of every task as it comes."""


def run_all(
    tasks: Sequence[Task], workers: int, scheduler: str | None
) -> Iterator[Result]:
    """Yield every result as it comes, in any order."""
    with started(workers, scheduler) as run:
        yield from run(tasks)


@contextlib.contextmanager
def started(workers: int, scheduler: str | None) -> Iterator[Run]:
    """Give what lives through sessions; workers are started once, and stopped."""
    if workers < 1:
        msg = f"--workers: expected 1 or more, got {workers}"
        raise ConfigError(msg)
    if scheduler is None and workers == 1:
        yield lambda tasks: map(run_session, tasks)
        return
    distributed = _load()

    def run(tasks: Sequence[Task]) -> Iterator[Result]:
        # The key names the session: without `pure`, none is taken for another.
        futures = [
            client.submit(run_session, task, key=f"session-{task.key}", pure=False)
            for task in tasks
        ]
        for future in distributed.as_completed(futures):
            yield future.result()

    with contextlib.ExitStack() as stack:
        client = _client(distributed, workers, scheduler, stack)
        yield run


def _load() -> ModuleType:
    try:
        import distributed  # noqa: PLC0415 - an extra that one process does not need
    except ImportError as error:
        msg = (
            "--workers and --scheduler need dask[distributed], which is not installed: "
            "pip install 'unclench[batch]', or use one worker"
        )
        raise ConfigError(msg) from error
    module: ModuleType = distributed
    return module


def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="unclench-trial-")


def _client(
    distributed: ModuleType,
    workers: int,
    scheduler: str | None,
    stack: contextlib.ExitStack,
) -> Any:  # noqa: ANN401 - a client of an extra
    if scheduler is None:
        import dask  # noqa: PLC0415 - what `distributed` stands on

        # Workers get the settings that hold here when they are started.
        stack.enter_context(dask.config.set(UNPROFILED))
        cluster = distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host=LOOPBACK,
            dashboard_address=None,
            local_directory=stack.enter_context(_scratch()),
            silence_logs=logging.ERROR,
        )
        return stack.enter_context(distributed.Client(stack.enter_context(cluster)))
    try:
        return stack.enter_context(distributed.Client(scheduler, timeout=CONNECT_S))
    except (OSError, ValueError) as error:
        msg = f"--scheduler: expected one that answers at {scheduler}, got: {error}"
        raise ConfigError(msg) from error
