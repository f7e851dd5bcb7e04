"""From a session to the amplitudes that may go out now, with every reason."""

from typing import NamedTuple

from service.core.actuators import Drive, drive_ceilings
from service.core.company import treatment_of
from service.core.dose import Dose, on_fraction_of
from service.core.drives import (
    idle_drives,
    is_on_part,
    is_planned,
    wanted_drives,
)
from service.core.evolve import evolve
from service.core.limits import Bounded, bound_amplitude
from service.core.model import PERMITTED_PHASES, STIMULATING_PHASES
from service.core.slew import Established
from service.core.stage import BY_HAND, Stage
from service.core.state import Session, SiteMemory
from service.core.tone import NOT_ZERO

#: A longer pause between two decisions adds no dose: the permit has expired. A.
MAX_DOSE_DT_S = 0.3

#: Why nothing goes out in a program without an actuator.
NOTHING_ACTUATED = "nothing_actuated"


class Decision(NamedTuple):
    """What the output is allowed to do until the next decision.

    Parameters
    ----------
    active : bool
        Whether a permit goes out at all.
    amplitude : float
        Largest amplitude of the permit, in the unit of the actuators; 0 in off parts.
    requested : float
        Largest amplitude that was wanted.
    most_limiting : str
        The bound that mattered most; empty when none did.
    reasons : tuple of str
        Why the amplitudes are what they are.
    drives : tuple of Drive
        Per actuator of the session what the permit carries: before it is put on the
        grid of the device, so that slow rises do not stick to one grid point.
    amplitudes : tuple of float
        The same on the grid.
    """

    active: bool
    amplitude: float
    requested: float
    most_limiting: str
    reasons: tuple[str, ...]
    drives: tuple[Drive, ...] = ()
    amplitudes: tuple[float, ...] = ()


#: Before the first decision, after the last, and where nothing is actuated.
NO_DECISION = Decision(
    active=False, amplitude=0.0, requested=0.0, most_limiting="", reasons=()
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
        With the decision in its slew memories and its doses.
    decision : Decision
        Zero outside of the stimulating phases.
    """
    if not session.setup.program.actuates:
        why = (str(session.phase), NOTHING_ACTUATED)
        # Not even a permit of amplitude 0: there is nobody to obey it.
        return session, NO_DECISION._replace(reasons=why)
    wanted = wanted_drives(session)
    if session.phase not in STIMULATING_PHASES or wanted is None:
        nothing = NO_DECISION._replace(reasons=(str(session.phase),))
        if session.phase not in PERMITTED_PHASES:
            return session, nothing
        return session, nothing._replace(active=True, drives=idle_drives(session))
    memories, bounds = _bounded(session, wanted)
    amplitudes = tuple([bounded.amplitude for bounded in bounds])
    most = max(amplitudes)
    dt_s = min(max(session.now_s - session.established.t_s, 0.0), MAX_DOSE_DT_S)
    treatment = session.treatment
    if treatment is not None and most > 0:
        treatment = evolve(
            treatment,
            peak=max(treatment.peak, most),
            dose=treatment.dose + sum(amplitudes) * dt_s,
        )
    # From here on the device may be on, whatever its last readback said.
    zero = NOT_ZERO if most > 0 else session.zero
    decided = evolve(session, treatment=treatment, zero=zero, sites=memories)
    requested = max([drive.amplitude for drive in wanted])
    part = "on" if requested > 0 or is_on_part(session) else "off"
    met = sorted({reason for bounded in bounds for reason in bounded.reasons})
    return decided, Decision(
        active=True,
        amplitude=most,
        requested=requested,
        most_limiting=next((b.most_limiting for b in bounds if b.most_limiting), ""),
        reasons=(str(session.phase), part, *met),
        drives=tuple(
            [
                drive.at(bounded.exact)
                for drive, bounded in zip(wanted, bounds, strict=True)
            ]
        ),
        amplitudes=amplitudes,
    )


def _bounded(
    session: Session, wanted: tuple[Drive, ...]
) -> tuple[tuple[SiteMemory, ...], tuple[Bounded, ...]]:
    """Return what may go out per actuator, and what is remembered of it."""
    now_s, limits = session.now_s, session.setup.limits
    memories, bounds = [], []
    for k, (site, memory, drive) in enumerate(
        zip(session.setup.sites, session.sites, wanted, strict=True)
    ):
        actuator = site.wiring.actuator
        dose = memory.dose.at(now_s, on_fraction_of(limits, actuator))
        ceilings = {}
        if drive.amplitude != 0.0:  # no bound is below that
            ceilings = _ceilings(session, k, memory.established, dose, drive)
        bounded = bound_amplitude(drive.amplitude, ceilings, site.wiring.amplitude_step)
        bounds.append(bounded)
        memories.append(_remembered(memory, dose, bounded, drive, now_s))
    return tuple(memories), tuple(bounds)


def _remembered(
    memory: SiteMemory, dose: Dose, bounded: Bounded, drive: Drive, now_s: float
) -> SiteMemory:
    given = drive.at(bounded.amplitude)
    return SiteMemory(
        established=memory.established.after(now_s, bounded.exact),
        dose=dose.applied(given, now_s + MAX_DOSE_DT_S),
    )


def _ceilings(
    session: Session, k: int, established: Established, dose: Dose, drive: Drive
) -> dict[str, float]:
    """Return everything that bounds the amplitude now, by its reason."""
    limits, now_s = session.setup.limits, session.now_s
    site, treatment = session.setup.sites[k], treatment_of(session, k)
    actuator = site.wiring.actuator
    ceilings = drive_ceilings(limits, site.wiring, drive)
    if site.wiring.max_amplitude < limits[actuator.amplitude].value:
        ceilings["device"] = site.wiring.max_amplitude
    ceilings.update(dose.ceilings(limits, actuator))
    if treatment is not None:
        ceilings["response"] = treatment.response.cap
        ceilings.update(treatment.thresholds.ceilings_ma())
    slew = limits[actuator.slew]
    ceilings[f"slew:{slew.origin}"] = established.ceiling(
        now_s, slew.value, actuator.max_step
    )
    ceilings["amplitude:operator"] = session.operator_bound
    stage = session.setup.stage
    if stage is Stage.MONITOR:
        ceilings[f"stage:{stage}"] = 0.0
    elif stage in BY_HAND and treatment and is_planned(session.setup.program):
        # The plan moves below what the operator sets by hand.
        ceilings[f"stage:{stage}"] = treatment.level.amplitude
    if session.ebb is not None:
        # The weaker of several actuators may not rise to the strongest.
        lower = min(session.ebb.ceiling(now_s), established.amplitude)
        ceilings[f"ebb:{session.ebb.why}"] = lower
    return ceilings
