"""The marker source against a liblsl to order."""

import pytest

from drivers.errors import ConnectError
from drivers.ports import Marker, SourceLost, SourceRestored
from drivers.sources.markers import MarkerSource, MarkerSourceParams
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
