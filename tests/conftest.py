"""How the tests share two cores: real time on one worker, arithmetic on the other."""

import pytest

REAL_TIME = frozenset({"slow", "lsl", "browser"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep everything that runs in real time on one worker, one after the other."""
    for item in items:
        if REAL_TIME & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.xdist_group("real_time"))
