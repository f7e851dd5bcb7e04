"""What every source keeps: one suite over the drivers lsl, replay and simulated."""

import threading
import uuid
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from drivers.clock import SystemClock
from drivers.errors import ConnectError
from drivers.ports import EmgSource
from drivers.recordings.model import RecordedStream, Signals
from drivers.source_registry import (
    LslSource,
    LslSourceParams,
    ReplaySource,
    SimulatedSource,
)
from drivers.subject.presets import subject_params
from drivers.subject.subject import SimulatedSubject
from dsp.types import Chunk
from tests.support.lsl_session import isolated_lsl

FS = 2000.0
N_CHANNELS = 2


def simulated() -> Iterator[EmgSource]:
    subject = SimulatedSubject(subject_params("responder", 1), FS, N_CHANNELS, 1)
    yield SimulatedSource("emg", subject, SystemClock())


def replay() -> Iterator[EmgSource]:
    values = np.random.default_rng(1).standard_normal((20_000, N_CHANNELS))
    yield ReplaySource("emg", recorded(values), SystemClock())


def recorded(values: np.ndarray) -> RecordedStream:
    units = ("uV", "uV")
    return Signals("rec", ("a", "b"), units, rate_hz=FS, values=values).stream()


def lsl() -> Iterator[EmgSource]:
    pylsl = isolated_lsl()
    name = f"contract-{uuid.uuid4().hex[:8]}"
    info = pylsl.StreamInfo(name, "EMG", N_CHANNELS, FS, pylsl.cf_float32, name)
    channels = info.desc().append_child("channels")
    for label in ("a", "b"):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", "uV")
    outlet = pylsl.StreamOutlet(info)
    ended = threading.Event()

    def send() -> None:
        # Paced by due times, as a device is: a sender that is woken late catches up.
        values = np.ones((32, N_CHANNELS), np.float32)
        due_s = pylsl.local_clock()
        while not ended.wait(max(due_s - pylsl.local_clock(), 0.0)):
            outlet.push_chunk(values, due_s)
            due_s += 32 / FS

    sender = threading.Thread(target=send)
    sender.start()
    yield LslSource("emg", LslSourceParams(stream_name=name))
    ended.set()
    sender.join()


@pytest.fixture(
    params=[simulated, replay, pytest.param(lsl, marks=pytest.mark.lsl)],
    ids=lambda make: make.__name__,
)
def source(request: pytest.FixtureRequest) -> Iterator[EmgSource]:
    make: Callable[[], Iterator[EmgSource]] = request.param
    made = make()
    source = next(made)
    yield source
    source.close()
    next(made, None)


def chunks(source: EmgSource, n: int = 10) -> list[Chunk]:
    found: list[Chunk] = []
    for _ in range(1000):
        found += [e for e in source.poll(0.1) if isinstance(e, Chunk)]
        if len(found) >= n:
            return found
    raise AssertionError(found)


def test_it_describes_what_its_chunks_carry(source: EmgSource) -> None:
    info = source.open()

    assert info.nominal_rate_hz == FS
    assert len(info.channels) == N_CHANNELS
    assert all(channel.label for channel in info.channels)
    assert chunks(source, 1)[0].emg_uv.shape[1] == N_CHANNELS


def test_chunks_are_time_first_contiguous_float64(source: EmgSource) -> None:
    source.open()
    for chunk in chunks(source):
        assert chunk.source == "emg"
        assert chunk.emg_uv.dtype == np.float64
        assert chunk.emg_uv.flags.c_contiguous
        assert chunk.t_s.shape == chunk.emg_uv.shape[:1]
        assert np.isfinite(chunk.t_s).all()


def test_stamps_rise_at_the_nominal_rate_and_are_not_of_the_future(
    source: EmgSource,
) -> None:
    source.open()
    found = chunks(source, 30)
    t_s = np.concatenate([chunk.t_s for chunk in found])

    assert (np.diff(t_s) > -0.02).all()
    assert (t_s.size - 1) / (t_s[-1] - t_s[0]) == pytest.approx(FS, rel=0.1)
    for chunk in found:
        assert chunk.t_s[-1] <= chunk.arrival_s + 0.005


def test_poll_waits_no_longer_than_it_is_told(source: EmgSource) -> None:
    source.open()
    chunks(source, 3)
    clock = SystemClock()
    for timeout_s in (0.0, 0.01, 0.05):
        began_s = clock.now_s()
        source.poll(timeout_s)
        assert clock.now_s() - began_s < timeout_s + 0.25


def test_what_is_not_open_cannot_be_polled(source: EmgSource) -> None:
    with pytest.raises(ConnectError, match="not open"):
        source.poll(0.0)
    source.open()
    source.close()
    source.close()
    with pytest.raises(ConnectError, match="not open"):
        source.poll(0.0)


def test_it_can_be_opened_again(source: EmgSource) -> None:
    first = source.open()
    source.close()

    assert source.open().channels == first.channels
    assert chunks(source, 1)
