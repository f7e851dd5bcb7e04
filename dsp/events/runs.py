"""Runs of a condition in a stream: long enough, and with short pauses bridged."""

from dataclasses import dataclass

from dsp.errors import DesignError
from dsp.types import Bools


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch in which a condition held.

    Parameters
    ----------
    start : int
        First value, counted since the start of the stream.
    stop : int
        One past the last value.
    """

    start: int
    stop: int


class RunTracker:
    """Find runs in a stream of booleans.

    Parameters
    ----------
    shortest : int
        Values a run must last to count.
    bridged : int
        Longest pause that does not end a run, in values.

    Raises
    ------
    DesignError
        If ``shortest`` is less than 1 or ``bridged`` negative.
    """

    def __init__(self, shortest: int, bridged: int = 0) -> None:
        if shortest < 1 or bridged < 0:
            msg = (
                f"runs: expected at least 1 value and no negative pause, got "
                f"{shortest!r} and {bridged!r}"
            )
            raise DesignError(msg)
        self._shortest, self._bridged = shortest, bridged
        self._position = 0
        self._start: int | None = None
        self._stop = 0

    @property
    def start(self) -> int | None:
        """Start of the run that is under way and has lasted long enough."""
        if self._start is None or self._stop - self._start < self._shortest:
            return None
        return self._start

    def push(self, holds: Bools) -> list[Run]:
        """Take values and return the runs that are over by now.

        Parameters
        ----------
        holds : ndarray of bool, shape (n,)
            Whether the condition holds.

        Returns
        -------
        list of Run
            In order. A run is over once the longest pause has passed.
        """
        done = []
        for value in holds.tolist():
            if value:
                self._start = self._position if self._start is None else self._start
                self._stop = self._position + 1
            elif self._start is not None and (
                self._position - self._stop >= self._bridged
            ):
                if self._stop - self._start >= self._shortest:
                    done.append(Run(self._start, self._stop))
                self._start = None
            self._position += 1
        return done
