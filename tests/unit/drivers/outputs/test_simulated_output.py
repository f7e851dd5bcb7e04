import pytest

from drivers.clock import ManualClock
from drivers.errors import (
    CommandRefused,
    ConnectError,
    DeviceFault,
    DriverConfigError,
    UncertainOutput,
)
from drivers.outputs.simulated import OutputFaults, SimulatedOutput
from drivers.ports import ChannelCommand, OutputChannel
from drivers.subject.stimulation import Modality, StimulationLine

TEN_MA = [ChannelCommand(10.0, 200.0, 4.0)]


def make(line=None, **faults):
    clock = ManualClock()
    output = SimulatedOutput("stim", clock, faults=OutputFaults(**faults), line=line)
    return output, clock


def opened(line=None, **faults):
    output, clock = make(line, **faults)
    output.open()
    return output, clock


def test_history_has_every_change_with_the_time_of_expiry():
    output, clock = opened()
    output.apply(1, TEN_MA, 0.3)
    clock.sleep(0.1)
    output.apply(2, TEN_MA, 0.3)
    clock.sleep(5.0)
    changes = output.history
    assert [amplitudes for _, amplitudes in changes] == [(10.0,), (0.0,)]
    assert [t_s for t_s, _ in changes] == pytest.approx([0.0, 0.4])


def test_line_carries_the_chosen_channel_until_expiry_or_stop():
    line, clock = StimulationLine(), ManualClock()
    channels = [OutputChannel(label, "mA", 30.0, 0.5) for label in "ab"]
    output = SimulatedOutput("stim", clock, channels, line=line, line_channel=1)
    output.open()
    output.apply(1, [ChannelCommand(0, 0, 0), *TEN_MA], 0.3)
    assert line.at(0.29).amplitude_ma == 10.0
    assert not line.at(0.31).is_on
    output.stop()
    assert not line.at(0.1).is_on


def test_a_line_of_zones_carries_every_channel_from_the_chosen_one_on():
    line, clock = StimulationLine(Modality.MAT), ManualClock()
    zones = tuple(OutputChannel(name, "kPa", 20.0, 0.5) for name in "abc")
    output = SimulatedOutput("mat", clock, zones, line=line, line_channel=1)
    output.open()
    output.apply(1, [ChannelCommand(kpa, 0.0, 0.0) for kpa in (1.0, 2.0, 3.0)], 0.3)
    felt = line.sites_at(0.1)
    assert [one.level for one in felt] == [2.0, 3.0]
    assert {one.modality for one in felt} == {Modality.MAT}


def test_line_needs_a_channel_that_exists():
    with pytest.raises(DriverConfigError, match="from 0 to 0"):
        SimulatedOutput("stim", ManualClock(), line_channel=1)


def test_refusing_device_cannot_be_opened():
    output, _ = make(refuses_open=True)
    with pytest.raises(ConnectError, match="refuses"):
        output.open()
    output.close()
    with pytest.raises(CommandRefused):
        output.read()


def test_replies_are_delayed():
    output, clock = make(reply_delay_s=0.05)
    output.open()
    output.apply(1, TEN_MA, 0.3)
    assert clock.now_s() == pytest.approx(0.1)


def test_a_reply_slower_than_the_command_says_expired():
    output, _ = opened(reply_delay_s=0.5)
    assert not output.apply(1, TEN_MA, 0.3).active


def test_lost_reply_leaves_the_command_applied():
    output, _ = opened(loses_reply_from=2)
    output.apply(1, TEN_MA, 0.3)
    with pytest.raises(UncertainOutput, match="command 2"):
        output.apply(2, [ChannelCommand(12.0, 200.0, 4.0)], 0.3)
    assert output.read().amplitudes == (12.0,)
    assert output.read().sequence == 2


def test_lost_command_changes_nothing():
    output, _ = opened(loses_command_from=2)
    output.apply(1, TEN_MA, 0.3)
    with pytest.raises(UncertainOutput, match="command 2"):
        output.apply(2, [ChannelCommand(12.0, 200.0, 4.0)], 0.3)
    assert output.read().amplitudes == (10.0,)
    assert output.read().sequence == 1


def test_wrong_readback_is_not_what_flows():
    line = StimulationLine()
    output, _ = opened(line, readback_error=3.0)
    assert output.apply(1, TEN_MA, 0.3).amplitudes == (13.0,)
    assert line.at(0.0).amplitude_ma == 10.0
    assert output.stop().amplitudes == (0.0,)


def test_device_fault_ends_the_output_and_stays():
    line = StimulationLine()
    output, clock = opened(line, fault_at_s=1.0, fault="electrode")
    clock.sleep(0.9)
    assert output.apply(1, TEN_MA, 0.3).fault is None
    clock.sleep(0.2)
    readback = output.read()
    assert (readback.active, readback.fault) == (False, "electrode")
    assert not line.at(clock.now_s()).is_on
    assert output.history[-1] == (1.0, (0.0,))
    with pytest.raises(DeviceFault, match="electrode"):
        output.apply(2, TEN_MA, 0.3)
    assert output.stop().fault == "electrode"


def test_stuck_device_does_not_expire_but_stops():
    line = StimulationLine()
    output, clock = opened(line, never_expires=True)
    output.apply(1, TEN_MA, 0.3)
    clock.sleep(60.0)
    assert output.read().amplitudes == (10.0,)
    assert line.at(clock.now_s()).is_on
    assert output.stop().amplitudes == (0.0,)


def test_deaf_device_acknowledges_a_stop_with_what_it_goes_on_doing():
    output, clock = opened(ignores_stop=True)
    output.apply(1, TEN_MA, 0.3)
    assert output.stop().amplitudes == (10.0,)
    clock.sleep(0.3)
    assert output.stop().amplitudes == (0.0,)
