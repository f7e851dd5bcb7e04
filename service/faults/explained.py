"""Does somebody say why: the journal, or the session where nothing can be written."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from service.core.model import STIMULATING_PHASES, Phase
from service.faults.bounds import Demand
from service.faults.kinds import PERMIT_KINDS
from service.faults.verdict import Trace, Violation
from service.recorder.journal import follow

Record = Mapping[str, Any]

#: Words that explain a fault of a kind, in the cause of a phase or of the session.
CAUSES: Mapping[str, tuple[str, ...]] = {
    "stall": ("stale", "silent"),
    "drop": ("stale", "quality"),
    "nan": ("quality", "stale"),
    "clip": ("quality",),
    "lead-off": ("quality",),
    "clock-jump": ("future", "clock"),
    "lost-readback": ("output",),
    "device-fault": ("output",),
    "kill-output": ("output",),
    "disk-full": ("journal", "record"),
    "stop-recorder": ("journal", "record"),
    "kill-recorder": ("journal", "record"),
    "operator-gone": ("operator",),
    "stop": ("stop",),
    "request-flood": ("stop",),
}

#: Where nobody can write, the session says so while it can be asked.
UNRECORDED = frozenset({"disk-full", "stop-recorder", "kill-recorder"})

#: Times that went through whole nanoseconds compare with this tolerance.
TICK_S = 1e-6


def unexplained(
    records: Sequence[Record], why: str, trace: Trace, demand: Demand
) -> list[Violation]:
    """Return a violation if a treatment was interrupted and nobody says why.

    ``records`` are those of the journal, ``why`` is what the session says of itself.
    """
    if not demand.asks or _phase_at_fault(trace) not in STIMULATING_PHASES:
        return []
    after = [r for r in records if float(r["t_s"]) >= trace.fault_s - TICK_S]
    phases = [r["body"] for r in after if r["kind"] == "phase"]
    if any(body["to"] == Phase.REASSESSING and body["cause"] for body in phases):
        # The treatment came to an end of its own first, and said which.
        return []
    causes = [str(body["cause"]) for body in phases]
    words = CAUSES.get(trace.kind, ())
    if trace.kind in UNRECORDED:
        causes = [*causes, why]
    if trace.kind in PERMIT_KINDS:
        explained = any(_is_zero_readback(record) for record in after)
    else:
        # An engine or an output that is halted is for the supervisor to explain.
        explained = any(w in text for w in words for text in causes)
        explained = explained or not words
    if explained:
        return []
    text = f"expected one of {words}, got {json.dumps(causes)}"
    return [Violation("S25: not explained", text)]


def broken_journal(
    records: Sequence[Record], n_before: int, last_hash: str
) -> list[Violation]:
    """Return a violation if the records do not follow from each other."""
    _, trouble = follow(records, n_before, last_hash)
    return [Violation("S25: a broken journal", trouble)] if trouble else []


def _phase_at_fault(trace: Trace) -> str:
    before = [phase for t_s, phase in trace.phases if t_s <= trace.fault_s]
    return before[-1] if before else ""


def _is_zero_readback(record: Record) -> bool:
    body = record["body"]
    is_readback = record["kind"] == "event" and body["event"] == "ReadbackSeen"
    return is_readback and not body["active"] and not body["amplitude"]
