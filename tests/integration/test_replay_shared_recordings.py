"""Every shared recording replays, and says what public tools said of it."""

import json
import re

import numpy as np
import pytest

from drivers.recordings.choose import choose_streams
from drivers.recordings.opener import open_recording
from service.replay.analysis import analyse
from service.replay.report import ChannelReport, ReplayReport
from tests.support.shared_data import facts, shared_data
from tests.support.stim_recording import (
    QUIET_S,
    STIM_EPOCHS_S,
    STIM_OFF_FILE,
    STIM_S,
    UNTREATED_RATIO,
    mean_rms,
    stim_recording,
)

RMS_TOLERANCE = 0.20
RATIO_TOLERANCE = 0.30
EDGE_TOLERANCE_S = 0.3

FORMATS = {
    "xdf/minimal.xdf": "XDF",
    "xdf/empty_streams.xdf": "XDF",
    "xdf/magicblink_three_motion_two.xdf": "XDF",
    "xdf/magicblink_threeMotionTwo_test1.xdf": "XDF",
    "xdf/magicblink_handTwo.xdf": "XDF",
    "xdf/magicblink_handFour.xdf": "XDF",
    "xdf/magicblink_justMarkers.xdf": "XDF",
    "opensignals/emg_bursts.h5": "OpenSignals HDF5",
    "opensignals/emg_1000_hz_16_bits.h5": "OpenSignals HDF5",
    "biosppy/emg.txt": "simple text",
    "stim/SingleCh_StimOFF.mat": "MATLAB",
    "stim/SingleCh_StimON.mat": "MATLAB",
    "c3d/markers_analogs.c3d": "C3D",
    "c3d/analogs.csv": "Vicon Nexus CSV",
    "delsys/discover164_basic.csv": "Delsys Trigno Discover",
    "delsys/discover164_mvc.csv": "Delsys Trigno Discover",
    "delsys/emgworks.csv": "Delsys EMGworks",
    "delsys/truncated_trigno_sample.csv": "Delsys EMGworks text",
    "openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt": "OpenBCI text",
    "derived/emg_bursts.edf": "EDF",
    "derived/emg_bursts.vhdr": "BrainVision",
    "bids/emg_CustomBipolar/sub-01/emg/sub-01_task-holdWeight_emg.edf": "EDF",
    "bids/emg_TwoHDsEMG/sub-01/emg/sub-01_task-isometric_emg.edf": "EDF",
}
XDF_FILES = [path for path in FORMATS if path.endswith(".xdf")]
OPENBCI = "openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt"


def report_of(path: str, stream: str | None = None) -> ReplayReport:
    recording = open_recording(shared_data(path))
    return analyse(recording, choose_streams(recording, stream))


def channel(report: ReplayReport, label: str) -> ChannelReport:
    (found,) = [c for c in report.channels if c.label == label]
    return found


def said(report: ReplayReport) -> str:
    return "\n".join(report.warnings)


def bursts(found: ChannelReport) -> list[list[float]]:
    return [[b.start_s, b.end_s] for b in found.bursts]


def assert_bursts(found: ChannelReport, expected: list[list[float]]) -> None:
    assert len(found.bursts) == len(expected)
    np.testing.assert_allclose(bursts(found), expected, atol=EDGE_TOLERANCE_S)


@pytest.mark.parametrize("path", FORMATS)
def test_every_recording_replays(path):
    report = report_of(path)
    assert report.format == FORMATS[path]
    line = report.to_json()
    assert "\n" not in line
    document = json.loads(line)
    assert set(document) == {"source", "channels", "warnings"}
    for found in document["channels"]:
        assert set(found["rms_uv"]) == {"p10", "p50", "p90", "max"}
        assert set(found) >= {"label", "unit", "quality", "median_frequency_hz"}
        assert all(set(b) == {"start_s", "end_s"} for b in found["bursts"])
    assert document["channels"] or path == "xdf/magicblink_justMarkers.xdf"


