"""The LSL source against a liblsl that does whatever a rig can do to it."""

import numpy as np
import pytest

from drivers.errors import ConnectError, DriverConfigError
from drivers.ports import Discontinuity, SourceLost, SourceNotice, SourceRestored
from drivers.sources.lsl import MAX_ROWS, LslSource, LslSourceParams
from drivers.sources.lsl_inlet import REOPEN_WITHIN_S
from drivers.sources.lsl_layout import Shape, changes
from drivers.sources.lsl_resolve import Predicate
from dsp.types import Chunk
from tests.support.fake_lsl import FakeLsl, FakeStream

CHUNK_S = 0.02


class Rig:
    def __init__(self, **params) -> None:
        self.lsl = FakeLsl()
        self.source = LslSource(
            "emg", LslSourceParams(**params), lsl=self.lsl, clock=self.lsl.clock
        )

    def stream(self, **changes) -> FakeStream:
        return FakeStream(self.lsl, **changes)

    def poll(self):
        return list(self.source.poll(0.05))

    def flow(self, stream: FakeStream, duration_s: float = 0.5):
        events = []
        for _ in range(round(duration_s / CHUNK_S)):
            self.lsl.clock.sleep(CHUNK_S)
            stream.send(40)
            events += self.poll()
        return events

    def wait(self, duration_s: float):
        events, end_s = [], self.lsl.clock.now_s() + duration_s
        while self.lsl.clock.now_s() < end_s:
            events += self.poll()
        return events


def kinds(events) -> list[str]:
    return [
        e.kind if isinstance(e, SourceNotice) else type(e).__name__
        for e in events
        if not isinstance(e, Chunk)
    ]


def opened(rig: Rig, **changes) -> FakeStream:
    stream = rig.stream(**changes)
    rig.source.open()
    return stream


# --- opening ---------------------------------------------------------------------


def test_a_stream_is_found_and_described() -> None:
    rig = Rig(stream_name="amp")
    rig.stream(name="other")
    rig.stream()

    info = rig.source.open()

    assert (info.name, info.type, info.nominal_rate_hz) == ("amp", "EMG", 2000.0)
    assert [c.label for c in info.channels] == ["a", "b"]
    assert rig.source.open() is info, "open twice is open once"


def test_no_stream_is_told_with_those_that_are_there() -> None:
    rig = Rig(stream_name="amp")
    rig.stream(name="other")

    with pytest.raises(ConnectError, match=r"no LSL stream with name='amp'.*'other'"):
        rig.source.open()


def test_two_streams_that_fit_are_refused() -> None:  # R34
    rig = Rig()
    rig.stream(source_id="x")
    rig.stream(source_id="x")

    with pytest.raises(ConnectError, match=r"found 2.*state source_id or hostname"):
        rig.source.open()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate": 0.0}, "irregular rate"),  # R22
        ({"rate": 100.0}, "expected 250 to 10000 Hz"),
        ({"rate": 20_000.0}, "expected 250 to 10000 Hz"),
        ({"format": "string"}, "has strings"),  # R23
        ({"n": 300}, "expected 1 to 256 channels"),
        ({"channels": [{"label": "a", "unit": "furlong"}]}, r"a \(furlong\)"),
        ({"channels": [{"label": "a"}]}, r"a \(none\).*state"),
        ({"channels": [], "n": 2}, "does not name its channels"),
    ],
)
def test_a_stream_that_cannot_be_emg_is_refused(changes, message: str) -> None:
    rig = Rig()
    rig.stream(**changes)

    with pytest.raises(ConnectError, match=message):
        rig.source.open()
    with pytest.raises(ConnectError, match="not open"):
        rig.source.poll(0.0)


def test_a_sender_that_does_not_answer_is_refused() -> None:
    rig = Rig()
    rig.stream().answers = False

    with pytest.raises(ConnectError, match="does not answer"):
        rig.source.open()


@pytest.mark.parametrize("call", ["inlet", "info", "open_stream", "time_correction"])
def test_whatever_fails_while_opening_is_a_refusal(call: str) -> None:
    rig = Rig()
    rig.stream().failing.add(call)

    with pytest.raises(ConnectError, match=r"does not answer \(.*\)"):
        rig.source.open()


