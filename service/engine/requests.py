"""From a request on the bus to a command of the core, and back."""

import math
import secrets
from collections.abc import Mapping
from typing import Any

from service.core.arming import ArmRequest
from service.core.guards import CRAMP_LOCK_S
from service.core.model import Command, Note, Verb
from service.core.state import Session
from service.core.treatment import CRAMP
from service.messages import Reply, SessionCommand

TOKEN_BYTES = 8


def command_of(
    request: SessionCommand, now_s: float, values: Mapping[str, Any]
) -> Command:
    """Return the command; every press offers a token of its own.

    ``values`` are those of a calibration: see `service.engine.references`.
    """
    verb = Verb(request.verb)
    token = request.token
    if verb is Verb.PRESS:
        token = secrets.token_hex(TOKEN_BYTES)
    return Command(
        now_s,
        verb,
        token=token,
        arming=ArmRequest(
            request.token, request.operator, request.site, request.confirmed
        ),
        amplitude_ma=request.amplitude_ma,
        amplitude_kpa=request.amplitude_kpa,
        amplitude_mm=request.amplitude_mm,
        measure=request.measure,
        value=request.value,
        text=request.text,
        at_s=request.at_s,
        **values,
    )


def misdirected(request: SessionCommand, session: Session | None) -> Reply | None:
    """Return the answer to a request that no session can be asked for."""
    if session is None:
        return Reply(refused="no session is open", kind="unknown_session")
    own = session.setup.session_id
    if request.session_id not in {"", own}:
        why = f"the session of this rig is {own}, not {request.session_id}"
        return Reply(session_id=own, refused=why, kind="unknown_session")
    if request.verb not in set(Verb):
        why = f"expected one of {', '.join(Verb)}, got {request.verb!r}"
        return Reply(session_id=own, refused=why, kind="bad_request")
    return None


def refusal(session: Session, why: str) -> Reply:
    """Return the answer to a request that cannot be carried out."""
    own = session.setup.session_id
    return Reply(session_id=own, refused=why, kind="refused")


def reply_to(notes: tuple[Note, ...], session: Session) -> Reply:
    """Return what became of a command."""
    refusals = [str(note.detail["why"]) for note in notes if note.kind == "refused"]
    return Reply(
        session_id=session.setup.session_id,
        refused=refusals[0] if refusals else "",
        kind="refused" if refusals else "",
        token=session.button.token,
        held_s=session.button.held_s,
    )


def locked_until_s(session: Session) -> float:
    """Return until when the session after this one may not be armed."""
    cramped = session.cause == CRAMP
    ended_s = session.phase_since_s + CRAMP_LOCK_S if cramped else -math.inf
    return max(session.setup.locked_until_s, ended_s)
