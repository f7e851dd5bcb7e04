"""Published tables of physiology: each comes out again, and the page says so."""

from dataclasses import replace

import numpy as np
import pytest

from bench.physiology import __main__ as command
from bench.physiology.fatigue import JOINTS, LOADS, POWER_LAW_S, endurance_s
from bench.physiology.fits import fits, held_s
from bench.physiology.grid import Cell, Grid
from bench.physiology.render import PAGE, grids, page

NAMES = (
    *("endurance", "power_laws", "trains", "without_pause"),
    *("cramp_thresholds", "cramp_test", "thresholds", "strength_and_duration"),
)


@pytest.fixture(scope="module")
def found() -> dict[str, Grid]:
    return grids()


def test_all_tables_are_there(found):
    assert tuple(found) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_published_table_comes_out_again(found, name):
    assert found[name].missed() == []


def test_the_page_says_what_comes_out(found):
    written = PAGE.read_text("utf-8")

    assert written == page(found), "run python -m bench.physiology --render"


@pytest.mark.parametrize("joint", POWER_LAW_S)
def test_steps_and_closed_form_agree_on_how_long_a_load_is_held(joint):
    rates = np.array([JOINTS[joint].fatigue_per_s, JOINTS[joint].recovery_per_s])
    stepped = [endurance_s(load, JOINTS[joint]) for load in LOADS[1:]]

    # In steps a load is lost a little later: 2 % of it may be missing.
    later_s = np.array(stepped) - held_s(rates, np.array(LOADS[1:]))
    assert np.all((later_s > 0.0) & (later_s < 7.0))


def test_the_published_rates_do_not_have_the_published_errors(found):
    """Once they do, the page must stop saying that they do not."""
    errors = fits(found["power_laws"])

    assert all(e.least_s <= e.ours_s for e in errors.values())
    assert not any(e.ours_s <= e.published_s for e in errors.values())


def test_a_wrong_figure_is_told(found):
    grid = found["trains"]
    cell = replace(grid.rows["20 Hz"]["first, N"], ours=334.0)
    wrong = replace(grid, rows={"20 Hz": {"first, N": cell}})

    assert not wrong.accepted
    (line,) = wrong.missed()
    assert line == "trains, 20 Hz, first, N: expected 237 within 1, got 334"
    assert "**no**" in wrong.to_markdown()
    assert "| 20 Hz | 334 / 237 (+97) |" in wrong.to_markdown()


def test_a_cell_is_accepted_up_to_what_is_allowed():
    assert Cell(10.0, 9.0, 1.0).accepted
    assert not Cell(10.0, 8.9, 1.0).accepted
    assert not Cell(10.0, float("nan"), 1.0).accepted


def test_the_command_tells_what_is_further_off(monkeypatch, capsys):
    good = Grid("one", "x", {"a": {"b": Cell(1.0, 1.0, 0.5)}})
    bad = Grid("two", "x", {"a": {"b": Cell(1.0, 2.0, 0.5)}})

    monkeypatch.setattr(command, "grids", lambda: {"one": good})
    assert command.main(["--json"]) == 0
    assert '"name": "one"' in capsys.readouterr().out
    monkeypatch.setattr(command, "grids", lambda: {"two": bad})
    assert command.main([]) == 1
    assert "two, a, b: expected 1" in capsys.readouterr().err
