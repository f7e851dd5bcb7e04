"""``unclench programs``: exit codes, and what goes where."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from service.cli import app
from service.config.load import check
from service.config.programs import ProgramConfig
from service.program_files import shipped_programs

CLOSED = """
import sys
sys.stdout = None
sys.argv = ["unclench", "programs", "list"]
from service.__main__ import main
main()
"""
ROOT = Path(__file__).parents[4]
FLUTTER = ROOT / "config/programs/ems-flutter.toml"


def run(*words: object):
    return CliRunner().invoke(app, ["programs", *map(str, words)])


def test_good_files_pass_and_bad_ones_are_all_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    text = FLUTTER.read_text(encoding="utf-8").replace('"ems-flutter"', '"other"')
    bad.write_text(text.replace("max_amplitude_ma", "max_amplitude"), encoding="utf-8")

    good = run("check", FLUTTER)
    both = run("check", bad, FLUTTER, tmp_path / "absent.toml")

    assert (good.exit_code, good.stderr) == (0, "")
    assert good.stdout == f"ok: {FLUTTER}: program ems-flutter\n"
    assert both.exit_code == 2
    assert both.stdout == good.stdout
    first, second = both.stderr.splitlines()
    assert first.startswith(
        f"error: {bad}: line 8: missing key actuation.max_amplitude_"
    )
    assert "line 9: unknown key actuation.max_amplitude (a key carries" in first
    assert "absent.toml: expected a TOML file that can be read" in second


def test_warnings_are_told_but_do_not_fail(tmp_path: Path) -> None:
    fast = tmp_path / "fast.toml"
    text = FLUTTER.read_text(encoding="utf-8")
    fast.write_text(text.replace("frequency_hz = 2.0", "frequency_hz = 20.0"))

    told = run("check", fast)

    assert told.exit_code == 0
    assert "warning: " in told.stdout
    assert "actuation: frequency_hz = 20 is above the recommended 10" in told.stdout


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    copy = tmp_path / "copy.toml"
    copy.write_text(FLUTTER.read_text(encoding="utf-8"), encoding="utf-8")

    told = run("check", FLUTTER, copy)

    assert told.exit_code == 2
    assert "there is a program 'ems-flutter' already" in told.stderr


def test_what_is_shown_is_a_program_again() -> None:
    for name, program in shipped_programs().items():
        told = run("show", name, "--json")

        assert told.exit_code == 0
        assert check(json.loads(told.stdout), ProgramConfig, "x").to_core() == program


def test_a_program_is_shown_with_its_defaults() -> None:
    told = run("show", FLUTTER)

    assert told.exit_code == 0
    assert "[law]\nkind                         integral\n" in told.stdout
    assert "stale_s                      0.25\n" in told.stdout


def test_an_unknown_program_is_refused() -> None:
    told = run("show", "nonesuch")

    assert told.exit_code == 2
    assert told.stdout == ""
    assert "expected one of acupressure-mat, biofeedback, ems-flutter" in told.stderr


def test_every_shipped_program_is_listed() -> None:
    lines = run("list").stdout.splitlines()

    assert [line.split()[0] for line in lines] == list(shipped_programs())


def test_a_listing_stands_in_columns() -> None:
    lines = run("list").stdout.splitlines()

    titles = [program.title for program in shipped_programs().values()]
    columns = {line.index(title) for line, title in zip(lines, titles, strict=True)}
    assert len(columns) == 1


def test_a_closed_standard_output_is_no_crash() -> None:
    closed = subprocess.run(
        [sys.executable, "-c", CLOSED], capture_output=True, text=True, check=False
    )

    assert (closed.returncode, closed.stderr) == (0, "")
