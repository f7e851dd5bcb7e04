"""The offset between the clock of a sender and ours, followed without believing all.

liblsl measures it anew every 2 s by 8 probes and says nothing of how well. While a host
stalls all of them may be late by tens of milliseconds, so a jump is believed only when
another measurement agrees. Asked again, an inlet repeats what it knows until the 2 s
are over; an inlet of its own begins to measure at once and needs 0.64 s.
"""

from types import ModuleType
from typing import Any

from drivers.ports import SourceNotice

#: An offset that jumps by more is not followed in silence. A.
CLOCK_STEP_S = 0.02
#: liblsl is asked this often; that costs a microsecond, it measures in the background.
LOOK_EVERY_S = 0.25


class ClockFollower:
    """Follows the offset of one open stream; ``found`` is the stream as resolved.

    ``offset_s`` is what must be added to a stamp to make it one of this host.
    """

    def __init__(
        self,
        lsl: ModuleType,
        found: Any,  # noqa: ANN401 - pylsl has no types
        inlet: Any,  # noqa: ANN401 - pylsl has no types
        offset_s: float,
        now_s: float,
    ) -> None:
        self.offset_s = offset_s
        self._lsl = lsl
        self._found = found
        self._inlet = inlet
        self._next_s = now_s + LOOK_EVERY_S
        self._doubtful_s: float | None = None
        self._second: Any = None

    def follow(self, now_s: float) -> float | None:
        """Look if it is time to; return by how much the offset jumped, if it did."""
        if now_s < self._next_s:
            return None
        self._next_s = now_s + LOOK_EVERY_S
        measured_s = _measured(self._inlet)
        if measured_s is None:
            # The pull notices a loss; until then the last offset is the best known.
            return None
        if _agree(measured_s, self.offset_s):
            return self._believe(measured_s)
        if self._doubtful_s is None or not _agree(measured_s, self._doubtful_s):
            self._doubt(measured_s)
            return None
        return self._confirm(measured_s, self._doubtful_s)

    def _doubt(self, measured_s: float) -> None:
        self._doubtful_s = measured_s
        try:
            self._second = self._lsl.StreamInlet(
                self._found, max_buflen=1, recover=False, processing_flags=0
            )
        except RuntimeError:
            # Then the next measurement of the first inlet must do.
            self._second = None
            return
        _measured(self._second)  # the first question starts the measurement

    def _confirm(self, measured_s: float, doubtful_s: float) -> float | None:
        if measured_s != doubtful_s:
            return self._believe(measured_s)
        second_s = _measured(self._second) if self._second else None
        if second_s is None:
            return None
        if _agree(second_s, doubtful_s):
            return self._believe(second_s)
        self._doubt(measured_s)
        return None

    def _believe(self, measured_s: float) -> float | None:
        step_s = measured_s - self.offset_s
        self.offset_s = measured_s
        self._doubtful_s = self._second = None
        return step_s if abs(step_s) > CLOCK_STEP_S else None


def step_notice(source: str, step_s: float, now_s: float) -> SourceNotice:
    """Return what the operator is told of a jump."""
    text = f"the clocks of sender and receiver shifted by {step_s * 1e3:.0f} ms"
    return SourceNotice(source, "clock_step", text, now_s)


def _measured(inlet: Any) -> float | None:  # noqa: ANN401 - pylsl has no types
    """Return what an inlet knows by now, without waiting for it."""
    try:
        return float(inlet.time_correction(0.0))
    except RuntimeError:
        return None


def _agree(one_s: float, other_s: float) -> bool:
    return abs(one_s - other_s) <= CLOCK_STEP_S
