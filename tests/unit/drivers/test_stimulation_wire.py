import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ProtocolError
from drivers.ports import ChannelCommand, OutputChannel
from drivers.stimulation_wire import WireCommand, decode, encode, wire_channels

finite = st.floats(0.0, 1e6)
outputs = st.builds(ChannelCommand, finite, finite, finite)
wire_commands = st.builds(
    WireCommand,
    st.integers(-1, 2**53),
    finite,
    st.booleans(),
    st.lists(outputs, max_size=8).map(tuple),
)


@given(wire_commands)
def test_every_command_survives_the_wire(command):
    assert decode(encode(command)) == command


@given(st.lists(outputs, min_size=1, max_size=8))
def test_a_sample_has_one_value_per_described_channel(commands):
    channels = [OutputChannel(f"o{k}", "mA", 1.0, 0.0) for k in range(len(commands))]
    sample = encode(WireCommand(1, 2.0, True, tuple(commands)))
    assert len(sample) == len(wire_channels(channels))


def test_channels_name_their_output_and_unit():
    specs = wire_channels([OutputChannel("mat", "kPa", 20.0, 0.0)])
    assert [spec.label for spec in specs[3:]] == [
        "0.amplitude",
        "0.frequency",
        "0.pulse_width",
    ]
    assert [spec.unit for spec in specs[3:]] == ["kPa", "Hz", "microseconds"]
    assert {spec.output for spec in specs[3:]} == {"mat"}


@pytest.mark.parametrize(
    "sample",
    [[], [1.0, 2.0], [1.0, 2.0, 1.0, 5.0], [1.0, math.nan, 1.0], [math.inf, 1.0, 1.0]],
)
def test_what_is_not_a_command_is_refused(sample):
    with pytest.raises(ProtocolError, match="finite values"):
        decode(sample)


def test_validity_ends_at_its_time_and_with_active():
    assert WireCommand(1, 5.0, True, ()).is_valid_at(4.999)
    assert not WireCommand(1, 5.0, True, ()).is_valid_at(5.0)
    assert not WireCommand(1, 5.0, False, ()).is_valid_at(0.0)
