"""Commands and code in the documentation work as they stand there."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from service.cli import app
from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import serving

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return [body for kind, body in BLOCK.findall(text) if kind == language]


def commands() -> list[str]:
    lines = [
        line.split("#")[0].strip()
        for page in PAGES
        for body in blocks(page, "")
        for line in body.splitlines()
    ]
    return sorted({line for line in lines if line.startswith("unclench ")})


def test_the_documentation_has_commands() -> None:
    assert len(commands()) >= 6


@pytest.mark.parametrize("command", commands())
def test_commands_and_their_options_exist(command: str) -> None:
    name, *rest = command.split()[1:]
    group = [rest.pop(0)] if name == "programs" else []
    words = [name, *group, "--help"]
    result = CliRunner().invoke(app, words, env={"COLUMNS": "200"})

    assert result.exit_code == 0, command
    for option in (word for word in rest if word.startswith("--")):
        assert option in result.output, command


@pytest.mark.parametrize("line", blocks(ROOT / "README.md", "")[0].splitlines())
def test_the_two_commands_are_targets(line: str) -> None:
    target = line.split("#", maxsplit=1)[0].split()[1]

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_code_in_the_readme_runs() -> None:
    (code,) = blocks(ROOT / "README.md", "python")
    names = {"emg_uv": np.random.default_rng(1).standard_normal((64, 8)) * 20}

    exec(code, names)  # noqa: S102 - our own README

    assert names["reading"].envelope_uv.shape == (8,)


@pytest.mark.slow
@pytest.mark.lsl
def test_watching_from_a_script_works_as_described(tmp_path: Path) -> None:
    isolated_lsl()
    page = ROOT / "docs/how-to/watch-a-session-from-a-script.md"
    (code,) = blocks(page, "python")
    curls = [line for line in blocks(page, "")[0].splitlines() if line]
    with serving(tmp_path) as (_service, port):
        for line in curls:
            words = line.replace(":8000", f":{port}").split()
            answer = subprocess.run(
                [*words, "--fail"], capture_output=True, check=True, timeout=20
            )
            assert answer.stdout.startswith(b"{")
        code = code.replace(":8000", f":{port}").replace(
            "async for text in viewer:", "for text in [await viewer.recv()]:"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


def test_every_test_of_the_safety_case_exists() -> None:
    page = (ROOT / "docs/safety.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", page)
    assert {int(n) for n in re.findall(r"^\| S(\d+) ", page, re.M)} == set(range(1, 31))
    assert len(named) >= 30
    missing = [
        f"{file}::{test}"
        for file, test in named
        if f"def {test}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert missing == []
