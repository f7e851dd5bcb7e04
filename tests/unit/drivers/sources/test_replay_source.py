"""A recording plays as it was recorded, at the pace of the clock."""

import dataclasses
import itertools
import time

import numpy as np
import pytest

from drivers.clock import ManualClock, ScaledClock
from drivers.errors import ConnectError, DriverConfigError
from drivers.ports import Clock, Marker, SourceEnded, SourceEvent
from drivers.recordings.model import Signals, regular_stamps
from drivers.sources.replay import ReplayOptions, ReplaySource
from dsp.types import Chunk
from tests.support.replay_factory import N_SAMPLES, replay_factory, small_stream


def play(source: ReplaySource, timeout_s: float = 0.05) -> list[SourceEvent]:
    source.open()
    events: list[SourceEvent] = []
    for _ in range(100_000):
        events += source.poll(timeout_s)
        if events and isinstance(events[-1], SourceEnded):
            return events
    raise AssertionError("the source did not end")


def chunks(events: list[SourceEvent]) -> list[Chunk]:
    return [event for event in events if isinstance(event, Chunk)]


def test_everything_comes_once_in_microvolt_and_in_order():
    stream = small_stream()
    found = chunks(play(replay_factory(stream=stream)))
    got = np.vstack([c.emg_uv for c in found])
    np.testing.assert_array_equal(got, stream.values * 1000.0)
    assert got.flags.c_contiguous
    assert [len(c.t_s) for c in found[:-1]] == [32] * (len(found) - 1)


def test_stamps_begin_when_it_is_opened_and_keep_their_distances():
    clock = ManualClock(time_ns=50_000_000_000)
    stream = small_stream()
    found = chunks(play(replay_factory(clock, stream)))
    t_s = np.concatenate([c.t_s for c in found])
    assert t_s[0] == 50.0
    np.testing.assert_allclose(t_s - 50.0, stream.t_s, atol=1e-9)
    for c in found:
        assert c.arrival_s == pytest.approx(c.t_s[-1], abs=1e-6)


def test_a_marker_comes_at_its_time():
    events = play(replay_factory())
    at = next(i for i, e in enumerate(events) if isinstance(e, Marker))
    marker = events[at]
    assert (marker.source, marker.text) == ("replay", "squeeze")
    before, after = chunks(events[:at])[-1], chunks(events[at:])[0]
    assert before.t_s[-1] <= marker.t_s <= after.t_s[-1]


@pytest.mark.parametrize("n", [1, 7, 33, 5000])
def test_any_chunk_size_plays_the_same_samples(n):
    found = chunks(play(replay_factory(options=ReplayOptions(chunk_samples=n))))
    assert max(len(c.t_s) for c in found) == min(n, N_SAMPLES)
    np.testing.assert_array_equal(
        np.vstack([c.emg_uv for c in found]), small_stream().values * 1000.0
    )


def test_a_gap_stays_a_gap_and_ends_a_chunk():
    stream = small_stream()
    t_s = stream.t_s.copy()
    t_s[1000:] += 3.0
    events = play(replay_factory(stream=dataclasses.replace(stream, t_s=t_s)))
    found = chunks(events)
    steps_s = [b.t_s[0] - a.t_s[-1] for a, b in itertools.pairwise(found)]
    assert max(steps_s) == pytest.approx(3.001)
    assert all(np.diff(c.t_s).max() < 0.01 for c in found if len(c.t_s) > 1)
    assert events[-1].arrival_s == pytest.approx(4.999, abs=1e-6)


def test_stamps_that_step_back_are_played_as_they_are():
    stream = small_stream()
    t_s = stream.t_s.copy()
    t_s[500:] -= 0.02
    found = chunks(play(replay_factory(stream=dataclasses.replace(stream, t_s=t_s))))
    got = np.concatenate([c.t_s for c in found])
    assert np.count_nonzero(np.diff(got) < 0) == 1
    arrivals = [c.arrival_s for c in found]
    assert arrivals == sorted(arrivals)


def test_poll_does_not_wait_longer_than_told():
    clock = ManualClock()
    source = replay_factory(clock)
    source.open()
    assert list(source.poll(0.001)) == []
    assert clock.now_s() == pytest.approx(0.001)


def test_a_slow_reader_gets_the_backlog_at_once():
    clock = ManualClock()
    source = replay_factory(clock)
    source.open()
    clock.sleep(10.0)
    events = source.poll(0.0)
    assert sum(len(c.t_s) for c in chunks(list(events))) == N_SAMPLES
    assert isinstance(events[-1], SourceEnded)


def test_after_the_end_nothing_comes():
    clock = ManualClock()
    source = replay_factory(clock)
    play(source)
    before = clock.now_s()
    assert list(source.poll(0.25)) == []
    assert clock.now_s() == pytest.approx(before + 0.25)


def test_opening_again_plays_from_the_start():
    source = replay_factory()
    first = chunks(play(source))
    source.close()
    again = chunks(play(source))
    assert len(again) == len(first)
    np.testing.assert_array_equal(again[0].emg_uv, first[0].emg_uv)


def test_close_twice_and_poll_when_closed():
    source = replay_factory()
    source.close()
    source.open()
    source.close()
    source.close()
    with pytest.raises(ConnectError, match="not open"):
        source.poll(0.0)


def test_info_tells_what_the_file_says():
    info = replay_factory().open()
    assert [(c.label, c.unit) for c in info.channels] == [
        ("EMG left", "mV"),
        ("EMG right", "mV"),
    ]
    assert info.nominal_rate_hz == 1000.0


def test_an_unknown_unit_is_refused_unless_it_is_stated():
    stream = small_stream(unit="ADC")
    with pytest.raises(ConnectError, match=r"EMG left \(ADC\)"):
        replay_factory(stream=stream).open()
    options = ReplayOptions(uv_per_unknown_unit=2.0)
    found = chunks(play(replay_factory(stream=stream, options=options)))
    np.testing.assert_array_equal(found[0].emg_uv, stream.values[:32] * 2.0)


def test_a_stream_without_samples_or_rate_is_refused():
    with pytest.raises(ConnectError, match="no samples"):
        replay_factory(stream=small_stream(0)).open()
    no_rate = Signals("x", ["EMG"], ["uV"], 0.0, np.zeros((5, 1)))
    stream = no_rate.stream(regular_stamps(5, 0.0))
    with pytest.raises(ConnectError, match="no sampling rate"):
        replay_factory(stream=stream).open()


def test_wrong_options_are_refused():
    with pytest.raises(DriverConfigError):
        ReplayOptions(chunk_samples=0)
    with pytest.raises(DriverConfigError):
        ReplayOptions(uv_per_unknown_unit=-1.0)


def test_a_scaled_clock_plays_in_scaled_time():
    base = ManualClock(time_ns=7_000_000_000)
    clock: Clock = ScaledClock(base, 4.0)
    found = chunks(play(replay_factory(clock)))
    assert base.now_s() - 7.0 == pytest.approx(1.999 / 4.0, abs=1e-6)
    assert found[0].t_s[0] == pytest.approx(7.0)
    for c in found:
        assert c.arrival_s == pytest.approx(c.t_s[-1], abs=1e-6)
    with pytest.raises(ValueError, match="speed"):
        ScaledClock(base, 0.0)


def test_virtual_time_is_much_faster_than_real_time():
    start_s = time.perf_counter()
    play(replay_factory())
    assert time.perf_counter() - start_s < 1.0
