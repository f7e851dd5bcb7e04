"""Massage, percussion and the mat against simulated people, engine and all."""

from dataclasses import replace

import pytest

from service.core.program import Program
from tests.support.hurried import hurried
from tests.support.virtual_rig import (
    SCRIPT,
    UNWATCHED,
    VirtualRig,
    WirelessRig,
    told,
)

LONGEST_S = 900.0


def played(program: Program, preset: str, seed: int = 1) -> VirtualRig:
    """Return a rig on which a whole session was played."""
    rig = WirelessRig(preset, seed, program=program, options=UNWATCHED)
    rig.open()
    rig.run(lambda r: r.phase in {"done", "fault"}, LONGEST_S)
    return rig


def impatient(program: Program, useless_s: float) -> Program:
    return replace(program, response=replace(program.response, useless_s=useless_s))


def most(rig: VirtualRig, site: int) -> float:
    return max((each[site] for _, each in rig.device.history), default=0.0)


def outcome(rig: VirtualRig) -> tuple[str, str]:
    session = rig.engine.session
    assert session is not None
    assert rig.phase == "done", session.cause
    assert not any(rig.role.state().amplitudes)
    return str(session.outcome), session.cause


def test_kneading_relaxes_a_responder_light_before_deep() -> None:
    rig = played(hurried("massage", 300.0), "responder", 4)

    assert outcome(rig) == ("reached", "relaxed without contact")
    assert [one["depth"] for one in told(rig, "depth")] == ["moderate", "deep"]
    assert all(most(rig, site) > 80.0 for site in range(4))
    assert rig.engine.session.final_pct_mvc < 3.0


def test_percussion_relaxes_a_responder() -> None:
    rig = played(hurried("massage-percussion", 200.0), "responder")

    assert outcome(rig) == ("reached", "relaxed without contact")
    assert rig.engine.session.final_pct_mvc < 3.0


def test_percussion_of_a_muscle_with_a_strong_reflex_stays_slow_and_ends() -> None:
    program = impatient(hurried("massage-percussion", 300.0), 60.0)
    rig = played(replace(program, frequency_hz=100.0), "adverse-vibration")

    assert outcome(rig)[0] in {"not_reached", "adverse"}
    asked_hz = {
        channel.frequency_hz
        for permit in rig.permits
        for channel in permit.channels
        if channel.amplitude > 0
    }
    assert asked_hz == {program.massage.start_hz}


def test_the_mat_relaxes_a_responder_and_that_holds_off_it() -> None:
    rig = played(hurried("acupressure-mat", 400.0), "responder")

    assert outcome(rig) == ("reached", "relaxed off the mat")
    assert told(rig, "strike") == []
    assert rig.engine.session.final_pct_mvc < 3.0


def test_a_zone_that_is_not_tolerated_ends() -> None:
    program = hurried("acupressure-mat", 200.0)
    rig = WirelessRig("mat-intolerant", 2, program=program)
    rig.open()
    rig.run(lambda r: bool(r.person.report().intolerable_zones), LONGEST_S)
    (zone,) = rig.person.report().intolerable_zones
    label = rig.state.session.actuators[zone].label
    assert rig.ask("mark", text=f"intolerable:{label}").refused == ""
    rig.pass_time(0.3)
    marked_s = rig.clock.now_s()
    assert rig.role.state().amplitudes[zone] == 0.0
    rig.pass_time(1.0)
    assert rig.state.session.actuators[zone].doing == "ended"
    assert rig.state.session.mat.n_ended == 1
    rig.run(lambda r: r.phase == "done", LONGEST_S, script={})

    after = [each[zone] for t, each in rig.device.history if t > marked_s]
    assert set(after) <= {0.0}


@pytest.mark.parametrize("name", ["massage", "massage-percussion", "acupressure-mat"])
def test_without_an_effect_it_ends_without_one(name: str) -> None:
    program = impatient(hurried(name, 150.0), 30.0)
    if program.massage is not None:
        program = replace(program, massage=replace(program.massage, dwell_s=10.0))
    rig = played(program, "null")

    assert outcome(rig)[0] == "not_reached"


@pytest.mark.parametrize("name", ["massage", "massage-percussion", "acupressure-mat"])
@pytest.mark.parametrize("how", ["stop", "hold"])
def test_stop_and_hold_take_all_actuators_to_zero_at_once(name: str, how: str) -> None:
    rig = VirtualRig(program=hurried(name, 60.0), options=UNWATCHED)
    rig.open()
    rig.run(lambda r: any(r.role.state().amplitudes), LONGEST_S, script=SCRIPT)
    rig.pass_time(0.5)
    if how == "stop":
        rig.stop()
    else:
        rig.ask("hold")
    rig.pass_time(0.1)

    assert not any(rig.role.state().amplitudes)
    rig.pass_time(2.0)
    assert not any(rig.role.state().amplitudes)
