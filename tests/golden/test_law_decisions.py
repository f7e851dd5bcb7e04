"""Decisions of each law on one course of tone, as they were when last looked at."""

import json

import pytest

from service.core.laws import mapping
from tests.support.law_script import FOLDER, LAWS, decisions

#: The optimiser goes through a linear algebra library; the others are plain floats.
TOLERANCE_MA = {"safe_bayes": 1e-6}


@pytest.mark.parametrize("kind", sorted(LAWS))
def test_decisions_are_those_of_the_golden_file(kind) -> None:
    if kind == "safe_bayes":
        pytest.importorskip("sklearn", reason="the extra optimise is not installed")
    golden = json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    rows = decisions(kind)

    assert golden["parameters"] == LAWS[kind]
    assert len(rows) == len(golden["rows"])
    for now, then in zip(rows, golden["rows"], strict=True):
        assert (now[0], now[2]) == (then[0], then[2])
        assert now[1] == pytest.approx(then[1], abs=TOLERANCE_MA.get(kind, 0.0), rel=0)


def test_every_law_has_a_golden_file() -> None:
    files = {path.stem for path in FOLDER.glob("*.json")}
    assert files == set(LAWS) == set(mapping.LAWS)


@pytest.mark.parametrize("kind", sorted(LAWS))
def test_the_script_moves_every_law(kind) -> None:
    golden = json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))
    assert max(level for _, level, _ in golden["rows"]) >= 2.0
    assert len({reason for *_, reason in golden["rows"]}) >= 4
