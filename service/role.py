"""What every role has in common: arguments, heartbeat, and an end with its parent.

``python -m service.role engine --endpoints … --snapshot …`` is how the supervisor
starts one. Standard input is the lifeline: the first line lets the role begin, later
ones name faults to rehearse, and its end, which comes with the end of the parent
whatever became of it, ends the role.
"""

import argparse
import importlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import msgspec
import zmq

from drivers.clock import SystemClock
from drivers.errors import DriverError
from service.bus import Bus, Endpoints, send
from service.config.load import check
from service.config.programs import ProgramConfig, program_data
from service.config.rig import RigConfig
from service.core.program import Program
from service.errors import ConfigError, ExitCode, ServiceError
from service.messages import Heartbeat, Role

#: Outputs that faults may be rehearsed on: both end in a simulation or in a stream.
REHEARSAL_DRIVERS = frozenset({"simulated", "lsl"})

HEARTBEAT_NS = 20_000_000
STDIN_FD = 0
READ_BYTES = 4096

#: Dashboards and viewers get what engine and output leave of the processor. A.
NICE = 10


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The configuration as it was checked: what all roles work with.

    ``rehearsal`` lets faults be injected. No rig file can ask for it: the demo and the
    campaign do, for outputs without a stimulator.
    """

    rig: RigConfig
    programs: dict[str, Program]
    rehearsal: bool = False

    def __post_init__(self) -> None:
        """Refuse to rehearse faults on anything that may be bolted to a person."""
        if self.rehearsal and self.rig.output.driver not in REHEARSAL_DRIVERS:
            known = " or ".join(sorted(REHEARSAL_DRIVERS))
            msg = f"rehearsal: expected output {known}, got {self.rig.output.driver}"
            raise ConfigError(msg)

    def to_json(self) -> str:
        """Return it for `from_json`."""
        data = {
            "rig": self.rig.model_dump(mode="json", exclude_none=True),
            "programs": [program_data(p) for p in self.programs.values()],
            "rehearsal": self.rehearsal,
        }
        return msgspec.json.encode(data).decode()

    @classmethod
    def from_json(cls, text: str) -> "Snapshot":
        """Return the snapshot, checked again."""
        data = msgspec.json.decode(text)
        rig = check(data["rig"], RigConfig, "snapshot")
        programs = [check(p, ProgramConfig, "snapshot") for p in data["programs"]]
        by_name = {p.name: p.to_core() for p in programs}
        return cls(rig, by_name, rehearsal=data["rehearsal"] is True)


class Lifeline:
    """Knows whether the parent lets this role run."""

    def __init__(self) -> None:
        self._begun = threading.Event()
        self._ended = threading.Event()
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    @property
    def has_ended(self) -> bool:
        """Whether this role must go to zero and end."""
        return self._ended.is_set()

    def end(self) -> None:
        """End this role, as the end of the parent would."""
        self._ended.set()
        self._begun.set()

    def await_begin(self) -> bool:
        """Block until the parent says go; False if it ended instead."""
        self._begun.wait()
        return not self.has_ended

    def watch(self, fd: int = STDIN_FD) -> None:
        """Follow the pipe from the parent, until it closes."""
        rest = b""
        while data := os.read(fd, READ_BYTES):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if self._begun.is_set():
                    self._lines.put(line.decode())
                self._begun.set()
        self.end()

    def next_line(self) -> str | None:
        """Return what the parent said after it let the role begin; None: no more."""
        try:
            return self._lines.get_nowait()
        except queue.Empty:
            return None


@dataclass(slots=True)
class Pulse:
    """Sends a heartbeat, but only when the main loop of the role comes by."""

    role: Role
    socket: "zmq.Socket[bytes]"
    clock: SystemClock
    _sent_ns: int = field(default=-HEARTBEAT_NS)
    _ready: bool = False

    def beat(self, *, ready: bool = True) -> None:
        """Tell the supervisor that the loop is alive, at most every 20 ms."""
        now_ns = self.clock.now_ns()
        if now_ns - self._sent_ns >= HEARTBEAT_NS or ready != self._ready:
            self._sent_ns, self._ready = now_ns, ready
            send(self.socket, Heartbeat(role=self.role, pid=os.getpid(), ready=ready))


@dataclass(frozen=True, slots=True)
class Context:
    """What a role gets."""

    endpoints: Endpoints
    snapshot: Snapshot
    bus: Bus
    lifeline: Lifeline
    pulse: Pulse
    clock: SystemClock


Run = Callable[[Context], None]

RUNS = {
    Role.ENGINE: "service.engine.run",
    Role.OUTPUT: "service.output.run",
    Role.OUTLETS: "service.outlets.run",
    Role.RECORDER: "service.recorder.run",
    Role.API: "service.api.run",
}


def main(argv: list[str] | None = None) -> int:
    """Run one role until its lifeline ends; return its exit code."""
    args = _parser().parse_args(argv)
    role = Role(args.role)
    lifeline, clock = Lifeline(), SystemClock()

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        lifeline.end()

    # Ctrl-C reaches the whole group of processes: the supervisor answers for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminate)
    threading.Thread(target=lifeline.watch, daemon=True, name="lifeline").start()
    yield_to_the_loop(role)
    endpoints = Endpoints.from_json(args.endpoints)
    bus = Bus(endpoints)
    try:
        run: Run = importlib.import_module(RUNS[role]).run
        snapshot = Snapshot.from_json(Path(args.snapshot).read_text(encoding="utf-8"))
        pulse = Pulse(role, bus.heartbeats_out(), clock)
        run(Context(endpoints, snapshot, bus, lifeline, pulse, clock))
    except (DriverError, ServiceError) as error:
        sys.stderr.write(f"unclench: {error}\n")
        code = error.exit_code if isinstance(error, ServiceError) else None
        return ExitCode.BAD_INPUT if code is None else code
    finally:
        bus.close()
    return ExitCode.OK


def yield_to_the_loop(role: Role) -> None:
    """Lower the priority of a role that the loop does not wait for, where possible."""
    if role in {Role.API, Role.OUTLETS} and hasattr(os, "nice"):
        os.nice(NICE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service.role")
    parser.add_argument("role", choices=[role.value for role in Role])
    parser.add_argument("--endpoints", required=True, help="sockets, as JSON")
    parser.add_argument("--snapshot", required=True, help="checked configuration")
    return parser


if __name__ == "__main__":
    sys.exit(main())
