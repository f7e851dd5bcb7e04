"""How long a start may take: as long as somebody comes on, and not for ever."""

import os
import time
from types import SimpleNamespace

import pytest

from drivers.clock import ManualClock
from service.children import Child
from service.errors import ExitCode, StartError
from service.messages import Role
from service.starting import IDLE_S, LIMIT_S, TELL_EVERY_S, Patience, worked_s


class Bench:
    """Two children that start, what they have worked, and what was said."""

    def __init__(self) -> None:
        self.clock = ManualClock(10**9)
        self.said: list[str] = []
        self.work_s = 0.0
        self.late = [
            Child("engine", SimpleNamespace(pid=1), Role.ENGINE),
            Child("api", SimpleNamespace(pid=2), Role.API),
        ]
        self.patience = Patience(self.clock, self.said.append, lambda _: self.work_s)

    def wait(self, seconds: float, share: float = 0.0) -> None:
        for _ in range(int(seconds)):
            self.clock.sleep(1.0)
            self.work_s += share
            self.patience.look(self.late)


def test_nobody_waits_for_children_that_do_nothing() -> None:
    bench = Bench()

    with pytest.raises(StartError, match="s without doing anything: engine, api") as e:
        bench.wait(IDLE_S + 5)

    assert e.value.exit_code is ExitCode.FAILED
    assert bench.clock.now_s() - 1.0 <= IDLE_S + 3


def test_children_that_work_slowly_are_waited_for() -> None:
    bench = Bench()

    bench.wait(4 * IDLE_S, share=0.05)

    assert bench.clock.now_s() > 3 * IDLE_S


def test_a_little_work_is_only_waiting() -> None:
    bench = Bench()

    with pytest.raises(StartError, match="without doing anything"):
        bench.wait(3 * IDLE_S, share=0.002)


def test_work_without_end_is_given_up() -> None:
    bench = Bench()

    with pytest.raises(StartError, match="s of work: engine, api; nothing runs now"):
        bench.wait(LIMIT_S + 5, share=0.5)


def test_another_one_that_is_there_renews_the_patience() -> None:
    bench = Bench()
    bench.wait(IDLE_S - 2)
    del bench.late[0]

    bench.wait(IDLE_S - 2)

    with pytest.raises(StartError, match="doing anything: api;"):
        bench.wait(5)


def test_whoever_waits_is_told_for_whom() -> None:
    bench = Bench()
    bench.wait(TELL_EVERY_S - 1)
    assert bench.said == []

    bench.wait(TELL_EVERY_S)

    assert bench.said == ["starting for 10 s, waiting for engine, api"]


def test_the_time_that_a_process_works_is_known() -> None:
    before_s, began_s = worked_s(os.getpid()), time.process_time()
    while time.process_time() - began_s < 0.05:
        pass

    assert worked_s(os.getpid()) > before_s
    assert worked_s(2**30) == 0.0
