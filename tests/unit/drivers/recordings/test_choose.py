"""The right signals are chosen, or the choice is explained."""

from pathlib import Path

import numpy as np
import pytest

from drivers.errors import RecordingError
from drivers.recordings.choose import choose_streams
from drivers.recordings.model import RecordedStream, Recording, Signals


def stream(
    name: str, labels: list[str], n: int = 100, kind: str = "", device: str = ""
) -> RecordedStream:
    values = np.arange(n * len(labels), dtype=float).reshape(n, len(labels))
    units = ["uV"] * len(labels)
    return Signals(name, labels, units, 1000.0, values, kind, device).stream()


def recording(*streams: RecordedStream) -> Recording:
    return Recording("CSV", Path("r.csv"), streams)


def chosen(*args, **kwargs) -> list[tuple[str, tuple[str, ...]]]:
    return [(s.name, s.labels) for s in choose_streams(*args, **kwargs)]


def test_only_emg_channels_if_any_is_named_so():
    r = recording(stream("a", ["EMG 1", "ACC X", "sEMG left", "EMG1.ACC X"]))
    assert chosen(r) == [("a", ("EMG 1", "sEMG left"))]


def test_all_channels_if_none_is_named_emg():
    r = recording(stream("a", ["ch1", "ch2"]))
    assert chosen(r) == [("a", ("ch1", "ch2"))]


def test_a_stream_of_type_emg_needs_no_labels():
    r = recording(stream("big", ["x"], 9000), stream("a", ["1", "2"], kind="EMG"))
    assert chosen(r) == [("a", ("1", "2"))]


def test_the_fullest_of_several_unless_told():
    r = recording(stream("short", ["EMG"], 10), stream("long", ["EMG"], 1000))
    assert chosen(r) == [("long", ("EMG",))]
    assert chosen(r, "short") == [("short", ("EMG",))]
    assert chosen(r, "SHORT") == [("short", ("EMG",))]


def test_one_device_at_several_rates_is_taken_together():
    r = recording(
        stream("a", ["EMG 1"], 10, device="d"), stream("b", ["EMG 2"], 20, device="d")
    )
    assert chosen(r) == [("a", ("EMG 1",)), ("b", ("EMG 2",))]


def test_channels_come_in_the_order_asked_for_with_their_values():
    r = recording(stream("a", ["EMG 1", "EMG 2", "ACC X"]))
    (found,) = choose_streams(r, channels=["ACC X", "EMG 1"])
    assert found.labels == ("ACC X", "EMG 1")
    np.testing.assert_array_equal(found.values, r.streams[0].values[:, [2, 0]])
    assert found.values.flags.c_contiguous


def test_what_is_not_there_is_answered_with_what_is():
    r = recording(stream("a", ["EMG 1"]), stream("b", ["EMG 2"]))
    with pytest.raises(RecordingError, match="'a', 'b'"):
        choose_streams(r, "c")
    with pytest.raises(RecordingError, match="'EMG 1', 'EMG 2'"):
        choose_streams(r, channels=["EMG 3"])
    with pytest.raises(RecordingError, match="no stream has the channels"):
        choose_streams(r, channels=["EMG 1", "EMG 2"])


def test_no_signals_at_all():
    assert choose_streams(recording()) == ()
    with pytest.raises(RecordingError, match="none"):
        choose_streams(recording(), "a")
    with pytest.raises(RecordingError, match="none"):
        choose_streams(recording(), channels=["x"])
