"""What the engine tells the journal: every input of a decision, and the decision."""

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from service.core import model
from service.core.company import treatments_of
from service.core.decide import Decision
from service.core.model import Note
from service.core.plans import Modality
from service.core.state import Session
from service.messages import Message, OutputState, Permit, Record
from service.references import StoredReference

#: Kind of the record of a new reference.
REFERENCE = "reference"

#: An unchanged readback is recorded this often.
READBACK_EVERY_S = 0.5


def plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return a value as JSON can hold it; what is no number becomes its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


class Recording:
    """Numbers the records of one session after the other, if anybody listens."""

    def __init__(self, tell: Callable[[Message], None], *, listened: bool) -> None:
        self._tell = tell
        self._listened = listened
        self._session_id = ""
        self._number = 0
        self._readback: tuple[object, ...] = ()
        self._readback_s = -math.inf

    def begin(self, session: Session, names: dict[str, str]) -> None:
        """Start the journal of a session."""
        if not self._listened:
            return
        setup = session.setup
        self._session_id, self._number = setup.session_id, 0
        self._readback, self._readback_s = (), -math.inf
        limits = {q: {"value": b.value, "origin": b.origin} for q, b in _items(setup)}
        body = {
            "program": setup.program.name,
            "sites": [plain(site) for site in setup.sites],
            "muscles": list(setup.muscles),
            "limits": limits,
            **names,
        }
        self._write(session.now_s, "begin", body)

    def event(self, event: model.Event, output: OutputState | None) -> None:
        """Record an input, but not every unchanged readback."""
        if not self._session_id or isinstance(event, model.JournalSeen):
            return
        if isinstance(event, model.ReadbackSeen):
            seen = event.active, event.amplitude, event.fault
            due = event.now_s - self._readback_s >= READBACK_EVERY_S
            if seen == self._readback and not due:
                return
            self._readback, self._readback_s = seen, event.now_s
        body = {"event": type(event).__name__, **plain(event)}
        if isinstance(event, model.ReadbackSeen) and output is not None:
            body["permit_sequence"] = output.sequence
        self._write(event.now_s, "event", body)

    def decision(
        self, session: Session, decision: Decision, permit: Permit | None
    ) -> None:
        """Record a decision with what it came from and the permit that it led to."""
        if not self._session_id:
            return
        treatment = session.treatment
        body = {
            "phase": session.phase.value,
            "tone_pct_mvc": plain(treatment.tone_pct_mvc) if treatment else None,
            "threshold_pct_mvc": session.setup.program.success.threshold_pct_mvc,
            **plain(decision),
            "unit": session.setup.unit if session.setup.program.actuates else "",
            **_currents(session, decision),
            "permit": None,
        }
        if len(treatments_of(session)) > 1:
            body["muscles"] = _muscles(session)
        if permit is not None:
            body["permit"] = {
                "sequence": permit.sequence,
                "issued_ns": permit.issued_ns,
                "ttl_ms": permit.ttl_ms,
                "active": permit.active,
            }
        self._write(session.now_s, "decision", body)

    def note(self, session: Session, note: Note) -> None:
        """Record something that happened; the end of a session closes its journal."""
        if not self._session_id:
            return
        self._write(session.now_s, note.kind, plain(note.detail))
        if note.kind == "phase" and note.detail["to"] == "done":
            outcome = session.outcome.value if session.outcome else None
            self._write(
                session.now_s, "end", {"outcome": outcome, "cause": session.cause}
            )
            self._session_id = ""

    def reference(self, session: Session, taken: StoredReference | None) -> None:
        """Record a reference that a later session may use: the recorder keeps it."""
        if taken is not None and self._session_id:
            self._write(session.now_s, REFERENCE, taken.to_data())

    def _write(self, t_s: float, kind: str, body: dict[str, Any]) -> None:
        self._tell(
            Record(
                session_id=self._session_id,
                number=self._number,
                t_s=t_s,
                kind=kind,
                body=body,
            )
        )
        self._number += 1


def _muscles(session: Session) -> list[dict[str, Any]]:
    """Return what was known of each muscle that has a treatment of its own."""
    return [
        {
            "muscle": label,
            "tone_pct_mvc": plain(treatment.tone_pct_mvc),
            "level_ma": treatment.level.amplitude,
            "picked": treatment.turn.picked,
        }
        for label, treatment in zip(
            session.setup.muscles, treatments_of(session), strict=True
        )
    ]


def _currents(session: Session, decision: Decision) -> dict[str, float]:
    """Return the amplitude of the strongest current, 0 where there is none."""
    is_current = session.setup.program.modality is Modality.EMS
    strongest = max((drive.amplitude for drive in decision.drives), default=0.0)
    return {
        "amplitude_ma": decision.amplitude if is_current else 0.0,
        "exact_ma": strongest if is_current else 0.0,
        "requested_ma": decision.requested if is_current else 0.0,
    }


def _items(setup: Any) -> Any:  # noqa: ANN401 - items of a mapping
    return setup.limits.items()
