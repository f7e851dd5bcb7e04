"""The campaign is worth something: it finds bugs that are planted, and none without."""

import random

import pytest
from msgspec.structs import replace as replace_struct

from drivers.outputs.simulated import SimulatedOutput
from service.core import actuators, decide, permits, slew, treatment, watch
from service.engine.records import Recording
from service.faults.campaign import CampaignParams, Report
from service.faults.prepared import COPIES_PER_PHASE, Prepared, prepare
from service.faults.virtual_runs import RANGES, draw, run_virtual
from service.output.role import OutputRole
from service.recorder.recorder import Recorder
from service.rehearsal.copying import freeze

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


def ignore_expiry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OutputRole, "_has_expired", lambda _self: False)


def believe_old_permits(patch: pytest.MonkeyPatch) -> None:
    late = property(lambda claim: claim.issued_ns + 1_500_000_000)
    patch.setattr(permits.Claim, "expires_ns", late)


def ignore_staleness(patch: pytest.MonkeyPatch) -> None:
    said = watch.emg_trouble

    def blind(session):
        trouble = said(session)
        return "" if trouble == "stale" else trouble

    patch.setattr(watch, "emg_trouble", blind)


def ignore_quality(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(watch, "is_bad", lambda _session, _sample: False)


def ignore_stop(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SimulatedOutput, "stop", lambda self: self._reply())


def jump(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(slew.Established, "ceiling", lambda *_: 1000.0)


def ignore_errors_of_the_disk(patch: pytest.MonkeyPatch) -> None:
    said = Recorder.state
    patch.setattr(
        Recorder, "state", lambda self: replace_struct(said(self), ok=True, why="")
    )


def ignore_the_limit(patch: pytest.MonkeyPatch) -> None:
    said = actuators.drive_ceilings

    def deaf(*asked):
        ceilings = said(*asked)
        return {why: c for why, c in ceilings.items() if "amplitude" not in why}

    patch.setattr(decide, "drive_ceilings", deaf)
    patch.setattr(treatment, "drive_ceilings", deaf)


def say_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recording, "note", lambda *_: None)


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
