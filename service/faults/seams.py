"""Where faults get in: thin wrappers around what a role holds, in rehearsals only.

A role asks for its wrappers with `rehearse_output` or `rehearse_recorder`. Outside of a
rehearsal it gets back what it gave, and every line that asks for a fault is refused.
"""

import errno
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import zmq

from drivers.errors import DeviceFault, UncertainOutput
from drivers.ports import ChannelCommand, Clock, Output, OutputInfo, Readback
from service.bus import receive
from service.faults.kinds import DISK_KINDS, OUTPUT_KINDS, PERMIT_KINDS
from service.messages import Permit
from service.recorder.disk import Disk
from service.role import Context

#: Permits are late for so long. A: long enough for every one to expire.
LATE_FOR_S = 3.0

#: A driver waits so long for a reply before it calls the output uncertain. A: three
#: attempts to stop within 100 ms (S19).
REPLY_TIMEOUT_S = 0.03

#: What the device calls its fault.
DEVICE_FAULT = "electrode"

MS = 1e-3
FOR_EVER = float("inf")


class Arrivals(Protocol):
    """Where the output role finds permits."""

    def newest(self) -> Permit | None:
        """Return the newest permit that has come since the last call."""


class SocketArrivals:
    """Permits from a conflating socket."""

    def __init__(self, permits: "zmq.Socket[bytes]") -> None:
        self._permits = permits

    def newest(self) -> Permit | None:
        """Return the newest permit that has come since the last call."""
        message = receive(self._permits)
        return message if isinstance(message, Permit) else None


class FaultyArrivals:
    """Permits that come late, out of order, or never."""

    def __init__(self, arrivals: Arrivals, clock: Clock) -> None:
        self._arrivals = arrivals
        self._clock = clock
        self._delay_s = 0.0
        self._late_until_s = 0.0
        self._lost_until_s = 0.0
        self._waiting: deque[tuple[float, Permit]] = deque()

    def inject(self, kind: str, argument: float) -> None:
        """Let permits be late by ``argument`` ms, or lost for ``argument`` s."""
        now_s = self._clock.now_s()
        if kind == "late-permit":
            self._delay_s, self._late_until_s = argument * MS, now_s + LATE_FOR_S
        else:
            self._lost_until_s = now_s + argument

    def newest(self) -> Permit | None:
        """Return the newest permit that is due."""
        now_s, permit = self._clock.now_s(), self._arrivals.newest()
        if now_s < self._lost_until_s:
            permit = None
        if permit is not None and now_s < self._late_until_s:
            self._waiting.append((now_s + self._delay_s, permit))
            permit = None
        # What was held up may arrive after newer ones: that is the point.
        while permit is None and self._waiting and self._waiting[0][0] <= now_s:
            _, permit = self._waiting.popleft()
        return permit


class FaultyOutput:
    """A device that reports a fault, or whose replies are lost."""

    def __init__(self, output: Output, clock: Clock) -> None:
        self._output = output
        self._clock = clock
        self._mute_until_s = 0.0
        self._broken_until_s = 0.0

    def inject(self, kind: str, argument: float) -> None:
        """Lose replies, or be in a fault state, for ``argument`` s."""
        until_s = self._clock.now_s() + argument
        if kind == "device-fault":
            self._broken_until_s = until_s
            self._output.stop()
        else:
            self._mute_until_s = until_s

    def describe(self) -> OutputInfo:
        """Return what the device is."""
        return self._output.describe()

    def open(self) -> Readback:
        """Connect."""
        return self._answer(self._output.open())

    def apply(
        self, sequence: int, commands: Sequence[ChannelCommand], valid_for_s: float
    ) -> Readback:
        """Do what is commanded, unless the device is in its fault state."""
        if self._is_broken:
            msg = f"the device reports {DEVICE_FAULT!r}"
            raise DeviceFault(msg)
        return self._answer(self._output.apply(sequence, commands, valid_for_s))

    def read(self) -> Readback:
        """Return what the device does, if its reply arrives."""
        return self._answer(self._output.read())

    def stop(self) -> Readback:
        """Go to zero, and tell so if the reply arrives."""
        return self._answer(self._output.stop())

    def close(self) -> None:
        """Stop and let go."""
        self._output.close()

    @property
    def _is_broken(self) -> bool:
        return self._clock.now_s() < self._broken_until_s

    def _answer(self, readback: Readback) -> Readback:
        if self._clock.now_s() < self._mute_until_s:
            self._clock.sleep(REPLY_TIMEOUT_S)
            msg = f"no reply within {REPLY_TIMEOUT_S:g} s; stop and read back"
            raise UncertainOutput(msg)
        return readback._replace(fault=DEVICE_FAULT) if self._is_broken else readback


