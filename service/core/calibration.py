"""Calibration as a script of prompts: rest, MVC, baseline."""

import math
import statistics
from dataclasses import dataclass, replace

from service.core.model import Task
from service.core.program import CalibrationPlan
from service.core.tone import UPDATE_S, Calibration

#: Time to react to a prompt; what is recorded in it is not used. A.
REACTION_S = 1.0

#: Percentile of the rest power that stands for the noise floor. A.
NOISE_PERCENTILE = 0.05

#: MVC to noise ratio below which the contraction was none (20 dB). A.
MIN_MVC_RATIO = 10.0


@dataclass(frozen=True, slots=True)
class CalibrationStep:
    """One prompt: what is recorded, what the person does, and for how long."""

    name: str
    task: Task
    duration_s: float


@dataclass(frozen=True, slots=True)
class CalibrationRun:
    """A calibration under way.

    Parameters
    ----------
    steps : tuple of CalibrationStep
        Still to do, the current one first.
    started_s : float
        When the current step began.
    rms_uv : tuple of float
        What the current step recorded.
    last_s : float
        Time of the newest recorded value.
    noise_uv, mvc_uv : float or None
        Results so far, or values that were given.
    baseline_uv : tuple of float
        RMS values of the baseline.
    interrupted : bool
        Whether the signal failed during the current step, which must be repeated.
    """

    steps: tuple[CalibrationStep, ...]
    started_s: float
    rms_uv: tuple[float, ...] = ()
    last_s: float = -math.inf
    noise_uv: float | None = None
    mvc_uv: float | None = None
    baseline_uv: tuple[float, ...] = ()
    interrupted: bool = False

    @property
    def step(self) -> CalibrationStep:
        """The current step."""
        return self.steps[0]

    def recorded(self, t_s: float, rms_uv: float, window_s: float) -> "CalibrationRun":
        """Return the run after one more RMS value.

        Parameters
        ----------
        t_s : float
            End of the RMS window.
        rms_uv : float
            Its value.
        window_s : float
            Its length: windows that began before the person could react are left out.

        Returns
        -------
        CalibrationRun
            Unchanged between updates.
        """
        early = t_s - window_s < self.started_s + REACTION_S
        if early or t_s - self.last_s < UPDATE_S * 0.99:
            return self
        return replace(self, rms_uv=(*self.rms_uv, rms_uv), last_s=t_s)

    def repeated(self, t_s: float, plan: CalibrationPlan) -> "CalibrationRun":
        """Return the run with the current step to be done once more.

        Parameters
        ----------
        t_s : float
            Now: the signal is good again.
        plan : CalibrationPlan
            How long to rest before another contraction.

        Returns
        -------
        CalibrationRun
            Earlier steps keep their results. A contraction comes after a pause.
        """
        steps = self.steps
        if self.step.task is Task.MVC:
            steps = (CalibrationStep("pause", Task.REST, plan.pause_s), *steps)
        return replace(self, steps=steps, started_s=t_s, rms_uv=(), interrupted=False)

    def finished(self, t_s: float) -> bool:
        """Return whether the current step is over.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        bool
            True from its duration on.
        """
        return t_s - self.started_s >= self.step.duration_s

    def advanced(self, t_s: float) -> "CalibrationRun":
        """Return the run with the current step's result taken, at the next step.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        CalibrationRun
            With one step less.
        """
        run = replace(self, steps=self.steps[1:], started_s=t_s, rms_uv=())
        match self.step.name:
            case "rest":
                return replace(run, noise_uv=noise_floor_uv(self.rms_uv))
            case "mvc":
                best = max(self.rms_uv, default=0.0)
                return replace(run, mvc_uv=max(best, self.mvc_uv or 0.0))
            case "baseline":
                return replace(run, baseline_uv=self.rms_uv)
            case _:
                return run


def plan_steps(
    plan: CalibrationPlan, *, noise_given: bool, mvc_given: bool
) -> tuple[CalibrationStep, ...]:
    """Return the prompts of a calibration.

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
    if not noise_given:
        steps.append(CalibrationStep("rest", Task.REST, plan.rest_s))
    for trial in range(0 if mvc_given else plan.mvc_trials):
        if trial:
            steps.append(CalibrationStep("pause", Task.REST, plan.pause_s))
        steps.append(CalibrationStep("mvc", Task.MVC, plan.mvc_s))
    steps.append(CalibrationStep("relax", Task.RELAX, plan.relax_s))
    steps.append(CalibrationStep("baseline", Task.RELAX, plan.baseline_s))
    return tuple(steps)


def noise_floor_uv(rms_uv: tuple[float, ...]) -> float:
    """Return the noise floor of a recorded rest.

    Parameters
    ----------
    rms_uv : tuple of float
        RMS values of the rest.

    Returns
    -------
    float
        Root of the low percentile of the mean squares; NaN for an empty rest. The
        person's rest tone is part of it, so tone is relative to that rest.
    """
    if not rms_uv:
        return math.nan
    powers = sorted(value * value for value in rms_uv)
    return math.sqrt(powers[int(NOISE_PERCENTILE * (len(powers) - 1))])


def conclude(run: CalibrationRun, plan: CalibrationPlan) -> Calibration | str:
    """Turn a finished run into a calibration, or say why it is refused.

    Parameters
    ----------
    run : CalibrationRun
        With no step left.
    plan : CalibrationPlan
        Acceptance limits.

    Returns
    -------
    Calibration or str
        A refusal is a sentence for the operator.
    """
    noise, mvc_rms = run.noise_uv, run.mvc_uv
    if noise is None or mvc_rms is None or not run.baseline_uv:
        return "a step recorded nothing: make the steps longer than the RMS window"
    if not (0 <= noise < math.inf and MIN_MVC_RATIO * noise < mvc_rms < math.inf):
        return (
            f"the maximal contraction reached {mvc_rms:.1f} µV over a rest of "
            f"{noise:.1f} µV, expected at least {MIN_MVC_RATIO:g} times the rest: "
            "check the electrodes and repeat"
        )
    mvc = math.sqrt(mvc_rms**2 - noise**2)
    share = 100.0 * noise / mvc
    if share > plan.noise_refuse_pct_mvc:
        return (
            f"the rest recording is {share:.2f} %MVC, expected at most "
            f"{plan.noise_refuse_pct_mvc:g}: the muscle was not at rest or the "
            "electrodes are noisy; repeat, or give a noise_uv measured elsewhere"
        )
    calibration = Calibration(noise, mvc)
    tones = [calibration.tone_pct_mvc(value) for value in run.baseline_uv]
    return replace(
        calibration,
        baseline_pct_mvc=statistics.median(tones),
        baseline_sd_pct_mvc=statistics.pstdev(tones),
    )
