"""The LSL source against a liblsl that does whatever a rig can: opening, values."""

import numpy as np
import pytest

from drivers.errors import ConnectError, DriverConfigError
from drivers.sources.lsl_resolve import Predicate
from dsp.types import Chunk
from tests.support.lsl_rig import CHUNK_S, Rig, kinds, opened

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


def test_close_twice_and_without_open() -> None:
    rig = Rig()
    rig.source.close()
    opened(rig)
    rig.source.close()
    rig.source.close()
    with pytest.raises(ConnectError, match="not open"):
        rig.source.poll(0.0)
