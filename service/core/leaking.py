"""The session while it measures the leak: armed, stepped, judged, back to armed."""

from dataclasses import replace

from service.core.dose import ON_WINDOW_S
from service.core.leak import LeakPlan, LeakResult, LeakRun, judge_leak
from service.core.limits import Quantity
from service.core.model import Command, Note, Phase, Sample, Task
from service.core.stage import Stage
from service.core.state import Session, Step
from service.core.transitions import enter, prompt, refuse
from service.core.treatment import level_cap

#: Share of the slew limit that the steps rise with, so that a late permit can be caught
#: up with. A.
SLEW_SHARE = 0.8

#: EMG of each step that is used, beside what the window and the chain hold back. A.
MEASURED_S = 1.2

#: On-time of a minute that the steps leave over. A: the last permit outlives its use.
SPARE_S = 1.0

#: What the device says is older than what was asked for: it may be behind by one point
#: of its grid and this much. A: 0.3 s of the fastest rise.
BEHIND_MA = 0.3


def begin_leak(session: Session, command: Command) -> Step:
    """Begin to measure what the stimulation leaves in the tension.

    Parameters
    ----------
    session : Session
        Armed, in a stage in which the loop may raise the intensity.
    command : Command
        The request.

    Returns
    -------
    session : Session
        In `Phase.LEAK`, or unchanged.
    notes : tuple of Note
        The phase change and a prompt to rest, or a refusal.
    """
    if session.phase is not Phase.ARMED:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    stage = session.setup.stage
    if stage is not Stage.CLOSED:
        why = f"the intensity is stepped by itself, which stage {stage} does not allow"
        return refuse(session, command.verb, why)
    if len(session.setup.sites) > 1:
        why = "the leak is measured of one actuator: this program drives several"
        return refuse(session, command.verb, why)
    plan = plan_leak(session)
    if isinstance(plan, str):
        return refuse(session, command.verb, plan)
    run = LeakRun(plan, session.now_s, session.setup.program.window_s)
    begun, notes = enter(replace(session, leak_run=run, leak=None), Phase.LEAK)
    return begun, (*notes, prompt(Task.REST))


def plan_leak(session: Session) -> LeakPlan | str:
    """Plan the steps so that no limit has to cut them.

    Parameters
    ----------
    session : Session
        Armed.

    Returns
    -------
    LeakPlan or str
        Up to the highest intensity that the session may ask for, or as far as the
        on-time of one minute lasts; a sentence for the operator if there is no room.
    """
    setup, limits = session.setup, session.setup.limits
    lag_s = session.sample.lag_s if session.sample else 0.0
    plan = LeakPlan(
        maximum_ma=level_cap(session),
        up_ma_per_s=SLEW_SHARE * limits[Quantity.SLEW_UP_MA_PER_S].value,
        grid_ma=setup.amplitude_step,
    )
    plan = replace(
        plan, step_s=plan.settle_s + setup.program.window_s + lag_s + MEASURED_S
    )
    fraction = limits[Quantity.ON_FRACTION].value
    rise_s = fraction * ON_WINDOW_S - SPARE_S - plan.n_steps * plan.step_s
    whole = replace(plan, maximum_ma=min(plan.maximum_ma, plan.up_ma_per_s * rise_s))
    if not whole.maximum_ma > 0 or whole.amplitudes_ma[1] == 0:
        return (
            f"the intensity may rise to {max(whole.maximum_ma, 0.0):.1f} mA, which is "
            f"too little for {plan.n_steps} steps"
        )
    spent_s = session.sites[0].dose.at(session.now_s, fraction).on_s
    if whole.on_s + spent_s > fraction * ON_WINDOW_S:
        return (
            f"{spent_s:.0f} s of the last minute were stimulation, which leaves no "
            f"time for all steps: wait up to {ON_WINDOW_S:g} s"
        )
    return whole


def leak_on(session: Session, run: LeakRun, sample: Sample) -> Step:
    """Go on with a leak calibration.

    Parameters
    ----------
    session : Session
        In `Phase.LEAK`.
    run : LeakRun
        How far it is.
    sample : Sample
        Newest EMG of good quality.

    Returns
    -------
    session : Session
        Armed again once there is a verdict.
    notes : tuple of Note
        Of kind ``leak`` with the verdict, ``leak_unknown`` where there is none.
    """
    if session.calibration is None:
        msg = "measuring the leak needs a calibration"
        raise ValueError(msg)
    why = _held_back(session, run)
    if why:
        return abandon_leak(session, why)
    run, n_over = run.recorded(sample), run.step_at(session.now_s)
    if n_over == run.n_judged:
        return replace(session, leak_run=run), ()
    threshold = session.setup.program.success.threshold_pct_mvc
    verdict = judge_leak(run, session.now_s, session.calibration, threshold)
    if isinstance(verdict, str):
        return abandon_leak(session, verdict)
    if verdict is None:
        return replace(session, leak_run=replace(run, n_judged=n_over)), ()
    detail: dict[str, str | float | bool | None] = {
        "slope_uv_per_ma": verdict.slope_uv_per_ma,
        "worst_uv": verdict.worst_uv,
        "allowed_uv": verdict.allowed_uv,
        "measured_ma": verdict.measured_ma,
        "refusal": verdict.refusal,
    }
    ended, notes = _end(replace(session, leak=verdict), Phase.ARMED, verdict.refusal)
    return ended, (*notes, Note("leak", detail))


def abandon_leak(session: Session, why: str, phase: Phase = Phase.ARMED) -> Step:
    """End a leak calibration without a verdict.

    Parameters
    ----------
    session : Session
        In `Phase.LEAK`.
    why : str
        A sentence or word for the operator.
    phase : Phase
        Where to: `Phase.READY` disarms.

    Returns
    -------
    session : Session
        Nothing is known of the leak; the output goes to zero.
    notes : tuple of Note
        The phase change, and one of kind ``leak_unknown``.
    """
    ended, notes = _end(replace(session, leak=why), phase, why)
    return ended, (*notes, Note("leak_unknown", {"why": why}))


def _end(session: Session, phase: Phase, why: str) -> Step:
    # What comes next starts from zero, whatever was reached here.
    ended = replace(session, leak_run=None, sites=session.from_zero(), ebb=None)
    changed, notes = enter(ended, phase, cause=why)
    return changed, (*notes, prompt(Task.RELAX))


def _held_back(session: Session, run: LeakRun) -> str:
    """Say so if the device gives less than the step asks for: its leak is smaller."""
    asked_ma = run.amplitude_ma(session.now_s)
    given_ma = session.readback
    if asked_ma - given_ma <= session.setup.amplitude_step + BEHIND_MA:
        return ""
    return f"the output gave {given_ma:.1f} mA of {asked_ma:.1f} mA: a limit held it"


def is_distrusted(session: Session, measured_s: float) -> bool:
    """Say whether what stimulation leaves forbids to read a window as tension.

    Parameters
    ----------
    session : Session
        With its leak calibration, if there was one.
    measured_s : float
        End of the window.

    Returns
    -------
    bool
        True for a window with pulses in it, if the method was refused, could not be
        judged, or was judged at a lower intensity only. Off-windows are never
        distrusted; before a leak calibration nothing is said.
    """
    leak, program = session.leak, session.setup.program
    if leak is None or session.zero.covers(measured_s, program.window_s, program.bout):
        return False
    if not isinstance(leak, LeakResult) or leak.refusal:
        return True
    highest_ma = leak.measured_ma + session.setup.amplitude_step
    return session.established.peak > highest_ma
