"""A recording in numbers: right where it can be known, null and told where not."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from drivers.errors import DriverConfigError
from drivers.recordings.model import RecordedStream, Recording, Signals
from service.replay.analysis import analyse
from service.replay.csv_output import OutputExistsError, write_envelope_csv
from service.replay.params import ReplayParams
from service.replay.report import ReplayReport
from service.replay.stamps import judge_stamps

FS = 1000.0


def emg(n: int = 10_000, channels: int = 1, unit: str = "uV") -> RecordedStream:
    """EMG-like noise of 5 uV with 100 uV from 3 to 5 s."""
    x = np.random.default_rng(4).standard_normal((n, channels)) * 5.0
    x[3000:5000] *= 20.0
    labels = [f"EMG {i}" for i in range(channels)]
    return Signals("s", labels, [unit] * channels, FS, x).stream()


def report(stream: RecordedStream, params: ReplayParams | None = None) -> ReplayReport:
    return analyse(Recording("CSV", Path("r.csv"), (stream,)), (stream,), params)


def with_values(stream: RecordedStream, values: np.ndarray) -> RecordedStream:
    return dataclasses.replace(stream, values=values)


def said(found: ReplayReport) -> str:
    return "\n".join(found.warnings)


def test_rms_bursts_and_frequency_of_a_known_signal():
    (found,) = report(emg()).channels
    band = np.sqrt((450 - 20) / 500)
    assert found.rms_uv.p10 == pytest.approx(5 * band, rel=0.15)
    assert found.rms_uv.max == pytest.approx(100 * band, rel=0.15)
    assert found.burst_rms_uv == pytest.approx(100 * band, rel=0.05)
    assert found.rest_rms_uv == pytest.approx(5 * band, rel=0.05)
    assert found.median_frequency_hz == pytest.approx(235, abs=15)
    (burst,) = found.bursts
    assert burst.start_s == pytest.approx(3.0, abs=0.1)
    assert burst.end_s == pytest.approx(5.0, abs=0.1)
    assert found.quality == ()


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1e3), ("V", 1e6)])
def test_known_units_are_reported_in_microvolt(unit, factor):
    plain = report(emg()).channels[0]
    stream = emg(unit=unit)
    scaled = report(with_values(stream, stream.values / factor)).channels[0]
    assert scaled.unit == "uV"
    assert scaled.recorded_unit == unit
    assert scaled.rms_uv.p50 == pytest.approx(plain.rms_uv.p50, rel=1e-9)


@pytest.mark.parametrize("unit", ["ADC", "unknown"])
def test_an_unknown_unit_is_not_scaled_and_told(unit):
    found = report(emg(unit=unit))
    assert found.channels[0].unit == unit
    assert "not in microvolt" in said(found)
    assert found.channels[0].rms_uv == report(emg()).channels[0].rms_uv


def test_the_user_may_state_the_unit_that_the_file_does_not():
    found = report(emg(unit="unknown"), ReplayParams(unit="mV"))
    assert found.channels[0].unit == "uV"
    plain = report(emg()).channels[0].rms_uv.p50
    assert found.channels[0].rms_uv.p50 == pytest.approx(1000 * plain)
    assert "not in microvolt" not in said(found)


def test_the_report_is_one_line_of_json_and_null_where_nothing_is_known():
    flat = emg()
    document = json.loads(report(with_values(flat, flat.values * 0)).to_json())
    (found,) = document["channels"]
    assert found["quality"] == ["flat"]
    assert found["rms_uv"] == {"p10": 0.0, "p50": 0.0, "p90": 0.0, "max": 0.0}
    assert found["median_frequency_hz"] is None
    assert found["bursts"] == []
    assert document["source"]["streams"][0] == {
        "name": "s",
        "type": "EMG",
        "n_channels": 1,
        "n_samples": 10_000,
        "nominal_rate_hz": 1000.0,
        "effective_rate_hz": 1000.0,
    }


@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_dominating_hum_is_flagged_and_taken_out(hz):
    stream = emg(channels=2)
    hum = 60 * np.sin(2 * np.pi * hz * np.arange(10_000) / FS)
    values = stream.values.copy()
    values[:, 1] += hum
    found = report(with_values(stream, values))
    assert found.channels[0].quality == ()
    assert found.channels[1].quality == ("mains",)
    assert f"mains hum at {hz:g} Hz dominates, notches applied: EMG 1" in said(found)
    clean = report(stream).channels[1].rest_rms_uv
    assert found.channels[1].rest_rms_uv == pytest.approx(clean, rel=0.1)
    left_in = report(with_values(stream, values), ReplayParams(mains_hz=0.0))
    assert left_in.channels[1].rest_rms_uv > 5 * clean
    assert left_in.channels[1].quality == ("mains",)


def test_a_comb_at_half_the_mains_is_no_mains():
    stream = emg()
    comb = np.zeros(10_000)
    comb[np.round(np.arange(0, 10_000, 1000 / 30)).astype(int)] = 400.0
    found = report(with_values(stream, stream.values + comb[:, np.newaxis]))
    assert "mains" not in found.channels[0].quality
    assert "periodic artifact near 30 Hz" in said(found)


def test_clipping_drift_and_missing_values_are_flagged():
    stream = emg(channels=4)
    x = stream.values.copy()
    x[:, 0] = np.clip(x[:, 0], -50, 50)
    x[3000:3300, 0] = np.sign(x[3000:3300, 0]) * 50
    x[4000:4010, 0] = 50.0
    x[4100:4110, 0] = 50.0
    x[:, 1] += 3000 * np.linspace(0, 1, 10_000)
    x[7000:7005, 2] = np.nan
    x[8000, 3] = 1e30
    found = report(with_values(stream, x))
    assert [c.quality for c in found.channels] == [
        ("clipped",),
        ("drift",),
        ("non_finite",),
        ("non_finite",),
    ]
    assert "6 missing values in EMG 2, EMG 3" in said(found)
    assert found.channels[2].rms_uv.max < 150
    assert found.channels[3].rms_uv.max < 150


def test_a_gap_cuts_the_filter_and_is_counted():
    stream = emg()
    t_s = stream.t_s.copy()
    t_s[6000:] += 2.0
    values = stream.values.copy()
    values[6000:] += 50_000.0
    found = report(dataclasses.replace(stream, t_s=t_s, values=values))
    assert "1 gaps of up to 2.000 s; about 2000 samples are missing" in said(found)
    (channel,) = found.channels
    assert len(channel.bursts) == 1
    assert channel.rms_uv.max < 150
    assert found.envelopes[0].t_s[-1] == pytest.approx(11.999, abs=0.01)


def test_stamps_that_come_late_and_catch_up_are_no_gap():
    t_s = np.arange(5000) / FS
    late = t_s.copy()
    late[1000:1200] += np.linspace(0.3, 0.0, 200)
    facts = judge_stamps(late, FS)
    assert facts.gaps_s == ()
    assert facts.bounds == (0, 5000)
    stepped = t_s.copy()
    stepped[2000:] -= 10.0
    facts = judge_stamps(stepped, FS)
    assert facts.n_backward == 1
    assert facts.bounds == (0, 2000, 5000)


def test_a_slow_stream_has_no_tension_but_a_reason():
    stream = dataclasses.replace(emg(), nominal_rate_hz=100.0)
    stream = dataclasses.replace(stream, t_s=stream.t_s * 10, effective_rate_hz=100.0)
    found = report(stream)
    assert np.isnan(found.channels[0].rms_uv.max)
    assert "low_rate" in found.channels[0].quality
    assert "tension was not computed" in said(found)


def test_a_stream_without_a_rate_asks_for_one():
    x = emg().values
    stream = Signals("s", ["EMG"], ["uV"], 0.0, x).stream()
    found = report(stream)
    assert "states no sampling rate" in said(found)
    assert found.to_json().count("null") >= 6
    told = report(stream, ReplayParams(sample_rate_hz=FS))
    assert len(told.channels[0].bursts) == 1
    assert told.channels[0].bursts[0].start_s == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("n", [0, 1, 2, 9, 50, 150, 400])
def test_short_recordings_never_fail(n):
    stream = emg().select([0])
    short = dataclasses.replace(stream, values=stream.values[:n], t_s=stream.t_s[:n])
    found = report(short)
    assert np.isfinite(found.channels[0].rms_uv.p50) == (n >= 150)
    if n < 400:
        assert "tension was not computed" in said(found) or "no piece" in said(found)
    found.to_json()


def test_wrong_parameters_are_refused():
    for wrong in (
        {"lower_hz": 500.0},
        {"window_s": 0.0},
        {"unit": "furlong"},
        {"sample_rate_hz": -1.0},
    ):
        with pytest.raises(DriverConfigError):
            ReplayParams(**wrong)


def test_the_envelope_as_a_table(tmp_path):
    found = report(emg(channels=2))
    path = tmp_path / "out.csv"
    write_envelope_csv(found, path)
    lines = path.read_text().splitlines()
    assert lines[0] == "t_s,EMG 0_rms_uv,EMG 1_rms_uv"
    assert len(lines) == 1 + 1000
    assert lines[1].endswith(",,")
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    assert np.nanmax(table[:, 1]) == pytest.approx(
        found.channels[0].rms_uv.max, rel=1e-4
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_that_is_there_is_never_overwritten(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("mine")
    with pytest.raises(OutputExistsError, match="already there"):
        write_envelope_csv(report(emg()), path)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_without_its_folder_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_envelope_csv(report(emg()), tmp_path / "no" / "out.csv")
    assert list(tmp_path.iterdir()) == []
