"""The marker source against a liblsl to order."""

import numpy as np
import pytest

from drivers.errors import ConnectError
from drivers.ports import Marker, SourceLost, SourceNotice, SourceRestored
from drivers.sources.lsl_inlet import REOPEN_WITHIN_S
from drivers.sources.markers import (
    FOREIGN_CLOCK_S,
    MarkerSource,
    MarkerSourceParams,
)
from tests.support.fake_lsl import FakeLsl, FakeStream


class Rig:
    def __init__(self, **params) -> None:
        self.lsl = FakeLsl()
        self.source = MarkerSource(
            "markers", MarkerSourceParams(**params), lsl=self.lsl, clock=self.lsl.clock
        )

    def stream(self, **changes) -> FakeStream:
        return FakeStream(
            self.lsl,
            **{
                "name": "events",
                "type": "Markers",
                "source_id": "m-1",
                "format": "string",
                "rate": 0.0,
                "channels": [{"label": "event"}],
                **changes,
            },
        )

    def poll(self):
        return list(self.source.poll(0.05))

    def wait(self, duration_s: float):
        events, end_s = [], self.lsl.clock.now_s() + duration_s
        while self.lsl.clock.now_s() < end_s:
            events += self.poll()
        return events


def kinds(events) -> list[str]:
    return [e.kind if isinstance(e, SourceNotice) else type(e).__name__ for e in events]


def test_markers_come_with_corrected_time() -> None:
    rig = Rig()
    stream = rig.stream()
    stream.offset_s = -100.0
    rig.source.open()
    now_s = rig.lsl.clock.now_s()
    stream.send(value=b"needle in", stamps=[now_s + 100.0])

    (marker,) = rig.poll()

    assert isinstance(marker, Marker)
    assert marker.text == "needle in"
    assert marker.t_s == pytest.approx(now_s)


def test_the_clock_of_the_sender_is_followed_after_opening() -> None:  # R16
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    stream.offset_s = -0.01
    assert rig.wait(3.0) == []
    stream.offset_s = 100.0
    told = rig.wait(6.0)

    stream.send(value=b"x", stamps=[rig.lsl.clock.now_s() - 100.0])
    (marker,) = rig.poll()

    assert kinds(told) == ["clock_step"]
    assert marker.t_s == pytest.approx(marker.arrival_s)


def test_one_wrong_correction_moves_no_marker() -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    stream.offset_errors_s.append(0.3)

    assert rig.wait(6.0) == []

    assert not stream.offset_errors_s, "it was measured"
    stream.send(value=b"x", stamps=[rig.lsl.clock.now_s()])
    (marker,) = rig.poll()
    assert marker.t_s == pytest.approx(marker.arrival_s)


@pytest.mark.parametrize(
    "stamp", [0.0, -5.0, np.nan, np.inf, 1.7e9, 1000.0 + 100.0]
)  # R26
def test_stamps_of_another_clock_give_way_to_the_arrival(stamp: float) -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    told = []
    for _ in range(100):
        stream.send(value=b"x", stamps=[stamp])
        told += rig.wait(0.2)

    assert kinds(told).count("foreign_clock") == 1
    markers = [e for e in told if isinstance(e, Marker)]
    assert len(markers) == 100
    assert all(marker.t_s == marker.arrival_s for marker in markers)


def test_a_foreign_clock_is_told_again_after_a_loss() -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    told = []
    for _ in range(2):
        stream.send(value=b"x", stamps=[0.0])
        told += rig.wait(0.1)
        stream.die()
        stream = rig.stream()
        told += rig.wait(1.0)

    assert (
        kinds(told)
        == [
            *("foreign_clock", "Marker", "SourceLost", "SourceRestored"),
        ]
        * 2
    )


def test_late_and_announced_markers_keep_their_time() -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    now_s = rig.lsl.clock.now_s()
    stamps = [now_s - 0.9 * FOREIGN_CLOCK_S, now_s + 0.9 * FOREIGN_CLOCK_S]
    stream.send(value=b"x", stamps=stamps)

    assert [marker.t_s for marker in rig.poll()] == pytest.approx(stamps)


@pytest.mark.parametrize("call", ["inlet", "info", "open_stream", "time_correction"])
def test_whatever_fails_while_opening_is_a_refusal(call: str) -> None:
    rig = Rig()
    rig.stream().failing.add(call)

    with pytest.raises(ConnectError, match="does not answer"):
        rig.source.open()


def test_a_pull_that_fails_is_a_loss() -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    stream.failing.add("pull_chunk")

    assert kinds(rig.poll()) == ["SourceLost"]
    stream.failing.clear()
    assert kinds(rig.wait(2.0)) == ["SourceRestored"]


def test_several_that_fit_are_told_and_not_chosen_from() -> None:  # R34
    rig = Rig()
    stream = rig.stream()
    rig.stream()
    with pytest.raises(ConnectError, match=r"found 2.*state source_id or hostname"):
        rig.source.open()
    rig.lsl.streams.remove(stream)
    rig.source.open()
    rig.lsl.streams[0].die()
    rig.poll()
    rig.stream()
    rig.stream()

    told = rig.wait(2.0)

    assert kinds(told) == ["ambiguous"]
    assert "'events' (Markers, source_id 'm-1', on lab); 'events'" in told[0].text


def test_what_came_back_but_is_no_marker_stream_is_told() -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    stream.die()
    rig.poll()
    rig.stream(format="float32")

    told = rig.wait(2.0)

    assert kinds(told) == ["refused"]


def test_a_poll_that_reconnects_returns_in_time() -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    stream.die()
    rig.poll()
    rig.stream().answers = False

    for _ in range(100):
        began_s = rig.lsl.clock.now_s()
        rig.poll()
        assert rig.lsl.clock.now_s() - began_s <= REOPEN_WITHIN_S + 0.05


def test_silence_is_no_loss_but_an_end_is() -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    assert all(rig.poll() == [] for _ in range(100))

    stream.die()

    assert [type(e) for e in rig.poll()] == [SourceLost]
    assert rig.poll() == []
    again = rig.stream(name="renamed")
    assert [type(e) for e in rig.poll()] == [SourceRestored]
    again.send(value=b"x", stamps=[rig.lsl.clock.now_s()])
    assert [type(e) for e in rig.poll()] == [Marker]


def test_a_sender_that_does_not_know_utf_8_ends_nothing() -> None:
    rig = Rig()
    stream = rig.stream()
    rig.source.open()
    stream.send(value=b"caf\xe9", stamps=[rig.lsl.clock.now_s()])

    (marker,) = rig.poll()

    assert marker.text == "caf\N{REPLACEMENT CHARACTER}"


def test_emg_is_no_marker_stream() -> None:
    rig = Rig()
    rig.stream(format="float32")

    with pytest.raises(ConnectError, match=r"use \[\[sources\]\]"):
        rig.source.open()


def test_not_open_not_found_and_closed() -> None:
    rig = Rig(stream_name="events")
    with pytest.raises(ConnectError, match="not open"):
        rig.source.poll(0.0)
    with pytest.raises(ConnectError, match="no LSL stream"):
        rig.source.open()
    rig.stream()
    assert rig.source.open() is rig.source.open()
    rig.source.close()
    rig.source.close()
    with pytest.raises(ConnectError, match="not open"):
        rig.source.poll(0.0)