@pytest.mark.parametrize("path", XDF_FILES)
def test_xdf_streams_have_the_known_counts_and_rates(path):
    report = report_of(path)
    found = {s.name: s for s in report.streams}
    for known in facts(path)["streams"]:
        stream = found[known["name"]]
        assert stream.n_samples == known["n_samples"]
        assert stream.n_channels == known["channels"]
        assert stream.type == known["type"]
        assert stream.nominal_rate_hz == known["nominal_srate"]
        if known["format"] != "string" and known["nominal_srate"]:
            assert stream.effective_rate_hz == pytest.approx(
                known["effective_srate"], rel=1e-6
            )


@pytest.mark.parametrize("path", [p for p in XDF_FILES if "magicblink" in p])
def test_xdf_stamps_that_step_back_are_named(path):
    for known in facts(path)["streams"]:
        steps = known.get("raw_negative_steps")
        if known["format"] == "float32" and steps:
            assert f"{steps} time stamps step backward" in said(report_of(path))


def test_an_aborted_recording_gives_warnings_and_no_tension():
    report = report_of("xdf/magicblink_handFour.xdf")
    assert "effective rate 24.758 Hz, nominal 250 Hz" in said(report)
    assert re.search(r"gaps of up to 0\.9\d+ s", said(report))
    assert "tension was not computed" in said(report)
    for found in report.channels:
        assert np.isnan(found.rms_uv.max)
        assert np.isnan(found.median_frequency_hz)
        assert "low_rate" in found.quality


def test_markers_alone_are_no_error():
    report = report_of("xdf/magicblink_justMarkers.xdf")
    assert report.channels == ()
    assert "no signals" in said(report)


def test_clock_offsets_are_told():
    assert "2 recorded clock offsets applied (-0.1000" in said(
        report_of("xdf/minimal.xdf")
    )


@pytest.mark.parametrize(
    ("path", "label", "n_samples"),
    [
        ("opensignals/emg_bursts.h5", "EMG PORT3_CHN1", 28519),
        ("derived/emg_bursts.edf", "EMG BB", 28000),
        ("derived/emg_bursts.vhdr", "EMG_BB", 28519),
    ],
)
def test_nine_contractions_in_three_formats(path, label, n_samples):
    known = facts("opensignals/emg_bursts.h5")["devices"][0]
    uv_per_count = 3000.0 / 2**16
    report = report_of(path)
    assert report.streams[0].n_samples == n_samples
    found = channel(report, label)
    expected = known["bursts_s"]
    assert_bursts(found, expected)
    assert found.unit == "uV"
    assert found.quality == ()
    assert found.burst_rms_uv == pytest.approx(
        known["rms_bursts_adc"] * uv_per_count, rel=RMS_TOLERANCE
    )
    assert found.median_frequency_hz == pytest.approx(known["mdf_bursts_Hz"], abs=5)
    ratio = found.burst_rms_uv / found.rest_rms_uv
    assert ratio == pytest.approx(known["ratio"], rel=RATIO_TOLERANCE)


def test_the_markers_of_derived_files_agree_with_the_bursts():
    for path in ("derived/emg_bursts.edf", "derived/emg_bursts.vhdr"):
        recording = open_recording(shared_data(path))
        (markers,) = recording.markers
        found = analyse(recording, choose_streams(recording)).channels[0]
        np.testing.assert_allclose(
            markers.t_s, [b.start_s for b in found.bursts], atol=EDGE_TOLERANCE_S
        )


