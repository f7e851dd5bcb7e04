"""Marks that come as LSL markers: insertions, and what a person says with a button."""

import json

from drivers.ports import Marker
from service.core.model import Command, Verb
from service.core.needling import INSERTION
from service.core.plans import NeedlingPlan
from service.core.state import Session

#: The kind of a marker in JSON, or the beginning of a plain one, that is a mark.
MARK = "mark"

#: A longer text is no mark of anybody.
LONGEST = 128


def mark_of(marker: Marker, session: Session | None, now_s: float) -> Command | None:
    """Return the mark that a marker of the lab's stream is, if it is one.

    ``mark:TEXT``, or JSON with the kind ``mark`` and a ``text``, is what an operator
    could have marked by the API: a button in the hand of a person on the rig says
    ``mark:enough`` or ``mark:tolerance``. Where needling is observed, the marker of the
    program is an insertion.
    """
    if session is None:
        return None
    if _is_insertion(marker.text, session.setup.program.needling):
        return Command(now_s, Verb.MARK, text=INSERTION, at_s=marker.t_s)
    text = _marked(marker.text)
    return Command(now_s, Verb.MARK, text=text, at_s=marker.t_s) if text else None


def _is_insertion(text: str, plan: NeedlingPlan | None) -> bool:
    return plan is not None and _kind(text) in {plan.marker, INSERTION}


def _marked(text: str) -> str:
    event = _event(text)
    if event is not None:
        said = event.get("text") if event.get("kind") == MARK else None
        marked = said if isinstance(said, str) else ""
    else:
        start, _, marked = text.partition(":")
        marked = marked if start.strip() == MARK else ""
    marked = marked.strip()
    return marked if len(marked) <= LONGEST else ""


def _kind(text: str) -> str:
    event = _event(text)
    return text.strip() if event is None else str(event.get("kind", ""))


def _event(text: str) -> dict[str, object] | None:
    """Return a marker's JSON object; None for plain text."""
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
