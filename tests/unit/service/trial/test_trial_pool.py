import sys

import pytest

from service.errors import ConfigError
from service.trial.pool import run_all


@pytest.mark.parametrize(
    ("workers", "scheduler"), [(2, None), (1, "tcp://127.0.0.1:1")]
)
def test_without_dask_one_process_is_all_there_is(
    workers: int, scheduler: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install 'unclench\[batch\]'"):
        list(run_all([], workers, scheduler))
    assert list(run_all([], 1, None)) == []


def test_no_worker_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="--workers: expected 1 or more, got 0"):
        list(run_all([], 0, None))