def test_two_devices_the_fullest_unless_told():
    path = "opensignals/emg_1000_hz_16_bits.h5"
    fast, slow = facts(path)["devices"]
    report = report_of(path)
    assert [(s.name, s.n_samples) for s in report.streams] == [
        (fast["mac"], fast["n_samples"]),
        (slow["mac"], slow["n_samples"]),
    ]
    (found,) = report.channels
    assert_bursts(found, fast["bursts_s"])
    assert found.burst_rms_uv == pytest.approx(
        fast["rms_bursts_adc"] * 3000 / 2**16, rel=RMS_TOLERANCE
    )
    ratio = found.burst_rms_uv / found.rest_rms_uv
    assert ratio == pytest.approx(fast["ratio"], rel=RATIO_TOLERANCE)
    told = report_of(path, slow["mac"])
    assert [c.stream for c in told.channels] == [slow["mac"]]
    assert "low_rate" in told.channels[0].quality
    assert "tension was not computed" in said(told)


def test_a_weak_tonic_contraction_is_not_dozens_of_bursts():
    known = facts("biosppy/emg.txt")
    report = report_of("biosppy/emg.txt")
    (found,) = report.channels
    assert found.unit == "ADC"
    assert "unit ADC" in said(report)
    assert len(found.bursts) <= 3
    rest = mean_rms(report, "EMG", (1.0, 30.0))
    active = mean_rms(report, "EMG", (50.0, 57.0))
    assert rest == pytest.approx(known["rms_0_30s"], rel=RMS_TOLERANCE)
    assert active / rest == pytest.approx(known["ratio"], rel=RATIO_TOLERANCE)


def test_contractions_under_strong_drift():
    known = facts(STIM_OFF_FILE)
    stim = stim_recording(STIM_OFF_FILE)
    (found,) = stim.report.channels
    assert_bursts(found, known["bursts_s"])
    assert "drift" in found.quality
    assert found.unit == "unknown"
    assert "no unit stated" in said(stim.report)
    rest = mean_rms(stim.report, found.label, (1.0, 20.0))
    active = mean_rms(stim.report, found.label, (74.0, 76.0))
    assert rest == pytest.approx(known["rms_rest_0_20s"], rel=RMS_TOLERANCE)
    assert active == pytest.approx(known["rms_74_76s"], rel=RMS_TOLERANCE)
    assert active / rest == pytest.approx(known["ratio"], rel=RATIO_TOLERANCE)


def test_the_hazard_an_untreated_meter_reads_the_stimulator_as_tension():
    stim = stim_recording()
    (found,) = stim.report.channels
    rest = mean_rms(stim.report, found.label, QUIET_S)
    during = mean_rms(stim.report, found.label, STIM_S)
    assert during / rest == pytest.approx(UNTREATED_RATIO, rel=RATIO_TOLERANCE)
    for burst, epoch in zip(found.bursts[-2:], STIM_EPOCHS_S, strict=True):
        assert epoch[0] - 1.0 < burst.start_s < burst.end_s < epoch[1] + 1.0
    assert "mains" not in found.quality
    assert "periodic artifact near 30 Hz" in said(stim.report)


@pytest.mark.parametrize("path", ["c3d/markers_analogs.c3d", "c3d/analogs.csv"])
def test_shoulder_muscles_in_one_arm_elevation(path):
    known = facts("c3d/markers_analogs.c3d")
    report = report_of(path)
    assert report.streams[0].n_samples == known["n_samples"] == 11600
    assert report.streams[0].nominal_rate_hz == known["fs"]
    flat = [c.label for c in report.channels if "flat" in c.quality]
    assert len(flat) == 19
    labels = {name: name for name in known["per_channel"]}
    if path.endswith(".csv"):
        columns = facts(path)["column_to_c3d_label"]
        labels = {c3d: column.split("@")[0] for column, c3d in columns.items()}
    else:
        assert sorted(flat) == sorted(known["constant_zero_channels"])
    for c3d, label in labels.items():
        truth = known["per_channel"][c3d]
        active = mean_rms(report, label, (2.8, 3.6))
        rest = mean_rms(report, label, (4.9, 5.6))
        assert active == pytest.approx(truth["rms_uV_2p8_3p6s"], rel=RMS_TOLERANCE)
        ratio = truth["ratio_active_over_end_rest"]
        assert active / rest == pytest.approx(ratio, rel=RATIO_TOLERANCE)


