"""What a state says of several muscles that are treated at once."""

import math

from service.core.company import calibrations_of, treatments_of
from service.core.decide import Decision
from service.core.muscle_ends import charge_shares
from service.core.state import Session
from service.program_states import TargetedState


def targeted_states(session: Session, decision: Decision) -> tuple[TargetedState, ...]:
    """Return each muscle as an operator sees it; none where one is treated alone."""
    treatments = treatments_of(session)
    if session.setup.program.targeted is None or not treatments:
        return ()
    permitted = decision.amplitudes or (0.0,) * len(treatments)
    finals = (session.final_pct_mvc, *(one.final_pct_mvc for one in session.company))
    rows = zip(
        session.setup.muscles,
        treatments,
        calibrations_of(session),
        charge_shares(session),
        permitted,
        finals,
        strict=True,
    )
    return tuple(
        TargetedState(
            label=label,
            tone_pct_mvc=_finite(treatment.tone_pct_mvc),
            baseline_pct_mvc=_finite(calibration.baseline_pct_mvc),
            threshold_pct_mvc=session.setup.program.success.threshold_pct_mvc,
            level_ma=treatment.level.amplitude,
            permitted_ma=amplitude,
            charge_share=share,
            strikes=treatment.response.strikes,
            picked=treatment.turn.picked,
            relaxed=treatment.relaxation.relaxed,
            ended=treatment.turn.ended,
            coactivations=treatment.turn.coactivations,
            final_pct_mvc=_finite(final),
        )
        for label, treatment, calibration, share, amplitude, final in rows
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
