"""What a real sender on the network can do to the LSL source.

The rows of docs/reference/lsl-behaviour.md that can be provoked on loopback.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from drivers.errors import ConnectError
from drivers.ports import Discontinuity, SourceLost, SourceNotice, SourceRestored
from drivers.sources.lsl import LslSource, LslSourceParams
from dsp.types import Chunk
from tests.support.lsl_session import isolated_lsl

pytestmark = [pytest.mark.lsl, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
SENDER = "tests.support.lsl_sender"


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


class Sender:
    """A sender process."""

    def __init__(self, name: str, **options) -> None:
        words = [f"--{k.replace('_', '-')}={v}" for k, v in options.items()]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.lsl_sender",
                f"--name={name}",
                *words,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"ready\n"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGCONT)
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


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


def follow(source: LslSource, wanted: type, longest_s: float = 15.0) -> list:
    """Poll until an event of this type came; return all that came."""
    events: list = []
    end_s = time.monotonic() + longest_s
    while not any(isinstance(e, wanted) for e in events):
        assert time.monotonic() < end_s, f"no {wanted.__name__} in {events[-5:]}"
        events += source.poll(0.05)
    return events


def collect(source: LslSource, duration_s: float) -> list:
    events: list = []
    end_s = time.monotonic() + duration_s
    while time.monotonic() < end_s:
        events += source.poll(0.05)
    return events


def test_a_sender_that_is_killed_is_lost_and_found_again(senders, sources) -> None:
    """R1, R2, R5."""
    first = senders()
    source = sources()
    source.open()
    follow(source, Chunk)
    killed_s = time.monotonic()
    first.signal(signal.SIGKILL)
    events = follow(source, SourceLost)
    assert time.monotonic() - killed_s < 1.0
    last = [e for e in events if isinstance(e, Chunk)][-1:]
    (lost,) = [e for e in events if isinstance(e, SourceLost)]
    if last:
        assert lost.arrival_s - last[0].arrival_s <= 0.25 + 0.15

    senders()
    events = follow(source, SourceRestored)
    events += follow(source, Chunk)

    kinds = [type(e) for e in events if not isinstance(e, SourceNotice)]
    assert kinds[:3] == [SourceRestored, Discontinuity, Chunk]


@pytest.mark.parametrize(
    "changed",
    [{"rate": 1000.0}, {"channels": 4}, {"format": "int16"}],
    ids=["R8 rate", "R7 channels", "R7 format"],
)
def test_a_sender_that_comes_back_changed_is_not_used(
    senders, sources, changed
) -> None:
    first = senders()
    source = sources()
    source.open()
    follow(source, Chunk)
    first.signal(signal.SIGKILL)
    follow(source, SourceLost)

    senders(**changed)
    events = follow(source, SourceNotice)

    assert [e.kind for e in events if isinstance(e, SourceNotice)] == ["changed_shape"]
    assert not any(isinstance(e, Chunk) for e in collect(source, 0.5))


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
    frozen_s = time.monotonic()
    follow(source, SourceLost)
    assert time.monotonic() - frozen_s < 1.0
    collect(source, 1.0)
    sender.signal(signal.SIGCONT)

    events = follow(source, SourceRestored)
    events += collect(source, 1.0)

    used = sum(len(e.t_s) for e in events if isinstance(e, Chunk))
    assert used < (1.0 + 0.5) * 2000 + 1500, "a backlog is not EMG of now"


def test_a_reader_that_stalls_misses_data_and_is_told(senders, sources) -> None:
    """R11, R12."""
    senders()
    source = sources()
    source.open()
    collect(source, 0.5)
    time.sleep(2.0)

    events = follow(source, Discontinuity)
    events += collect(source, 0.5)

    missing = sum(e.missing_samples for e in events if isinstance(e, Discontinuity))
    assert missing > 0.5 * 2000
    newest = [e for e in events if isinstance(e, Chunk)][-1]
    assert newest.arrival_s - newest.t_s[-1] < 0.25


def test_stamps_are_fresh_after_opening(senders, sources) -> None:
    """R14, R15."""
    senders()
    source = sources()
    source.open()

    ages = [
        e.arrival_s - e.t_s[-1] for e in collect(source, 1.0) if isinstance(e, Chunk)
    ]

    assert np.median(ages) < 0.02
    assert min(ages) > -0.005


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

    events = collect(source, 2.0)

    chunks = [e for e in events if isinstance(e, Chunk)]
    assert chunks[0].emg_uv.shape[1] == 256
    assert sum(len(c.t_s) for c in chunks) > 10_000


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
    ends = []
    for source in both:
        collect(source, 0.3)
        chunk = [e for e in follow(source, Chunk) if isinstance(e, Chunk)][-1]
        ends.append(chunk.arrival_s - chunk.t_s[-1])

    assert abs(ends[0] - ends[1]) < 0.05


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
