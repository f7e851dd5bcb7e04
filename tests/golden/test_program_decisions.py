"""Decisions of each shipped program in one session, as last looked at."""

import json

import pytest

from tests.support.hurried import SHIPPED
from tests.support.program_script import FOLDER, decisions

#: Filters go through linear algebra, whose last bits differ between processors.
TOLERANCE = 1e-6


def close(now, then) -> bool:
    if isinstance(now, float) and isinstance(then, float):
        return now == pytest.approx(then, abs=TOLERANCE, rel=TOLERANCE)
    return now == then


@pytest.mark.parametrize("name", SHIPPED)
def test_decisions_are_those_of_the_golden_file(name: str) -> None:
    golden = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    rows = json.loads(json.dumps(decisions(name)))

    assert len(rows) == len(golden)
    for now, then in zip(rows, golden, strict=True):
        assert len(now) == len(then)
        assert all(map(close, now, then)), (now, then)


def test_every_shipped_program_has_a_golden_file() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == SHIPPED
