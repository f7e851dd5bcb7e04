"""What an operator asks for, and whether it is possible now."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from service.core.arming import ARM_GOOD_S, Button
from service.core.assessing import assess
from service.core.calibrating import begin_calibration
from service.core.company import treatments_of, with_treatments
from service.core.control import Level
from service.core.leaking import abandon_leak, begin_leak
from service.core.mat import end_zone
from service.core.model import (
    PERMITTED_PHASES,
    STIMULATING_PHASES,
    Command,
    Note,
    Outcome,
    Phase,
    Verb,
)
from service.core.needling import mark
from service.core.release_words import hear, is_word
from service.core.searching import begin_search, thresholds_of
from service.core.stage import BY_HAND
from service.core.state import Session, Step, Treatment
from service.core.thresholds import NAMES, TOLERANCE
from service.core.transitions import enter, hold, refuse
from service.core.treatment import end, give_up
from service.core.watch import (
    emg_trouble,
    journal_trouble,
    operator_trouble,
    silent_peer,
)
from service.core.zones import is_intolerance


def _connect(session: Session, command: Command) -> Step:
    if session.phase is not Phase.IDLE:
        return refuse(session, command.verb, "this session has begun already")
    return enter(session, Phase.CONNECTING)


def _calibrate(session: Session, command: Command) -> Step:
    if session.phase not in {Phase.CHECKING, Phase.READY}:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    why = _not_good_yet(session)
    if why:
        return refuse(session, command.verb, why)
    return begin_calibration(session, command)


def _not_good_yet(session: Session, good_s: float | None = None) -> str:
    trouble = emg_trouble(session)
    if trouble:
        return f"the EMG is not usable: {trouble}"
    since_s = session.good_since_s
    check_s = session.setup.program.timing.check_s if good_s is None else good_s
    if since_s is None or session.now_s - since_s < check_s:
        return f"the EMG must be good for {check_s:g} s first"
    return ""


def _press(session: Session, command: Command) -> Step:
    if session.phase is not Phase.READY:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    button = session.button.pressed(session.now_s, command.token)
    return replace(session, button=button, present_s=session.now_s), ()


def _arm(session: Session, command: Command) -> Step:
    if not session.setup.program.actuates:
        why = "this program actuates nothing: start it, there is nothing to arm"
        return refuse(session, command.verb, why)
    why = _why_not_armed(session, command)
    # Whatever comes of it, a token that was shown is used.
    session = replace(session, button=Button())
    if why:
        return refuse(session, command.verb, why)
    named = replace(session, operator=command.arming.operator)
    return enter(named, Phase.ARMED)


def _why_not_armed(session: Session, command: Command) -> str:
    why = _why_not_begun(session)
    if not why and session.now_s < session.setup.locked_until_s:
        left_s = session.setup.locked_until_s - session.now_s
        why = f"locked for {left_s:.0f} s more after a cramp"
    return why or journal_trouble(session) or _ceremony_trouble(session, command)


def _why_not_begun(session: Session) -> str:
    if session.phase is not Phase.READY or session.calibration is None:
        return f"not possible while {session.phase}"
    why = _not_good_yet(session, ARM_GOOD_S)
    if not why and session.output_fault is not None:
        why = f"the output reports {session.output_fault}"
    if not why and not session.zero.since_s <= session.now_s:
        why = "the output has not confirmed that it is at zero"
    if not why and silent_peer(session) == "output_silent":
        why = "the output is silent"
    return why


def _ceremony_trouble(session: Session, command: Command) -> str:
    safety = session.setup.safety
    why = ""
    if safety.ceremony:
        why = session.button.why_not(session.now_s, command.arming.token)
        extra = session.setup.program.contraindications
        why = why or command.arming.why_not(safety, extra)
    if not why and operator_trouble(session):
        why = "no operator is present: keep sending present"
    return why


def _present(session: Session, _command: Command) -> Step:
    return replace(session, present_s=session.now_s), ()


def _level(session: Session, command: Command) -> Step:
    treatment = session.treatment
    if session.setup.stage not in BY_HAND:
        why = f"the loop sets the level in stage {session.setup.stage}"
        return refuse(session, command.verb, why)
    if session.phase is not Phase.TREATING or treatment is None:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    amplitude = _amplitude(session, command)
    if isinstance(amplitude, str):
        return refuse(session, command.verb, amplitude)
    level = Level(amplitude, session.now_s)
    moved = tuple(replace(one, level=level) for one in treatments_of(session))
    return with_treatments(session, moved), ()


def _limit(session: Session, command: Command) -> Step:
    amplitude = _amplitude(session, command)
    if isinstance(amplitude, str):
        return refuse(session, command.verb, amplitude)
    if session.phase in PERMITTED_PHASES and amplitude > session.operator_bound:
        why = "a bound is raised while disarmed: stop first"
        return refuse(session, command.verb, why)
    return replace(session, operator_bound=amplitude), ()


def _amplitude(session: Session, command: Command) -> float | str:
    """Return the amplitude that a command states in the unit of this session."""
    if not session.setup.program.actuates:
        return "this program actuates nothing"
    key = f"amplitude_{session.setup.unit.lower()}"
    stated: float | None = getattr(command, key)
    if stated is None or not 0 <= stated < math.inf:
        return f"{key} must be finite and at least 0"
    return stated


def _start(session: Session, command: Command) -> Step:
    if session.phase is Phase.ARMED:
        return _begin(session)
    if session.phase is Phase.READY and not session.setup.program.actuates:
        why = _why_not_begun(session) or journal_trouble(session)
        why = why or _confirmation_trouble(session, command)
        if why:
            return refuse(session, command.verb, why)
        return _begin(replace(session, operator=command.arming.operator))
    if session.phase is Phase.HOLDING:
        why = _not_good_yet(session)
        if not why and operator_trouble(session):
            why = "no operator is present: keep sending present"
        if why:
            return refuse(session, command.verb, why)
        return enter(session, session.resume_to, cause="operator")
    return refuse(session, command.verb, f"not possible while {session.phase}")


def _begin(session: Session) -> Step:
    # The first part is an off part: the loop measures before it acts.
    now_s = session.now_s
    program = session.setup.program
    treatment = Treatment(
        started_s=now_s,
        bout_s=now_s,
        law_state=program.law.start(),
        search=begin_search(session.setup),
        thresholds=thresholds_of(program),
    )
    # Each muscle that is stimulated has a treatment of its own.
    n_muscles = len(session.setup.muscles) if session.setup.program.targeted else 1
    return enter(with_treatments(session, (treatment,) * n_muscles), Phase.TREATING)


def _confirmation_trouble(session: Session, command: Command) -> str:
    """Say what a program without an actuator still wants to be confirmed."""
    items = session.setup.program.contraindications
    if not (session.setup.safety.ceremony and items):
        return ""
    if not command.arming.operator.strip():
        return "expected the name of the operator"
    return command.arming.why_not_confirmed(items)


def _finish(session: Session, command: Command) -> Step:
    treatment, cause = session.treatment, "finished by the operator"
    can_end = session.phase in STIMULATING_PHASES | {Phase.HOLDING}
    if treatment is None or not can_end:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    if session.setup.program.needling is not None:
        return end(session, Outcome.OBSERVED, cause)
    if session.phase is Phase.WEANING:
        return end(session, Outcome.REACHED, cause)
    return give_up(session, treatment, cause)


def _hold(session: Session, command: Command) -> Step:
    if session.phase is Phase.LEAK:
        return abandon_leak(session, "operator")
    if session.phase in STIMULATING_PHASES:
        return hold(session, "operator")
    if session.phase is Phase.HOLDING:
        return replace(session, hold_reason="operator"), ()
    return refuse(session, command.verb, f"not possible while {session.phase}")


def _stop(session: Session, _command: Command) -> Step:
    if session.phase in {Phase.IDLE, Phase.DONE, Phase.FAULT}:
        return session, ()
    stopped = replace(session, outcome=Outcome.STOPPED, cause="operator")
    return enter(stopped, Phase.DONE, cause="stop")


def _acknowledge(session: Session, command: Command) -> Step:
    if session.phase is not Phase.FAULT:
        return refuse(session, command.verb, "there is no fault")
    silent = silent_peer(session)
    # The journal of a session that failed stays closed: the next one begins its own,
    # and is not armed without it.
    still_there = {
        "emg": emg_trouble(session),
        "journal": silent,
        "output": silent == "output_silent" or session.output_fault,
    }
    origin = session.cause.replace(":", "_").split("_")[0]
    if still_there.get(origin):
        why = f"the cause is still there: {session.cause}"
        return refuse(session, command.verb, why)
    return enter(session, Phase.DONE, cause="acknowledged")


def _mark(session: Session, command: Command) -> Step:
    treatment, name = session.treatment, command.text
    is_held = session.phase is Phase.HOLDING and session.setup.program.actuates
    if is_held and name == TOLERANCE:
        # What it was too much of is over, but it does not come back by itself.
        return mark(replace(session, hold_reason="operator"), command)
    if is_word(session, name):
        return hear(session, command)
    if session.setup.program.mat is not None and is_intolerance(name):
        return end_zone(session, command)
    if name not in NAMES or not session.setup.program.actuates:
        return mark(session, command)
    if treatment is None or session.phase not in STIMULATING_PHASES:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    key = f"amplitude_{session.setup.unit.lower()}"
    marked, notes = [], []
    for k, one in enumerate(treatments_of(session)):
        amplitude = _felt(session, k, one)
        thresholds = one.thresholds
        if amplitude > 0:
            thresholds = thresholds.marked(name, amplitude)
            notes.append(Note("threshold", {"which": name, key: amplitude}))
        marked.append(replace(one, thresholds=thresholds))
    if not notes:
        return refuse(session, command.verb, "nothing has been on yet")
    return with_treatments(session, tuple(marked)), tuple(notes)


def _felt(session: Session, muscle: int, treatment: Treatment) -> float:
    """Return what a mark concerns: nobody can tell which of two muscles it was."""
    is_one = len(treatments_of(session)) == 1
    felt = session.established if is_one else session.sites[muscle].established
    # Between two on parts it is what was felt last, which is never more than this.
    return felt.amplitude or min(felt.peak, treatment.level.amplitude)


COMMANDS: Mapping[Verb, Callable[[Session, Command], Step]] = {
    Verb.CONNECT: _connect,
    Verb.CALIBRATE: _calibrate,
    Verb.ARM: _arm,
    Verb.LEAK: begin_leak,
    Verb.START: _start,
    Verb.HOLD: _hold,
    Verb.STOP: _stop,
    Verb.ACKNOWLEDGE: _acknowledge,
    Verb.PRESS: _press,
    Verb.PRESENT: _present,
    Verb.LEVEL: _level,
    Verb.LIMIT: _limit,
    Verb.ASSESS: assess,
    Verb.MARK: _mark,
    Verb.FINISH: _finish,
}
