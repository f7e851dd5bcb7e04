"""A loop without guards on the response, to be compared with: in trials only.

No rig can be configured so. What is taken away lives in the state of the treatment, and
only this module puts it there; every limit on the output stays, and so does the rhythm.
Nothing but time ends such a treatment: weaning after a success is a guard, too.
"""

import statistics
from dataclasses import dataclass, replace

from service.core.guards import CrampWatch, Window
from service.core.program import ResponsePlan, Success
from service.core.response import Response
from service.core.state import Session, Treatment
from service.core.tone import Calibration, Relaxation
from service.trial.rig import TrialRig


@dataclass(frozen=True, slots=True)
class NoJudgement(Response):
    """A response that nobody judges: never a strike, never pointless."""

    def window_closed(
        self,
        plan: ResponsePlan,
        calibration: Calibration,
        t_s: float,
        level_ma: float,
        step: int = 0,
    ) -> Response:
        """Remember what the rhythm of pushes depends on, and judge nothing."""
        if not self.window_pct_mvc:
            return self
        median = statistics.median(self.window_pct_mvc)
        medians = (*self.medians_pct_mvc[-1:], median)
        seen = replace(self, window_pct_mvc=(), medians_pct_mvc=medians)
        if level_ma <= 0:
            return seen
        window = Window(t_s, level_ma, median, step)
        return Response.with_window(seen, plan, calibration, window)

    def useless(self, plan: ResponsePlan, t_s: float) -> bool:  # noqa: ARG002
        """Return that more of the same is welcome."""
        return False

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


@dataclass(frozen=True, slots=True)
class NoWeaning(Relaxation):
    """Evidence of relaxation that ends nothing."""

    def after(
        self,
        t_s: float,
        tone_pct_mvc: float,
        success: Success,
        *,
        believed: bool = True,
        fresh: bool = True,
    ) -> Relaxation:
        """Return the evidence after one more update."""
        seen = Relaxation.after(
            self, t_s, tone_pct_mvc, success, believed=believed, fresh=fresh
        )
        return NoWeaning(seen.relaxed, seen.history, seen.above_since_s)

    def reached(self, success: Success) -> bool:  # noqa: ARG002
        """Return that there is more to do."""
        return False


class UnguardedRig(TrialRig):
    """A rig whose treatment is not judged by what it does."""

    def step(self) -> None:
        """Take the guards away from a treatment that has just begun."""
        super().step()
        session = self.engine.session
        treatment = session.treatment if session else None
        if session is None or treatment is None:
            return
        bare = _bared(session, treatment)
        if bare is not treatment:
            self.engine._session = replace(session, treatment=bare)  # noqa: SLF001


def _bared(session: Session, treatment: Treatment) -> Treatment:
    """Return the treatment without guards, and with the time of its first hold."""
    if not isinstance(treatment.response, NoJudgement):
        return replace(
            treatment,
            response=NoJudgement(),
            cramp=NoCrampWatch(),
            relaxation=NoWeaning(),
        )
    held = treatment.relaxation
    success = session.setup.program.success
    if treatment.reached_s is None and Relaxation.reached(held, success):
        return replace(treatment, reached_s=held.history[0][0])
    return treatment
