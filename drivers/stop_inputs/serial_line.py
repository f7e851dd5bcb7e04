"""A stop button on a serial line: a byte stops, and so does a line that is gone.

A button that only speaks when it is pressed cannot be told from one that is broken. One
that sends its alive byte all the time can: its silence stops as well.
"""

import serial

from drivers.errors import ConnectError
from drivers.ports import Clock


class SerialStopInput:
    """Bytes from a serial port; any but ``alive_byte`` is a stop.

    With ``alive_s`` above 0 the alive byte must come at least that often.
    """

    def __init__(
        self,
        port: str,
        clock: Clock,
        *,
        baud: int = 9600,
        alive_s: float = 0.0,
        alive_byte: int = 0,
    ) -> None:
        self._port = port
        self._clock = clock
        self._baud = baud
        self._alive_s = alive_s
        self._alive_byte = alive_byte
        self._line: serial.Serial | None = None
        self._heard_s = 0.0

    def open(self) -> None:
        """Open the port for this program alone; raise `ConnectError` saying why not."""
        try:
            self._line = serial.Serial(self._port, self._baud, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            msg = f"stop input: cannot open {self._port}: {error}"
            raise ConnectError(msg) from error
        self._heard_s = self._clock.now_s()

    def wait(self, timeout_s: float) -> str:
        """Return why to stop, or nothing if there is no reason after ``timeout_s``."""
        line = self._line
        if line is None:
            return "the stop line is not open"
        try:
            line.timeout = timeout_s
            data = line.read(1)
            data += line.read(line.in_waiting)
        except (serial.SerialException, OSError) as error:
            self.close()
            return f"the stop line is gone: {error}"
        now_s = self._clock.now_s()
        if data:
            self._heard_s = now_s
        if data.strip(bytes([self._alive_byte])):
            return "the stop line said stop"
        if self._alive_s and now_s - self._heard_s > self._alive_s:
            return f"the stop line has been silent for {self._alive_s:g} s"
        return ""

    def close(self) -> None:
        """Let go of the port."""
        if self._line is not None:
            self._line.close()
            self._line = None
