"""Stimulation as an LSL stream, for a bridge to whatever stimulator the lab has."""

from collections.abc import Sequence
from types import ModuleType
from typing import Protocol

from drivers.clock import SystemClock
from drivers.errors import CommandRefused, DriverConfigError
from drivers.liblsl import load_pylsl, open_outlet
from drivers.outputs.commands import NO_COMMAND, check_command
from drivers.ports import ChannelCommand, Clock, OutputChannel, OutputInfo, Readback
from drivers.stimulation_wire import STREAM_TYPE, WireCommand, encode, wire_channels

DEFAULT_EXPIRY_S = 2.0
#: liblsl sends on a thread of its own and drops what is left when an outlet goes. A.
FAREWELL_S = 0.05

IRREGULAR_RATE_HZ = 0.0
MANUFACTURER = "unclench"


class _Outlet(Protocol):
    def push_sample(self, x: list[float]) -> None: ...

    def have_consumers(self) -> bool: ...


class LslOutput:
    """An outlet of type ``Stimulation`` (format: `drivers.stimulation_wire`).

    One sample goes out on every `apply` and one with ``active`` 0 on every `stop` and
    `close`. Sending at least every 100 ms while armed is the caller's duty: this class
    has no thread that could go on without it. Expiry is a promise of the receiver, who
    outputs zero after ``valid_until``; the readback says what was sent, because LSL
    cannot confirm that anybody received it (see `has_receiver`).
    """

    def __init__(
        self,
        name: str,
        channels: Sequence[OutputChannel],
        *,
        source_id: str = "",
        expiry_s: float = DEFAULT_EXPIRY_S,
        clock: Clock | None = None,
    ) -> None:
        if not channels:
            msg = f"output {name!r}: expected at least one channel, got none"
            raise DriverConfigError(msg)
        self._info = OutputInfo("lsl", name, tuple(channels), expiry_s)
        self._source_id = source_id or f"unclench-stimulation-{name}"
        self._idle = (ChannelCommand(0.0, 0.0, 0.0),) * len(channels)
        self._clock = clock or SystemClock()
        self._lsl: ModuleType | None = None
        self._outlet: _Outlet | None = None
        self._sent = WireCommand(NO_COMMAND, 0.0, active=False, commands=self._idle)

    @property
    def has_receiver(self) -> bool:
        """Whether anybody is subscribed; nobody can tell what they do with it."""
        return self._outlet is not None and self._outlet.have_consumers()

    def describe(self) -> OutputInfo:
        """Return channels, units and the longest validity of a command."""
        return self._info

    def open(self) -> Readback:
        """Publish the stream and send zero."""
        if self._outlet is None:
            self._lsl = load_pylsl()
            self._outlet = self._make_outlet(self._lsl)
            self._push_idle(self._outlet)
        return self._readback()

    def apply(
        self, sequence: int, commands: Sequence[ChannelCommand], valid_for_s: float
    ) -> Readback:
        """Send one command per channel, valid for ``valid_for_s`` from now."""
        lsl, outlet = self._require_open()
        check_command(self._info, self._sent.sequence, sequence, commands, valid_for_s)
        until_s = lsl.local_clock() + valid_for_s
        self._push(
            outlet,
            WireCommand(sequence, until_s, active=True, commands=tuple(commands)),
        )
        return self._readback()

    def read(self) -> Readback:
        """Return what was sent last, and whether it is still valid."""
        self._require_open()
        return self._readback()

    def stop(self) -> Readback:
        """Send ``active`` 0 and zeros, if the stream is open."""
        if self._outlet is not None:
            self._push_idle(self._outlet)
        return self._readback()

    def close(self) -> None:
        """Stop and withdraw the stream, once the last zero had time to be sent."""
        self.stop()
        if self.has_receiver:
            self._clock.sleep(FAREWELL_S)
        self._outlet = None

    def _require_open(self) -> tuple[ModuleType, _Outlet]:
        if self._lsl is None or self._outlet is None:
            msg = f"output {self._info.name!r} is not open: open it first"
            raise CommandRefused(msg)
        return self._lsl, self._outlet

    def _make_outlet(self, lsl: ModuleType) -> _Outlet:
        specs = wire_channels(self._info.channels)
        info = lsl.StreamInfo(
            self._info.name,
            STREAM_TYPE,
            len(specs),
            IRREGULAR_RATE_HZ,
            lsl.cf_double64,
            self._source_id,
        )
        info.desc().append_child_value("manufacturer", MANUFACTURER)
        channels = info.desc().append_child("channels")
        for spec in specs:
            channel = channels.append_child("channel")
            channel.append_child_value("label", spec.label)
            channel.append_child_value("unit", spec.unit)
            channel.append_child_value("type", spec.type)
            if spec.output:
                channel.append_child_value("output", spec.output)
        outlet: _Outlet = open_outlet(lsl, info, f"output {self._info.name!r}")
        return outlet

    def _push_idle(self, outlet: _Outlet) -> None:
        last = self._sent.sequence
        self._push(outlet, WireCommand(last, 0.0, active=False, commands=self._idle))

    def _push(self, outlet: _Outlet, command: WireCommand) -> None:
        outlet.push_sample(encode(command))
        self._sent = command

    def _readback(self) -> Readback:
        sent = self._sent
        if self._lsl is None or not sent.is_valid_at(self._lsl.local_clock()):
            return Readback(sent.sequence, active=False, amplitudes=self._zeros())
        amplitudes = tuple(command.amplitude for command in sent.commands)
        return Readback(sent.sequence, active=True, amplitudes=amplitudes)

    def _zeros(self) -> tuple[float, ...]:
        return (0.0,) * len(self._idle)
