"""What is known of a pulse train before it is seen: whether there is one, how fast.

Permits and readbacks of the stimulator say when it is on and at which rate, but not the
phase of its pulses. That is enough to reject what looks like a pulse while it is off,
and to fill in a pulse that is missing from a train that was seen.
"""

import math
from collections.abc import Iterable

#: The stimulator may have begun so long before its readback was heard of...
LEAD_S = 0.1  # A: assumption
#: ... and go on for so long after it was told to be off: the life of a permit.
LINGER_S = 0.3  # A: assumption
#: A pulse belongs to the train if it is this close to where it was expected.
TOLERANCE_SHARE = 0.01  # A: assumption, of the period; clocks of devices agree better
MIN_TOLERANCE_ROWS = 2.0
#: So many pulses in a row may be filled in; then the train is taken to be over.
MAX_FILLED = 3  # A: assumption


class TrainFollower:
    """Reject pulses that nobody gave, and fill in those that were not seen.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz.

    Notes
    -----
    Until `expect` is called for the first time every pulse is believed.
    """

    def __init__(self, fs: float) -> None:
        self._fs = fs
        self.restart()

    def restart(self) -> None:
        """Forget everything: the next sample starts a new signal."""
        self._told = False
        self._period = 0.0
        self._from, self._until = -math.inf, math.inf
        self._last = -math.inf
        self._locked = False
        self._filled = 0

    def expect(self, row: int, frequency_hz: float) -> None:
        """Take note of what the stimulator does from now on.

        Parameters
        ----------
        row : int
            Now, in samples since the start.
        frequency_hz : float
            Pulses per second; 0 if it is off.
        """
        period = self._fs / frequency_hz if frequency_hz > 0 else 0.0
        if self._told and period == self._period:
            return
        if period > 0:
            is_over = not self._told or row >= self._until
            if self._period == 0 and is_over:
                self._from = row - LEAD_S * self._fs
            self._until = math.inf
        else:
            linger = LINGER_S * self._fs if self._period > 0 else 0.0
            self._until = row + linger
        self._told, self._period = True, period
        self._locked, self._filled = False, 0

    def push(self, found: Iterable[float], first: int, n_rows: int) -> list[float]:
        """Take the pulses that were found in one block and return those to believe.

        Parameters
        ----------
        found : iterable of float
            Positions in samples since the start, rising.
        first, n_rows : int
            First sample of the block and its length.

        Returns
        -------
        list of float
            Rising positions, those that were filled in included.
        """
        kept: list[float] = []
        for row in found:
            if not self._from <= row < self._until:
                continue
            kept += self._missing(row - self._tolerance)
            if row - self._last <= self._tolerance:
                continue
            self._see(row)
            kept.append(row)
        # The last sample of a block can wait for the next one without being late.
        kept += self._missing(first + n_rows - 1)
        return kept

    @property
    def _tolerance(self) -> float:
        return max(MIN_TOLERANCE_ROWS, TOLERANCE_SHARE * self._period)

    def _see(self, row: float) -> None:
        away = abs(row - self._last - self._period)
        self._locked = self._period > 0 and away <= self._tolerance
        self._last, self._filled = row, 0

    def _missing(self, until: float) -> list[float]:
        rows = []
        while self._locked and self._last + self._period < until:
            if self._filled == MAX_FILLED:
                self._locked = False
                break
            self._last += self._period
            self._filled += 1
            rows.append(self._last)
        return rows
