"""What is remembered of a subject: the stage, and the charge of the last 24 hours.

A session is entered with all the charge that it may use when it is armed, and with
what it did use when it ends: one that crashed counts in full.
"""

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from service.core.stage import Stage, why_not_unlocked
from service.errors import ConfigError

ANONYMOUS = "anonymous"
DAY = timedelta(hours=24)


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One session; its outcome is empty until it has ended."""

    session_id: str
    at: datetime
    stage: Stage
    charge_mc: float
    outcome: str = ""


class Unlocked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stage, since when, and who answers for it."""

    stage: Stage
    at: datetime
    operator: str


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that is remembered of one person."""

    subject: str
    stages: tuple[Unlocked, ...] = ()
    sessions: tuple[Entry, ...] = ()

    def stage(self, now: datetime) -> Stage:
        """Return the stage; what was unlocked in the future counts for nothing."""
        if not self.stages or self.stages[-1].at > now:
            return Stage.MONITOR
        return self.stages[-1].stage

    def charge_mc(self, now: datetime) -> float:
        """Return the charge of the last 24 hours, and of any that are still to come."""
        return sum(s.charge_mc for s in self.sessions if now - s.at < DAY)

    def completed(self, now: datetime) -> int:
        """Return how many sessions of the present stage ended without a fault."""
        stage = self.stage(now)
        since = (
            self.stages[-1].at
            if self.stages
            else datetime.min.replace(tzinfo=now.tzinfo)
        )
        return sum(
            s.stage is stage and since <= s.at <= now and s.outcome not in {"", "fault"}
            for s in self.sessions
        )


@dataclass(frozen=True, slots=True)
class SubjectStore:
    """One file per subject below ``folder``, replaced as a whole."""

    folder: Path
    now: Callable[[], datetime]

    def load(self, name: str) -> Subject:
        """Return what is known; a file that cannot be read is refused."""
        path = self.path(name)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Subject)
        except FileNotFoundError:
            return Subject(name or ANONYMOUS)
        except (OSError, msgspec.DecodeError) as error:
            msg = (
                f"{path}: expected the record of subject {name!r}, got {error}; repair "
                "it or move it away: without it nobody knows what was applied today"
            )
            raise ConfigError(msg) from error

    def enter(self, name: str, entry: Entry) -> None:
        """Write a session, in place of what was known of it."""
        subject = self.load(name)
        others = tuple(s for s in subject.sessions if s.session_id != entry.session_id)
        self._save(msgspec.structs.replace(subject, sessions=(*others, entry)))

    def unlock(self, name: str, stage: Stage, operator: str) -> str:
        """Change the stage; return why not, or nothing."""
        subject, now = self.load(name), self.now()
        if not operator.strip():
            return "expected the name of the operator who answers for it"
        before = subject.stage(now)
        why = why_not_unlocked(before, stage, subject.completed(now))
        if not why:
            unlocked = Unlocked(stage, now, operator)
            stages = (*subject.stages, unlocked)
            self._save(msgspec.structs.replace(subject, stages=stages))
        return why

    def path(self, name: str) -> Path:
        """Return the file of a subject, whatever characters the name has."""
        name = name or ANONYMOUS
        readable = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:40]
        digest = hashlib.sha256(name.encode()).hexdigest()[:12]
        return self.folder / f"{readable}-{digest}.json"

    def _save(self, subject: Subject) -> None:
        path = self.path(subject.subject)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(subject)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
