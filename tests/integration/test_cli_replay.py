"""The replay command as a user calls it."""

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from service.cli import app


def test_a_csv_file_is_reported_as_one_json_line(tmp_path: Path) -> None:
    t_s = np.arange(4000) / 1000
    emg = np.random.default_rng(1).standard_normal(4000) * 20
    path = tmp_path / "rest.csv"
    rows = "\n".join(f"{t:.3f},{v:.3f}" for t, v in zip(t_s, emg, strict=True))
    path.write_text("time (s),emg (uV)\n" + rows + "\n")

    result = CliRunner().invoke(app, ["replay", str(path), "--json"])

    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert len(report["channels"]) == 1
    assert result.stdout.count("\n") == 1


def test_a_missing_file_is_one_message_and_exit_code_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["replay", str(tmp_path / "none.xdf")])

    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert result.stderr.startswith("unclench replay: ")


def write_rest(folder: Path, n: int = 4000) -> Path:
    t_s = np.arange(n) / 1000
    emg = np.random.default_rng(1).standard_normal(n) * 20
    path = folder / "rest.csv"
    rows = "\n".join(f"{t:.3f},{v:.3f}" for t, v in zip(t_s, emg, strict=True))
    path.write_text("time (s),emg (uV)\n" + rows + "\n")
    return path


def test_the_filter_of_a_rig_holds(tmp_path: Path) -> None:
    rig = Path("config/rig.toml").read_text()
    config = tmp_path / "rig.toml"
    config.write_text(rig.replace("lower_edge_hz = 20.0", "lower_edge_hz = 100.0"))
    path = str(write_rest(tmp_path))

    def rms(*more: str) -> float:
        result = CliRunner().invoke(app, ["replay", path, "--json", *more])
        assert result.exit_code == 0, result.output
        return float(json.loads(result.stdout)["channels"][0]["rms_uv"]["p50"])

    assert rms("--config", str(config)) < 0.95 * rms()


def test_played_ten_times_as_fast_it_tells_the_envelope_and_reports(
    tmp_path: Path,
) -> None:
    path = str(write_rest(tmp_path))

    result = CliRunner().invoke(app, ["replay", path, "--json", "--speed", "10"])

    assert result.exit_code == 0, result.output
    told = [line for line in result.stderr.splitlines() if " s  " in line]
    assert len(told) in {2, 3, 4}
    assert len(json.loads(result.stdout)["channels"]) == 1


def test_bad_options_are_one_message_and_exit_code_2(tmp_path: Path) -> None:
    path = str(write_rest(tmp_path))
    existing = tmp_path / "there.csv"
    existing.write_text("")
    for more, text in (
        (["--speed", "fast"], "--speed: expected realtime, max or"),
        (["--speed", "-1"], "--speed"),
        (["--channel", "nose"], "nose"),
        (["--stream", "nose"], "nose"),
        (["--config", str(tmp_path / "no.toml")], "no.toml"),
        (["--csv", str(existing)], "there.csv"),
    ):
        result = CliRunner().invoke(app, ["replay", path, *more])
        assert result.exit_code == 2, (more, result.output)
        assert text in result.stderr
        assert "Traceback" not in result.output
