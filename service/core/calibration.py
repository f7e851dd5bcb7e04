"""Calibration as a script of prompts: noise, rest, contractions, baseline."""

import math
import statistics
from dataclasses import dataclass, field, replace

import numpy as np

from dsp.tension import MVC_WINDOW_S
from dsp.tension import noise_floor_uv as noise_floors_uv
from dsp.types import QualityFlag
from service.core.model import Sample
from service.core.program import CalibrationPlan
from service.core.steps import CONTRACTIONS, CalibrationStep, cues, trial_steps
from service.core.tone import UPDATE_S, Calibration
from service.core.trials import MIN_MVC_RATIO, Judgement, judge

#: Time to react to a prompt; what is recorded in it is not used. A.
REACTION_S = 1.0

#: Width of the usual band-pass, 20-450 Hz.
NOISE_BANDWIDTH_HZ = 430.0

_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class CalibrationRun:
    """A calibration under way.

    Parameters
    ----------
    steps : tuple of CalibrationStep
        Still to do, the current one first.
    started_s : float
        When the current step began.
    plan : CalibrationPlan
        Trials, and when they count.
    window_s : float
        Length of the control window.
    bandwidth_hz : float
        Bandwidth of the noise.
    rms_uv : tuple of float
        What the current step recorded.
    last_s : float
        Time of the newest recorded value.
    noise_uv, mvc_uv : float or None
        Noise floor so far, or values that were given, both with noise included.
    baseline_uv : tuple of float
        RMS values of the baseline.
    rest_uv : float
        Median RMS at rest, if the noise was recorded apart from it.
    trials_uv : tuple of tuple of float
        RMS values of every trial.
    n_said : int
        Cues of the current step that are over.
    origin, kind, warnings
        Of values that were given: see `service.core.tone.Calibration`.
    interrupted : bool
        Whether the signal failed during the current step, which must be repeated.
    """

    steps: tuple[CalibrationStep, ...]
    started_s: float
    plan: CalibrationPlan = field(default_factory=CalibrationPlan)
    window_s: float = 1.0
    bandwidth_hz: float = NOISE_BANDWIDTH_HZ
    rms_uv: tuple[float, ...] = ()
    last_s: float = -math.inf
    noise_uv: float | None = None
    mvc_uv: float | None = None
    baseline_uv: tuple[float, ...] = ()
    rest_uv: float = math.nan
    trials_uv: tuple[tuple[float, ...], ...] = ()
    n_said: int = 0
    origin: str = "given"
    kind: str = "mvc"
    warnings: tuple[str, ...] = ()
    interrupted: bool = False

    @property
    def step(self) -> CalibrationStep:
        """The current step."""
        return self.steps[0]

    @property
    def trial(self) -> int:
        """Number of the contraction that is under way or comes next, from 1."""
        return len(self.trials_uv) + 1

    @property
    def n_trials(self) -> int:
        """How many contractions there will be, if those to come count."""
        left = sum(step.name in CONTRACTIONS for step in self.steps)
        return len(self.trials_uv) + left

    @property
    def judgement(self) -> Judgement:
        """What the trials so far came to."""
        noise = math.nan if self.noise_uv is None else self.noise_uv
        return judge(self.trials_uv, noise, self.plan)

    def recorded(self, sample: Sample) -> "CalibrationRun":
        """Return the run after one more sample.

        Parameters
        ----------
        sample : Sample
            Newest EMG. Windows that began before the person could react are left out,
            those of contractions are short and without motion: a reference that is too
            large would make every later tension look relaxed.

        Returns
        -------
        CalibrationRun
            Unchanged between updates.
        """
        rms_uv, window_s = sample.rms_uv, self.window_s
        if self.step.name in CONTRACTIONS:
            if sample.quality & QualityFlag.DRIFT:
                return self
            if math.isfinite(sample.short_uv):
                rms_uv, window_s = sample.short_uv, MVC_WINDOW_S
        t_s = sample.measured_s
        early = t_s - window_s < self.started_s + REACTION_S
        if early or t_s - self.last_s < UPDATE_S * 0.99:
            return self
        return replace(self, rms_uv=(*self.rms_uv, rms_uv), last_s=t_s)

    def repeated(self, t_s: float) -> "CalibrationRun":
        """Return the run with the current step to be done once more.

        Parameters
        ----------
        t_s : float
            Now: the signal is good again.

        Returns
        -------
        CalibrationRun
            Earlier steps keep their results. A contraction comes after a pause.
        """
        steps = self.steps
        if self.step.name in CONTRACTIONS:
            steps = (trial_steps(self.plan)[0], *steps)
        return replace(
            self, steps=steps, started_s=t_s, rms_uv=(), n_said=0, interrupted=False
        )

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

    def remaining_s(self, t_s: float) -> float:
        """Return how long the current step will last.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        float
            Second, 0 when it is over.
        """
        return max(0.0, self.step.duration_s - (t_s - self.started_s))

    def said(self, t_s: float) -> tuple["CalibrationRun", tuple[str, ...]]:
        """Return what has to be said by now and was not.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        run : CalibrationRun
            Which knows that it was said.
        words : tuple of str
            In order.
        """
        following = self.steps[1] if len(self.steps) > 1 else None
        every = cues(self.step, following)
        due = [w for at_s, w in every if at_s <= t_s - self.started_s]
        words = tuple(due[self.n_said :])
        return (replace(self, n_said=len(due)) if words else self), words

    def advanced(self, t_s: float) -> "CalibrationRun":
        """Return the run with the current step's result taken, at the next step.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        CalibrationRun
            With one step less, or with one more trial where some did not count.
        """
        run = replace(self, steps=self.steps[1:], started_s=t_s, rms_uv=(), n_said=0)
        match self.step.name:
            case "noise":
                return replace(run, noise_uv=self._floor_uv())
            case "rest":
                if self.noise_uv is None:
                    return replace(run, noise_uv=self._floor_uv())
                rest_uv = statistics.median(self.rms_uv) if self.rms_uv else math.nan
                return replace(run, rest_uv=rest_uv)
            case "mvc" | "rvc":
                trials = (*self.trials_uv, self.rms_uv)
                return _repeated(replace(run, trials_uv=trials))
            case "baseline":
                return replace(run, baseline_uv=self.rms_uv)
            case _:
                return run

    def _floor_uv(self) -> float:
        """Return the noise floor of what was recorded; NaN for nothing.

        Without a recording of the noise alone, the person's rest tone is part of it.
        """
        apart = max(1, math.ceil(self.window_s / UPDATE_S))
        windows = np.array(self.rms_uv[::apart])[:, np.newaxis]
        if not len(windows):
            return math.nan
        floor = noise_floors_uv(windows, self.window_s, self.bandwidth_hz)
        return float(floor[0])


