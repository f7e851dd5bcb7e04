"""Stored references in a session: which one may be used, and what is to be kept."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from drivers.clock import utc_now
from dsp.normalise import MAX_AGE_S, Reference, ReferenceKind
from service.core.state import Session
from service.engine.feed import Feed
from service.messages import OpenSession, SessionCommand
from service.references import Montage, ReferenceStore, StoredReference, Wanted, find

STORED, MEASURED = "stored", "measured"
_PERCENT = 100.0
_HOUR_S = 3600.0


def unix_now() -> float:
    """Return the date as a number, which no start of this host resets."""
    return utc_now().timestamp()


class ReferenceDesk:
    """Knows the muscle of the session and what was stored of it.

    Without a ``store`` nothing is kept and nothing found. ``electrodes`` says what a
    channel (source, label) was derived from where that is not its label;
    ``now_unix_s`` dates what outlives this host's uptime.
    """

    def __init__(
        self,
        store: ReferenceStore | None = None,
        now_unix_s: Callable[[], float] = unix_now,
        max_age_s: float = MAX_AGE_S,
        electrodes: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self._store = store
        self._now_unix_s = now_unix_s
        self._max_age_s = max_age_s
        self._electrodes = electrodes or {}
        self._wants_stored = False
        self._wanted: Wanted | None = None
        self.status = ""

    def begin(self, request: OpenSession, feed: Feed, label: str) -> None:
        """Begin a session; `status` says what an operator should know."""
        electrodes = self._electrodes.get((feed.name, label), label)
        montage = Montage(feed.name, electrodes, feed.sample_rate_hz)
        self._wanted = Wanted(
            request.subject, label, montage, feed.band_hz, self._max_age_s
        )
        self._wants_stored = request.reference == STORED
        self.status = ""
        if self._wants_stored:
            self._look()

    def values(self, request: SessionCommand) -> dict[str, Any] | str:
        """Return the values that a command brings, or why it cannot be."""
        given = {"noise_uv": request.noise_uv, "mvc_uv": request.mvc_uv}
        if request.verb != "calibrate":
            return given
        if request.reference not in {"", STORED, MEASURED}:
            return f"reference: expected stored or measured, got {request.reference!r}"
        stored = request.reference == STORED or (
            self._wants_stored
            and request.reference != MEASURED
            and not any(value is not None for value in given.values())
        )
        if not stored:
            self.status = ""
            return given
        found = self._look()
        if found is None:
            return f"{self.status}. Or calibrate with reference = measured"
        return _values(found, self.status)

    def taken(self, session: Session) -> StoredReference | None:
        """Return what a calibration just measured and a later session may use."""
        calibration, wanted = session.calibration, self._wanted
        if calibration is None or wanted is None or not wanted.subject:
            return None  # nobody's reference is of no use
        if calibration.origin != MEASURED:
            return None
        plan = session.setup.program.calibration
        submaximal = calibration.kind == ReferenceKind.RVC.value
        share = plan.rvc_pct_mvc / _PERCENT if submaximal else 1.0
        reference = Reference(
            subject=wanted.subject,
            muscle=wanted.muscle,
            kind=ReferenceKind(calibration.kind),
            reference_uv=share * calibration.mvc_uv,
            noise_uv=calibration.noise_uv,
            band_hz=wanted.band_hz,
            taken_at_s=self._now_unix_s(),
            rest_uv=calibration.rest_uv,
        )
        return StoredReference(
            reference,
            wanted.montage,
            plan.rvc_pct_mvc if submaximal else None,
            session.setup.session_id,
            calibration.warnings,
        )

    def _look(self) -> StoredReference | None:
        """Return the reference that may be used, None if `status` says why not."""
        if self._store is None or self._wanted is None:
            self.status = "this rig keeps no references"
            return None
        found = find(self._store, self._wanted, self._now_unix_s())
        if isinstance(found, str):
            self.status = found
            return None
        self.status = self._said(found)
        return found

    def _said(self, stored: StoredReference) -> str:
        reference = stored.reference
        age_h = (self._now_unix_s() - reference.taken_at_s) / _HOUR_S
        return f"{reference.kind.value.upper()} stored {age_h:.1f} h ago"


def _values(stored: StoredReference, said: str) -> dict[str, Any]:
    """Return a stored reference as a command gives it: with the noise included."""
    reference = stored.reference
    mvc_uv = reference.reference_uv
    if stored.rvc_pct_mvc is not None:
        mvc_uv *= _PERCENT / stored.rvc_pct_mvc
    return {
        "noise_uv": reference.noise_uv,
        "mvc_uv": math.hypot(mvc_uv, reference.noise_uv),
        "origin": STORED,
        "kind": reference.kind.value,
        "warnings": (said, *stored.warnings, *reference.warnings(mvc_uv)),
    }
