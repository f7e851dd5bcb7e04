"""The journal: one JSON object per line, each carrying the hash of all before it.

A line is ``{"n", "prev", "t_s", "kind", "body", "hash"}``; ``hash`` is the SHA-256 of
the line without it, ``prev`` that of the line before. A changed, missing or moved line
breaks the chain where it happened; a missing end shows because a closed journal says
how long it is in `SEAL`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import ExitCode, ServiceError
from service.recorder.disk import Disk, SystemDisk

JOURNAL = "journal.jsonl"
SEAL = "session.json"
GENESIS = "0" * 64

#: Written lines reach the disk at least this often. A: half of the time in which a
#: write error has to take the output to zero.
SYNC_EVERY_S = 0.5


def canonical(record: Mapping[str, Any]) -> bytes:
    """Return a record as the bytes that are hashed: sorted keys, no NaN."""
    text = json.dumps(
        record,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return text.encode()


def digest(record: Mapping[str, Any]) -> str:
    """Return the hash of a record without its own."""
    bare = {key: value for key, value in record.items() if key != "hash"}
    return hashlib.sha256(canonical(bare)).hexdigest()


class JournalWriter:
    """Appends to one journal. Whatever the disk refuses is raised as `OSError`."""

    def __init__(
        self, folder: Path, head: Mapping[str, Any], disk: Disk | None = None
    ) -> None:
        self._folder = folder
        self._head = dict(head)
        self._disk = disk or SystemDisk()
        self._disk.create(folder / JOURNAL)
        self._is_open = True
        self._previous = GENESIS
        self._synced_s = 0.0
        self.n = 0
        self._write_seal(closed=False)

    @property
    def folder(self) -> Path:
        """Where the session is."""
        return self._folder

    def append(self, t_s: float, kind: str, body: Mapping[str, Any]) -> None:
        """Add one record and hand it to the operating system."""
        record = {
            "n": self.n,
            "prev": self._previous,
            "t_s": t_s,
            "kind": kind,
            "body": body,
        }
        record["hash"] = digest(record)
        self._disk.append(canonical(record) + b"\n")
        self._previous = str(record["hash"])
        self.n += 1

    def sync(self, now_s: float) -> None:
        """Make sure, every now and then, that what was written is on the disk."""
        if now_s - self._synced_s >= SYNC_EVERY_S:
            self._disk.sync()
            self._synced_s = now_s

    def close(self) -> None:
        """Write the last lines to the disk and seal the journal."""
        if not self._is_open:
            return
        self._disk.sync()
        self._disk.close()
        self._is_open = False
        self._write_seal(closed=True)

    def _write_seal(self, *, closed: bool) -> None:
        seal = {
            **self._head,
            "closed": closed,
            "n_records": self.n if closed else None,
            "last_hash": self._previous if closed else None,
        }
        text = json.dumps(seal, indent=1, ensure_ascii=False) + "\n"
        self._disk.replace(self._folder / SEAL, text)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: whether all is well, and in words what is not."""

    ok: bool
    n_records: int
    closed: bool
    text: str


class JournalError(ServiceError):
    """A folder holds no journal that could be looked at."""

    exit_code = ExitCode.BAD_INPUT


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a journal; raise `JournalError` saying why not.

    A last line without its end, as a crash leaves it, is left out.
    """
    try:
        lines = (folder / JOURNAL).read_bytes().split(b"\n")
    except OSError as error:
        msg = f"{folder}: expected a session with {JOURNAL}, got: {error.strerror}"
        raise JournalError(msg) from error
    return parse_records(lines[:-1], folder / JOURNAL)


def parse_records(lines: Iterable[bytes], path: Path) -> list[dict[str, Any]]:
    """Return the records of whole lines; raise `JournalError` naming ``path``."""
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError as error:
            msg = f"{path}, line {number}: expected JSON, got: {error}"
            raise JournalError(msg) from error
        if not isinstance(record, dict):
            msg = f"{path}, line {number}: expected an object"
            raise JournalError(msg)
        records.append(record)
    return records


def verify(folder: Path) -> Verdict:
    """Follow the chain of a journal and compare its end with the seal."""
    records = read_records(folder)
    n, trouble = follow(records)
    if trouble:
        return Verdict(ok=False, n_records=n, closed=False, text=trouble)
    previous = str(records[-1]["hash"]) if records else GENESIS
    seal = _read_seal(folder)
    if not seal.get("closed"):
        text = f"{n} records are sound; the journal was never closed: it may go on"
        return Verdict(ok=True, n_records=n, closed=False, text=text)
    if (seal.get("n_records"), seal.get("last_hash")) != (n, previous):
        text = f"it was closed with {seal.get('n_records')} records, but has {n}"
        return Verdict(ok=False, n_records=n, closed=True, text=text)
    return Verdict(ok=True, n_records=n, closed=True, text=f"{n} records are sound")


def follow(
    records: Sequence[Mapping[str, Any]], n: int = 0, previous: str = GENESIS
) -> tuple[int, str]:
    """Return the number of sound records, and why no more are sound, if so.

    The first of them is expected to be number ``n``, after one with hash ``previous``.
    """
    for record in records:
        trouble = _trouble(n, record, previous)
        if trouble:
            return n, trouble
        n, previous = n + 1, str(record["hash"])
    return n, ""


def _trouble(n: int, record: Mapping[str, Any], previous: str) -> str:
    where = f"record {n} (line {n + 1})"
    if digest(record) != record.get("hash"):
        return f"{where} was changed after it was written"
    if record.get("n") != n:
        return f"{where} calls itself {record.get('n')}: records are missing or moved"
    if record.get("prev") != previous:
        return f"{where} does not follow the one before it: some are missing or moved"
    return ""


def _read_seal(folder: Path) -> dict[str, Any]:
    try:
        seal = json.loads((folder / SEAL).read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{folder / SEAL}: expected the session's description, got: {error}"
        raise JournalError(msg) from error
    if not isinstance(seal, dict):
        msg = f"{folder / SEAL}: expected an object"
        raise JournalError(msg)
    return seal