class FaultyDisk:
    """A disk that is full for a while."""

    def __init__(self, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock
        self._full_until_s = 0.0

    def inject(self, _kind: str, argument: float) -> None:
        """Be full for ``argument`` s."""
        self._full_until_s = self._clock.now_s() + argument

    def create(self, path: Path) -> None:
        """Begin a new file."""
        self._refuse_if_full()
        self._disk.create(path)

    def append(self, data: bytes) -> None:
        """Take bytes."""
        self._refuse_if_full()
        self._disk.append(data)

    def sync(self) -> None:
        """Make what was appended last."""
        self._disk.sync()

    def close(self) -> None:
        """Let go of the file."""
        self._disk.close()

    def replace(self, path: Path, text: str) -> None:
        """Put a whole small file in place."""
        self._refuse_if_full()
        self._disk.replace(path, text)

    def free_bytes(self, folder: Path) -> int:
        """Return how much fits."""
        return 0 if self._is_full else self._disk.free_bytes(folder)

    @property
    def _is_full(self) -> bool:
        return self._clock.now_s() < self._full_until_s

    def _refuse_if_full(self) -> None:
        if self._is_full:
            raise OSError(errno.ENOSPC, "No space left on device")


Inject = Callable[[str, float], None]


@dataclass(slots=True)
class InjectedFaults:
    """Turns the lines of the parent into faults, if this is a rehearsal."""

    context: Context
    handlers: dict[str, Inject] = field(default_factory=dict)

    def step(self) -> None:
        """Inject what the parent asked for since the last call."""
        while (line := self.context.lifeline.next_line()) is not None:
            kind, _, argument = line.partition(" ")
            handler = self.handlers.get(kind)
            if handler is None:
                why = "not a fault of this role" if self.handlers else "no rehearsal"
                sys.stderr.write(f"unclench: refused to inject {line!r}: {why}\n")
            else:
                handler(kind, float(argument))


def rehearse_output(
    context: Context, output: Output, arrivals: Arrivals
) -> tuple[Output, Arrivals, InjectedFaults]:
    """Return the device and the permits of the output role, ready to fail."""
    injected = InjectedFaults(context)
    if not context.snapshot.rehearsal:
        return output, arrivals, injected
    faulty_output = FaultyOutput(output, context.clock)
    faulty_arrivals = FaultyArrivals(arrivals, context.clock)
    injected.handlers |= dict.fromkeys(OUTPUT_KINDS, faulty_output.inject)
    injected.handlers |= dict.fromkeys(PERMIT_KINDS, faulty_arrivals.inject)
    return faulty_output, faulty_arrivals, injected


def rehearse_recorder(context: Context, disk: Disk) -> tuple[Disk, InjectedFaults]:
    """Return the disk of the recorder, ready to be full."""
    injected = InjectedFaults(context)
    if not context.snapshot.rehearsal:
        return disk, injected
    faulty = FaultyDisk(disk, context.clock)
    injected.handlers |= dict.fromkeys(DISK_KINDS, faulty.inject)
    return faulty, injected
