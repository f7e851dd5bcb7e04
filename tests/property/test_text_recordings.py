"""Whatever stands in a text file: a recording, or one clear error."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import RecordingError
from drivers.recordings.choose import choose_streams
from drivers.recordings.opener import open_recording
from drivers.recordings.text import numeric_rows
from service.replay.analysis import analyse

STARTS = (
    "",
    "time,EMG (uV)\n",
    "# OpenSignals Text File Format\n# {}\n# EndOfHeader\n",
    "# Simple Text Format\n# Sampling Rate (Hz):= 1000\n# Labels:= EMG\n",
    "%OpenBCI Raw\n%Number of channels = 1\n%Sample Rate = 250 Hz\n",
    "Application:, Trigno\n\nEMG 1\nsensor mode: 1\nEMG 1 (mV)\n1000 Hz\n",
    "Label: a Sampling frequency: 1e3 Number of points: 3 start: 0 Unit: V\nX[s],a\n",
    'X[s],"a: EMG 1"\n',
    "Devices\n1000\n,,a\nFrame,Sub,EMG\n,,V\n",
)
CELL = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(width=32).map(str),
    st.sampled_from(["", "nan", "-", "x", '"', "1e400", "1_0", "٣", "0x1F", " "]),
    st.text(max_size=4),
)
ROWS = st.lists(st.lists(CELL, max_size=4), max_size=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("text")


@settings(max_examples=150)
@given(
    start=st.sampled_from(STARTS), rows=ROWS, end=st.sampled_from(["\n", "\r\n", ";"])
)
def test_any_table_is_read_or_refused(folder, start, rows, end):
    path = folder / "r.csv"
    path.write_bytes((start + end.join(",".join(r) for r in rows)).encode("utf-8"))
    try:
        recording = open_recording(path)
    except RecordingError as error:
        assert str(path) in str(error)  # noqa: PT017 - both ends are right
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = analyse(recording, choose_streams(recording))
    assert "\n" not in report.to_json()


@settings(max_examples=150)
@given(
    content=st.binary(min_size=1, max_size=300), name=st.sampled_from(["csv", "txt"])
)
def test_any_bytes_are_read_or_refused(folder, content, name):
    path = folder / f"b.{name}"
    path.write_bytes(content)
    try:
        recording = open_recording(path)
    except RecordingError as error:
        assert str(path) in str(error)  # noqa: PT017 - both ends are right
        return
    assert all(s.values.ndim == 2 for s in recording.streams)


@settings(max_examples=100)
@given(
    table=st.lists(
        st.lists(
            st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3
        ),
        min_size=1,
        max_size=20,
    )
)
def test_numbers_come_back_bit_for_bit_with_or_without_garbage(table):
    lines = [",".join(repr(v) for v in row) for row in table]
    plain, said = numeric_rows(lines, 3, ",", 1)
    np.testing.assert_array_equal(plain, table)
    assert said == []
    tolerant, said = numeric_rows([*lines, "x,y,z", lines[0]], 3, ",", 1)
    np.testing.assert_array_equal(tolerant[: len(table)], table)
    assert len(said) == 1
