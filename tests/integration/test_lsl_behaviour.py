"""What a real sender on the network can do to the LSL source.

The rows of docs/reference/lsl-behaviour.md that can be provoked on loopback.
"""

import signal
import time
import uuid
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from drivers.errors import ConnectError
from drivers.lsl_doctor import check_streams
from drivers.ports import Discontinuity, SourceLost, SourceNotice, SourceRestored
from drivers.sources.lsl import LslSource, LslSourceParams
from drivers.streams import visible_streams
from dsp.types import Chunk
from tests.support.lsl_session import isolated_lsl
from tests.support.lsl_streams import Sender, collect, follow, until

pytestmark = [pytest.mark.lsl, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


@pytest.fixture
def senders() -> Iterator[Callable[..., Sender]]:
    started: list[Sender] = []
    name = f"amp-{uuid.uuid4().hex[:8]}"

    def start(**options) -> Sender:
        sender = Sender(name, **{"source_id": name, **options})
        started.append(sender)
        return sender

    start.stream_name = name
    yield start
    for sender in started:
        sender.end()


@pytest.fixture
def sources(senders) -> Iterator[Callable[..., LslSource]]:
    opened: list[LslSource] = []

    def make(**params) -> LslSource:
        wanted = {"stream_name": senders.stream_name, **params}
        source = LslSource("emg", LslSourceParams(**wanted))
        opened.append(source)
        return source

    yield make
    for source in opened:
        source.close()


def age_s(chunk: Chunk) -> float:
    return chunk.arrival_s - float(chunk.t_s[-1])


def test_a_sender_that_is_killed_is_lost_and_found_again(senders, sources) -> None:
    """R1, R2, R5."""
    first = senders()
    source = sources()
    source.open()
    follow(source, Chunk)
    first.signal(signal.SIGKILL)
    until(source, lambda e: isinstance(e, SourceLost) and "ended" in e.reason)

    senders()
    events = follow(source, SourceRestored)
    events += follow(source, Chunk)

    kinds = [type(e) for e in events if not isinstance(e, SourceNotice)]
    assert kinds[:3] == [SourceRestored, Discontinuity, Chunk]


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"rate": 1000.0}, "rate"),
        ({"channels": 4}, "channels"),
        ({"format": "int16"}, "format"),
    ],
    ids=["R8 rate", "R7 channels", "R7 format"],
)
def test_a_sender_that_comes_back_changed_is_not_used(
    senders, sources, changed, part
) -> None:
    first = senders()
    source = sources()
    source.open()
    follow(source, Chunk)
    first.signal(signal.SIGKILL)
    follow(source, SourceLost)

    senders(**changed)
    told = until(source, lambda e: getattr(e, "kind", "") == "changed_shape")[-1]

    assert f"{part}: was" in told.text
    assert not any(isinstance(e, Chunk) for e in collect(source, 0.5))


def test_without_source_id_a_sender_is_found_again_by_its_name(
    senders, sources
) -> None:
    """R6."""
    first = senders(source_id="")
    source = sources()
    assert source.open().source_id == ""
    hints = check_streams(visible_streams(1.0))
    follow(source, Chunk)
    first.signal(signal.SIGKILL)
    follow(source, SourceLost)

    senders(source_id="")
    follow(source, SourceRestored)
    follow(source, Chunk)

    (hint,) = [finding for finding in hints if finding.name == "stream identity"]
    assert not hint.ok
    assert senders.stream_name in hint.text
    assert "its name only" in hint.advice


def test_another_source_id_is_not_taken_for_it(senders, sources) -> None:
    """R3."""
    first = senders()
    source = sources()
    source.open()
    follow(source, Chunk)
    first.signal(signal.SIGKILL)
    follow(source, SourceLost)

    senders(source_id="another")

    assert not any(isinstance(e, Chunk | SourceRestored) for e in collect(source, 1.5))


def test_a_sender_that_freezes_is_lost_and_comes_back(senders, sources) -> None:
    """R9: its backlog is stamped when it wakes."""
    sender = senders()
    source = sources()
    source.open()
    collect(source, 0.5)
    sender.signal(signal.SIGSTOP)
    follow(source, SourceLost)
    collect(source, 2.5)
    sender.signal(signal.SIGCONT)
    woken_s = time.monotonic()

    events = follow(source, SourceRestored)
    events += collect(source, 0.5)

    passed_s = time.monotonic() - woken_s
    used = sum(len(e.t_s) for e in events if isinstance(e, Chunk))
    assert used < (passed_s + 1.0) * 2000, "a backlog is not EMG of now"


