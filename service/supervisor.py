"""The supervisor: starts the roles, watches them, and takes everything to zero.

It is the parent of every role. What it does at the end is the same whatever the reason
was: stop the output, close the lifelines, wait, then end what is left.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from drivers.clock import SystemClock
from drivers.stop_frame import StopFrame
from service.bus import Bus, Endpoints, receive, send
from service.children import (
    SILENCE_WITH_LINE_NS,
    Child,
    Watch,
    check_alive,
)
from service.errors import ExitCode, RoleDied, StartError
from service.lock import OutputLock
from service.messages import Heartbeat, OutputState, Role, StopOutput
from service.role import Snapshot
from service.starting import Patience
from service.wiring.stops import make_stop_frame

#: Chunks are too small to share among threads, and threads that wait for work by
#: spinning take the processor from the other roles.
ONE_THREAD: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}

POLL_MS = 10

STOP_CONFIRM_MS = 100
END_TIMEOUT_S = 2.0
KILL_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Extra:
    """A process beside the roles, such as a simulated subject; it ends with stdin."""

    name: str
    arguments: tuple[str, ...]


class Supervisor:
    """Parent of all roles of one rig; ``folder`` is where they meet.

    ``say`` tells whoever waits for a start what it waits for.
    """

    def __init__(self, snapshot: Snapshot, extras: Sequence[Extra] = ()) -> None:
        self.snapshot = snapshot
        self.environment: Mapping[str, str] = {}
        self.say: Callable[[str], None] = _say_nothing
        self.signalled = 0
        self._extras = tuple(extras)
        self._children: list[Child] = []
        self._clock = SystemClock()
        self._watch = Watch(self._clock)
        self.folder = Path(tempfile.mkdtemp(prefix="unclench-"))
        self.endpoints = Endpoints.in_folder(self.folder)
        self.bus = Bus(self.endpoints)
        self._heartbeats = self.bus.heartbeats_in()
        self._actuator = self.bus.client(self.endpoints.actuator)
        self._frame: StopFrame | None = None
        self._lock: OutputLock | None = None

    def run(self, serve: Callable[[], bool]) -> ExitCode:
        """Start everything, call ``serve`` until it returns False, end everything.

        ``serve`` is called about every 10 ms. Raises `StartError` or `RoleDied`, once
        everything has ended.
        """
        with self._signals():
            try:
                self._start()
                while not self.signalled and serve():
                    self._hear(POLL_MS)
                    self._watch.look(self._children)
            except RoleDied as error:
                self._cut(error)
                raise
            finally:
                self.end()
        if self.signalled:
            return ExitCode(128 + self.signalled)
        return ExitCode.OK

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a child: only faults that are injected do that."""
        for child in self._children:
            if child.name == name:
                child.process.send_signal(number)

    def tell(self, name: str, line: str) -> None:
        """Write a line to the standard input of a child."""
        for child in self._children:
            if child.name == name and child.process.stdin is not None:
                child.process.stdin.write(line.encode() + b"\n")
                child.process.stdin.flush()

    def end(self) -> None:
        """Output to zero, children gone. May be called twice."""
        self._stop_output()
        for child in self._children:
            _close(child)
        deadline_s = self._clock.now_s() + END_TIMEOUT_S
        for child in self._children:
            _end(child, max(deadline_s - self._clock.now_s(), 0.0))
        self._children.clear()
        if self._frame is not None:
            self._frame.close()
        if self._lock is not None:
            self._lock.release()
        self.bus.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def note(number: int, _frame: FrameType | None) -> None:
            self.signalled = number

        before = {
            number: signal.signal(number, note)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _start(self) -> None:
        api = self.snapshot.rig.api
        check_port(api.host, api.port)
        self._lock = OutputLock(self.snapshot.rig.output)
        line = self.snapshot.rig.stop_line
        if line is not None:
            self._frame = make_stop_frame(line)
            self._watch.output_silence_ns = SILENCE_WITH_LINE_NS
        patience = Patience(self._clock, self.say)
        path = self.folder / "snapshot.json"
        path.write_text(self.snapshot.to_json(), encoding="utf-8")
        for extra in self._extras:
            self._spawn(extra.name, extra.arguments)
        for role in Role:
            arguments = (
                *("-m", "service.role", role.value),
                *("--endpoints", self.endpoints.to_json()),
                *("--snapshot", str(path)),
            )
            self._spawn(role.value, arguments, role)
        self._await(
            patience, lambda child: child.ready or child.role is not Role.ENGINE
        )
        self._await(patience, lambda child: child.heard)
        for child in self._children:
            if child.role is not None and child.process.stdin is not None:
                child.process.stdin.write(b"\n")
                child.process.stdin.flush()
        self._await(patience, lambda child: child.ready)
        self._watch.begin()

    def _spawn(
        self, name: str, arguments: Sequence[str], role: Role | None = None
    ) -> None:
        process = subprocess.Popen(  # noqa: S603 - this program, its own modules
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            env={**ONE_THREAD, **os.environ, **self.environment},
        )
        self._children.append(Child(name, process, role))

    def _await(self, patience: Patience, is_true: Callable[[Child], bool]) -> None:
        roles = [child for child in self._children if child.role is not None]
        while late := [child for child in roles if not is_true(child)]:
            self._hear(POLL_MS)
            if self.signalled:
                msg = "interrupted before it had started"
                raise StartError(msg, ExitCode(128 + self.signalled))
            self._watch_start()
            patience.look(late)

    def _watch_start(self) -> None:
        for child in self._children:
            if child.process.poll() == ExitCode.BAD_INPUT:
                raise StartError("", ExitCode.BAD_INPUT)
            check_alive(child)

    def _hear(self, timeout_ms: int) -> None:
        self._heartbeats.poll(timeout_ms)
        while (beat := receive(self._heartbeats)) is not None:
            if isinstance(beat, Heartbeat):
                self._note(beat)

    def _note(self, beat: Heartbeat) -> None:
        for child in self._children:
            if child.role is beat.role and child.process.pid == beat.pid:
                child.beat_ns = self._clock.now_ns()
                child.heard, child.ready = True, beat.ready

    def _cut(self, error: RoleDied) -> None:
        """Say stop on the line past the output role, if that is what is gone."""
        if self._frame is None or error.exit_code is not ExitCode.OUTPUT_DIED:
            return
        why = self._frame.write()
        if why:
            raise RoleDied(f"{error}; {why}", error.exit_code) from error

    def _stop_output(self) -> None:
        output = [child for child in self._children if child.role is Role.OUTPUT]
        if not output or output[0].process.poll() is not None:
            return
        send(self._actuator, StopOutput(reason="end"))
        if self._actuator.poll(STOP_CONFIRM_MS):
            state = receive(self._actuator)
            if isinstance(state, OutputState) and not any(state.amplitudes):
                return
        # It does not confirm zero: an output that hangs is ended at once, so that the
        # expiry of the device itself is the longest that anything can go on.
        output[0].process.kill()


def _say_nothing(_text: str) -> None:
    """Be silent."""


def check_port(host: str, port: int) -> None:
    """Raise `StartError` if nobody could listen there."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        msg = (
            f"api.port: expected a free port on {host}, got {port} ({error.strerror}); "
            "end what uses it or choose another"
        )
        raise StartError(msg) from error


def _close(child: Child) -> None:
    if child.process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            child.process.stdin.close()


def _end(child: Child, timeout_s: float) -> None:
    try:
        child.process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        child.process.kill()
        # Nobody survives that, but a busy host takes its time, and the others wait.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(KILL_TIMEOUT_S)
