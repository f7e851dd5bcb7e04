"""Whose silence counts: that of a child, not that of the whole host."""

import signal
import subprocess
import sys

import pytest

from drivers.clock import ManualClock
from service.children import SILENCE_NS, SILENCE_WITH_LINE_NS, Child, Watch
from service.errors import RoleDied
from service.messages import Role

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
MS = 1_000_000


@pytest.fixture
def child():
    process = subprocess.Popen(SLEEP)
    yield Child("output", process, Role.OUTPUT)
    process.kill()
    process.wait()


def watch_for(watch: Watch, child: Child, clock: ManualClock, ms: int, step: int):
    for _ in range(ms // step):
        clock.sleep(step * 1e-3)
        watch.look([child])


def test_a_child_that_says_nothing_is_dead(child: Child) -> None:
    clock = ManualClock(10**9)
    watch = Watch(clock)
    child.beat_ns = clock.now_ns()

    with pytest.raises(RoleDied, match="output has been silent for 101"):
        watch_for(watch, child, clock, 2000, 10)

    assert clock.now_ns() - child.beat_ns <= SILENCE_NS[Role.OUTPUT] + 10 * MS


def test_a_host_that_stood_still_is_not_held_against_a_child(child: Child) -> None:
    clock = ManualClock(10**9)
    watch = Watch(clock)
    child.beat_ns = clock.now_ns()
    watch_for(watch, child, clock, 900, 10)

    clock.sleep(2.0)
    watch.look([child])

    with pytest.raises(RoleDied):
        watch_for(watch, child, clock, 110, 10)


def test_a_child_that_ended_is_named_at_once(child: Child) -> None:
    clock = ManualClock(10**9)
    watch = Watch(clock)
    child.beat_ns = clock.now_ns()
    child.process.send_signal(signal.SIGKILL)
    child.process.wait()

    with pytest.raises(RoleDied, match="was ended by signal 9") as caught:
        watch.look([child])

    assert caught.value.exit_code == 72


def test_with_a_line_to_the_device_the_output_is_not_waited_for(child: Child) -> None:
    clock = ManualClock(10**9)
    watch = Watch(clock)
    watch.output_silence_ns = SILENCE_WITH_LINE_NS
    child.beat_ns = clock.now_ns()

    with pytest.raises(RoleDied, match="output has been silent for 11"):
        watch_for(watch, child, clock, 2000, 10)
