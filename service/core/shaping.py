"""Biofeedback: the goal that is shown, and whether it was met.

The goal follows the person by a weighted up-down rule (Kaernbach 1991, Perception &
Psychophysics 49:227): a goal that is met falls by a small step, one that is missed
rises by a larger one, and they balance where it is met in the wanted share of
judgements.
"""

import math
from dataclasses import dataclass, replace

from service.core.plans import FeedbackPlan

#: One judgement per RMS window: faster ones would judge the same EMG twice. A.
JUDGE_S = 1.0

#: The share of success is that of so many judgements. A: half a minute.
RECENT = 30

#: A goal that was met so many times running hurries after the person: its fall is so
#: many times as large. A: tone can fall by several percent a second.
N_HURRY = 5
HURRY = 4.0

#: The goal is never above this multiple of the baseline: nobody is told that it is good
#: to be more tense than at the start. A.
EASIEST = 1.25

#: The goal goes on below the threshold, down to this share of it: who has just got
#: there has no margin for the time without feedback. A.
HARDEST = 0.5

#: Pitch of the sound at the goal, and its range. A: a whole octave per factor of two.
GOAL_HZ = 440.0
PITCH_HZ = (220.0, 1760.0)


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a person is shown, and how well it goes.

    Parameters
    ----------
    goal_pct_mvc : float
        Tone below it is success.
    trial : int
        Trials with feedback so far, this one included.
    is_transfer : bool
        The trial under way is one without feedback.
    since_s : float
        Begin of the trial.
    judged_s : float
        When the tone was judged last.
    met : bool
        What came of it.
    recent : tuple of bool
        Newest judgements with feedback.
    n_met, n_judged : int
        Of the trial under way.
    """

    goal_pct_mvc: float
    since_s: float
    trial: int = 1
    is_transfer: bool = False
    judged_s: float = -math.inf
    met: bool = False
    recent: tuple[bool, ...] = ()
    n_met: int = 0
    n_judged: int = 0

    @property
    def success_share(self) -> float:
        """Share of success with feedback of late; NaN before the first judgement."""
        return sum(self.recent) / len(self.recent) if self.recent else math.nan

    @property
    def trial_share(self) -> float:
        """Share of success in the trial under way; NaN before the first judgement."""
        return self.n_met / self.n_judged if self.n_judged else math.nan

    def judged(
        self,
        plan: FeedbackPlan,
        t_s: float,
        tone_pct_mvc: float,
        bounds_pct_mvc: tuple[float, float],
    ) -> "Feedback":
        """Judge one tone and move the goal.

        Parameters
        ----------
        plan : FeedbackPlan
            The wanted share, and the step.
        t_s : float
            Now.
        tone_pct_mvc : float
            Newest tone.
        bounds_pct_mvc : tuple of float
            Hardest and easiest goal.

        Returns
        -------
        Feedback
            Without feedback the goal stays where it was.
        """
        met = tone_pct_mvc < self.goal_pct_mvc
        seen = replace(
            self,
            judged_s=t_s,
            met=met,
            n_met=self.n_met + met,
            n_judged=self.n_judged + 1,
        )
        if self.is_transfer:
            return seen
        share = plan.success_share
        change = -(1.0 - share) if met else share
        low, high = bounds_pct_mvc
        if met and len(self.recent) >= N_HURRY and all(self.recent[-N_HURRY:]):
            change *= HURRY
        goal = self.goal_pct_mvc * math.exp(plan.step * change)
        return replace(
            seen,
            goal_pct_mvc=min(max(goal, low), high),
            recent=(*self.recent[1 - RECENT :], met),
        )

    def next_trial(
        self, plan: FeedbackPlan, t_s: float, *, transfer: bool | None = None
    ) -> "Feedback":
        """Begin the next trial.

        Parameters
        ----------
        plan : FeedbackPlan
            How many trials are between two without feedback.
        t_s : float
            Now.
        transfer : bool or None
            Whether it is without feedback; None: as planned.

        Returns
        -------
        Feedback
            With nothing judged yet.
        """
        if transfer is None:
            due = self.trial % plan.trials_per_transfer == 0
            transfer = due and not self.is_transfer
        trial = self.trial if transfer else self.trial + 1
        begun = replace(self, since_s=t_s, is_transfer=transfer, trial=trial)
        return replace(begun, n_met=0, n_judged=0)

    def is_over(self, plan: FeedbackPlan, t_s: float) -> bool:
        """Return whether the trial has lasted long enough.

        Parameters
        ----------
        plan : FeedbackPlan
            Lengths of the trials.
        t_s : float
            Now.

        Returns
        -------
        bool
            True at its end.
        """
        length_s = plan.transfer_s if self.is_transfer else plan.trial_s
        return t_s - self.since_s >= length_s


def pitch_hz(feedback: Feedback, tone_pct_mvc: float) -> float:
    """Return the pitch of the sound that tells how far the goal is.

    Parameters
    ----------
    feedback : Feedback
        With the goal.
    tone_pct_mvc : float
        Newest tone.

    Returns
    -------
    float
        In hertz; 0 is silence: the goal is met, or nothing is told.
    """
    if feedback.is_transfer or feedback.met or not math.isfinite(tone_pct_mvc):
        return 0.0
    low, high = PITCH_HZ
    return min(max(GOAL_HZ * tone_pct_mvc / feedback.goal_pct_mvc, low), high)