@pytest.mark.parametrize(
    ("path", "n_emg", "n_rows", "rate_hz"),
    [
        ("delsys/discover164_basic.csv", 8, 250, 1925.9259),
        ("delsys/discover164_mvc.csv", 8, 500, 2148.1481),
    ],
)
def test_trigno_discover_has_a_rate_per_column(path, n_emg, n_rows, rate_hz):
    known = facts(path)
    report = report_of(path)
    assert len(report.channels) == n_emg == known["n_emg_columns"]
    rates = sorted({s.nominal_rate_hz for s in report.streams})
    assert rates == [r for r in known["rates_Hz"] if r > 0]
    (emg,) = [s for s in report.streams if s.type == "EMG"]
    assert (emg.n_samples, emg.nominal_rate_hz) == (n_rows, rate_hz)
    assert {c.recorded_unit for c in report.channels} == {"mV"}
    assert {c.unit for c in report.channels} == {"uV"}
    assert ("no samples in: VO2 Master" in said(report)) == bool(
        known["n_empty_columns"]
    )


def test_emgworks_pairs_have_their_own_time_and_zero_channels_are_flat():
    known = facts("delsys/emgworks.csv")["emg"]
    report = report_of("delsys/emgworks.csv")
    assert {c.label for c in report.channels} == set(known)
    rates = {s.name: s.nominal_rate_hz for s in report.streams}
    for found in report.channels:
        truth = known[found.label]
        assert ("flat" in found.quality) == truth["all_zero"]
        assert rates[found.stream] == pytest.approx(truth["fs"], rel=1e-4)


def test_a_header_that_promises_more_than_there_is():
    path = "delsys/truncated_trigno_sample.csv"
    known = facts(path)
    report = report_of(path)
    (emg,) = [s for s in report.streams if s.type == "EMG"]
    assert emg.n_samples == known["actual_data_rows"] == 2519
    assert "promises 81141 points, 2519 are there" in said(report)
    assert [c.label for c in report.channels] == known["emg_labels"]
    assert report.channels[1].rms_uv.p50 < 1e6 * known["emg_rms_V"][1]


def test_jaw_clenches_under_mains_hum():
    known = facts(OPENBCI)
    report = report_of(OPENBCI)
    assert report.streams[0].n_samples == known["n_rows"]
    assert report.streams[0].nominal_rate_hz == known["fs_nominal"]
    assert "missing" not in said(report)
    assert all("mains" in c.quality for c in report.channels)
    assert "mains hum at 60 Hz" in said(report)
    spans_s = {"s8p3_9p3": (8.3, 9.3), "s10_11": (10.0, 11.0)}
    for name, truth in known["jaw_clench_rms_uV"].items():
        label = f"EXG Channel {name[-1]}"
        for key, span_s in spans_s.items():
            active = mean_rms(report, label, span_s)
            if truth[key] > 40:  # the clenching side; the other is near the floor
                assert active == pytest.approx(truth[key], rel=0.35)
    left, right = spans_s["s8p3_9p3"], spans_s["s10_11"]
    assert mean_rms(report, "EXG Channel 2", left) > 2 * mean_rms(
        report, "EXG Channel 3", left
    )
    assert mean_rms(report, "EXG Channel 5", right) > 2 * mean_rms(
        report, "EXG Channel 4", right
    )


@pytest.mark.parametrize("path", [p for p in FORMATS if p.startswith("bids/")])
def test_bids_recordings_open_with_all_channels(path):
    known = facts(path)
    report = report_of(path)
    assert len(report.channels) == known["n_signals"]
    assert report.streams[0].n_samples == known["n_samples"]
    assert report.streams[0].nominal_rate_hz == known["fs"]
