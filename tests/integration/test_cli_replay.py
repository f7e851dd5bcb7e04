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
