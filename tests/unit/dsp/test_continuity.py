"""The continuity of a stream, judged from its stamps."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.continuity import ContinuityTracker, Finding, Judgement
from dsp.errors import DesignError, ShapeError

FS = 2000.0
CHUNK = 40
CHUNK_S = CHUNK / FS


def regular(start_s: float, n: int, fs: float = FS) -> np.ndarray:
    return start_s + np.arange(n) / fs


class Stream:
    """Chunks that arrive when their last sample has passed."""

    def __init__(self, fs: float = FS) -> None:
        self.tracker = ContinuityTracker(fs)
        self.t_s = 100.0

    def send(self, t_s: np.ndarray, lag_s: float = 0.0005) -> Judgement:
        return self.tracker.update(t_s, float(t_s[-1]) + lag_s)

    def flow(self, duration_s: float = 1.0, fs: float = FS) -> Judgement:
        for _ in range(round(duration_s * fs / CHUNK)):
            judged = self.send(regular(self.t_s, CHUNK, fs))
            self.t_s += CHUNK / fs
        return judged


def rows(judged: Judgement) -> list[tuple[int, int, bool]]:
    return [(p.start, p.stop, p.continues) for p in judged.pieces]


def test_a_regular_stream_is_one_piece_and_its_rate_becomes_known() -> None:
    stream = Stream()
    first = stream.send(regular(99.98, CHUNK))
    assert rows(first) == [(0, CHUNK, False)]
    assert math.isnan(first.effective_rate_hz)

    judged = stream.flow(6.0)

    assert rows(judged) == [(0, CHUNK, True)]
    assert judged.findings == ()
    assert judged.age_s == pytest.approx(0.0005)
    assert judged.effective_rate_hz == pytest.approx(FS, rel=1e-6)


def test_an_empty_chunk_changes_nothing() -> None:
    stream = Stream()
    stream.flow()

    assert stream.tracker.update(np.empty(0), 200.0).pieces == ()
    assert stream.flow(0.1).findings == ()


def test_two_milliseconds_of_jitter_are_tolerated() -> None:
    rng = np.random.default_rng(1)
    stream = Stream()
    for _ in range(300):
        jittered = regular(stream.t_s, CHUNK) + rng.normal(0, 0.002, CHUNK)
        judged = stream.send(jittered, 0.01)
        stream.t_s += CHUNK_S
        assert judged.findings == ()
        assert len(judged.pieces) == 1


@pytest.mark.parametrize("lost", [60, 1000, 20_000])
def test_a_gap_between_chunks_is_counted(lost: int) -> None:
    stream = Stream()
    stream.flow()
    stream.t_s += lost / FS

    judged = stream.send(regular(stream.t_s, CHUNK))

    assert Finding.GAP in judged.findings
    assert [(p.continues, p.missing_samples) for p in judged.pieces] == [(False, lost)]


def test_gaps_within_a_chunk_cut_it() -> None:
    stream = Stream()
    stream.flow()
    t_s = regular(stream.t_s, 90)
    t_s[30:] += 0.1
    t_s[60:] += 0.2

    judged = stream.send(t_s)

    assert rows(judged) == [(0, 30, True), (30, 60, False), (60, 90, False)]
    assert [p.missing_samples for p in judged.pieces] == [0, 200, 400]


def test_what_was_seen_already_is_dropped() -> None:
    stream = Stream()
    stream.flow()
    again = regular(stream.t_s - 0.2, 600)

    judged = stream.tracker.update(again, stream.t_s + 0.1)

    assert Finding.DUPLICATE in judged.findings
    ((start, stop, continues),) = rows(judged)
    assert continues
    assert stop == 600
    assert again[start] == pytest.approx(stream.t_s, abs=1 / FS)


def test_a_repeated_chunk_is_dropped_whole() -> None:
    stream = Stream()
    stream.flow()

    judged = stream.tracker.update(regular(stream.t_s - 0.5, CHUNK), stream.t_s)

    assert judged.pieces == ()
    assert Finding.BACKWARDS in judged.findings
    assert rows(stream.flow(CHUNK_S)) == [(0, CHUNK, True)]


def test_stamps_that_stay_behind_become_the_new_time() -> None:
    stream = Stream()
    stream.flow()
    seen = []
    for k in range(40):
        t_s = regular(stream.t_s - 0.5 + k * CHUNK_S, CHUNK)
        seen.append(stream.tracker.update(t_s, stream.t_s + k * CHUNK_S))
        if t_s[0] > stream.t_s - 0.1 or seen[-1].pieces:
            break

    used = [judged for judged in seen if judged.pieces]
    assert used
    assert all(Finding.BACKWARDS in judged.findings for judged in seen[:5])


@pytest.mark.parametrize("stamps", [math.nan, math.inf, 0.0, -5.0, 1.7e9, 100_000.0])
def test_stamps_of_another_clock_are_never_used(stamps: float) -> None:
    stream = Stream()
    stream.t_s = 5000.0
    stream.flow()
    t_s = regular(stream.t_s, CHUNK)
    t_s[7] = stamps

    judged = stream.tracker.update(t_s, stream.t_s)

    assert judged.pieces == ()
    assert judged.findings == (Finding.FOREIGN_CLOCK,)


def test_future_and_late_are_told_with_the_age() -> None:
    stream = Stream()
    stream.flow()

    future = stream.send(regular(stream.t_s, CHUNK), lag_s=-0.1)
    stream.t_s += CHUNK_S
    late = stream.send(regular(stream.t_s, CHUNK), lag_s=0.4)

    assert future.findings == (Finding.FUTURE,)
    assert future.age_s == pytest.approx(-0.1)
    assert late.findings == (Finding.LATE,)
    assert late.age_s == pytest.approx(0.4)


def test_a_backlog_with_invented_stamps_is_dropped() -> None:
    stream = Stream()
    stream.flow()
    now_s = stream.t_s + 4.0
    found = []
    for k in range(200):
        t_s = np.full(CHUNK, now_s) + np.arange(CHUNK) * 1e-6 + k * 1e-4
        found += stream.tracker.update(t_s, now_s + k * 1e-4).findings

    assert Finding.BURST in found


def test_a_backlog_with_true_stamps_is_late_not_invented() -> None:
    stream = Stream()
    stream.flow()
    now_s = stream.t_s + 2.0
    for _ in range(80):
        judged = stream.tracker.update(regular(stream.t_s, CHUNK), now_s)
        stream.t_s += CHUNK_S
        assert Finding.BURST not in judged.findings
        assert rows(judged) == [(0, CHUNK, True)]
        assert Finding.LATE in judged.findings


@pytest.mark.parametrize(("real", "told"), [(1000.0, True), (2050.0, False)])
def test_a_wrong_rate_is_told(real: float, told: bool) -> None:
    judged = Stream().flow(8.0, real)

    assert (Finding.RATE in judged.findings) is told
    assert judged.effective_rate_hz == pytest.approx(real, rel=0.01)


def test_what_cannot_be_tracked_is_refused() -> None:
    for wrong in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(DesignError, match="fs"):
            ContinuityTracker(wrong)
    with pytest.raises(ShapeError, match="n_samples"):
        ContinuityTracker(FS).update(np.zeros((2, 2)), 0.0)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.integers(0, 3))
def test_any_cutting_gives_the_same_gaps(sizes: list[int], n_gaps: int) -> None:
    t_s = regular(50.0, sum(sizes))
    for k in range(n_gaps):
        t_s[(k + 1) * len(t_s) // (n_gaps + 1) :] += 0.1 * (k + 1)

    def breaks(cuts: list[int]) -> list[int]:
        tracker, at, found = ContinuityTracker(FS), 0, []
        for n in cuts:
            part = t_s[at : at + n]
            judged = tracker.update(part, float(part[-1]))
            assert sum(p.stop - p.start for p in judged.pieces) == n
            found += [at + p.start for p in judged.pieces if not p.continues]
            at += n
        return found

    assert breaks(sizes) == breaks([len(t_s)])


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(0, 2000, width=32), min_size=1, max_size=20),
            st.floats(0, 2000),
        ),
        max_size=10,
    )
)
def test_whatever_comes_pieces_lie_within_the_chunk(chunks) -> None:
    tracker = ContinuityTracker(FS)
    for stamps, arrival_s in chunks:
        judged = tracker.update(np.array(stamps), arrival_s)
        ends = [(p.start, p.stop) for p in judged.pieces]
        assert all(0 <= a < b <= len(stamps) for a, b in ends)
        assert ends == sorted(ends)
