"""Threads and processes around a real inlet or outlet: who may do what, and when.

Rows of docs/reference/lsl-behaviour.md. What could crash or hang runs in a process of
its own.
"""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from drivers.outputs.lsl import LslOutput
from drivers.ports import ChannelCommand, OutputChannel, SourceEvent, StreamInfo
from drivers.sources.lsl import LslSource, LslSourceParams
from dsp.types import Chunk
from service.engine.inbox import Inbox
from tests.support.lsl_session import isolated_lsl
from tests.support.lsl_streams import LONGEST_S, Outlet

pytestmark = [pytest.mark.lsl, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


class Watched:
    """A source that notes which thread called it, and calls that overlapped."""

    def __init__(self, source: LslSource) -> None:
        self.name = source.name
        self.source = source
        self.polled_by: set[int] = set()
        self.overlaps: list[str] = []
        self._busy = threading.Lock()

    @contextlib.contextmanager
    def _alone(self, call: str) -> Iterator[None]:
        if not self._busy.acquire(blocking=False):
            self.overlaps.append(call)
            yield
            return
        try:
            yield
        finally:
            self._busy.release()

    def open(self) -> StreamInfo:
        with self._alone("open"):
            return self.source.open()

    def poll(self, timeout_s: float) -> Sequence[SourceEvent]:
        self.polled_by.add(threading.get_ident())
        with self._alone("poll"):
            return self.source.poll(timeout_s)

    def close(self) -> None:
        with self._alone("close"):
            self.source.close()


def watched() -> tuple[Outlet, Watched]:
    outlet = Outlet()
    source = LslSource("emg", LslSourceParams(stream_name=outlet.name))
    return outlet, Watched(source)


def test_one_thread_owns_an_inlet_and_nobody_closes_it_meanwhile() -> None:
    """R29, R31: threads are joined before their source is closed."""
    outlet, source = watched()
    source.open()
    inbox = Inbox()
    inbox.read([source])
    letters: list[object] = []
    end_s = time.monotonic() + LONGEST_S
    while sum(isinstance(letter, Chunk) for letter in letters) < 20:
        assert time.monotonic() < end_s
        outlet.push([[1.0, 2.0]] * 40, outlet.lsl.local_clock())
        letters.append(inbox.get(0.02))
    inbox.close()
    source.close()

    assert len(source.polled_by) == 1
    assert threading.get_ident() not in source.polled_by
    assert source.overlaps == []


def test_a_pull_without_data_returns_so_that_its_thread_can_end() -> None:
    """R30: closing a stream does not end a pull, only the pull's own timeout does."""
    _outlet, source = watched()
    source.open()
    inbox = Inbox()
    inbox.read([source])
    ending = threading.Thread(target=inbox.close, daemon=True)
    ending.start()
    ending.join(LONGEST_S)

    assert not ending.is_alive()
    source.close()
    assert source.overlaps == []


READER = """\
import sys
from drivers.sources.lsl import LslSource, LslSourceParams
from service.engine.inbox import Inbox

def read(name):
    source = LslSource("emg", LslSourceParams(stream_name=name))
    source.open()
    inbox = Inbox()
    inbox.read([source])
    return inbox, source
"""


def run_reader(outlet: Outlet, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", READER + script, outlet.name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_inlets_that_are_read_come_and_go_without_a_crash() -> None:
    """R31: an inlet that is destroyed during a pull takes the process with it."""
    done = run_reader(
        Outlet(),
        "for _ in range(8):\n"
        "    inbox, source = read(sys.argv[1])\n"
        "    inbox.get(0.02)\n"
        "    inbox.close()\n"
        "    source.close()\n"
        "    del source\n"
        "print('all gone')\n",
    )

    assert (done.returncode, done.stdout) == (0, "all gone\n"), done.stderr


@pytest.mark.parametrize(
    ("end", "code"), [("", 0), ("sys.exit(3)", 3), ("raise SystemExit('why')", 1)]
)
def test_a_process_ends_in_the_middle_of_a_pull(end: str, code: int) -> None:
    """R32."""
    done = run_reader(Outlet(), f"kept = read(sys.argv[1])\nprint('read')\n{end}\n")

    assert (done.returncode, done.stdout) == (code, "read\n"), done.stderr


RECEIVER = """\
import sys
import pylsl
(info,) = pylsl.resolve_byprop("name", sys.argv[1], 1, 20)
inlet = pylsl.StreamInlet(info, recover=False)
inlet.open_stream(20)
print("ready", flush=True)
while True:
    inlet.pull_sample(1.0)
"""


def test_the_output_outlives_a_receiver_that_is_killed() -> None:
    """R35."""
    lsl = isolated_lsl()
    output = LslOutput("r35-stim", [OutputChannel("trapezius", "mA", 30.0, 0.5)])
    output.open()
    sequence = 0

    def send() -> None:
        nonlocal sequence
        sequence += 1
        command = ChannelCommand(sequence % 20 / 2, 200.0, 4.0)
        assert output.apply(sequence, [command], 0.3).sequence == sequence

    def send_until(is_true) -> None:
        end_s = time.monotonic() + LONGEST_S
        while not is_true():
            assert time.monotonic() < end_s
            send()
            time.sleep(0.02)

    command = [sys.executable, "-c", RECEIVER, "r35-stim"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as receiver:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == b"ready\n"
        send_until(lambda: output.has_receiver)
        receiver.kill()
        send_until(lambda: not output.has_receiver)

    (info,) = lsl.resolve_byprop("name", "r35-stim", 1, 20)
    inlet = lsl.StreamInlet(info, recover=False)
    inlet.open_stream(20)
    send_until(lambda: output.has_receiver)
    send()
    heard, _ = inlet.pull_chunk(20.0, min_samples=1, as_numpy=True)
    while heard[-1, 0] < sequence:
        more, _ = inlet.pull_chunk(20.0, min_samples=1, as_numpy=True)
        assert len(more), "what is sent after the loss reaches the next receiver"
        heard = more
    output.close()
