"""A disk that forgets: journals of rehearsals are read once and not kept."""

from pathlib import Path

FREE_BYTES = 10_000_000_000


class MemoryDisk:
    """Keeps the newest file, line by line as it was appended."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.n_synced = 0

    def create(self, _path: Path) -> None:
        """Forget the last file."""
        self.lines, self.n_synced = [], 0

    def append(self, data: bytes) -> None:
        """Keep what a journal writes: one line."""
        self.lines.append(data)

    def sync(self) -> None:
        """Note how much a loss of power would have left."""
        self.n_synced = len(self.lines)

    def close(self) -> None:
        """Keep everything."""

    def replace(self, _path: Path, _text: str) -> None:
        """Forget it: nobody reads the description of a rehearsal."""

    def free_bytes(self, _folder: Path) -> int:
        """Return plenty."""
        return FREE_BYTES
