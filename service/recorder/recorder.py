"""The recorder: writes what the engine says, and tells at once when it cannot."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivers.ports import Clock
from service.messages import Record, RecorderState
from service.recorder.disk import Disk, SystemDisk
from service.recorder.journal import JournalWriter
from service.references import ReferenceStore, parse

#: With less free disk nothing is armed and whatever runs is ended. S24. A.
MIN_FREE_BYTES = 200_000_000

#: The free space is looked at this often.
LOOK_EVERY_S = 0.25

#: Kind of the record that begins a session, of the one that ends it, and of a reference
#: that later sessions may use.
BEGIN, END, REFERENCE = "begin", "end", "reference"


class Recorder:
    """One journal at a time. An error is final for its session: no record, no current.

    ``data`` is the folder that holds ``sessions/`` and ``references/``; ``head`` goes
    into every session's description.
    """

    def __init__(
        self,
        data: Path,
        head: Mapping[str, Any],
        clock: Clock,
        min_free_bytes: int = MIN_FREE_BYTES,
        disk: Disk | None = None,
    ) -> None:
        self._sessions = data / "sessions"
        self._references = ReferenceStore(data / "references")
        self._head = dict(head)
        self._clock = clock
        self._min_free = min_free_bytes
        self._disk = disk or SystemDisk()
        self._journal: JournalWriter | None = None
        self._session_id = ""
        self._expected = 0
        self._error = ""
        self._looked_s = -LOOK_EVERY_S
        self._free_error = ""

    def take(self, record: Record) -> None:
        """Write one record; errors are kept and told by `state`."""
        try:
            self._write(record)
        except OSError as error:
            self._error = f"the journal cannot be written: {error.strerror or error}"

    def tick(self) -> None:
        """Sync to the disk and look how much of it is free."""
        now_s = self._clock.now_s()
        try:
            if self._journal is not None and not self._error:
                self._journal.sync(now_s)
            if now_s - self._looked_s >= LOOK_EVERY_S:
                self._looked_s = now_s
                self._free_error = self._look()
        except OSError as error:
            self._error = f"the disk refuses: {error.strerror or error}"

    def state(self) -> RecorderState:
        """Return whether there is a record of what is going on."""
        why = self._error or self._free_error
        return RecorderState(
            now_ns=self._clock.now_ns(),
            ok=not why,
            why=why,
            session_id=self._session_id,
            n_records=self._journal.n if self._journal else 0,
        )

    def close(self) -> None:
        """Close the journal, if the disk lets it."""
        if self._journal is None:
            return
        try:
            self._journal.close()
        except OSError as error:
            self._error = f"the journal cannot be closed: {error.strerror or error}"
        self._journal = None

    def _write(self, record: Record) -> None:
        if record.kind == BEGIN:
            self.close()
            self._error = ""
            self._session_id, self._expected = record.session_id, 0
            head = {**self._head, "session_id": record.session_id, **record.body}
            folder = self._sessions / record.session_id
            self._journal = JournalWriter(folder, head, self._disk)
        if self._journal is None or record.session_id != self._session_id:
            return
        if record.number != self._expected:
            lost = record.number - self._expected
            self._error = f"{lost} records were lost on the way to the journal"
        self._expected = record.number + 1
        self._journal.append(record.t_s, record.kind, record.body)
        if record.kind == REFERENCE:
            self._references.save(parse(record.body))
        if record.kind == END:
            self.close()

    def _look(self) -> str:
        folder = self._sessions
        free = self._disk.free_bytes(folder)
        if free >= self._min_free:
            return ""
        return (
            f"{free // 1_000_000} MB are free in {folder}, expected at least "
            f"{self._min_free // 1_000_000} MB"
        )
