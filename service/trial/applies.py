"""Which cohorts mean something for which program, and which arms it can have.

A cohort is of interest where what sets it apart can show: how a person answers to a
treatment and what is wrong with a signal concern every program, what pulses, vibrators,
mats or needles do only those that use them.
"""

from collections.abc import Mapping

from drivers.subject.cohorts import RESET_SUFFIX
from drivers.subject.preset_names import COHORT_NAMES, TONE_VARIANTS
from service.core.plans import Modality
from service.core.program import Program
from service.errors import ConfigError

#: What some cohorts are about; all others concern every program.
PULSES, VIBRATORS, MATS, NEEDLES = "pulses", "vibration", "a mat", "needles"
ABOUT: Mapping[str, str] = {
    "adverse-ems": PULSES,
    "cramp-prone": PULSES,
    "fast-habituating": PULSES,
    "artifact-leak": PULSES,
    "adverse": PULSES,
    "adverse-vibration": VIBRATORS,
    "mat-intolerant": MATS,
    "needle-sequence": NEEDLES,
}

_USES: Mapping[Modality, str] = {
    Modality.EMS: PULSES,
    Modality.VIBRATION: VIBRATORS,
    Modality.MAT: MATS,
}

#: Both models of what a needle leaves behind.
NEEDLE_COHORTS = ("needle-sequence", f"needle-sequence{RESET_SUFFIX}")


def subject_of(program: Program) -> str:
    """Return what a program does that a cohort can be about; empty for the rest."""
    return NEEDLES if program.needling is not None else _USES.get(program.modality, "")


def cohorts_of(program: Program) -> tuple[str, ...]:
    """Return the cohorts that apply to a program, in their usual order.

    Nothing that anybody feels happens in an observation of needling, so that only the
    two models of needles, and what may be wrong with a signal, can be told apart.
    """
    own = subject_of(program)
    apply = [name for name in COHORT_NAMES if ABOUT.get(name, own) == own]
    if own == NEEDLES:
        apply = [*NEEDLE_COHORTS, *(name for name in apply if name in DISTURBED)]
    return tuple(apply)


#: Cohorts of a signal, or an effort, that is not as it should be.
DISTURBED = frozenset(
    {"low-snr", "ecg-heavy", "mains-heavy", "lead-off", "lsl-stall", "mvc-error"}
)


def require_cohort(program: Program, cohort: str) -> None:
    """Refuse a cohort that says nothing about a program."""
    about, own = ABOUT.get(_base(cohort)), subject_of(program)
    if about is not None and about != own:
        fitting = ", ".join(cohorts_of(program))
        msg = (
            f"--cohort: {cohort} is about {about}, which {program.name} does not use; "
            f"expected one of {fitting}"
        )
        raise ConfigError(msg)


def _base(cohort: str) -> str:
    """Return the name without what kind of tone, or of needle, it asks for."""
    name = cohort.removesuffix(RESET_SUFFIX)
    for variant in TONE_VARIANTS:
        bare = name.removesuffix(f"-{variant}")
        name = bare if bare in ABOUT else name
    return name
