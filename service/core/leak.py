"""Leak calibration: how much of the stimulation reads as tension, today, on this skin.

The person relaxes, the intensity is stepped from zero up, and what the tension under
stimulation rises by is the leak. A controller that believed it would feed on itself, so
a method that leaves too much is refused. Pure: who drives the output asks
`LeakRun.amplitude_ma` what to ask for, and bounds it like every other amplitude.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dsp.artifact.leak import MAX_THRESHOLD_SHARE, measure_leak, step_amplitudes_ma
from dsp.types import BAD_QUALITY
from service.core.limits import floor_to_step
from service.core.model import Sample
from service.core.tone import UPDATE_S, Calibration

_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class LeakPlan:
    """How the intensity is stepped.

    Parameters
    ----------
    maximum_ma : float
        Highest intensity, the largest that the session may ask for.
    n_steps : int
        Steps above zero. A: 4.
    step_s : float
        Length of a step once its intensity is reached. A: 5 s.
    settle_s : float
        Begin of that which is not used: the canceller learns. A: 1.5 s.
    up_ma_per_s : float
        Rise from step to step. A: 0.8; a muscle that is startled contracts, and what it
        does then is no leak.
    grid_ma : float
        Grid of the device, which the steps are put on; 0 means continuous.
    """

    maximum_ma: float
    n_steps: int = 4
    step_s: float = 5.0
    settle_s: float = 1.5
    up_ma_per_s: float = 0.8
    grid_ma: float = 0.0

    @property
    def amplitudes_ma(self) -> tuple[float, ...]:
        """Intensity of every step, rising from zero."""
        equal_ma = step_amplitudes_ma(self.maximum_ma, self.n_steps).tolist()
        return tuple(floor_to_step(ma, self.grid_ma) for ma in equal_ma)

    @property
    def rise_s(self) -> float:
        """How long it takes from one step to the next."""
        return self.maximum_ma / self.n_steps / self.up_ma_per_s

    @property
    def on_s(self) -> float:
        """How long there is stimulation."""
        return self.n_steps * (self.rise_s + self.step_s)


@dataclass(frozen=True, slots=True)
class LeakResult:
    """What a leak calibration found.

    Parameters
    ----------
    slope_uv_per_ma, slope_pct_mvc_per_ma : float
        Residual per milliampere, fitted through that of zero intensity.
    worst_uv : float
        Largest residual, measured or on the line.
    allowed_uv : float
        A quarter of the tension threshold.
    measured_ma : float
        Highest intensity that was measured: nothing is known above it.
    refusal : str
        Why the method must not be believed under stimulation, a sentence for the
        operator; empty if it may.
    """

    slope_uv_per_ma: float
    slope_pct_mvc_per_ma: float
    worst_uv: float
    allowed_uv: float
    measured_ma: float
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class LeakRun:
    """A leak calibration under way.

    Parameters
    ----------
    plan : LeakPlan
        The steps.
    started_s : float
        When the first, at zero, began.
    window_s : float
        Length of the control window.
    rms_uv : tuple of tuple of float
        What each step recorded.
    last_s : float
        Time of the newest recorded value.
    n_judged : int
        Steps that have been judged.
    """

    plan: LeakPlan
    started_s: float
    window_s: float
    rms_uv: tuple[tuple[float, ...], ...] = field(default=())
    last_s: float = -math.inf
    n_judged: int = 0

    def amplitude_ma(self, t_s: float) -> float:
        """Return the intensity to ask for.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        float
            Milliampere; 0 before and after.
        """
        step, since_s = self._step(t_s)
        if not 0 <= step <= self.plan.n_steps:
            return 0.0
        if step == 0:
            return 0.0
        before_ma, there_ma = self.plan.amplitudes_ma[step - 1 : step + 1]
        missing_s = max(0.0, self.plan.rise_s - since_s)
        # On the grid of the device a step may be lower than a full rise leads to.
        return max(before_ma, there_ma - missing_s * self.plan.up_ma_per_s)

    def step_at(self, t_s: float) -> int:
        """Return which step is under way.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        int
            0 for the one without stimulation; below 0 before it.
        """
        return self._step(t_s)[0]

    def finished(self, t_s: float) -> bool:
        """Return whether all steps are over.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        bool
            True from the end of the last step on.
        """
        return self._step(t_s)[0] > self.plan.n_steps

    def recorded(self, sample: Sample) -> "LeakRun":
        """Return the run after one more sample.

        Parameters
        ----------
        sample : Sample
            Newest EMG. Counts if it is good and its whole control window lies in one
            step, after the settling.

        Returns
        -------
        LeakRun
            Unchanged between updates.
        """
        t_s, plan = sample.measured_s, self.plan
        step, since_s = self._step(t_s)
        begun_s = t_s - since_s + (plan.rise_s if step else 0.0) + plan.settle_s
        usable = math.isfinite(sample.rms_uv) and not sample.quality & BAD_QUALITY
        inside = 0 <= step <= plan.n_steps and t_s - self.window_s >= begun_s
        if not (usable and inside) or t_s - self.last_s < UPDATE_S * 0.99:
            return self
        steps = list(self.rms_uv) + [()] * (step + 1 - len(self.rms_uv))
        steps[step] = (*steps[step], sample.rms_uv)
        return replace(self, rms_uv=tuple(steps), last_s=t_s)

    def _step(self, t_s: float) -> tuple[int, float]:
        """Return the step at a time, and for how long it has lasted, rise included."""
        plan, passed_s = self.plan, t_s - self.started_s
        if passed_s < plan.step_s:
            return (0, passed_s) if passed_s >= 0 else (-1, 0.0)
        length_s = plan.rise_s + plan.step_s
        step, since_s = divmod(passed_s - plan.step_s, length_s)
        return 1 + int(step), since_s


def judge_leak(
    run: LeakRun, t_s: float, calibration: Calibration, threshold_pct_mvc: float
) -> LeakResult | str | None:
    """Judge a method by what it left of the stimulation in the steps that are over.

    Parameters
    ----------
    run : LeakRun
        Under way or finished.
    t_s : float
        Now.
    calibration : Calibration
        Noise and MVC of the channel.
    threshold_pct_mvc : float
        Tension that success is judged by.

    Returns
    -------
    LeakResult or str or None
        None as long as a further step can still change the verdict: what leaks too much
        already is refused without going higher. A sentence for the operator if nothing
        can be said: the muscle was not relaxed, or a step recorded nothing.
    """
    n_over = min(max(run.step_at(t_s), 0), run.plan.n_steps + 1)
    if n_over == 0:
        return None
    amplitudes_ma = run.plan.amplitudes_ma[:n_over]
    steps = (*run.rms_uv, *((),) * n_over)[:n_over]
    levels_uv = [statistics.median(step) if step else math.nan for step in steps]
    why = _why_unknown(amplitudes_ma, levels_uv, calibration, threshold_pct_mvc)
    if why or n_over == 1:
        return why or None
    result = _measured(amplitudes_ma, levels_uv, calibration, threshold_pct_mvc)
    return result if result.refusal or n_over > run.plan.n_steps else None


def _why_unknown(
    amplitudes_ma: Sequence[float],
    levels_uv: Sequence[float],
    calibration: Calibration,
    threshold_pct_mvc: float,
) -> str:
    missing = [
        f"{ma:g}"
        for ma, level in zip(amplitudes_ma, levels_uv, strict=True)
        if math.isnan(level)
    ]
    if missing:
        return (
            f"nothing could be measured at {', '.join(missing)} mA: pulses leave too "
            "little, or the EMG was not good; measure in off-windows"
        )
    resting = calibration.tone_pct_mvc(levels_uv[0])
    if resting < threshold_pct_mvc:
        return ""
    return (
        f"the muscle was at {resting:.1f} %MVC without stimulation, expected less "
        f"than {threshold_pct_mvc:g}: relax and repeat"
    )


def _measured(
    amplitudes_ma: Sequence[float],
    levels_uv: Sequence[float],
    calibration: Calibration,
    threshold_pct_mvc: float,
) -> LeakResult:
    uv_per_pct = calibration.mvc_uv / _PERCENT
    found = measure_leak(
        np.array(amplitudes_ma),
        np.array(levels_uv)[:, np.newaxis],
        np.array([threshold_pct_mvc * uv_per_pct]),
        min_steps=1,  # whether there are enough for a pass, the plan has seen to
    )
    slope, worst = float(found.slope_uv_per_ma[0]), float(found.worst_uv[0])
    allowed = float(found.allowed_uv[0])
    refusal = ""
    if not found.passed[0]:
        refusal = (
            f"stimulation leaves {worst:.1f} µV ({slope:.2f} µV per mA), expected at "
            f"most {allowed:.1f} µV, {_PERCENT * MAX_THRESHOLD_SHARE:g} % of the "
            "threshold: tone only from off-windows; move the recording electrodes "
            "away from the stimulated ones, or choose another artifact method"
        )
    measured_ma = max(amplitudes_ma)
    return LeakResult(slope, slope / uv_per_pct, worst, allowed, measured_ma, refusal)
