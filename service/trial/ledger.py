"""Finished sessions in a folder: a trial that was interrupted goes on where it was."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from service.errors import ConfigError
from service.trial.result import Result

PARAMETERS, SESSIONS = "trial.json", "sessions.jsonl"


class Ledger:
    """One line per finished session in ``folder``; without one, in memory only.

    A line is written at once and reaches the disk before the next one. What a crash
    has left of a line is not one, and is cut off.
    """

    def __init__(self, folder: Path | None, parameters: dict[str, Any]) -> None:
        self.results: dict[str, Result] = {}
        self._file: Path | None = None
        if folder is None:
            return
        self._file = folder / SESSIONS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _claim(folder / PARAMETERS, parameters)
            self._read(self._file)
        except OSError as error:
            msg = f"--out {folder}: expected a folder to write to, got: {error}"
            raise ConfigError(msg) from error

    def add(self, result: Result) -> None:
        """Keep a result."""
        self.results[key_of(result)] = result
        if self._file is None:
            return
        line = json.dumps(result.to_data(), allow_nan=False) + "\n"
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        text = path.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if len(whole) < len(text):
            with path.open("r+b") as file:
                file.truncate(len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                data = json.loads(line)
                data["violations"] = tuple(data["violations"])
                result = Result(**data)
            except (ValueError, TypeError, KeyError) as error:
                msg = (
                    f"{path}:{number}: expected a finished session, got: {error}; "
                    "begin in an empty folder"
                )
                raise ConfigError(msg) from error
            self.results[key_of(result)] = result


def key_of(result: Result) -> str:
    """Return the name of a session within its trial."""
    return f"{result.cohort}/{result.subject}/{result.arm}"


def fingerprint(parameters: dict[str, Any]) -> str:
    """Return what tells two trials apart."""
    text = json.dumps(parameters, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _claim(path: Path, parameters: dict[str, Any]) -> None:
    """Write down which trial this folder is of; refuse the folder of another."""
    mine = json.loads(json.dumps(parameters))
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            msg = f"{path}: expected the parameters of a trial, got: {error}"
            raise ConfigError(msg) from error
        if found != mine:
            keys = sorted(set(mine) | set(found))
            other = [key for key in keys if mine.get(key) != found.get(key)]
            msg = (
                f"{path.parent} holds another trial, with a different "
                f"{', '.join(other)}; choose another --out or the same parameters"
            )
            raise ConfigError(msg)
        return
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(mine, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
