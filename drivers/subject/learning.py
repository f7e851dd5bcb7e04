"""Biofeedback: what a person learns from being told how tense they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.subject.effect import Effect
from drivers.subject.stimulation import Stimulation

PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class LearningParams:
    """How one person learns to let go (A: assumption).

    ``skill`` is what feedback does for a beginner and ``ceiling`` for a master, as
    shares of a full relaxing drive; ``rate_per_s`` is how fast the difference shrinks
    when the goal is met half of the time. ``transfer`` is the share of what was
    learned that is left without feedback.
    """

    skill: float = 0.15
    ceiling: float = 0.9
    rate_per_s: float = 1.0 / 180.0
    transfer: float = 0.7


def lesson(success_pct: float) -> float:
    """Return how much there is to learn from this rate of success, 0 to 1.

    Nothing from a goal that is always met, and nothing from one that never is.
    """
    p = min(1.0, success_pct / PERCENT)
    return 4.0 * p * (1.0 - p)


class Biofeedback:
    """A screen or a tone; the level is the share of success that it shows.

    Level 0 is a screen that is off: one that shows no success at all says 1 %.
    """

    def __init__(self, params: LearningParams, dt_s: float) -> None:
        self._params = params
        self._dt_s = dt_s
        self.skill = params.skill

    def advance(
        self,
        felt: Sequence[Stimulation],
        tone_pct_mvc: float,  # noqa: ARG002
    ) -> Effect:
        """Advance one step; without feedback only what was learned is left."""
        params = self._params
        success_pct = max((screen.level for screen in felt), default=0.0)
        if success_pct <= 0.0:
            return Effect(params.transfer * (self.skill - params.skill))
        room = params.ceiling - self.skill
        self.skill += room * lesson(success_pct) * params.rate_per_s * self._dt_s
        return Effect(self.skill)
