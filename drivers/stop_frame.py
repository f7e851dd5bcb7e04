"""A stop that is ready before it is needed: bytes for a line that is already open.

The line leads past the program that drives the stimulator, for example to a relay
that cuts its output. The supervisor owns it, so that nothing has to be opened, built or
asked for when the output role is gone.
"""

import serial

from drivers.errors import ConnectError

#: The frame is written this often: one may be lost.
REPEATS = 2

WRITE_TIMEOUT_S = 0.05


class StopFrame:
    """``frame`` on an open serial line."""

    def __init__(self, port: str, frame: bytes, baud: int = 9600) -> None:
        self._frame = frame
        self._port = port
        try:
            self._line = serial.Serial(
                port, baud, exclusive=True, write_timeout=WRITE_TIMEOUT_S
            )
        except (serial.SerialException, OSError, ValueError) as error:
            msg = f"stop line: cannot open {port}: {error}"
            raise ConnectError(msg) from error

    def write(self) -> str:
        """Write the frame; return why it could not be written, or nothing."""
        try:
            for _ in range(REPEATS):
                self._line.write(self._frame)
            self._line.flush()
        except (serial.SerialException, OSError) as error:
            return f"the stop frame could not be written to {self._port}: {error}"
        return ""

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()
