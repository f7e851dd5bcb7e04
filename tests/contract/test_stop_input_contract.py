"""What every stop input promises: a stop is heard, and its own loss is one."""

import os
import pty
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from drivers.clock import SystemClock
from drivers.errors import ConnectError
from drivers.ports import Marker, SourceLost, SourceRestored, StopInput
from drivers.stop_input_registry import MarkerStopInput, SerialStopInput

WAIT_S = 0.02


@dataclass
class Case:
    made: StopInput
    press: Callable[[], None]
    chat: Callable[[], None]
    lose: Callable[[], None]


class FakeMarkers:
    """A source of markers that says what it is told to."""

    name = "stop"

    def __init__(self) -> None:
        self.coming: list = []
        self.opened = False

    def open(self) -> None:
        self.opened = True

    def poll(self, _timeout_s: float) -> list:
        events, self.coming = self.coming, []
        return events

    def close(self) -> None:
        self.opened = False


def marker_case() -> Iterator[Case]:
    markers = FakeMarkers()

    def say(text: str) -> None:
        markers.coming.append(Marker("stop", 1.0, text, 1.0))

    yield Case(
        MarkerStopInput(markers, "stop"),
        lambda: say("stop"),
        lambda: say("trial 3"),
        lambda: markers.coming.append(SourceLost("stop", "gone", 1.0)),
    )


def serial_case() -> Iterator[Case]:
    near, far = pty.openpty()
    closed: list[int] = []

    def lose() -> None:
        os.close(near)
        closed.append(near)

    yield Case(
        SerialStopInput(os.ttyname(far), SystemClock()),
        lambda: os.write(near, b"S") and None,
        lambda: os.write(near, b"\0") and None,
        lose,
    )
    os.close(far)
    if not closed:
        os.close(near)


@pytest.fixture(params=[marker_case, serial_case], ids=["lsl", "serial"])
def case(request) -> Iterator[Case]:
    made = request.param()
    case = next(made)
    case.made.open()
    yield case
    case.made.close()
    next(made, None)


def heard(stop_input: StopInput, longest_s: float = 5.0) -> str:
    end_s = time.monotonic() + longest_s
    while time.monotonic() < end_s:
        reason = stop_input.wait(WAIT_S)
        if reason:
            return reason
    return ""


def test_silence_is_no_reason(case: Case) -> None:
    assert heard(case.made, 0.1) == ""


def test_a_stop_is_heard(case: Case) -> None:
    case.press()

    assert "stop" in heard(case.made)


def test_other_words_are_no_reason(case: Case) -> None:
    case.chat()

    assert heard(case.made, 0.1) == ""


def test_its_loss_is_a_reason_for_as_long_as_it_lasts(case: Case) -> None:
    case.lose()

    assert "gone" in heard(case.made)
    assert heard(case.made) != ""


def test_a_stream_that_came_back_is_no_reason_any_more() -> None:
    markers = FakeMarkers()
    stop_input = MarkerStopInput(markers)
    stop_input.open()
    markers.coming = [SourceLost("stop", "gone", 1.0)]
    assert stop_input.wait(WAIT_S)

    markers.coming = [SourceRestored("stop", None, "back", 2.0)]

    assert stop_input.wait(WAIT_S) == ""


def test_a_button_that_shows_to_be_alive_stops_by_falling_silent() -> None:
    near, far = pty.openpty()
    stop_input = SerialStopInput(os.ttyname(far), SystemClock(), alive_s=0.2)
    stop_input.open()
    for _ in range(20):
        os.write(near, b"\0")
        if stop_input.wait(WAIT_S):
            pytest.skip("this machine stood still for longer than the button may")
    assert "silent for 0.2 s" in heard(stop_input)
    stop_input.close()
    os.close(near)
    os.close(far)


def test_a_port_that_is_not_there_is_refused_in_words() -> None:
    with pytest.raises(ConnectError, match="cannot open /dev/nothing"):
        SerialStopInput("/dev/nothing", SystemClock()).open()