def test_a_liblsl_that_cannot_look_for_streams_is_told() -> None:
    rig = Rig()
    rig.lsl.resolves = False

    with pytest.raises(ConnectError, match="cannot look for type='EMG'"):
        rig.source.open()


def test_predicates_are_quoted_or_refused() -> None:
    assert str(Predicate("it's", "EMG")) == "name=\"it's\" and type='EMG'"
    with pytest.raises(DriverConfigError, match="both kinds of quotes"):
        Predicate("'\"")
    with pytest.raises(DriverConfigError, match="got none"):
        Predicate()


# --- values ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("uV", 1.0), ("µV", 1.0), ("microvolts", 1.0), ("mV", 1e3), ("V", 1e6)],
)
@pytest.mark.parametrize("form", ["float32", "double64", "int16", "int32"])
def test_values_become_microvolt(unit: str, factor: float, form: str) -> None:
    rig = Rig()
    channels = [{"label": "a", "unit": unit}]
    stream = opened(rig, channels=channels, format=form)

    (chunk,) = [e for e in rig.flow(stream, CHUNK_S) if isinstance(e, Chunk)]

    assert chunk.emg_uv.dtype == np.float64
    assert chunk.emg_uv.flags.c_contiguous
    assert chunk.emg_uv.shape == (40, 1)
    np.testing.assert_allclose(chunk.emg_uv, factor)
    assert chunk.t_s[-1] <= chunk.arrival_s


def test_a_stated_unit_holds_only_where_the_stream_is_silent() -> None:
    rig = Rig(unit="mV")
    channels = [{"label": "a"}, {"label": "b", "unit": "V"}]
    stream = opened(rig, channels=channels)

    (chunk,) = [e for e in rig.flow(stream, CHUNK_S) if isinstance(e, Chunk)]

    np.testing.assert_allclose(chunk.emg_uv[0], [1e3, 1e6])


def test_channels_and_montage_by_label() -> None:
    rig = Rig(channels=("c",), montage=(("trap", "a", "b"),))
    channels = [{"label": x, "unit": "uV"} for x in "abc"]
    stream = opened(rig, channels=channels)
    rig.lsl.clock.sleep(CHUNK_S)
    stream.send(3, value=[10.0, 4.0, 7.0])

    (chunk,) = [e for e in rig.poll() if isinstance(e, Chunk)]

    assert [c.label for c in rig.source.open().channels] == ["c", "trap"]
    np.testing.assert_allclose(chunk.emg_uv, [[7.0, 6.0]] * 3)


def test_a_montage_needs_no_unit_of_channels_that_it_does_not_use() -> None:
    rig = Rig(montage=(("trap", "a", "b"),))
    channels = [
        {"label": "a", "unit": "uV"},
        {"label": "b", "unit": "uV"},
        {"label": "t"},
    ]

    opened(rig, channels=channels)

    assert [c.label for c in rig.source.open().channels] == ["trap"]


def test_a_channel_that_is_not_there_is_told_with_those_that_are() -> None:
    rig = Rig(channels=("nose",))
    rig.stream()

    with pytest.raises(ConnectError, match="no channel 'nose'; the stream has a, b"):
        rig.source.open()


def test_a_stream_without_labels_needs_them_stated() -> None:
    rig = Rig(labels=("left", "right", "ground"), channels=("right",), unit="uV")
    rig.stream(channels=[], n=3)
    assert [c.label for c in rig.source.open().channels] == ["right"]

    for labels, got in (
        ((), "got none"),
        (("a", "b"), "got 2: a, b"),
        (("a", "a", "b"), "got 3: a, a, b"),
    ):
        other = Rig(labels=labels, unit="uV")
        other.stream(channels=[], n=3)
        with pytest.raises(ConnectError, match=f"with 3 different names.*{got}"):
            other.source.open()


def test_nan_and_infinities_pass_to_those_who_know_what_to_do() -> None:  # R24
    rig = Rig()
    stream = opened(rig)
    rig.lsl.clock.sleep(CHUNK_S)
    stream.send(2, value=[np.nan, np.inf])

    (chunk,) = [e for e in rig.poll() if isinstance(e, Chunk)]

    assert np.isnan(chunk.emg_uv[:, 0]).all()
    assert np.isinf(chunk.emg_uv[:, 1]).all()


