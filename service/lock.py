"""One owner per device: a second service that wants the same output starts nothing."""

import fcntl
import os
import tempfile
from pathlib import Path

from service.config.rig import OutputConfig
from service.errors import StartError


class OutputLock:
    """Held from construction to `release`, and given up by the kernel at any end.

    Outputs in memory have no second owner.
    """

    def __init__(self, config: OutputConfig, folder: Path | None = None) -> None:
        self._fd: int | None = None
        if config.driver == "simulated":
            return
        place = Path(tempfile.gettempdir()) if folder is None else folder
        path = place / f"unclench-output-{config.driver}-{config.name}.lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(fd, 32).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            msg = (
                f"output {config.name!r}: another service owns it (process {owner}); "
                "end that one, or give this output another name"
            )
            raise StartError(msg) from error
        os.truncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
        self._fd = fd

    def release(self) -> None:
        """Let another service have the output. May be called twice."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
