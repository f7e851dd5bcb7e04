"""What the engine enters in the record of a subject, and when.

Disks may be slow: nothing is written while anything could be stimulating.
"""

from collections.abc import Callable

from service.core.dose import UC_PER_MC
from service.core.limits import Quantity
from service.core.stage import Stage
from service.core.state import Session
from service.errors import ConfigError
from service.messages import Reply, UnlockStage
from service.subjects import Entry, SubjectStore


class Ledger:
    """The record of subjects, if this engine keeps one."""

    def __init__(self, store: SubjectStore | None, tell: Callable[[str], None]) -> None:
        self._store = store
        self._tell = tell

    def reserve(self, session: Session, subject: str) -> str:
        """Enter all the charge that a session may use; return why it cannot be."""
        bound = session.setup.limits[Quantity.SESSION_CHARGE_MC]
        return self._enter(session, subject, bound.value, "")

    def settle(self, session: Session, subject: str) -> None:
        """Enter what a session did use.

        If that cannot be written it is told, and all that was reserved stays entered.
        """
        outcome = session.outcome.value if session.outcome else ""
        fraction = session.setup.limits[Quantity.ON_FRACTION].value
        used = [site.dose.at(session.now_s, fraction) for site in session.sites]
        charge_mc = sum(dose.charge_uc for dose in used) / UC_PER_MC
        why = self._enter(session, subject, charge_mc, outcome)
        if why:
            self._tell(why)

    def unlock(self, request: UnlockStage) -> Reply:
        """Answer a request for another stage."""
        if self._store is None or request.stage not in set(Stage):
            why = f"stage: expected one of {', '.join(Stage)}, got {request.stage!r}"
            return Reply(refused=why, kind="bad_request")
        try:
            why = self._store.unlock(
                request.subject, Stage(request.stage), request.operator
            )
        except (ConfigError, OSError) as error:
            return Reply(refused=str(error), kind="bad_request")
        return Reply(refused=why, kind="refused" if why else "")

    def _enter(
        self, session: Session, subject: str, charge_mc: float, outcome: str
    ) -> str:
        store, setup = self._store, session.setup
        if store is None:
            return ""
        entry = Entry(setup.session_id, store.now(), setup.stage, charge_mc, outcome)
        try:
            store.enter(subject, entry)
        except (ConfigError, OSError) as error:
            return f"the record of the subject cannot be written: {error}"
        return ""