def test_integers_that_wrapped_are_told_and_not_numbers() -> None:  # R25
    rig = Rig(montage=(("trap", "a", "b"), ("rest", "c", "")), unit="uV")
    channels = [{"label": x} for x in "abc"]
    stream = opened(rig, channels=channels, format="int16")
    rig.flow(stream, 0.1)
    rig.lsl.clock.sleep(CHUNK_S)
    rows = np.array([[1, 30_000, 1], [1, -30_000, 1], [1, -29_000, 1]])
    stream.send(3, value=rows)

    events = rig.poll()

    assert kinds(events) == ["wrapped"]
    assert np.isnan(events[-1].emg_uv[:, 0]).tolist() == [False, True, False]
    np.testing.assert_allclose(events[-1].emg_uv[:, 1], 1.0)


# --- losing and finding ----------------------------------------------------------


def test_a_stream_that_ends_is_lost_at_once_and_found_by_source_id() -> (
    None
):  # R1, R2, R5
    rig = Rig(stream_name="amp")
    stream = opened(rig)
    rig.flow(stream)
    stream.die()

    assert kinds(rig.poll()) == ["SourceLost"]
    assert kinds(rig.wait(3.0)) == []
    again = rig.stream(name="amp renamed")
    rig.wait(0.1)
    events = rig.flow(again)

    assert kinds(events) == ["SourceRestored", "Discontinuity"]
    assert [type(e) for e in events].index(SourceRestored) == 0


def test_a_connection_that_breaks_is_made_again_to_the_same_stream() -> None:
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    stream.cut()

    events = rig.flow(stream, 2.0)

    assert kinds(events)[:2] == ["SourceLost", "SourceRestored"]
    assert isinstance(events[-1], Chunk)


def test_a_lost_stream_that_still_answers_gives_way_to_a_new_one() -> None:
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    stream.alive = False
    rig.poll()
    rig.wait(1.0)

    again = rig.stream()
    events = rig.flow(again, 1.0)

    assert "SourceRestored" in kinds(events)
    assert "ambiguous" not in kinds(events)


def test_another_source_id_is_another_stream() -> None:  # R3
    rig = Rig(stream_name="amp")
    stream = opened(rig)
    rig.flow(stream)
    stream.die()
    rig.poll()

    other = rig.stream(source_id="amp-2")

    assert rig.flow(other, 3.0) == []


def test_without_source_id_the_name_must_do() -> None:  # R6
    rig = Rig(stream_name="amp")
    stream = opened(rig, source_id="")
    rig.flow(stream)
    stream.die()
    rig.poll()

    again = rig.stream(source_id="")
    rig.wait(0.1)

    assert kinds(rig.flow(again))[0] == "SourceRestored"


CHANGED = [
    ({"rate": 1000.0}, "rate: was 2000 Hz, is 1000 Hz"),  # R8
    ({"format": "int16"}, "format: was float32, is int16"),  # R7
    ({"channels": [{"label": "a", "unit": "uV"}]}, "channels: was 2, is 1"),  # R7
    (
        {"channels": [{"label": "b", "unit": "uV"}, {"label": "a", "unit": "uV"}]},
        "labels: was a, b, is b, a",
    ),
    (
        {"channels": [{"label": "a", "unit": "mV"}, {"label": "b", "unit": "uV"}]},
        "units: was uV, is mV",
    ),
]


@pytest.mark.parametrize(("changes", "told"), CHANGED)
def test_a_stream_that_came_back_changed_is_not_used(changes, told: str) -> None:
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    stream.die()
    rig.poll()

    changed = rig.stream(**changes)
    events = rig.flow(changed, 1.0)

    assert kinds(events) == ["changed_shape"]
    assert events[0].text == f"it came back changed and is not used: {told}"
    changed.die()
    rig.stream()
    rig.wait(0.1)
    assert kinds(rig.flow(rig.lsl.streams[-1]))[0] == "SourceRestored"


def shape(*labels: str, rate_hz: float = 2000.0, units: tuple[str, ...] = ()) -> Shape:
    units = units or ("uV",) * len(labels)
    return Shape(len(units), rate_hz, "float32", labels, units)