def test_a_sender_that_went_down_without_a_word_is_found_again(
    senders, sources
) -> None:
    """R10: its connection stays, and no error ever comes."""
    frozen = senders()
    source = sources()
    source.open()
    follow(source, Chunk)
    frozen.signal(signal.SIGSTOP)
    follow(source, SourceLost)

    senders()
    follow(source, SourceRestored)

    assert any(isinstance(event, Chunk) for event in follow(source, Chunk))


def test_a_reader_that_stalls_misses_data_and_is_told(senders, sources) -> None:
    """R11, R12."""
    senders()
    source = sources()
    source.open()
    collect(source, 0.5)
    time.sleep(2.0)

    events = until(source, lambda e: isinstance(e, Discontinuity))
    events += until(source, lambda e: isinstance(e, Chunk) and age_s(e) < 0.25)

    missing = [e.missing_samples for e in events if isinstance(e, Discontinuity)]
    assert max(missing) > 0.5 * 2000


def test_stamps_are_fresh_after_opening(senders, sources) -> None:
    """R14, R15."""
    senders()
    source = sources()
    source.open()

    events = until(source, lambda e: isinstance(e, Chunk) and age_s(e) < 0.02)

    assert all(age_s(e) > -0.005 for e in events if isinstance(e, Chunk))


def test_a_wrong_rate_is_found_out(senders, sources) -> None:
    """R21."""
    senders(real_rate=1000.0)
    source = sources()
    source.open()

    events = follow(source, SourceLost)

    (lost,) = [e for e in events if isinstance(e, SourceLost)]
    assert "instead of 2000 Hz" in lost.reason


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"rate": 0.0, "real_rate": 500.0}, "irregular"),
        ({"format": "string"}, "strings"),
    ],
    ids=["R22", "R23"],
)
def test_what_cannot_be_emg_is_refused(senders, sources, options, part) -> None:
    senders(**options)

    with pytest.raises(ConnectError, match=part):
        sources().open()


@pytest.mark.parametrize("form", ["float32", "double64", "int16", "int32"])
def test_every_numeric_format_arrives_exactly(senders, sources, form) -> None:
    """R23."""
    senders(format=form)
    source = sources()
    source.open()

    chunk = next(e for e in follow(source, Chunk) if isinstance(e, Chunk))

    np.testing.assert_array_equal(
        chunk.emg_uv, np.tile([1.0, 2.0], (len(chunk.t_s), 1))
    )


def test_256_channels_at_10_khz(senders, sources) -> None:
    senders(channels=256, rate=10_000.0, chunk=100)
    source = sources()
    source.open()

    n_samples = 0
    while n_samples < 20_000:
        for chunk in follow(source, Chunk):
            if isinstance(chunk, Chunk):
                assert chunk.emg_uv.shape[1] == 256
                n_samples += len(chunk.t_s)


def test_two_of_one_name_are_refused(senders, sources) -> None:
    """R34."""
    senders()
    senders()

    with pytest.raises(ConnectError, match=r"expected one stream .* found 2"):
        sources().open()


def test_two_amplifiers_share_one_clock(senders, sources) -> None:
    senders(source_id="left", rate=2000.0)
    senders(source_id="right", rate=1000.0)
    both = [sources(source_id=side) for side in ("left", "right")]
    for source in both:
        source.open()
    for source in both:
        events = until(source, lambda e: isinstance(e, Chunk) and age_s(e) < 0.05)
        assert all(age_s(e) > -0.05 for e in events if isinstance(e, Chunk))


def test_opening_and_closing_many_times(senders, sources) -> None:
    """R33."""
    senders()
    lsl = isolated_lsl()
    (info,) = lsl.resolve_byprop("source_id", senders.stream_name, timeout=5)
    for _ in range(96):
        inlet = lsl.StreamInlet(info, max_buflen=1, recover=False)
        inlet.open_stream(5)
        del inlet
    source = sources()
    source.open()
    assert follow(source, Chunk)
