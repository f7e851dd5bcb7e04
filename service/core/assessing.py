"""The session's side of outcome measures: taking them in, and waiting for them."""

import math
from dataclasses import replace

from service.core.measures import (
    AFTER,
    BEFORE,
    Comparison,
    Entered,
    compare,
    entered,
    missing,
    why_not,
)
from service.core.model import Command, Note, Phase
from service.core.plans import Measure
from service.core.state import Session, Step
from service.core.transitions import refuse

#: Phases in which an entry is of the time before.
BEFORE_PHASES = frozenset({Phase.CHECKING, Phase.CALIBRATING, Phase.READY})


def assess(session: Session, command: Command) -> Step:
    """Take in what an operator has measured.

    Parameters
    ----------
    session : Session
        Before the treatment, or reassessing.
    command : Command
        With measure, and value or text.

    Returns
    -------
    session : Session
        With the entry.
    notes : tuple of Note
        The entry, or a refusal.
    """
    if session.phase in BEFORE_PHASES:
        when = BEFORE
    elif session.phase is Phase.REASSESSING:
        when = AFTER
    else:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    why = why_not(
        session.setup.program.assess, command.measure, command.value, command.text
    )
    if why:
        return refuse(session, command.verb, why)
    value = math.nan if command.value is None else command.value
    new = Entered(Measure(command.measure), when, value, command.text)
    note = Note(
        "measure",
        {
            "measure": command.measure,
            "when": when,
            "value": command.value,
            "text": command.text,
        },
    )
    return replace(session, entries=entered(session.entries, new)), (note,)


def waits_for_entries(session: Session) -> bool:
    """Return whether the reassessment still waits for what an operator measures.

    Parameters
    ----------
    session : Session
        Reassessing.

    Returns
    -------
    bool
        False once all is entered, or the program's patience is over.
    """
    program = session.setup.program
    elapsed_s = session.now_s - session.phase_since_s
    if elapsed_s >= program.timing.reassess_s + program.assess.wait_s:
        return False
    return bool(missing(program.assess, session.entries, AFTER))


def comparison_notes(session: Session) -> tuple[Note, ...]:
    """Return what the measures came to, one note each.

    Parameters
    ----------
    session : Session
        At the end of its reassessment.

    Returns
    -------
    tuple of Note
        Of kind ``comparison``.
    """
    compared = compare(session.setup.program.assess, session.entries)
    return tuple(_note(one) for one in compared)


def _note(one: Comparison) -> Note:
    return Note(
        "comparison",
        {
            "measure": one.measure.value,
            "before": one.before if math.isfinite(one.before) else None,
            "after": one.after if math.isfinite(one.after) else None,
            "beyond_error": one.beyond_error,
        },
    )
