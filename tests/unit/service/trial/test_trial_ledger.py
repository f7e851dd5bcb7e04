import json
from pathlib import Path

import pytest

from service.errors import ConfigError
from service.trial.ledger import PARAMETERS, SESSIONS, Ledger
from service.trial.result import Result

PARAMS = {"seed": 1, "cohorts": ("null",)}


def result(subject: int) -> Result:
    return Result(
        "null",
        subject,
        "sham",
        randomised=True,
        stop="reached",
        reason="",
        reached_s=1.5,
        violations=("slew: 3 mA",),
    )


def test_results_come_back(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "out", PARAMS)
    first.add(result(0))
    first.add(result(1))
    again = Ledger(tmp_path / "out", PARAMS)
    assert (
        again.results
        == first.results
        == {
            "null/0/sham": result(0),
            "null/1/sham": result(1),
        }
    )


def test_what_a_crash_left_of_a_line_is_cut_off(tmp_path: Path) -> None:
    Ledger(tmp_path, PARAMS).add(result(0))
    path = tmp_path / SESSIONS
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"cohort": "nu')
    again = Ledger(tmp_path, PARAMS)
    assert list(again.results) == ["null/0/sham"]
    assert path.read_bytes() == whole
    again.add(result(1))
    assert list(Ledger(tmp_path, PARAMS).results) == ["null/0/sham", "null/1/sham"]


def test_the_folder_of_another_trial_is_refused(tmp_path: Path) -> None:
    Ledger(tmp_path, PARAMS).add(result(0))
    with pytest.raises(ConfigError, match="another trial, with a different seed;"):
        Ledger(tmp_path, {**PARAMS, "seed": 2})
    assert json.loads((tmp_path / PARAMETERS).read_text())["seed"] == 1


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    Ledger(tmp_path, PARAMS).add(result(0))
    with (tmp_path / SESSIONS).open("a") as file:
        file.write('{"cohort": "null"}\n')
    with pytest.raises(ConfigError, match=r"sessions.jsonl:2: expected a finished"):
        Ledger(tmp_path, PARAMS)


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ledger = Ledger(None, PARAMS)
    ledger.add(result(0))
    assert list(ledger.results) == ["null/0/sham"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="expected a folder to write to"):
        Ledger(tmp_path / "file", PARAMS)
