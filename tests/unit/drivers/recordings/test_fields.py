"""Units, counters and tables of numbers as devices write them."""

import numpy as np
import pytest

from drivers.errors import RecordingError
from drivers.recordings.model import unique_labels
from drivers.recordings.opener import open_recording
from drivers.recordings.opensignals import (
    BITALINO_EMG_RANGE_UV,
    PLUX_EMG_RANGE_UV,
    convert,
    counter_stamps,
)
from drivers.recordings.text import numeric_rows
from drivers.recordings.units import split_unit, uv_per_unit


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("uV", 1.0),
        ("\u00b5V", 1.0),
        ("\u03bcV", 1.0),
        ("microvolts", 1.0),
        ("mV", 1e3),
        ("V", 1e6),
        (" nV ", 1e-3),
        ("unknown", None),
        ("ADC", None),
        ("g", None),
        ("", None),
    ],
)
def test_only_voltages_have_a_factor(unit, factor):
    assert uv_per_unit(unit) == factor


@pytest.mark.parametrize(
    ("label", "split"),
    [
        ("EMG 1 (mV)", ("EMG 1", "mV")),
        ("EMG [V]", ("EMG", "V")),
        ("emg_uv", ("emg_uv", "uv")),
        ("left", ("left", "unknown")),
        ("Ambient Pressure ()", ("Ambient Pressure", "unknown")),
        ("(mV)", ("(mV)", "unknown")),
    ],
)
def test_a_unit_behind_a_label(label, split):
    assert split_unit(label) == split


def test_labels_become_addressable():
    assert unique_labels(["EMG", "", "EMG", "EMG (2)"]) == (
        "EMG",
        "ch2",
        "EMG (2)",
        "EMG (2) (2)",
    )


def test_plux_counts_become_microvolt_only_if_the_header_tells_how():
    counts = np.array([0.0, 2.0**15, 2.0**16])
    half = PLUX_EMG_RANGE_UV / 2
    values, unit = convert(counts, "EMG", "biosignalsplux", 16)
    np.testing.assert_allclose(values, [-half, 0.0, half])
    assert unit == "uV"
    values, _ = convert(np.array([2.0**10]), "EMG", "bitalino_rev", 10)
    np.testing.assert_allclose(values, BITALINO_EMG_RANGE_UV / 2)
    for sensor, device, bit in (
        ("ECG", "biosignalsplux", 16),
        ("EMG", "something", 16),
        ("EMG", "biosignalsplux", 0),
    ):
        values, unit = convert(counts, sensor, device, bit)
        assert unit == "ADC"
        np.testing.assert_array_equal(values, counts)


@pytest.mark.parametrize("modulus", [16, 256, 65536])
def test_a_counter_that_wraps_is_no_loss(modulus):
    counter = np.arange(3 * modulus, dtype=float) % modulus
    t_s, said = counter_stamps(counter, 1000.0, "dev")
    assert said == []
    np.testing.assert_allclose(t_s, np.arange(3 * modulus) / 1000.0, atol=1e-9)


def test_missing_samples_are_counted_and_leave_a_gap():
    counter = np.delete(np.arange(600.0) % 256, slice(300, 310))
    t_s, said = counter_stamps(counter, 1000.0, "dev")
    assert said == ["dev: 10 samples are missing at 1 places (sample counter)"]
    assert t_s[300] - t_s[299] == pytest.approx(0.011)
    assert t_s[-1] == pytest.approx(0.599)


def test_a_counter_in_steps_of_two():
    t_s, said = counter_stamps(np.arange(0.0, 200.0, 2.0), 125.0, "daisy")
    assert said == []
    assert t_s[-1] == pytest.approx(99 / 125.0)


def test_a_counter_stuck_at_its_end_says_nothing():
    counter = np.minimum(np.arange(70_000.0), 65535.0)
    t_s, said = counter_stamps(counter, 1000.0, "dev")
    assert said == []
    assert t_s[-1] == pytest.approx(69.999)


def test_a_counter_that_does_not_count_is_told():
    t_s, said = counter_stamps(np.zeros(10), 1000.0, "dev")
    assert "does not count" in said[0]
    assert t_s[-1] == pytest.approx(0.009)


def test_garbage_rows_keep_their_place_and_are_named():
    lines = ["1,2", "3,4", "x,6", "", "7,8,9", "10,"]
    rows, said = numeric_rows(lines, 2, ",", 5)
    np.testing.assert_array_equal(
        rows, [[1, 2], [3, 4], [np.nan, 6], [7, 8], [10, np.nan]]
    )
    assert said == ["unreadable values in line 7; taken as missing"]


def test_a_last_row_that_is_cut_off_is_dropped():
    rows, said = numeric_rows(["1,2,3", "4,5,6", "7,"], 3, ",", 1)
    np.testing.assert_array_equal(rows, [[1, 2, 3], [4, 5, 6]])
    assert said == ["last row is cut off and was dropped"]


@pytest.mark.parametrize(
    ("text", "labels", "units", "rate_hz"),
    [
        ("# fs: 500\nEMG (mV),x\n1,2\n3,4\n", ("EMG", "x"), ("mV", "unknown"), 500.0),
        ("time;EMG_uv\n0,000;1,5\n0,002;2,5\n", ("EMG_uv",), ("uv",), 500.0),
        ("Time [ms]\tleft [V]\n0\t1\n4\t2\n8\t3\n", ("left",), ("V",), 250.0),
        ("% sampling rate = 1e3 Hz\n1 2\n3 4\n", ("ch1", "ch2"), ("unknown",) * 2, 1e3),
        ("\ufeffEMG\n1\n2\n", ("EMG",), ("unknown",), 0.0),
    ],
)
def test_tables_as_people_write_them(text, labels, units, rate_hz, tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(text, encoding="utf-8")
    (stream,) = open_recording(path).streams
    assert stream.labels == labels
    assert stream.units == units
    assert stream.nominal_rate_hz == rate_hz
    assert stream.n_samples == 2 + text.startswith("Time [ms]")


def test_a_table_without_a_rate_says_so(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("EMG\n1\n2\n")
    assert "no sampling rate" in open_recording(path).warnings[0]


@pytest.mark.parametrize(
    "text", ["hello\n", "a,b\nc,d\n", "t\n1\n2\n", "# only\n", "\n"]
)
def test_text_without_signals_is_refused(text, tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(RecordingError, match="expected"):
        open_recording(path)


def test_utf16_and_latin1_tables(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("time,EMG (µV)\n0,1\n1,2\n", encoding="utf-16")
    assert open_recording(path).streams[0].scale_to_uv == (1.0,)
    path.write_text("time,EMG (µV)\n0,1\n1,2\n", encoding="latin-1")
    assert open_recording(path).streams[0].scale_to_uv == (1.0,)