def test_changes_are_told_in_words_and_few_of_them() -> None:
    many = [f"e{k}" for k in range(64)]

    assert changes(shape("a", "b"), shape("a", "c", "d", rate_hz=500.0)) == (
        "rate: was 2000 Hz, is 500 Hz; channels: was 2, is 3; labels: was b, is c"
    )
    assert changes(shape(units=("uV",)), shape("a")) == "labels: was none, is a"
    assert changes(shape(*many), shape(*many[::-1])) == (
        "labels: was e0, e1, e2, e3, 60 more, is e63, e62, e61, e60, 60 more"
    )


def test_a_poll_that_reconnects_returns_in_time() -> None:
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    stream.die()
    rig.poll()
    rig.stream().answers = False

    for _ in range(100):
        began_s = rig.lsl.clock.now_s()
        rig.poll()
        assert rig.lsl.clock.now_s() - began_s <= REOPEN_WITHIN_S + 0.05


def test_two_that_come_back_are_not_chosen_from() -> None:  # R34
    rig = Rig()
    stream = opened(rig)
    stream.die()
    rig.poll()
    rig.stream()
    rig.stream()

    assert kinds(rig.wait(1.0)) == ["ambiguous"]


def test_silence_is_noticed_within_a_quarter_of_a_second() -> None:  # R4, R9
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    since_s = rig.lsl.clock.now_s()

    events = rig.wait(1.0)

    assert kinds(events) == ["SourceLost"]
    (lost,) = [e for e in events if isinstance(e, SourceLost)]
    assert 0.25 < lost.arrival_s - since_s <= 0.25 + 0.05 + 1e-6
    assert kinds(rig.flow(stream)) == ["gap", "SourceRestored", "Discontinuity"]


def test_a_silent_connection_gives_way_to_the_same_stream_started_anew() -> None:  # R10
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    assert kinds(rig.wait(1.0)) == ["SourceLost"]
    again = rig.stream()
    assert rig.flow(again, 1.0) == [], "both are there: the old one may come back"

    rig.lsl.streams.remove(stream)
    events = rig.flow(again, 2.0)

    assert kinds(events)[0] == "SourceRestored"
    assert rig.source.open().uid == again.uid()


def test_a_backlog_is_not_used_until_the_data_are_fresh() -> None:  # R10, R11
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    since_s = rig.lsl.clock.now_s()
    rig.wait(2.0)
    for k in range(100):
        stamps = since_s + (k * 40 + 1 + np.arange(40)) / 2000.0
        stream.send(stamps=stamps)
        events = rig.poll()
        fresh = rig.lsl.clock.now_s() - stamps[-1] <= 0.25
        assert any(isinstance(e, Chunk) for e in events) == fresh


def test_chunks_larger_than_a_pull_do_no_harm() -> None:  # R11
    rig = Rig()
    stream = opened(rig, rate=10_000.0)
    stream.while_waited_for = lambda: stream.send(MAX_ROWS)
    for n in (MAX_ROWS, 100, 50, 100, 50):
        rig.lsl.clock.sleep(MAX_ROWS / 10_000.0)
        stream.send(n)
        rig.poll()

    stream.while_waited_for = lambda: None
    assert any(isinstance(e, Chunk) for e in rig.flow(stream, 2.0))


def test_a_backlog_stamped_now_is_dropped() -> None:  # R9
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    rig.wait(4.0)
    events = []
    for _ in range(200):
        rig.lsl.clock.sleep(1e-4)
        stream.send(
            stamps=np.full(40, rig.lsl.clock.now_s()) - np.arange(40)[::-1] * 1e-6
        )
        events += rig.poll()

    assert "burst" in kinds(events)
    used = sum(len(e.t_s) for e in events if isinstance(e, Chunk))
    assert used < 0.4 * 2000


def test_missing_samples_are_a_discontinuity() -> None:  # R12, R19
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    rig.lsl.clock.sleep(0.1)

    events = rig.flow(stream, CHUNK_S)

    assert kinds(events) == ["gap", "Discontinuity"]
    (gap,) = [e for e in events if isinstance(e, Discontinuity)]
    assert gap.missing_samples == pytest.approx(200, abs=1)


