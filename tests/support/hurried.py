"""Shipped programs with short calibrations, and sessions of them in virtual time."""

from dataclasses import replace

from service.core.program import Program
from service.program_files import shipped_programs
from service.rehearsal.virtual import SCRIPT, UNARMED_SCRIPT
from tests.support.virtual_rig import UNWATCHED, VirtualRig, WirelessRig

#: Muscles of a program for several: a tense, a mildly tense and a relaxed one.
N_MUSCLES = 3
SHIPPED = sorted(shipped_programs())


def hurried(name: str, treatment_s: float = 60.0, **timing: float) -> Program:
    """Return a shipped program; only what its calibration lasts is changed."""
    program = shipped_programs()[name]
    quick = {"rest_s": 6.0, "mvc_trials": 1, "relax_s": 5.0, "baseline_s": 8.0}
    limits = {"treatment_s": treatment_s, "reassess_s": 4.0, **timing}
    return replace(
        program,
        calibration=replace(program.calibration, **quick),
        timing=replace(program.timing, **limits),
        assess=replace(program.assess, wait_s=0.0),
    )


def script_of(program: Program) -> dict[str, str]:
    return SCRIPT if program.actuates else UNARMED_SCRIPT


def session_of(program: Program, preset: str, seed: int = 1) -> VirtualRig:
    """Return a rig on which a whole session was played, with everything recorded."""
    n = n_muscles(program)
    rig = VirtualRig(preset, seed, program=program, n_channels=n, recorded=True)
    return to_the_end(rig)


def outcome_of(program: Program, preset: str, seed: int = 1) -> VirtualRig:
    """Return one for what came of the session and what was told: it is quicker."""
    n = n_muscles(program)
    return to_the_end(
        WirelessRig(preset, seed, program=program, n_channels=n, options=UNWATCHED)
    )


def n_muscles(program: Program) -> int:
    return N_MUSCLES if program.has_muscles else 1


def to_the_end(rig: VirtualRig) -> VirtualRig:
    rig.open()
    rig.run(lambda r: r.phase in {"done", "fault"}, 900, script=script_of(rig.program))
    return rig


def bodies(rig: VirtualRig, kind: str) -> list[dict]:
    return [record.body for record in rig.records if record.kind == kind]
