"""Which muscle feels what, and what a line wires."""

import pytest

from drivers.clock import ManualClock
from drivers.errors import DriverConfigError
from drivers.outputs.simulated import SimulatedOutput
from drivers.ports import ChannelCommand, OutputChannel
from drivers.subject.routing import SITE_SHARE, route
from drivers.subject.stimulation import (
    SILENCE,
    Modality,
    Stimulation,
    StimulationLine,
)


def ems(ma):
    return Stimulation(ma, 4.0, 200.0)


def press(kpa, modality=Modality.PRESSURE):
    return Stimulation(kpa, modality=modality)


def test_pulses_of_output_k_reach_muscle_k():
    assert route((ems(1.0), SILENCE, ems(3.0)), 3) == (
        (ems(1.0),),
        (SILENCE,),
        (ems(3.0),),
    )
    assert route(ems(1.0), 2) == ((ems(1.0),), ())


@pytest.mark.parametrize(
    "modality",
    [Modality.PRESSURE, Modality.MASSAGE, Modality.MAT, Modality.VIBRATION],
)
def test_what_touches_is_felt_beside_it_more_weakly(modality):
    felt = route((press(0.0, modality), press(10.0, modality)), 4)
    levels = [one.level for (one,) in felt]
    expected = [10.0 * SITE_SHARE**away for away in (1, 0, 1, 2)]
    assert levels == pytest.approx(expected)


def test_the_strongest_site_that_arrives_counts():
    near, far = press(1.0), press(100.0)
    assert [one.level for (one,) in route((near, far), 2)] == [5.0, 100.0]


def test_several_modalities_are_told_apart_by_their_own_order():
    mixed = (press(9.0, Modality.MAT), ems(1.0), press(5.0), ems(2.0))
    first, second = route(mixed, 2)
    assert first == (press(9.0, Modality.MAT), ems(1.0), press(5.0))
    assert second[1] == ems(2.0)


def test_stretch_and_screen_are_for_all_and_a_needle_for_the_first():
    pull, screen = press(20.0, Modality.STRETCH), press(60.0, Modality.BIOFEEDBACK)
    needle = press(1.0, Modality.NEEDLE)
    assert route((pull, screen, needle), 2) == (
        (pull, screen, needle),
        (pull, screen),
    )


CHANNELS = tuple(OutputChannel(f"o{k}", "mA", 30.0, 0.5) for k in range(4))


def carried(line, line_channel=0):
    output = SimulatedOutput(
        "o", ManualClock(), CHANNELS, line=line, line_channel=line_channel
    )
    output.open()
    commands = [ChannelCommand(1.0 + k, 200.0, 4.0) for k in range(4)]
    output.apply(1, commands, 1.0)
    return [(one.level, one.modality) for one in line.sites_at(0.0)]


def test_a_line_may_have_its_own_modality_per_channel():
    line = StimulationLine((Modality.EMS, Modality.MASSAGE, Modality.EMS))
    assert carried(line) == [
        (1.0, Modality.EMS),
        (2.0, Modality.MASSAGE),
        (3.0, Modality.EMS),
    ]


def test_a_line_carries_as_many_channels_as_it_has_actuators():
    assert [level for level, _ in carried(StimulationLine())] == [1.0]
    assert [level for level, _ in carried(StimulationLine(), 2)] == [3.0]
    two = StimulationLine((Modality.EMS, Modality.EMS))
    assert [level for level, _ in carried(two, 1)] == [2.0, 3.0]
    assert [level for level, _ in carried(two, 3)] == [4.0]
    zones = StimulationLine(Modality.MAT)
    assert [level for level, _ in carried(zones, 1)] == [2.0, 3.0, 4.0]


def test_a_line_without_actuators_is_refused():
    with pytest.raises(DriverConfigError, match="per actuator"):
        StimulationLine(())
