"""Changes of phase that more than one rule makes."""

from service.core.company import treatments_of, with_treatments
from service.core.control import Level
from service.core.evolve import evolve
from service.core.model import Note, Outcome, Phase, Task
from service.core.rhythm import Rhythm
from service.core.state import Session, Step, Treatment


def enter(session: Session, phase: Phase, *, cause: str = "") -> Step:
    """Change the phase.

    Parameters
    ----------
    session : Session
        Before.
    phase : Phase
        Where to.
    cause : str
        Why, in words.

    Returns
    -------
    session : Session
        In the new phase.
    notes : tuple of Note
        A ``phase`` note, and the prompt that comes with the phase, if any.
    """
    detail: dict[str, str | float | bool | None] = {
        "from": session.phase.value,
        "to": phase.value,
        "cause": cause,
    }
    changed = evolve(session, phase=phase, phase_since_s=session.now_s)
    notes = [Note("phase", detail)]
    if phase is Phase.REASSESSING:
        notes.append(prompt(Task.RELAX))
    return changed, tuple(notes)


def prompt(task: Task) -> Note:
    """Return the note that asks the person for something.

    Parameters
    ----------
    task : Task
        What is asked.

    Returns
    -------
    Note
        Of kind ``prompt``.
    """
    return Note("prompt", {"task": task.value})


def fail(session: Session, cause: str) -> Step:
    """Latch a fault.

    Parameters
    ----------
    session : Session
        Before.
    cause : str
        Names what failed.

    Returns
    -------
    session : Session
        In `Phase.FAULT`; a fault that is already latched keeps its first cause.
    notes : tuple of Note
        The phase change.
    """
    if session.phase is Phase.FAULT:
        return session, ()
    failed = evolve(session, outcome=Outcome.FAULT, cause=cause)
    return enter(failed, Phase.FAULT, cause=cause)


def hold(session: Session, reason: str) -> Step:
    """Take the output to zero and wait.

    Parameters
    ----------
    session : Session
        In a stimulating phase.
    reason : str
        Why; ``operator`` waits for an operator.

    Returns
    -------
    session : Session
        Holding. The level starts again from zero: what comes back after an
        interruption is not what was felt before it.
    notes : tuple of Note
        The phase change.
    """
    if treatments_of(session):
        paused = (_paused(one, session.now_s) for one in treatments_of(session))
        session = with_treatments(session, tuple(paused))
    held = evolve(
        session,
        hold_reason=reason,
        resume_to=session.phase,
        sites=session.from_zero(),
        ebb=None,
    )
    return enter(held, Phase.HOLDING, cause=reason)


def _paused(treatment: Treatment, now_s: float) -> Treatment:
    return evolve(
        treatment,
        on=False,
        rhythm=Rhythm(),
        bout_s=now_s,
        level=Level(0.0, now_s),
        release=treatment.release and treatment.release.paused(now_s),
        relaxation=treatment.relaxation.forgotten(),
        response=treatment.response.interrupted(now_s),
        turn=evolve(treatment.turn, picked=False, beside_pct_mvc=()),
    )


def refuse(session: Session, what: str, why: str) -> Step:
    """Refuse a request by name.

    Parameters
    ----------
    session : Session
        Stays as it is.
    what : str
        The request.
    why : str
        A sentence for the operator.

    Returns
    -------
    session : Session
        Unchanged.
    notes : tuple of Note
        One of kind ``refused``.
    """
    return session, (Note("refused", {"what": what, "why": why}),)