def test_a_wrong_rate_loses_the_stream_until_it_is_right() -> None:  # R21
    rig = Rig()
    stream = opened(rig)
    events = []
    for _ in range(300):
        rig.lsl.clock.sleep(CHUNK_S)
        now_s = rig.lsl.clock.now_s()
        stream.send(stamps=now_s - np.arange(20)[::-1] / 1000.0)
        events += rig.poll()

    assert kinds(events)[:3] == ["Discontinuity", "rate", "SourceLost"]
    last = [type(e) for e in events].index(SourceLost)
    assert not any(isinstance(e, Chunk) for e in events[last:])
    assert "SourceRestored" in kinds(rig.flow(stream, 8.0))


@pytest.mark.parametrize("stamp", [0.0, -1.0, np.nan, 1.7e9])  # R26, R36
def test_stamps_of_another_clock_are_not_used(stamp: float) -> None:
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    rig.lsl.clock.sleep(CHUNK_S)
    stream.send(stamps=np.full(40, stamp))

    events = rig.poll()

    assert kinds(events) == ["foreign_clock"]
    assert not any(isinstance(e, Chunk) for e in events)


def test_a_future_stamp_is_told_and_keeps_its_age() -> None:  # R26
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    rig.lsl.clock.sleep(CHUNK_S)
    now_s = rig.lsl.clock.now_s()
    stream.send(stamps=now_s + 0.2 + np.arange(40) / 2000.0)

    events = rig.poll()

    assert "future" in kinds(events)
    (chunk,) = [e for e in events if isinstance(e, Chunk)]
    assert chunk.t_s[0] > chunk.arrival_s


def test_jitter_is_no_event() -> None:  # R17
    rig = Rig()
    stream = opened(rig)
    rng = np.random.default_rng(1)
    for _ in range(200):
        rig.lsl.clock.sleep(CHUNK_S)
        now_s = rig.lsl.clock.now_s()
        jitter_s = np.abs(rng.normal(0, 0.002, 40))
        stream.send(stamps=now_s - np.arange(40)[::-1] / 2000.0 - jitter_s)
        assert kinds(rig.poll()) in ([], ["Discontinuity"])


def test_the_clock_of_the_sender_is_corrected() -> None:  # R16
    rig = Rig()
    stream = rig.stream()
    stream.offset_s = -1000.0
    rig.source.open()

    (chunk, *_) = [e for e in rig.flow(stream, 0.1) if isinstance(e, Chunk)]

    assert chunk.arrival_s - chunk.t_s[-1] == pytest.approx(0.0, abs=1e-9)


def test_a_jump_of_the_correction_is_told_once() -> None:  # R16
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream, 3.0)
    stream.offset_s = 0.03

    events = rig.flow(stream, 9.0)

    assert kinds(events) == ["clock_step", "Discontinuity"]
    assert any(getattr(e, "text", "").endswith("by 30 ms") for e in events)
    assert events[-1].arrival_s - events[-1].t_s[-1] == pytest.approx(0.0, abs=1e-9)


def test_one_wrong_correction_changes_nothing() -> None:  # R16
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream, 3.0)
    stream.offset_errors_s.append(0.1)

    events = rig.flow(stream, 9.0)

    assert kinds(events) == []
    assert not stream.offset_errors_s, "it was measured"
    for chunk in events:
        assert chunk.arrival_s - chunk.t_s[-1] == pytest.approx(0.0, abs=1e-9)


def test_a_slow_drift_of_the_correction_is_followed_in_silence() -> None:
    rig = Rig()
    stream = opened(rig)
    events = []
    for k in range(10):
        stream.offset_s = k * 1e-4
        events += rig.flow(stream, 2.1)

    assert kinds(events) == ["Discontinuity"]


def test_notices_do_not_flood() -> None:
    rig = Rig()
    stream = opened(rig)
    rig.flow(stream)
    events = []
    for _ in range(100):
        rig.lsl.clock.sleep(CHUNK_S)
        stream.send(stamps=rig.lsl.clock.now_s() - 0.4 - np.arange(40)[::-1] / 2000.0)
        events += rig.poll()

    assert kinds(events).count("late") == 1


def test_close_twice_and_without_open() -> None:
    rig = Rig()
    rig.source.close()
    opened(rig)
    rig.source.close()
    rig.source.close()
    with pytest.raises(ConnectError, match="not open"):
        rig.source.poll(0.0)
