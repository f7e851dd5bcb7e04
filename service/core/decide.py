"""From a session to the amplitude that may go out now, with every reason."""

from dataclasses import dataclass, replace

from service.core.dose import Dose
from service.core.limits import Quantity, amplitude_ceilings, bound_amplitude
from service.core.model import PERMITTED_PHASES, STIMULATING_PHASES, Phase
from service.core.stage import Stage
from service.core.state import Session
from service.core.tone import ZeroTime

#: A longer pause between two decisions adds no dose: the permit has expired. A.
MAX_DOSE_DT_S = 0.3

#: Why nothing goes out in a program without an actuator.
NOTHING_ACTUATED = "nothing_actuated"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the output is allowed to do until the next decision.

    Parameters
    ----------
    active : bool
        Whether a permit goes out at all.
    amplitude_ma : float
        Amplitude of the permit; 0 in off parts.
    exact_ma : float
        The same before it was put on the device's grid: what the permit carries, so
        that slow rises do not stick to one grid point.
    requested_ma : float
        What the law wanted.
    most_limiting : str
        The bound that mattered most; empty when none did.
    reasons : tuple of str
        Why the amplitude is what it is.
    """

    active: bool
    amplitude_ma: float
    exact_ma: float
    requested_ma: float
    most_limiting: str
    reasons: tuple[str, ...]


#: Before the first decision, after the last, and where nothing is actuated.
NO_DECISION = Decision(
    active=False,
    amplitude_ma=0.0,
    exact_ma=0.0,
    requested_ma=0.0,
    most_limiting="",
    reasons=(),
)


def decide(session: Session) -> tuple[Session, Decision]:
    """Decide what the output may do.

    Parameters
    ----------
    session : Session
        After the newest event.

    Returns
    -------
    session : Session
        With the decision in its slew memory and its dose.
    decision : Decision
        Zero outside of the stimulating phases.
    """
    if not session.setup.program.actuates:
        nothing = (session.phase.value, NOTHING_ACTUATED)
        # Not even a permit of amplitude 0: there is nobody to obey it.
        return session, replace(NO_DECISION, reasons=nothing)
    wanted_ma = _wanted_ma(session)
    if session.phase not in STIMULATING_PHASES or wanted_ma is None:
        active = session.phase in PERMITTED_PHASES
        return session, Decision(active, 0.0, 0.0, 0.0, "", (session.phase.value,))
    now_s, requested = session.now_s, wanted_ma
    limits, pulse = session.setup.limits, session.setup.pulse
    dose = session.dose.at(now_s, limits[Quantity.ON_FRACTION].value)
    ceilings = _ceilings(session, dose)
    bounded = bound_amplitude(requested, ceilings, session.setup.amplitude_step_ma)
    dt_s = min(max(now_s - session.established.t_s, 0.0), MAX_DOSE_DT_S)
    treatment = session.treatment
    if treatment is not None:
        treatment = replace(
            treatment,
            peak_ma=max(treatment.peak_ma, bounded.amplitude_ma),
            dose_ma_s=treatment.dose_ma_s + bounded.amplitude_ma * dt_s,
        )
    decided = replace(
        session,
        treatment=treatment,
        # From here on the device may be on, whatever its last readback said.
        zero=ZeroTime() if bounded.amplitude_ma > 0 else session.zero,
        established=session.established.after(now_s, bounded.exact_ma),
        dose=dose.applied(bounded.amplitude_ma, pulse, now_s + MAX_DOSE_DT_S),
    )
    part = "on" if _is_on(session) else "off"
    reasons = (session.phase.value, part, *bounded.reasons)
    return decided, Decision(
        active=True,
        amplitude_ma=bounded.amplitude_ma,
        exact_ma=bounded.exact_ma,
        requested_ma=requested,
        most_limiting=bounded.most_limiting,
        reasons=reasons,
    )


def _wanted_ma(session: Session) -> float | None:
    """Return what is asked for now; None where there is nobody to ask."""
    if session.phase is Phase.LEAK:
        run = session.leak_run
        return None if run is None else run.amplitude_ma(session.now_s)
    treatment = session.treatment
    if treatment is None:
        return None
    return treatment.level.level_ma if _is_on(session) else 0.0


def _is_on(session: Session) -> bool:
    treatment, run = session.treatment, session.leak_run
    if session.phase is Phase.LEAK:
        return run is not None and run.amplitude_ma(session.now_s) > 0
    if treatment is None:
        return False
    # A signal that fails stops the turning of the bouts: nothing may stay on for it.
    passed_s = session.now_s - treatment.bout_s
    return treatment.on and passed_s < treatment.rhythm.on_s(session.setup.program.bout)


def _ceilings(session: Session, dose: Dose) -> dict[str, float]:
    """Return everything that bounds the amplitude now, by its reason."""
    limits, now_s = session.setup.limits, session.now_s
    ceilings = amplitude_ceilings(limits, session.setup.pulse)
    ceilings.update(dose.ceilings(limits))
    if session.treatment is not None:
        ceilings["response"] = session.treatment.response.cap_ma
        ceilings.update(session.treatment.thresholds.ceilings_ma())
    slew = limits[Quantity.SLEW_UP_MA_PER_S]
    ceilings[f"slew:{slew.origin}"] = session.established.ceiling_ma(now_s, slew.value)
    ceilings["amplitude:operator"] = session.operator_ma
    if session.setup.stage is Stage.MONITOR:
        ceilings[f"stage:{Stage.MONITOR}"] = 0.0
    if session.ebb is not None:
        ceilings[f"ebb:{session.ebb.why}"] = session.ebb.ceiling_ma(now_s)
    return ceilings
