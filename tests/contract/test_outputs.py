"""What every output does, whatever the device behind it."""

import gc
import math
import weakref

import pytest

from drivers.errors import CommandRefused
from drivers.ports import ChannelCommand
from tests.support.output_factories import CHANNELS, OUTPUT_FACTORIES

ZERO = (0.0, 0.0)


def commands(first=10.0, second=5.0, pulse_width_us=200.0, frequency_hz=4.0):
    return [
        ChannelCommand(first, pulse_width_us, frequency_hz),
        ChannelCommand(second, pulse_width_us, frequency_hz),
    ]


@pytest.fixture(params=OUTPUT_FACTORIES)
def rig(request):
    rig = request.param()
    yield rig
    rig.output.close()


@pytest.fixture
def output(rig):
    rig.output.open()
    return rig.output


def test_describe_is_legal_before_open(rig):
    info = rig.output.describe()
    assert info.channels == CHANNELS
    assert info.driver
    assert info.expiry_s > 0.0


def test_open_confirms_zero(rig):
    readback = rig.output.open()
    assert not readback.active
    assert readback.amplitudes == ZERO
    assert readback.fault is None


def test_open_twice_does_not_disturb_what_runs(output):
    output.apply(1, commands(), 0.3)
    assert output.open().amplitudes == (10.0, 5.0)


def test_apply_is_confirmed_and_read_back(output):
    applied = output.apply(7, commands(), 0.3)
    assert (applied.sequence, applied.active) == (7, True)
    assert applied.amplitudes == (10.0, 5.0)
    assert output.read() == applied


def test_first_sequence_may_be_zero(output):
    assert output.apply(0, commands(), 0.3).sequence == 0


def test_command_of_zero_is_applied(output):
    readback = output.apply(1, commands(0.0, 0.0), 0.3)
    assert readback.active
    assert readback.amplitudes == ZERO


def test_command_expires_without_refresh(rig, output):
    output.apply(1, commands(), 0.05)
    assert output.read().active
    rig.wait(0.06)
    readback = output.read()
    assert not readback.active
    assert readback.amplitudes == ZERO
    assert readback.sequence == 1


def test_refresh_keeps_a_command_alive(rig, output):
    output.apply(1, commands(), 0.2)
    rig.wait(0.12)
    output.apply(2, commands(), 0.2)
    rig.wait(0.12)
    assert output.read().active


@pytest.mark.parametrize("amplitude", [-0.5, 30.5, 1e9, math.nan, math.inf, -math.inf])
def test_amplitude_out_of_range_is_refused(output, amplitude):
    output.apply(1, commands(), 0.3)
    with pytest.raises(CommandRefused, match="30 mA"):
        output.apply(2, commands(first=amplitude), 0.3)
    assert output.read().amplitudes == (10.0, 5.0)
    assert output.read().sequence == 1


def test_each_channel_has_its_own_limit(output):
    with pytest.raises(CommandRefused, match="trapezius_l"):
        output.apply(1, commands(second=20.5), 0.3)
    assert output.apply(1, commands(first=30.0, second=20.0), 0.3).active


def test_amplitude_between_the_steps_is_refused_not_rounded(output):
    with pytest.raises(CommandRefused, match=r"steps of 0\.5 mA"):
        output.apply(1, commands(first=10.25), 0.3)
    assert output.read().amplitudes == ZERO


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
@pytest.mark.parametrize("field", ["pulse_width_us", "frequency_hz"])
def test_impossible_pulses_are_refused(output, field, value):
    with pytest.raises(CommandRefused, match="finite"):
        output.apply(1, commands(**{field: value}), 0.3)
    assert not output.read().active


@pytest.mark.parametrize("n_channels", [0, 1, 3])
def test_wrong_number_of_channels_is_refused(output, n_channels):
    with pytest.raises(CommandRefused, match="2 channel commands"):
        output.apply(1, (commands() * 2)[:n_channels], 0.3)
    assert not output.read().active


@pytest.mark.parametrize("valid_for_s", [0.0, -1.0, math.nan, math.inf, 1e6])
def test_validity_beyond_the_expiry_is_refused(output, valid_for_s):
    with pytest.raises(CommandRefused, match="validity"):
        output.apply(1, commands(), valid_for_s)
    assert not output.read().active


@pytest.mark.parametrize("sequence", [5, 4, 0, -1])
def test_sequence_must_increase(output, sequence):
    output.apply(5, commands(), 0.3)
    with pytest.raises(CommandRefused, match="sequence above 5"):
        output.apply(sequence, commands(first=20.0), 0.3)
    assert output.read().sequence == 5
    assert output.read().amplitudes == (10.0, 5.0)


def test_stop_goes_to_zero_at_once(output):
    output.apply(1, commands(), 0.3)
    readback = output.stop()
    assert not readback.active
    assert readback.amplitudes == ZERO
    assert output.read() == readback


def test_stop_does_not_forget_the_sequence(output):
    output.apply(5, commands(), 0.3)
    assert output.stop().sequence == 5
    with pytest.raises(CommandRefused, match="sequence"):
        output.apply(5, commands(), 0.3)
    assert output.apply(6, commands(), 0.3).active


def test_stop_is_legal_and_idempotent_in_every_state(rig):
    output = rig.output
    states = [lambda: None, output.open, lambda: output.apply(1, commands(), 0.05)]
    states += [lambda: rig.wait(0.06), output.close]
    for enter in states:
        enter()
        assert not output.stop().active
        assert output.stop().amplitudes == ZERO


def test_apply_and_read_need_an_open_output(rig):
    with pytest.raises(CommandRefused, match="open it first"):
        rig.output.apply(1, commands(), 0.3)
    with pytest.raises(CommandRefused, match="open it first"):
        rig.output.read()


def test_nothing_can_be_applied_after_close(output):
    output.apply(1, commands(), 0.3)
    output.close()
    output.close()
    with pytest.raises(CommandRefused, match="open it first"):
        output.apply(2, commands(), 0.3)
    assert output.stop().amplitudes == ZERO


def test_close_before_open_is_harmless(rig):
    rig.output.close()
    assert not rig.output.open().active


def test_reopened_output_is_at_zero(output):
    output.apply(1, commands(), 0.3)
    output.close()
    readback = output.open()
    assert not readback.active
    assert readback.amplitudes == ZERO


@pytest.mark.parametrize("factory", OUTPUT_FACTORIES)
def test_a_closed_output_is_not_kept_alive(factory):
    output = factory().output
    output.open()
    output.apply(1, commands(), 0.3)
    output.close()
    gone = weakref.ref(output)
    del output
    gc.collect()
    assert gone() is None