def _repeated(run: CalibrationRun) -> CalibrationRun:
    """Return the run with one more trial if it needs one and may have it."""
    plan = run.plan
    if any(step.name in CONTRACTIONS for step in run.steps):
        return run
    if len(run.trials_uv) >= plan.mvc_trials + plan.mvc_extra:
        return run
    judgement = run.judgement
    disagree = plan.reference == "mvc" and bool(judgement.complaint)
    if judgement.n_counted >= plan.mvc_trials and not disagree:
        return run
    return replace(run, steps=(*trial_steps(plan), *run.steps))


def conclude(run: CalibrationRun) -> Calibration | str:
    """Turn a finished run into a calibration, or say why it is refused.

    Parameters
    ----------
    run : CalibrationRun
        With no step left.

    Returns
    -------
    Calibration or str
        A refusal is a sentence for the operator.
    """
    plan, noise = run.plan, run.noise_uv
    if noise is None or not run.baseline_uv or not 0 <= noise < math.inf:
        return "a step recorded nothing: make the steps longer than the RMS window"
    mvc, warnings = _measured(run)
    if not MIN_MVC_RATIO * noise < mvc < math.inf:
        return _no_contraction(run, mvc, noise)
    share = _PERCENT * noise / mvc
    if share > plan.noise_refuse_pct_mvc:
        return (
            f"the rest recording is {share:.2f} %MVC, expected at most "
            f"{plan.noise_refuse_pct_mvc:g}: the muscle was not at rest or the "
            "electrodes are noisy; repeat, or give a noise_uv measured elsewhere"
        )
    rest = math.sqrt(max(0.0, run.rest_uv**2 - noise**2))
    calibration = Calibration(
        noise,
        mvc,
        kind=plan.reference if run.mvc_uv is None else run.kind,
        origin="measured" if run.mvc_uv is None else run.origin,
        rest_uv=math.nan if math.isnan(run.rest_uv) else rest,
        warnings=warnings,
    )
    tones = [calibration.tone_pct_mvc(value) for value in run.baseline_uv]
    return replace(
        calibration,
        baseline_pct_mvc=statistics.median(tones),
        baseline_sd_pct_mvc=statistics.pstdev(tones),
    )


def _measured(run: CalibrationRun) -> tuple[float, tuple[str, ...]]:
    """Return the maximal contraction, and what is doubtful about it."""
    noise = math.nan if run.noise_uv is None else run.noise_uv
    if run.mvc_uv is not None:
        return math.sqrt(max(0.0, run.mvc_uv**2 - noise**2)), run.warnings
    judgement, plan = run.judgement, run.plan
    warnings = [
        f"trial {v.number} was left out: {v.rejected}"
        for v in judgement.verdicts
        if v.rejected
    ]
    if judgement.complaint:
        warnings.append(judgement.complaint)
    if plan.reference == "mvc":
        return judgement.reference_uv, tuple(warnings)
    load = f"the load is taken for {plan.rvc_pct_mvc:g} %MVC, which was not measured"
    scale = _PERCENT / plan.rvc_pct_mvc
    return judgement.reference_uv * scale, (load, *warnings)


def _no_contraction(run: CalibrationRun, mvc_uv: float, noise_uv: float) -> str:
    found = f"the maximal contraction reached {mvc_uv:.1f} µV over a rest of"
    if math.isnan(mvc_uv):
        whys = [v.rejected for v in run.judgement.verdicts]
        found = f"no trial counts ({whys[-1] if whys else 'there was none'}); rest was"
    return (
        f"{found} {noise_uv:.1f} µV, expected at least {MIN_MVC_RATIO:g} times the "
        "rest: check the electrodes and repeat"
    )
