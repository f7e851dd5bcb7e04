"""The comparison of loops: what it compares, and that it can say no."""

import json
from dataclasses import replace

import pytest

from bench.ordering import __main__ as command
from bench.ordering.orders import ABORT, DOSE, ORDERS, REACHED, Exactly, Order
from bench.ordering.render import PAGE, Compared, figures, missed, page, persons
from bench.ordering.runs import (
    ADVERSE,
    GUARDED,
    PARTS,
    RESPONDERS,
    STEP,
    WEAK,
    Cells,
    cells_of,
)
from service.trial.arms import NAIVE, NAIVE_OPEN_LOOP
from service.trial.plan import find_program
from service.trial.result import Result

ARMS = (NAIVE_OPEN_LOOP, NAIVE, STEP, GUARDED)


def result(subject: int, arm: str, dose: float, **known: object) -> Result:
    given = {"randomised": True, "stop": "not_reached", "reason": "", "unit": "mA"}
    return Result(RESPONDERS, subject, arm, dose=dose, **(given | known))


@pytest.fixture
def cells() -> Cells:
    return cells_of(
        [
            result(0, NAIVE, 300.0, reached_s=40.0, reason="relapsed"),
            result(1, NAIVE, 500.0, reason="relapsed"),
            result(2, NAIVE, 900.0, randomised=False),
            result(0, GUARDED, 100.0, reached_s=50.0, reason="relapsed"),
            result(1, GUARDED, 600.0, reason="no benefit at the ceiling"),
        ]
    )


def test_the_program_is_the_shipped_one_without_its_search() -> None:
    shipped = find_program("ems-flutter")
    ours = PARTS[0].params(1, 1).loaded_program()
    assert shipped.search is not None
    assert ours.timing.treatment_s == 600.0
    assert ours == replace(
        shipped, name=ours.name, title=ours.title, search=None, timing=ours.timing
    )


def test_the_same_people_are_in_every_arm() -> None:
    for part in PARTS:
        params = part.params(3, 1)
        assert params.crossover
        assert params.within_tolerance
        assert set(params.arms()) == {*part.controllers, *part.comparators}


def test_an_order_is_between_cells_and_told_person_by_person(cells: Cells) -> None:
    order = Order(RESPONDERS, DOSE, NAIVE, GUARDED)
    assert order.values(cells) == (400.0, 350.0)
    assert order.holds(cells)
    assert order.people(cells) == (1, 0, 1)
    assert not replace(order, more=GUARDED, less=NAIVE).holds(cells)
    assert not replace(order, factor=4.0).holds(cells)


def test_alike_is_enough_only_where_it_is_said_to_be(cells: Cells) -> None:
    order = Order(RESPONDERS, REACHED, GUARDED, NAIVE)
    assert not order.holds(cells)
    assert replace(order, or_equal=True).holds(cells)


def test_what_nobody_has_gone_through_holds_nowhere(cells: Cells) -> None:
    assert not Order(WEAK, DOSE, NAIVE, GUARDED).holds(cells)
    assert not Exactly(ADVERSE, ABORT, GUARDED, 1.0).holds(cells)


def test_everybody_means_everybody(cells: Cells) -> None:
    none = Exactly(RESPONDERS, ABORT, GUARDED, 0.0)
    assert none.counts(cells) == (1, 1)
    assert not none.holds(cells)
    assert Exactly(RESPONDERS, ABORT, NAIVE, 0.0).holds(cells)


def test_the_page_tells_what_holds_and_what_does_not(cells: Cells) -> None:
    nobody: Cells = {}
    text = page(Compared(cells, nobody, people=5, subjects=3, seed=7))
    held = sum(one.holds(cells) for one in ORDERS)
    n_missed = len(missed(cells)) + len(missed(nobody))
    assert text.count("| yes |") == held
    assert text.count("| **no** |") == 2 * len(ORDERS) - held == n_missed
    assert 0 < held < len(ORDERS)
    assert "--people 5 --subjects 3 --seed 7" in text
    assert "400 / 7675" in figures(cells)
    assert "| 0 | no | – | 40 s | – | 50 s |" in persons(cells)


def test_the_written_page_has_every_order() -> None:
    written = PAGE.read_text("utf-8")
    assert [o.text() for o in ORDERS if f"{o.text()} |" not in written] == []


def test_the_command_compares_and_writes(
    cells: Cells, monkeypatch, tmp_path, capsys
) -> None:
    monkeypatch.setattr(command, "run", lambda *_: cells)
    monkeypatch.setattr(command.continuous, "run", lambda *_: cells)
    monkeypatch.setattr(command, "PAGE", tmp_path / PAGE.name)
    assert command.main(["--subjects", "2", "--json", "--render"]) == 0
    told = capsys.readouterr()
    assert set(json.loads(told.out)) == {"continuous", "sessions"}
    assert '"arm": "naive-integral"' in told.out
    assert "let go: integral = 0 in everybody" in told.err
    assert "--subjects 2 --seed 1" in (tmp_path / PAGE.name).read_text("utf-8")
