"""A stimulator that exists in this process only, and fails as it is told to."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.errors import (
    CommandRefused,
    ConnectError,
    DeviceFault,
    DriverConfigError,
    UncertainOutput,
)
from drivers.outputs.commands import NO_COMMAND, check_command
from drivers.ports import ChannelCommand, Clock, OutputChannel, OutputInfo, Readback
from drivers.subject.stimulation import Stimulation, StimulationLine

DEFAULT_CHANNELS = (OutputChannel("stimulator", "mA", 30.0, 0.5),)
DEFAULT_EXPIRY_S = 2.0  # like a stimulator with a 2 s keep-alive
HISTORY_LENGTH = 65_536


@dataclass(frozen=True, slots=True)
class OutputFaults:
    """What goes wrong, as data. The default is an output without faults.

    Parameters
    ----------
    refuses_open : bool
        `open` raises `ConnectError`.
    reply_delay_s : float
        Every reply takes so long.
    loses_reply_from : int or None
        Commands from this sequence on are applied, but the reply is lost.
    loses_command_from : int or None
        Commands from this sequence on are lost, and with them the reply.
    readback_error : float
        Added to every amplitude that is read back and is not 0.
    fault_at_s : float or None
        From this time of the clock on the device is in its fault state, at zero.
    fault : str
        Name of that state.
    never_expires : bool
        The last command lasts for ever.
    ignores_stop : bool
        `stop` is acknowledged with what the device goes on doing.
    """

    refuses_open: bool = False
    reply_delay_s: float = 0.0
    loses_reply_from: int | None = None
    loses_command_from: int | None = None
    readback_error: float = 0.0
    fault_at_s: float | None = None
    fault: str = "electrode"
    never_expires: bool = False
    ignores_stop: bool = False


NO_FAULTS = OutputFaults()


def _reached(sequence: int, start: int | None) -> bool:
    return start is not None and sequence >= start


class SimulatedOutput:
    """An output with a device of its own, that expires on the given clock.

    ``history`` holds (t_s, amplitudes) for every change, newest last. With a ``line``,
    channel ``line_channel`` reaches a simulated subject, and with it as many of the
    channels after it as the line has actuators: its sites, or its muscles.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        channels: Sequence[OutputChannel] = DEFAULT_CHANNELS,
        *,
        expiry_s: float = DEFAULT_EXPIRY_S,
        faults: OutputFaults = NO_FAULTS,
        line: StimulationLine | None = None,
        line_channel: int = 0,
    ) -> None:
        if not 0 <= line_channel < len(channels):
            expected = f"line_channel from 0 to {len(channels) - 1}"
            msg = f"output {name!r}: expected {expected}, got {line_channel}"
            raise DriverConfigError(msg)
        self._info = OutputInfo("simulated", name, tuple(channels), expiry_s)
        self._clock = clock
        self._faults = faults
        self._line = line or StimulationLine()
        self._line_channel = line_channel
        self._zero = (0.0,) * len(channels)
        self._is_open = False
        self._sequence = NO_COMMAND
        self._active = False
        self._amplitudes = self._zero
        self._valid_until_s = 0.0
        self._history: deque[tuple[float, tuple[float, ...]]] = deque(
            maxlen=HISTORY_LENGTH
        )

    @property
    def history(self) -> list[tuple[float, tuple[float, ...]]]:
        """Every change of the amplitudes so far, as (t_s, amplitudes)."""
        self._advance()
        return list(self._history)

    @property
    def has_forgotten(self) -> bool:
        """Whether `history` may no longer begin where it began."""
        return len(self._history) == HISTORY_LENGTH

    def describe(self) -> OutputInfo:
        """Return channels, units and expiry."""
        return self._info

    def open(self) -> Readback:
        """Connect; an output that is open already says what it does."""
        if self._faults.refuses_open:
            msg = f"output {self._info.name!r}: the simulated device refuses to connect"
            raise ConnectError(msg)
        self._is_open = True
        return self._reply()

    def apply(
        self, sequence: int, commands: Sequence[ChannelCommand], valid_for_s: float
    ) -> Readback:
        """Do what is commanded for ``valid_for_s``, and read it back."""
        self._require_open()
        check_command(self._info, self._sequence, sequence, commands, valid_for_s)
        self._advance()
        fault = self._fault()
        if fault is not None:
            msg = f"output {self._info.name!r}: the device reports {fault!r}"
            raise DeviceFault(msg)
        command_lost = _reached(sequence, self._faults.loses_command_from)
        if not command_lost:
            self._accept(sequence, commands, valid_for_s)
        if command_lost or _reached(sequence, self._faults.loses_reply_from):
            self._clock.sleep(self._faults.reply_delay_s)
            msg = (
                f"output {self._info.name!r}: no reply to command {sequence}; "
                "stop and read back"
            )
            raise UncertainOutput(msg)
        return self._reply()

    def read(self) -> Readback:
        """Return what the device does now."""
        self._require_open()
        return self._reply()

    def stop(self) -> Readback:
        """Go to zero at once."""
        self._advance()
        if not self._faults.ignores_stop:
            self._go_to_zero(self._clock.now_s())
        return self._reply()

    def close(self) -> None:
        """Stop and let go."""
        if self._is_open:
            self.stop()
            self._is_open = False

    def _require_open(self) -> None:
        if not self._is_open:
            msg = f"output {self._info.name!r} is not open: open it first"
            raise CommandRefused(msg)

    def _accept(
        self, sequence: int, commands: Sequence[ChannelCommand], valid_for_s: float
    ) -> None:
        forever = self._faults.never_expires
        until_s = math.inf if forever else self._clock.now_s() + valid_for_s
        self._sequence = sequence
        self._active = True
        self._valid_until_s = until_s
        self._change(tuple([command.amplitude for command in commands]))
        first = self._line_channel
        n_actuators = self._line.n_actuators
        last = None if n_actuators is None else first + n_actuators
        felt = tuple(
            [
                Stimulation(one.amplitude, one.frequency_hz, one.pulse_width_us)
                for one in commands[first:last]
            ]
        )
        self._line.put(felt, until_s)

    def _advance(self) -> None:
        """Let happen what time alone makes happen: expiry and the fault."""
        fault_at_s = self._faults.fault_at_s
        ends_s = self._valid_until_s
        if fault_at_s is not None:
            ends_s = min(ends_s, fault_at_s)
        if self._active and self._clock.now_s() >= ends_s:
            self._go_to_zero(ends_s)

    def _fault(self) -> str | None:
        at_s = self._faults.fault_at_s
        has_come = at_s is not None and self._clock.now_s() >= at_s
        return self._faults.fault if has_come else None

    def _go_to_zero(self, t_s: float) -> None:
        self._active = False
        self._line.cut()
        if self._amplitudes != self._zero:
            self._amplitudes = self._zero
            self._history.append((t_s, self._zero))

    def _change(self, amplitudes: tuple[float, ...]) -> None:
        if amplitudes != self._amplitudes:
            self._amplitudes = amplitudes
            self._history.append((self._clock.now_s(), amplitudes))

    def _reply(self) -> Readback:
        self._clock.sleep(self._faults.reply_delay_s)
        self._advance()
        error = self._faults.readback_error
        said = tuple([x + error if x else 0.0 for x in self._amplitudes])
        return Readback(self._sequence, self._active, said, self._fault())
