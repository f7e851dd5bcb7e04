"""The steps of a calibration, and what is said to the person during each."""

from dataclasses import dataclass

from service.core.model import Task
from service.core.program import CalibrationPlan

#: Before a contraction it is counted down from here, a second each.
COUNTDOWN = ("three", "two", "one")

#: The half of shorter times is not announced. A.
MIN_HALF_S = 5.0

#: A contraction that nothing comes before is waited for so long. A.
READY_S = 4.0

#: Steps that are trials.
CONTRACTIONS = frozenset({"mvc", "rvc"})

TEXTS = {
    "noise": "Support the limb, let everything hang and stay still",
    "rest": "Rest: let everything hang",
    "ready": "Get ready",
    "mvc": "Contract as hard as you can",
    "rvc": "Hold the load, steadily",
    "pause": "Let go and rest",
    "relax": "Relax, do nothing",
    "baseline": "Stay relaxed, do nothing",
}
"""What the person is asked for in each step."""

TASKS = {
    "noise": Task.REST,
    "rest": Task.REST,
    "ready": Task.REST,
    "mvc": Task.MVC,
    "rvc": Task.RVC,
    "pause": Task.REST,
    "relax": Task.RELAX,
    "baseline": Task.RELAX,
}


@dataclass(frozen=True, slots=True)
class CalibrationStep:
    """One prompt: what is recorded, and for how long.

    Parameters
    ----------
    name : str
        One of `TASKS`.
    duration_s : float
        Length in second.
    """

    name: str
    duration_s: float

    @property
    def task(self) -> Task:
        """What the person does."""
        return TASKS[self.name]

    @property
    def text(self) -> str:
        """What the person is asked for."""
        return TEXTS[self.name]


def plan_steps(
    plan: CalibrationPlan, *, noise_given: bool, mvc_given: bool
) -> tuple[CalibrationStep, ...]:
    """Return the prompts of a calibration in which every trial counts.

    Parameters
    ----------
    plan : CalibrationPlan
        Durations and number of trials.
    noise_given, mvc_given : bool
        Whether stored values make a recording unnecessary.

    Returns
    -------
    tuple of CalibrationStep
        The baseline is always recorded.
    """
    steps = []
    if not noise_given and plan.noise_s > 0:
        steps.append(CalibrationStep("noise", plan.noise_s))
    if not noise_given:
        steps.append(CalibrationStep("rest", plan.rest_s))
    if not (steps or mvc_given):
        steps.append(CalibrationStep("ready", READY_S))
    for trial in range(0 if mvc_given else plan.mvc_trials):
        steps += trial_steps(plan) if trial else [trial_steps(plan)[-1]]
    steps.append(CalibrationStep("relax", plan.relax_s))
    steps.append(CalibrationStep("baseline", plan.baseline_s))
    return tuple(steps)


def trial_steps(plan: CalibrationPlan) -> tuple[CalibrationStep, CalibrationStep]:
    """Return what one more trial takes.

    Parameters
    ----------
    plan : CalibrationPlan
        Durations, and which contraction.

    Returns
    -------
    tuple of CalibrationStep
        A pause, and the contraction.
    """
    return (
        CalibrationStep("pause", plan.pause_s),
        CalibrationStep(plan.reference, plan.mvc_s),
    )


def cues(
    step: CalibrationStep, following: CalibrationStep | None
) -> tuple[tuple[float, str], ...]:
    """Return what is said during a step, beside its prompt.

    Parameters
    ----------
    step : CalibrationStep
        The step.
    following : CalibrationStep or None
        What comes after it: contractions are counted down to.

    Returns
    -------
    tuple of (float, str)
        Second since the start of the step, and words; rising.
    """
    duration_s, half_s = step.duration_s, 0.5 * step.duration_s
    if step.name in CONTRACTIONS:
        hold = "harder, keep going" if step.name == "mvc" else "keep it steady"
        said = [(half_s, hold), (duration_s - 1.0, "one more second")]
    else:
        long = half_s >= MIN_HALF_S
        said = [(half_s, f"{half_s:.0f} seconds more")] if long else []
        if following is not None and following.name in CONTRACTIONS:
            n = len(COUNTDOWN)
            said += [(duration_s - n + k, word) for k, word in enumerate(COUNTDOWN)]
    return tuple(sorted((at_s, words) for at_s, words in said if at_s > 0))
