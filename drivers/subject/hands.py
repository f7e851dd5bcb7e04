"""Who speaks in a rehearsal besides the operator: the person, and a therapist."""

from collections.abc import Sequence
from typing import Protocol

from drivers.subject.button import MARK
from drivers.subject.outcomes import Report
from drivers.subject.stimulation import Stimulation, StimulationLine

#: The prompts that are for hands.
PRESS, HOLD = "press", "hold"

#: How fast a therapist presses, how far without a word, and how long a hand that is not
#: told anything stays where it is. A: all three.
PRESS_KPA_PER_S = 6.0
MOST_KPA = 150.0
STAYS_S = 0.5


class Speaker(Protocol):
    """Somebody who marks things."""

    def asked(self, task: str) -> None:
        """Hear a prompt."""

    def press(self, t_s: float, reports: Sequence[Report]) -> list[str]:
        """Return the markers of what is said now."""


class Therapist:
    """Hands that follow the prompts of a pressure release.

    They press slowly until the person's discomfort is what was agreed on, say so, hold,
    and are gone at the next prompt.
    """

    def __init__(self, hands: StimulationLine, agreed_nrs: float) -> None:
        self._hands = hands
        self._agreed_nrs = agreed_nrs
        self._task = ""
        self._kpa = 0.0
        self._newest_s = 0.0

    def asked(self, task: str) -> None:
        """Hear a prompt; what is not for hands ends the pressure."""
        self._task = task
        if task != HOLD:
            self._kpa = 0.0

    def press(self, t_s: float, reports: Sequence[Report]) -> list[str]:
        """Press as asked; say once that it is enough."""
        passed_s, self._newest_s = t_s - self._newest_s, t_s
        said = []
        if self._task == PRESS:
            self._kpa += PRESS_KPA_PER_S * min(passed_s, STAYS_S)
            worst_nrs = max(report.discomfort_nrs for report in reports)
            if worst_nrs >= self._agreed_nrs or self._kpa >= MOST_KPA:
                said.append(f"{MARK}enough")
        self._hands.put(Stimulation(self._kpa), t_s + STAYS_S)
        return said
