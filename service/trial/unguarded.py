"""A loop without guards on the response, to be compared with: in trials only.

No rig can be configured so. What is taken away lives in the state of the treatment, and
only this module puts it there; every limit on the output stays.
"""

from dataclasses import dataclass, replace

from service.core.guards import CrampWatch
from service.core.program import ResponsePlan
from service.core.response import Response
from service.core.tone import Calibration
from service.trial.rig import TrialRig


@dataclass(frozen=True, slots=True)
class NoJudgement(Response):
    """A response that nobody judges: never a strike, never pointless."""

    def window_closed(
        self,
        plan: ResponsePlan,  # noqa: ARG002
        calibration: Calibration,  # noqa: ARG002
        t_s: float,  # noqa: ARG002
        level_ma: float,  # noqa: ARG002
        step: int = 0,  # noqa: ARG002
    ) -> Response:
        """Forget the off-window."""
        return replace(self, window_pct_mvc=())

    def overdue(self, plan: ResponsePlan, t_s: float) -> bool:  # noqa: ARG002
        """Return that there is no hurry."""
        return False


@dataclass(frozen=True, slots=True)
class NoCrampWatch(CrampWatch):
    """A watch that looks at nothing."""

    def measured(
        self,
        t_s: float,  # noqa: ARG002
        tone_pct_mvc: float,  # noqa: ARG002
        baseline_pct_mvc: float,  # noqa: ARG002
    ) -> CrampWatch:
        """Suspect nothing."""
        return self


class UnguardedRig(TrialRig):
    """A rig whose treatment is not judged by what it does."""

    def step(self) -> None:
        """Take the guards away from a treatment that has just begun."""
        super().step()
        session = self.engine.session
        treatment = session.treatment if session else None
        if session is None or treatment is None:
            return
        if not isinstance(treatment.response, NoJudgement):
            bare = replace(treatment, response=NoJudgement(), cramp=NoCrampWatch())
            self.engine._session = replace(session, treatment=bare)  # noqa: SLF001
