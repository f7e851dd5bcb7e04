"""The LSL source against a liblsl that does whatever a rig can: losses, clocks."""

import numpy as np
import pytest

from drivers.ports import Discontinuity, SourceLost, SourceRestored
from drivers.sources.lsl import MAX_ROWS
from drivers.sources.lsl_inlet import REOPEN_WITHIN_S
from drivers.sources.lsl_layout import Shape, changes
from dsp.types import Chunk
from tests.support.lsl_rig import CHUNK_S, Rig, kinds, opened


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
