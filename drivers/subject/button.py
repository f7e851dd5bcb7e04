"""The button in the hand of a simulated person: what it says, and when."""

from collections.abc import Sequence

from drivers.subject.outcomes import Report

#: The beginning of a marker that is a mark.
MARK = "mark:"

#: People do not look for words more often than this. A: assumption.
SAYS_EVERY_S = 1.0


class Button:
    """Turns what a person feels into marks, each said once when it changes.

    ``sensory`` when pulses are felt for the first time, ``tolerance`` when they are too
    much, ``discomfort:N`` (0 to 10) when it changes by a point, and
    ``intolerable:zone K`` for a zone of a mat, counted from 1.
    """

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._discomfort = 0
        self._next_s = 0.0

    def asked(self, task: str) -> None:
        """Hear a prompt: it changes nothing about what is felt."""

    def press(self, t_s: float, reports: Sequence[Report]) -> list[str]:
        """Return what is said now."""
        found = [text for text in _once(reports) if text not in self._said]
        self._said.update(found)
        discomfort = round(max(report.discomfort_nrs for report in reports))
        if discomfort != self._discomfort and t_s >= self._next_s:
            self._discomfort, self._next_s = discomfort, t_s + SAYS_EVERY_S
            found.append(f"discomfort:{discomfort}")
        return [f"{MARK}{text}" for text in found]


def _once(reports: Sequence[Report]) -> list[str]:
    """Return what is worth saying the first time that it is felt."""
    found = []
    if any(report.feels_pulses for report in reports):
        found.append("sensory")
    if any(report.exceeds_tolerance for report in reports):
        found.append("tolerance")
    if len(reports) > 1:
        zones = [k for k, report in enumerate(reports) if report.intolerable_zones]
    else:
        zones = list(reports[0].intolerable_zones)
    return [*found, *(f"intolerable:zone {k + 1}" for k in zones)]
