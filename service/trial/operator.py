"""The operator of a simulated session: does in each phase what the program needs."""

from service.core.measures import AFTER, BEFORE, missing
from service.core.model import Phase
from service.core.needling import summary_of
from service.core.plans import Measure
from service.core.program import Program
from service.core.state import Session
from service.rehearsal.insertions import next_verb
from service.rehearsal.virtual import SCRIPT, UNARMED_SCRIPT
from service.trial.rig import TrialRig


class Operator:
    """Calibrates, arms, starts; marks needles; asks the person before and after."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._script = SCRIPT if program.actuates else UNARMED_SCRIPT

    def act(self, rig: TrialRig, session: Session) -> None:
        """Do what comes next."""
        phase = session.phase
        if phase is Phase.READY:
            self._assess(rig, session, BEFORE)
        elif phase is Phase.REASSESSING:
            self._assess(rig, session, AFTER)
        elif phase is Phase.TREATING and self._program.needling is not None:
            self._needle(rig, session)
        if phase in self._script:
            rig.ask(self._script[phase])

    def _assess(self, rig: TrialRig, session: Session, when: str) -> None:
        """Enter what the person would truly say and show."""
        wanted = missing(self._program.assess, session.entries, when)
        if not wanted:
            return
        true = rig.person.outcomes()
        values = {
            Measure.PAIN_NRS: true.pain_nrs,
            Measure.RANGE_OF_MOTION_DEG: true.range_deg,
            Measure.PRESSURE_PAIN_THRESHOLD_KPA: true.ppt_kpa,
        }
        for measure in wanted:
            rig.ask("assess", measure=measure.value, value=values[measure])

    def _needle(self, rig: TrialRig, session: Session) -> None:
        summary, treatment = summary_of(session), session.treatment
        if summary is None or treatment is None:
            return
        treated_s = session.now_s - treatment.started_s
        verb = next_verb(summary.n_insertions, treated_s)
        if verb:
            rig.ask(verb)
