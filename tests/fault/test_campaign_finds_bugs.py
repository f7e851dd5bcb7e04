"""The campaign is worth something: it finds bugs that are planted, and none without."""

import random

import pytest

from service.faults.campaign import CampaignParams, Report
from service.faults.prepared import COPIES_PER_PHASE, Prepared, prepare
from service.faults.virtual_runs import RANGES, draw, run_virtual
from service.rehearsal.copying import freeze
from tests.support.planted_bugs import (
    believe_old_permits,
    ignore_errors_of_the_disk,
    ignore_expiry,
    ignore_quality,
    ignore_staleness,
    ignore_stop,
    ignore_the_limit,
    jump,
    say_nothing,
)

#: Whoever comes first prepares the rigs for all: half a minute, more beside other work.
pytestmark = pytest.mark.timeout(300)

N_FREE_OF_BUGS = 60
N_PLANTED = 8


@pytest.fixture(scope="module")
def prepared() -> dict[str, list[Prepared]]:
    return dict(prepare(lambda _text: None))


def rehearse(prepared, kinds, phases, n: int, seed: int = 1) -> Report:
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
    chosen = {phase: prepared[phase] for phase in phases}
    outcomes = tuple(run_virtual(draw(rng, chosen, kinds)) for _ in range(n))
    return Report(CampaignParams(n, seed), outcomes)


def rules(report: Report) -> set[str]:
    return {str(violation["rule"]) for violation in report.violations()}


def test_without_a_planted_bug_nothing_is_found(prepared) -> None:
    report = rehearse(prepared, tuple(RANGES), tuple(prepared), N_FREE_OF_BUGS)

    assert report.violations() == []
    assert report.is_safe


def test_the_same_seed_draws_the_same_faults(prepared) -> None:
    first = rehearse(prepared, tuple(RANGES), ("treating-on",), 4, seed=3)
    second = rehearse(prepared, tuple(RANGES), ("treating-on",), 4, seed=3)

    assert first == second


def test_a_copied_rig_goes_on_as_the_one_it_was_copied_from(prepared) -> None:
    one, other = (prepared["treating-on"][0].copy() for _ in range(2))
    one.pass_time(1.0)
    again = Prepared("", prepared["treating-on"][0].plan, freeze(one), 0, "").copy()
    for rig in (one, other, again):
        rig.forget()
    other.pass_time(1.0)
    one.pass_time(2.0)
    again.pass_time(2.0)
    other.pass_time(2.0)

    for rig in (other, again):
        assert rig.device.history == one.device.history
        assert rig.state.channels == one.state.channels


@pytest.mark.parametrize(
    ("plant", "kinds", "rule"),
    [
        (ignore_expiry, ("kill-engine",), "S2: too late"),
        (believe_old_permits, ("kill-engine", "lost-permit"), "S2: too late"),
        (ignore_staleness, ("stall",), "S1: too late"),
        (ignore_quality, ("lead-off", "clip"), "S7: too late"),
        (ignore_stop, ("stop",), "S17: too late"),
        (jump, ("stall", "late-permit"), "S13: a jump"),
        (ignore_errors_of_the_disk, ("disk-full",), "S24: too late"),
        (ignore_the_limit, ("late-permit",), "S11: above a limit"),
        (say_nothing, ("stall", "clip"), "S25: not explained"),
    ],
)
def test_a_planted_bug_is_found(prepared, monkeypatch, plant, kinds, rule) -> None:
    plant(monkeypatch)

    report = rehearse(prepared, kinds, ("treating-on", "treating-off"), N_PLANTED)

    assert rule in rules(report)
    assert not report.is_safe


@pytest.mark.parametrize(
    ("plant", "kinds", "rule"),
    [
        (ignore_expiry, ("kill-engine",), "S2: too late"),
        (ignore_staleness, ("stall",), "S1: too late"),
        (ignore_quality, ("lead-off",), "S7: too late"),
        (ignore_stop, ("stop",), "S17: too late"),
        (say_nothing, ("stall", "clip"), "S25: not explained"),
    ],
)
def test_a_planted_bug_is_found_while_the_leak_is_measured(
    prepared, monkeypatch, plant, kinds, rule
) -> None:
    plant(monkeypatch)

    report = rehearse(prepared, kinds, ("leak",), N_PLANTED)

    assert rule in rules(report)


def test_leak_calibrations_are_met_with_current_on(prepared) -> None:
    highest = [max(m.copy().role.state().amplitudes) for m in prepared["leak"]]

    assert len(highest) == 2 * COPIES_PER_PHASE
    assert sum(ma > 5.0 for ma in highest) >= COPIES_PER_PHASE
