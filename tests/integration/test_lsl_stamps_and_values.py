"""What a real outlet may put into its samples and stamps, and what becomes of it.

Rows of docs/reference/lsl-behaviour.md. A sample of a known value tells that all that
was sent before it has been seen, so nothing here depends on how fast it went.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from drivers.ports import Marker, SourceNotice
from drivers.sources.clock_follower import ClockFollower
from drivers.sources.lsl import LslSource, LslSourceParams
from drivers.sources.markers import MarkerSource, MarkerSourceParams
from dsp import ChainParams
from dsp.chain import EmgChain
from dsp.types import Chunk, QualityFlag
from tests.support.lsl_session import isolated_lsl
from tests.support.lsl_streams import LONGEST_S, Outlet, follow, until

pytestmark = [pytest.mark.lsl, pytest.mark.slow]
GOOD, DOUBTFUL, LAST = 1.0, 9.0, 7.0
N = 40


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


@pytest.fixture
def rigs() -> Iterator[Callable[..., tuple[Outlet, LslSource]]]:
    opened: list[LslSource] = []

    def make(**options) -> tuple[Outlet, LslSource]:
        outlet = Outlet(**options)
        source = LslSource("emg", LslSourceParams(stream_name=outlet.name))
        opened.append(source)
        source.open()
        return outlet, source

    yield make
    for source in opened:
        source.close()


def constant(value: float, n_channels: int = 2) -> Callable[[int], np.ndarray]:
    return lambda n: np.full((n, n_channels), value)


def has(value: float) -> Callable[[object], bool]:
    return lambda e: isinstance(e, Chunk) and bool((e.emg_uv == value).any())


def flow(outlet: Outlet, source: LslSource, value: float = GOOD) -> list:
    """Let the stream flow until a sample of this value came."""
    return until(source, has(value), lambda: outlet.push_due(constant(value)))


def told(events: list) -> list[str]:
    return [e.kind for e in events if isinstance(e, SourceNotice)]


def test_jittered_stamps_are_neither_an_event_nor_a_loss(rigs) -> None:
    """R17. A stall of the host is one; between two of them there must be peace."""
    outlet, source = rigs()
    calm: list[Chunk] = []

    def take(event: object) -> bool:
        calm.append(event) if isinstance(event, Chunk) else calm.clear()
        return sum(len(chunk.t_s) for chunk in calm) >= 4000

    until(source, take, lambda: outlet.push_due(constant(GOOD), jitter_s=0.002))

    steps_s = np.diff(np.concatenate([chunk.t_s for chunk in calm]))
    assert (steps_s < 0).sum() > 100, "the stamps did step back"


def test_nan_and_infinities_arrive_and_harm_nobody_for_long(rigs) -> None:
    """R24."""
    outlet, source = rigs(form="float32")
    flow(outlet, source)
    outlet.push_due(lambda n: np.tile([np.nan, GOOD], (max(n, 1), 1)))
    until(source, lambda e: isinstance(e, Chunk) and np.isnan(e.emg_uv).any())
    chain = EmgChain(ChainParams(fs=outlet.rate_hz, n_channels=2))
    rng = np.random.default_rng(1)
    was_bad = [False]

    def is_good_again(event: object) -> bool:
        if not isinstance(event, Chunk):
            return False
        reading = chain.process(event.emg_uv)
        assert np.isfinite(reading.envelope_uv).all()
        bad = (reading.quality & QualityFlag.NON_FINITE) != 0
        assert not bad[1], "the other channel is what it is"
        was_bad[0] |= bool(bad[0])
        return was_bad[0] and not bad[0]

    def make(n: int) -> np.ndarray:
        values = rng.standard_normal((n, 2))
        if not was_bad[0]:
            values[::7, 0], values[1::7, 0] = np.inf, np.nan
        return values

    until(source, is_good_again, lambda: outlet.push_due(make))


@pytest.mark.parametrize(
    ("saturates", "flag"),
    [(False, QualityFlag.NON_FINITE), (True, QualityFlag.CLIPPED)],
    ids=["wraps", "saturates"],
)
def test_integers_beyond_their_range_are_no_good_signal(rigs, saturates, flag) -> None:
    """R25: what is beyond the range comes out at its other end, if nobody stops it."""
    outlet, source = rigs(form="int16")
    chain = EmgChain(ChainParams(fs=outlet.rate_hz, n_channels=2))
    count = [0]

    def make(n: int) -> np.ndarray:
        rows = count[0] + np.arange(n)
        count[0] += n
        wave = 40_000 * np.sin(2 * np.pi * 70.0 * rows / outlet.rate_hz)
        if saturates:
            wave = np.clip(wave, -(2**15), 2**15 - 1)
        return np.stack([wave, wave], axis=1).round().astype(np.int64)

    def is_flagged(event: object) -> bool:
        if not isinstance(event, Chunk):
            return False
        return bool((chain.process(event.emg_uv).quality & flag).all())

    events = until(source, is_flagged, lambda: outlet.push_due(make))

    assert ("wrapped" in told(events)) != saturates


@pytest.mark.parametrize(
    "stamp_s",
    [
        pytest.param(lambda now_s: 1.7e9, id="epoch"),
        pytest.param(lambda now_s: np.nan, id="NaN"),
        pytest.param(lambda now_s: -5.0 * 3600, id="negative"),
        pytest.param(lambda now_s: now_s - 3600.0, id="an hour ago"),
    ],
)
def test_stamps_of_another_clock_are_told_and_not_used(rigs, stamp_s) -> None:
    """R26, R36."""
    outlet, source = rigs()
    flow(outlet, source)
    events: list = []
    for _ in range(5):
        stamps = [stamp_s(outlet.lsl.local_clock())] * N
        outlet.push(constant(DOUBTFUL)(N), stamps)
    events += flow(outlet, source, LAST)

    assert "foreign_clock" in told(events)
    assert not any(has(DOUBTFUL)(e) for e in events)


@pytest.mark.parametrize(
    ("ahead_s", "kind"), [(100.0, "future"), (-100.0, "late")], ids=["future", "past"]
)
def test_stamps_ahead_or_behind_are_told_and_keep_their_age(
    rigs, ahead_s, kind
) -> None:
    """R26."""
    outlet, source = rigs()
    flow(outlet, source)
    stamps = outlet.lsl.local_clock() + ahead_s + np.arange(N) / outlet.rate_hz
    outlet.push(constant(DOUBTFUL)(N), stamps.tolist())

    events = until(source, lambda e: getattr(e, "kind", "") == kind)

    used = [e for e in events if has(DOUBTFUL)(e)]
    assert bool(used) == (kind == "future"), "data of the past go backwards"
    assert all(abs(chunk.t_s[-1] - stamps[-1]) < 1.0 for chunk in used)


def test_samples_that_come_twice_are_used_once(rigs) -> None:
    """R26."""
    outlet, source = rigs()
    flow(outlet, source)
    sent: list[np.ndarray] = []

    def send() -> None:
        stamps = outlet.due_stamps(at_least=200)
        if len(stamps):
            if sent:
                again = sent.pop()
                outlet.push(constant(DOUBTFUL)(len(again)), again.tolist())
            outlet.push(constant(GOOD)(len(stamps)), stamps.tolist())
            sent.append(stamps)

    polled: list = []
    while not {"duplicate", "backwards"} & set(told(polled)):
        send()
        polled = list(source.poll(0.02))

    assert not any(has(DOUBTFUL)(e) for e in polled)


def test_a_stamp_of_0_means_now(rigs) -> None:
    """R26: liblsl puts the time of sending in its place."""
    outlet, source = rigs()
    flow(outlet, source)

    events = until(source, has(LAST), lambda: outlet.push(constant(LAST)(N), 0.0))

    chunk = next(e for e in events if has(LAST)(e))
    assert abs(chunk.arrival_s - chunk.t_s[-1]) < 60.0
    assert "foreign_clock" not in told(events)


def test_chunks_of_a_wrong_width_never_leave_and_empty_ones_do_nothing(rigs) -> None:
    """R28."""
    outlet, source = rigs()
    flow(outlet, source)
    with pytest.raises(ValueError, match="same number of channels"):
        outlet.push(np.full((N, 3), DOUBTFUL))
    outlet.push(np.empty((0, 2)))

    events = flow(outlet, source, LAST)

    chunks = [e for e in events if isinstance(e, Chunk)]
    assert {chunk.emg_uv.shape[1] for chunk in chunks} == {2}
    assert not any(has(DOUBTFUL)(chunk) for chunk in chunks)
    outlet.push(np.empty((0, 2)))
    assert not any(has(0.0)(e) for e in source.poll(0.05))


class Repeating:
    """An inlet that never measures anew."""

    def __init__(self, offset_s: float) -> None:
        self.offset_s = offset_s

    def time_correction(self, _timeout: float) -> float:
        return self.offset_s


@pytest.mark.parametrize(("wrong_s", "believed"), [(0.0, True), (5.0, False)])
def test_a_second_inlet_measures_a_doubtful_offset_anew(wrong_s, believed) -> None:
    """R16: both clocks are the same here, so that the truth is known to be 0."""
    outlet = Outlet()
    lsl = outlet.lsl
    (found,) = lsl.resolve_byprop("name", outlet.name, 1, LONGEST_S)
    first = Repeating(wrong_s)
    before_s = 0.0 if wrong_s else 5.0
    now_s = lsl.local_clock()
    follower = ClockFollower(lsl, found, first, before_s, now_s)
    step_s, until_s = None, now_s + (LONGEST_S if believed else 3.0)
    while step_s is None and lsl.local_clock() < until_s:
        time.sleep(0.02)
        step_s = follower.follow(lsl.local_clock())

    assert step_s == (pytest.approx(-5.0, abs=1.0) if believed else None)
    assert follower.offset_s == pytest.approx(0.0, abs=1.0)


@pytest.fixture
def markers() -> Iterator[tuple[Outlet, MarkerSource]]:
    outlet = Outlet(stream_type="Markers", rate_hz=0.0, n_channels=1, form="string")
    source = MarkerSource("markers", MarkerSourceParams(stream_name=outlet.name))
    source.open()
    yield outlet, source
    source.close()


@pytest.mark.parametrize("stamp_s", [1.7e9, np.nan, -5.0 * 3600])
def test_markers_of_another_clock_get_the_time_of_their_arrival(
    markers, stamp_s: float
) -> None:
    """R26."""
    outlet, source = markers
    outlet.push([["needle in"], ["needle out"]], [stamp_s, stamp_s])
    outlet.push([["last"]], [outlet.lsl.local_clock()])

    events = until(source, lambda e: getattr(e, "text", "") == "last")

    assert told(events) == ["foreign_clock"]
    found = [e for e in events if isinstance(e, Marker)]
    assert [marker.text for marker in found] == ["needle in", "needle out", "last"]
    assert all(marker.t_s == marker.arrival_s for marker in found[:2])


def test_markers_keep_the_time_of_their_sender(markers) -> None:
    outlet, source = markers
    at_s = outlet.lsl.local_clock() - 5.0
    outlet.push([["sham"]], [at_s])

    (marker,) = follow(source, Marker)

    # The correction of one host against itself is an error of measurement.
    assert marker.t_s == pytest.approx(at_s, abs=0.5)
    assert marker.arrival_s - marker.t_s > 4.0
