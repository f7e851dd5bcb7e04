"""One session of a trial: lived through in virtual time."""

import re

from service.core.model import Phase
from service.core.state import Session
from service.errors import ConfigError
from service.trial.judging import judged
from service.trial.operator import Operator
from service.trial.plan import Task, draw_person
from service.trial.result import Result
from service.trial.rig import TrialRig
from service.trial.unguarded import UnguardedRig
from service.trial.watching import Watch

#: A calibration that is refused is tried again so often.
CALIBRATIONS = 3

#: An operator waits so long for what a program does not say how long it takes. A.
PATIENCE_S = 300.0

OVER = frozenset({Phase.DONE, Phase.FAULT})


def run_session(task: Task) -> Result:
    """Live through a session; the same task always gives the same result."""
    person = draw_person(task.cohort, task.person_seed)
    kind = TrialRig if task.arm.guarded else UnguardedRig
    nerves = person.person.recruitment
    program = task.arm.program_for(nerves)
    rig = kind(person, task.signal_seed, program, shown=task.arm.shown)
    rig.open(limits=task.arm.limits_for(nerves))
    watch = Watch()
    reason = _live(rig, watch)
    session = rig.engine.session
    if session is None:
        msg = "a rig that was opened has a session"
        raise RuntimeError(msg)
    if session.treatment is None:
        why = reason or session.cause or "never ready"
        return Result(
            task.cohort,
            task.subject,
            task.arm.name,
            randomised=False,
            stop=session.phase.value,
            reason=why,
        )
    return judged(task, rig, session, watch, reason)


def _live(rig: TrialRig, watch: Watch) -> str:
    """Let the session happen; return why it was given up, or nothing."""
    session = _session(rig)
    timing, plan = rig.program.timing, rig.program.calibration
    trial_s = plan.mvc_s + plan.pause_s
    calibration_s = (
        plan.noise_s
        + plan.rest_s
        + (plan.mvc_trials + plan.mvc_extra) * trial_s
        + plan.relax_s
        + plan.baseline_s
    )
    longest_s = timing.treatment_s + timing.reassess_s + PATIENCE_S
    operator = Operator(rig.program)
    longest_s += CALIBRATIONS * calibration_s
    end_s = rig.clock.now_s() + longest_s
    n_calibrations, before = 0, session.phase
    while session.phase not in OVER:
        rig.step()
        session = _session(rig)
        watch.look(rig, session)
        began = session.phase is Phase.CALIBRATING and before is not session.phase
        n_calibrations += began
        before = session.phase
        if rig.clock.now_s() >= end_s:
            return f"did not end within {longest_s:.0f} s"
        if session.phase is Phase.CHECKING and n_calibrations >= CALIBRATIONS:
            return f"calibration refused: {_refusal(rig)}"
        operator.act(rig, session)
        session = _session(rig)
    return ""


def _session(rig: TrialRig) -> Session:
    session = rig.engine.session
    if session is None:
        msg = "expected a session in a rig that was opened"
        raise ConfigError(msg)
    return session


def _refusal(rig: TrialRig) -> str:
    """Return what the first calibration failed for, without its numbers."""
    told = [str(e.detail["why"]) for e in rig.events if e.kind == "refused"]
    why = next((why for why in told if not why.startswith("the EMG ")), told[-1])
    return re.sub(r"[\d.]+", "#", why.split(",")[0])
