"""What the recorder needs of a disk, so that a rehearsal can fill one up."""

import os
import shutil
from pathlib import Path
from typing import Protocol

#: Permissions of a new file before the user's mask.
MODE = 0o666


class Disk(Protocol):
    """A place for journals. Whatever it refuses is raised as `OSError`.

    One journal after the other: `append` and `sync` mean the newest of `create`.
    """

    def create(self, path: Path) -> None:
        """Begin a new file, in a new folder."""

    def append(self, data: bytes) -> None:
        """Hand bytes to the operating system."""

    def sync(self) -> None:
        """Make sure that what was appended survives a loss of power."""

    def close(self) -> None:
        """Let go of the file. May be called twice."""

    def replace(self, path: Path, text: str) -> None:
        """Put a whole small file in place at once."""

    def free_bytes(self, folder: Path) -> int:
        """Return how much fits into ``folder``, which is made if it is missing."""


class SystemDisk:
    """The disk of this host."""

    def __init__(self) -> None:
        self._fd: int | None = None
        self._size = 0

    def create(self, path: Path) -> None:
        """Begin a new file, in a new folder."""
        self.close()
        path.parent.mkdir(parents=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._fd, self._size = os.open(path, flags, MODE), 0

    def append(self, data: bytes) -> None:
        """Hand bytes to the operating system: all of them, or none."""
        fd, rest = self._open_fd(), data
        try:
            while rest:
                rest = rest[os.write(fd, rest) :]
        except OSError:
            # Half a line would make the next one unreadable.
            os.ftruncate(fd, self._size)
            raise
        self._size += len(data)

    def sync(self) -> None:
        """Make sure that what was appended survives a loss of power."""
        os.fsync(self._open_fd())

    def close(self) -> None:
        """Let go of the file."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def replace(self, path: Path, text: str) -> None:
        """Put a whole small file in place at once."""
        part = path.with_name(f"{path.name}.part")
        part.write_text(text, "utf-8")
        part.replace(path)

    def free_bytes(self, folder: Path) -> int:
        """Return how much fits into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(folder).free

    def _open_fd(self) -> int:
        if self._fd is None:
            msg = "expected an open file, got none: create one first"
            raise ValueError(msg)
        return self._fd
