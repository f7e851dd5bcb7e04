"""What the actuators of a session are asked for now, before any bound."""

from collections.abc import Callable, Mapping

from service.core.actuators import Drive
from service.core.massage import massage_drives
from service.core.mat import mat_drives
from service.core.model import Phase
from service.core.program import Program
from service.core.release import release_drives
from service.core.state import Session
from service.core.targeted import targeted_drives

#: Programs that say for each actuator what it does, by the name of their plan. All
#: others have one level, that is on or off.
PLANNED: Mapping[str, Callable[[Session], tuple[Drive, ...]]] = {
    "release": release_drives,
    "massage": massage_drives,
    "mat": mat_drives,
    "targeted": targeted_drives,
}


def is_planned(program: Program) -> bool:
    """Return whether a plan says for each actuator what it does.

    Parameters
    ----------
    program : Program
        The program.

    Returns
    -------
    bool
        False for a program with one level.
    """
    return _plan_of(program) is not None


def _plan_of(program: Program) -> Callable[[Session], tuple[Drive, ...]] | None:
    for name, drives in PLANNED.items():
        if getattr(program, name) is not None:
            return drives
    return None


def is_on_part(session: Session) -> bool:
    """Return whether a program with one level is in an on part of its rhythm.

    Parameters
    ----------
    session : Session
        At the newest event.

    Returns
    -------
    bool
        False before a treatment, and for a program with a plan.
    """
    program, treatment = session.setup.program, session.treatment
    if treatment is None or not treatment.on or is_planned(program):
        return False
    # A signal that fails stops the turning of the bouts: nothing may stay on for it.
    passed_s = session.now_s - treatment.bout_s
    return passed_s < treatment.rhythm.on_s(program.bout)


def wanted_drives(session: Session) -> tuple[Drive, ...] | None:
    """Return what is asked for now.

    Parameters
    ----------
    session : Session
        At the newest event.

    Returns
    -------
    tuple of Drive or None
        One per site; None where there is nobody to ask.
    """
    program, treatment = session.setup.program, session.treatment
    if session.phase is Phase.LEAK:
        run = session.leak_run
        return (
            None if run is None else _on_all(session, run.amplitude_ma(session.now_s))
        )
    if treatment is None:
        return None
    drives = _plan_of(program)
    if drives is not None:
        return drives(session)
    is_on = is_on_part(session)
    return _on_all(session, treatment.level.amplitude if is_on else 0.0)


def idle_drives(session: Session) -> tuple[Drive, ...]:
    """Return what is asked for while nothing may go out.

    Parameters
    ----------
    session : Session
        Armed or holding.

    Returns
    -------
    tuple of Drive
        Amplitude 0 for every site.
    """
    return _on_all(session, 0.0)


def _on_all(session: Session, amplitude: float) -> tuple[Drive, ...]:
    program = session.setup.program
    drive = Drive(amplitude, program.pulse_width_us, program.frequency_hz)
    return (drive,) * len(session.setup.sites)
