"""Wire format of a `Stimulation` stream: one double64 sample per command.

Channels are ``sequence``, ``valid_until`` (seconds of the LSL clock of the sender's
host; a receiver outputs zero after it) and ``active`` (0 or 1); then for every output
k = 0, 1, ... ``k.amplitude``, ``k.frequency`` (Hz) and ``k.pulse_width`` (µs). The rate
is irregular.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.errors import ProtocolError
from drivers.ports import ChannelCommand, OutputChannel

STREAM_TYPE = "Stimulation"
HEADER = (
    ("sequence", "none", "Sequence"),
    ("valid_until", "seconds", "Time"),
    ("active", "none", "State"),
)
N_PER_OUTPUT = 3


@dataclass(frozen=True, slots=True)
class WireChannel:
    """One channel of the stream as its description names it."""

    label: str
    unit: str
    type: str
    output: str = ""


@dataclass(frozen=True, slots=True)
class WireCommand:
    """One decoded sample."""

    sequence: int
    valid_until_s: float
    active: bool
    commands: tuple[ChannelCommand, ...]

    def is_valid_at(self, local_clock_s: float) -> bool:
        """Return whether a receiver may still output this."""
        return self.active and local_clock_s < self.valid_until_s


def wire_channels(outputs: Sequence[OutputChannel]) -> tuple[WireChannel, ...]:
    """Return the channels of the stream for these outputs."""
    channels = [WireChannel(*names) for names in HEADER]
    for k, output in enumerate(outputs):
        unit, label = output.amplitude_unit, output.label
        channels += [
            WireChannel(f"{k}.amplitude", unit, "Amplitude", label),
            WireChannel(f"{k}.frequency", "Hz", "Frequency", label),
            WireChannel(f"{k}.pulse_width", "microseconds", "PulseWidth", label),
        ]
    return tuple(channels)


def encode(command: WireCommand) -> list[float]:
    """Return the sample of a command."""
    sample = [float(command.sequence), command.valid_until_s, float(command.active)]
    for output in command.commands:
        sample += [output.amplitude, output.frequency_hz, output.pulse_width_us]
    return sample


def decode(sample: Sequence[float]) -> WireCommand:
    """Return the command of a sample; raise `ProtocolError` if it is none."""
    n_values = len(sample) - len(HEADER)
    if n_values < 0 or n_values % N_PER_OUTPUT or not all(map(math.isfinite, sample)):
        msg = (
            "stimulation sample: expected 3 + 3 per output finite values, got "
            f"{list(sample)}"
        )
        raise ProtocolError(msg)
    sequence, valid_until_s, active, *values = sample
    outputs = zip(*[iter(values)] * N_PER_OUTPUT, strict=True)
    commands = tuple(
        ChannelCommand(amplitude, pulse_width_us, frequency_hz)
        for amplitude, frequency_hz, pulse_width_us in outputs
    )
    return WireCommand(int(sequence), valid_until_s, bool(active), commands)
