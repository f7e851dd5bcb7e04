"""The yardstick: what counts as too late, too much, or not asked for."""

import math
from dataclasses import replace

import pytest

from drivers.ports import ChannelCommand
from drivers.stimulation_wire import WireCommand
from service.core.actuators import ACTUATORS
from service.core.plans import Modality
from service.errors import ConfigError
from service.faults.bounds import demand_of
from service.faults.campaign import CampaignParams
from service.faults.device_history import changes_of
from service.faults.kinds import ALL_KINDS
from service.faults.prepared import plans_of
from service.faults.real_draws import RealDraw, by_rig
from service.faults.verdict import Trace, time_to_zero_s, violations_of

STALL = demand_of("stall", 2.0, supervised=False)
TREATING = [(0.0, "treating")]


def trace(history, phases=TREATING, kind="stall") -> Trace:
    return Trace(kind, 10.0, 14.0, history, phases, limit=6.0)


def rules(found: Trace) -> set[str]:
    return {violation.rule for violation in violations_of(found, STALL)}


def test_zero_in_time_is_fine_and_is_measured() -> None:
    good = trace([(9.0, 1.0), (9.5, 1.5), (10.25, 0.0)])

    assert time_to_zero_s(good, STALL) == pytest.approx(0.25)
    assert rules(good) == set()


def test_a_device_that_is_silent_already_takes_no_time() -> None:
    assert time_to_zero_s(trace([(9.0, 1.0), (9.5, 0.0)]), STALL) == 0.0


@pytest.mark.parametrize(
    ("history", "phases", "rule"),
    [
        ([(9.0, 1.0), (10.4, 0.0)], TREATING, "S1: too late"),
        ([(9.0, 1.0)], TREATING, "S1: too late"),
        ([(9.0, 1.0), (10.1, 0.0), (11.0, 0.5)], TREATING, "S1: too late"),
        ([(9.0, 6.5), (10.1, 0.0)], TREATING, "S11: above a limit"),
        ([(9.0, 1.0), (10.1, 2.5), (10.2, 0.0)], TREATING, "S13: a jump"),
        (
            [(9.0, 5.0), (10.1, 0.0), (12.5, 1.0), (12.6, 2.0)],
            TREATING,
            "S13: a restart that does not begin at zero",
        ),
        (
            [(9.0, 1.0), (10.1, 0.0), (13.0, 0.5)],
            [*TREATING, (10.05, "fault")],
            "S15: current outside of a treatment",
        ),
        (
            [(9.0, 1.0), (10.2, 1.5), (10.25, 0.0)],
            [*TREATING, (10.1, "holding")],
            "S13: a rise outside of a treatment",
        ),
    ],
)
def test_what_must_not_happen_is_named(history, phases, rule) -> None:
    assert rule in rules(trace(history, phases))


def test_what_is_not_a_number_is_above_every_limit() -> None:
    assert rules(trace([(9.0, math.nan), (10.1, 0.0)])) == {"S11: above a limit"}


@pytest.mark.parametrize(
    ("modality", "again", "is_safe"),
    [
        (Modality.MASSAGE, 2.9, True),
        (Modality.MASSAGE, 3.1, False),
        (Modality.MAT, 0.6, True),
        (Modality.MAT, 0.8, False),
    ],
)
def test_every_actuator_restarts_as_slowly_as_it_must(modality, again, is_safe) -> None:
    grid = 1.0 if modality is Modality.MASSAGE else 0.5
    one = trace([(9.0, 1.0), (10.1, 0.0), (12.5, again)])
    one = replace(one, actuator=ACTUATORS[modality], grid=grid)

    assert (rules(one) == set()) is is_safe


def test_a_host_that_stood_still_is_granted_its_time() -> None:
    late = trace([(9.0, 1.0), (10.6, 0.0)])

    assert violations_of(late, STALL)
    assert not violations_of(late, STALL, allowance_s=0.5)


def test_a_late_permit_may_still_rise_while_it_lives() -> None:
    late = trace(
        [(9.0, 1.0), (10.3, 1.5), (10.35, 0.0)], [*TREATING, (10.1, "holding")]
    )

    assert rules(late)
    assert not rules(replace(late, kind="late-permit"))


def test_demands_begin_where_a_fault_can_be_noticed() -> None:
    assert not demand_of("stall", 0.2, supervised=False).asks
    assert not demand_of("late-permit", 100.0, supervised=False).asks
    assert not demand_of("clock-jump", 0.01, supervised=False).asks
    assert not demand_of("duplicate", 1.0, supervised=True).asks
    assert demand_of("device-fault", 0.1, supervised=False).is_final
    assert demand_of("stop-output", 0.5, supervised=True).is_final
    assert not demand_of("stop-output", 0.5, supervised=False).is_final


def test_a_command_acts_until_the_next_or_its_end() -> None:
    def command(amplitude: float, until_s: float, *, active: bool = True):
        pulses = (ChannelCommand(amplitude, 200.0, 4.0),)
        return WireCommand(0, until_s, active, pulses)

    found = changes_of(
        [
            (1.0, command(2.0, 1.25)),
            (1.1, command(2.0, 1.35)),
            (1.2, command(2.5, 1.45)),
            (3.0, command(1.0, 3.25)),
            (3.1, None),
            (4.0, command(9.0, 3.9)),
            (5.0, command(1.0, 5.25)),
            (5.1, command(0.0, 0.0, active=False)),
        ]
    )

    assert found == [
        (1.0, 2.0),
        (1.2, 2.5),
        (1.45, 0.0),
        (3.0, 1.0),
        (3.1, 0.0),
        (5.0, 1.0),
        (5.1, 0.0),
    ]


def test_what_ends_a_rig_has_one_of_its_own() -> None:
    draws = [
        RealDraw(kind, "treating-on", 0.0, 0.0)
        for kind in ("clock-jump", "kill-engine", "stall", "disk-full", "nan")
    ]

    groups = [[drawn.kind for drawn in group] for group in by_rig(draws)]

    assert groups == [["stall", "nan", "clock-jump"], ["kill-engine"], ["disk-full"]]


@pytest.mark.parametrize(
    ("runs", "real", "kinds", "part"),
    [
        (0, None, ALL_KINDS, "--runs: expected 1"),
        (5, 6, ALL_KINDS, "--real: expected 0 to 5"),
        (5, -1, ALL_KINDS, "--real: expected 0 to 5"),
        (5, None, ("gremlins",), "--kind: expected stall"),
        (5, None, ("duplicate",), "only real runs"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(runs, real, kinds, part) -> None:
    with pytest.raises(ConfigError, match=part):
        CampaignParams(runs, 1, real, tuple(k for k in kinds if k != "operator-gone"))


def test_only_the_program_of_the_demo_has_real_runs() -> None:
    assert CampaignParams(200, 1, program="massage").real_runs == 0
    with pytest.raises(ConfigError, match="--real: expected 0, or the program ems"):
        CampaignParams(200, 1, 4, program="massage")


def test_only_a_program_that_actuates_something_meets_faults() -> None:
    for name in ("biofeedback", "pressure-release-hands", "gremlins"):
        with pytest.raises(ConfigError, match="program: expected one"):
            plans_of(name)


def test_few_runs_are_real_ones() -> None:
    assert CampaignParams(49, 1).real_runs == 0
    assert CampaignParams(200, 1).real_runs == 4
    assert CampaignParams(2000, 1).real_runs == 12
    assert CampaignParams(10, 1, 3).real_runs == 3
