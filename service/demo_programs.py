"""Which programs the demo plays, with whom, and how it hurries them."""

from dataclasses import replace
from typing import Any

from drivers.subject.preset_names import DEFAULT_PRESET
from service.config.paths import shipped_config
from service.config.programs import load_programs
from service.core.program import Program
from service.errors import ConfigError

DEFAULT_PROGRAM = "ems-flutter-demo"

#: Who shows best what a program does; everybody else plays the default.
SUBJECTS = {"needling-observation": "needle-sequence"}

#: A calibration and a reassessment that nobody has to wait for. A simulated subject
#: does not tire of contractions.
HURRIED_CALIBRATION: dict[str, Any] = {
    "rest_s": 6.0,
    "mvc_s": 4.0,
    "mvc_trials": 1,
    "relax_s": 5.0,
    "baseline_s": 8.0,
}
REASSESS_S = 8.0


def subject_of(program: str) -> str:
    """Return the preset of the subject that a program is shown with."""
    return SUBJECTS.get(program, DEFAULT_PRESET)


def demo_program(name: str, treatment_s: float) -> Program:
    """Return a shipped program for the demo; raise `ConfigError` if there is none.

    Calibration and reassessment are hurried, the treatment is bounded; all else is as
    it is shipped.
    """
    folder = shipped_config()
    own = load_programs(folder / "demo" / "programs")
    programs = {**load_programs(folder / "programs"), **own}
    if name not in programs:
        known = ", ".join(programs)
        msg = f"program: expected one of {known}, got {name!r}"
        raise ConfigError(msg)
    program = programs[name]
    bounded = replace(program.timing, treatment_s=treatment_s)
    if name in own:
        return replace(program, timing=bounded)
    return replace(
        program,
        timing=replace(bounded, reassess_s=REASSESS_S),
        calibration=replace(program.calibration, **HURRIED_CALIBRATION),
        assess=replace(program.assess, wait_s=0.0),
    )
