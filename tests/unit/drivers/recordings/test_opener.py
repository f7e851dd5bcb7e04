"""Every format opens by its content; damage is told, never a traceback."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from drivers.errors import RecordingError
from drivers.recordings.choose import choose_streams
from drivers.recordings.model import Recording
from drivers.recordings.opener import open_recording
from tests.support.recording_files import EVERY_FORMAT, N, emg_uv, write_csv, write_xdf

FORMATS = pytest.mark.parametrize(
    ("name", "file_name", "write"),
    EVERY_FORMAT,
    ids=[f"{name} {file}" for name, file, _ in EVERY_FORMAT],
)


def attempt(path: Path) -> tuple[str, Recording | None]:
    """Open a file; an error of another kind fails the test."""
    try:
        return "", open_recording(path)
    except RecordingError as error:
        return str(error), None


@FORMATS
def test_a_written_file_is_read_back(name, file_name, write, tmp_path: Path):
    recording = open_recording(write(tmp_path / file_name))
    assert recording.format == name
    chosen = choose_streams(recording)
    assert sum(len(s.labels) for s in chosen) >= 1
    stream = chosen[0]
    assert stream.n_samples == N
    assert stream.nominal_rate_hz in (250.0, 1000.0)
    assert stream.effective_rate_hz == pytest.approx(stream.nominal_rate_hz, rel=1e-3)
    factor = stream.scale_to_uv[0] or 1.0
    truth = emg_uv(n_channels=1 if "Signals" in name or name == "simple text" else 2)
    got = stream.values[:, 0] * factor
    offset = 2048 if name == "simple text" else 0
    scale = 1e-6 if name == "Delsys EMGworks" else 1.0
    expected = truth[:, 0] * scale + offset
    np.testing.assert_allclose(got, expected, atol=0.07 * scale + 1e-9)


@FORMATS
@pytest.mark.parametrize("share", [0.0005, 0.02, 0.3, 0.71, 0.995])
def test_a_cut_file_is_read_in_part_or_refused(
    name, file_name, write, share, tmp_path: Path
):
    path = write(tmp_path / file_name)
    content = path.read_bytes()
    path.write_bytes(content[: max(1, int(len(content) * share))])
    said, recording = attempt(path)
    assert recording is not None or str(path) in said
    if recording is not None:
        assert all(s.n_samples <= N for s in recording.streams)


@FORMATS
def test_garbage_in_the_middle_is_no_traceback(name, file_name, write, tmp_path: Path):
    path = write(tmp_path / file_name)
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(3)
    for at in noise.integers(64, len(content), 40):
        content[at] = int(noise.integers(0, 256))
    path.write_bytes(bytes(content))
    said, recording = attempt(path)
    assert recording is not None or str(path) in said


@pytest.mark.parametrize("cut", [0.4, 0.77])
def test_a_cut_xdf_keeps_what_came_before(cut, tmp_path: Path):
    path = write_xdf(tmp_path / "r.xdf")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * cut)])
    recording = open_recording(path)
    n = recording.streams[0].n_samples
    assert n == pytest.approx(N * cut, abs=150)
    assert any("corruption" in text for text in recording.warnings)
    assert any("not closed" in text for text in recording.warnings)


@pytest.mark.parametrize("which", ["EDF", "BDF", "C3D", "OpenSignals HDF5"])
def test_a_cut_binary_file_says_that_it_is_cut(which, tmp_path: Path):
    _, file_name, write = next(f for f in EVERY_FORMAT if f[0] == which)
    path = write(tmp_path / file_name)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.9)])
    recording = open_recording(path)
    assert 0 < recording.streams[0].n_samples < N
    text = " ".join(recording.warnings)
    assert "cut off" in text or "truncated" in text


def test_edf_with_a_short_last_record_keeps_the_whole_ones(tmp_path: Path):
    _, file_name, write = next(f for f in EVERY_FORMAT if f[0] == "EDF")
    path = write(tmp_path / file_name)
    path.write_bytes(path.read_bytes()[:-100])
    recording = open_recording(path)
    assert recording.streams[0].n_samples == 3000
    assert any("truncated" in text for text in recording.warnings)


def test_brainvision_whose_data_are_cut_says_so(tmp_path: Path):
    _, file_name, write = next(f for f in EVERY_FORMAT if f[0] == "BrainVision")
    path = write(tmp_path / file_name)
    data = path.with_suffix(".eeg")
    data.write_bytes(data.read_bytes()[: 8 * 500 + 3])
    recording = open_recording(path)
    assert recording.streams[0].n_samples == 500
    assert any("outside data range" in text for text in recording.warnings)


def test_brainvision_without_its_data_names_what_is_missing(tmp_path: Path):
    _, file_name, write = next(f for f in EVERY_FORMAT if f[0] == "BrainVision")
    path = write(tmp_path / file_name)
    path.with_suffix(".eeg").unlink()
    with pytest.raises(RecordingError, match="missing"):
        open_recording(path)


def test_the_marker_file_points_to_the_header(tmp_path: Path):
    _, file_name, write = next(f for f in EVERY_FORMAT if f[0] == "BrainVision")
    path = write(tmp_path / file_name)
    with pytest.raises(RecordingError, match=r"open its \.vhdr"):
        open_recording(path.with_suffix(".vmrk"))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("r.edf", "by its name EDF, but its content is XDF"),
        ("r.mat", "by its name MATLAB, but its content is XDF"),
        ("r.csv", "by its name a text file, but its content is XDF"),
        ("r.vhdr", "by its name BrainVision, but its content is XDF"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(wrong, says, tmp_path: Path):
    path = tmp_path / wrong
    shutil.copy(write_xdf(tmp_path / "right.xdf"), path)
    with pytest.raises(RecordingError, match=says):
        open_recording(path)


def test_text_under_the_name_of_a_binary_format(tmp_path: Path):
    path = tmp_path / "r.xdf"
    shutil.copy(write_csv(tmp_path / "r.csv"), path)
    with pytest.raises(RecordingError, match="by its name XDF, but its content is CSV"):
        open_recording(path)


@pytest.mark.parametrize("name", ["r.xdf", "r.csv", "r.mat", "r.bin", "r"])
def test_an_empty_file(name, tmp_path: Path):
    path = tmp_path / name
    path.touch()
    with pytest.raises(RecordingError, match="empty"):
        open_recording(path)


def test_a_directory(tmp_path: Path):
    with pytest.raises(RecordingError, match="directory"):
        open_recording(tmp_path)


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(RecordingError, match="No such file"):
        open_recording(tmp_path / "nothing.xdf")


@pytest.mark.parametrize("name", ["r.xdf", "r.csv", "r.txt", "r.c3d", "r"])
def test_binary_garbage(name, tmp_path: Path):
    path = tmp_path / name
    path.write_bytes(np.random.default_rng(1).bytes(5000))
    with pytest.raises(RecordingError, match=r"not recognised|by its name|expected"):
        open_recording(path)


@pytest.mark.parametrize(
    "magic", [b"XDF:", b"0       ", b"\xffBIOSEMI", b"\x89HDF\r\n\x1a\n"]
)
def test_a_true_start_before_garbage(magic, tmp_path: Path):
    path = tmp_path / "r"
    path.write_bytes(magic + np.random.default_rng(2).bytes(5000))
    with pytest.raises(RecordingError):
        open_recording(path)


def test_a_name_with_spaces_and_other_letters(tmp_path: Path):
    path = write_xdf(tmp_path / "Müde Schulter – 僧帽筋 №1.xdf")
    assert open_recording(path).streams[0].n_samples == N
    path = write_csv(tmp_path / "Müde Schulter – 僧帽筋 №1.csv")
    assert open_recording(path).streams[0].name == "Müde Schulter – 僧帽筋 №1"


def test_a_missing_reader_says_which_extra_to_install(tmp_path: Path, monkeypatch):
    _, file_name, write = next(f for f in EVERY_FORMAT if f[0] == "EDF")
    path = write(tmp_path / file_name)
    monkeypatch.setitem(sys.modules, "edfio", None)
    with pytest.raises(RecordingError, match="formats"):
        open_recording(path)
