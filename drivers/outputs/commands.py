"""What every output checks before anything goes out."""

import math
from collections.abc import Sequence

from drivers.errors import CommandRefused
from drivers.ports import ChannelCommand, OutputInfo

#: Sequence in the readback of an output that has not applied any command.
NO_COMMAND = -1
#: Amplitudes closer than this share of a step to the grid are on it.
GRID_TOLERANCE = 1e-6


def check_command(
    info: OutputInfo,
    last_sequence: int,
    sequence: int,
    commands: Sequence[ChannelCommand],
    valid_for_s: float,
) -> None:
    """Raise `CommandRefused` unless all of the command is within ``info``."""
    if sequence <= last_sequence:
        _refuse(info, f"a sequence above {last_sequence}", sequence)
    if len(commands) != len(info.channels):
        _refuse(info, f"{len(info.channels)} channel commands", len(commands))
    if not 0.0 < valid_for_s <= info.expiry_s:
        _refuse(info, f"validity in (0, {info.expiry_s:g}] s", valid_for_s)
    for index, command in enumerate(commands):
        _check_channel(info, index, command)


def _check_channel(info: OutputInfo, index: int, command: ChannelCommand) -> None:
    channel = info.channels[index]
    unit = channel.amplitude_unit
    if not 0.0 <= command.amplitude <= channel.max_amplitude:
        limits = f"0 to {channel.max_amplitude:g} {unit} on {channel.label!r}"
        _refuse(info, f"an amplitude of {limits}", command.amplitude)
    if not is_on_grid(command.amplitude, channel.amplitude_step):
        steps = f"steps of {channel.amplitude_step:g} {unit} on {channel.label!r}"
        _refuse(info, f"an amplitude in {steps}", command.amplitude)
    for value, name in (
        (command.pulse_width_us, "pulse width in µs"),
        (command.frequency_hz, "frequency in Hz"),
    ):
        if not (math.isfinite(value) and value >= 0.0):
            _refuse(info, f"a finite {name}, not negative", value)


def is_on_grid(amplitude: float, step: float) -> bool:
    """Return whether a device of this step can do the amplitude exactly."""
    if step == 0.0:
        return True
    steps = amplitude / step
    return abs(steps - round(steps)) <= GRID_TOLERANCE


def _refuse(info: OutputInfo, expected: str, got: object) -> None:
    msg = (
        f"output {info.name!r}: expected {expected}, got {got}; nothing was sent, "
        "limit the command first"
    )
    raise CommandRefused(msg)
