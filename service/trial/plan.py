"""What a trial is: its parameters, its subjects, and which arm each of them gets."""

import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from drivers.errors import DriverConfigError
from drivers.subject.cohorts import draw_subject
from drivers.subject.presets import PRESETS, subject_params
from drivers.subject.subject import SubjectParams
from service.config.load import load_toml
from service.config.paths import shipped_config
from service.config.programs import ProgramConfig, load_programs
from service.core.limits import COMPILED, Quantity
from service.core.program import Program
from service.errors import ConfigError
from service.trial.applies import require_cohort
from service.trial.arms import USUAL_COMPARATORS, Arm, make_arms, within_tolerance

#: Streams of random numbers that the seed of a trial is the root of.
PEOPLE, ALLOCATION, BOOTSTRAP = range(3)

MAX_SUBJECTS = 100_000


@dataclass(frozen=True, slots=True)
class TrialParams:
    """Everything that the results of a trial depend on.

    ``program`` is a name or a file; ``treatment_s`` replaces its longest treatment.
    Subjects are randomised to one arm each, in permuted blocks, or ``crossover`` lets
    each of them have all arms, every time as if for the first time. Where they are kept
    ``within_tolerance``, the operator has asked each of them what is too strong.
    """

    program: str
    cohorts: tuple[str, ...]
    subjects: int
    seed: int
    controllers: tuple[str, ...] = ()
    comparators: tuple[str, ...] = USUAL_COMPARATORS
    crossover: bool = False
    treatment_s: float | None = None
    within_tolerance: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be run, before anything is."""
        if not 1 <= self.subjects <= MAX_SUBJECTS:
            msg = f"--subjects: expected 1 to {MAX_SUBJECTS}, got {self.subjects}"
            raise ConfigError(msg)
        if self.seed < 0:
            msg = f"--seed: expected 0 or more, got {self.seed}"
            raise ConfigError(msg)
        if not self.cohorts or len(set(self.cohorts)) < len(self.cohorts):
            msg = f"--cohort: expected one or more, each once; got {self.cohorts}"
            raise ConfigError(msg)
        program = find_program(self.program)
        for cohort in self.cohorts:
            draw_person(cohort, self.seed)
            require_cohort(program, cohort)
        longest_s = COMPILED[Quantity.TREATMENT_S].absolute
        if self.treatment_s is not None and not 0 < self.treatment_s <= longest_s:
            msg = f"--treatment: expected up to {longest_s:g} s, got {self.treatment_s}"
            raise ConfigError(msg)

    def arms(self) -> dict[str, Arm]:
        """Return the arms by name."""
        program = self.loaded_program()
        arms = make_arms(program, self.controllers, self.comparators)
        if not self.within_tolerance:
            return arms
        return {name: within_tolerance(arm) for name, arm in arms.items()}

    def loaded_program(self) -> Program:
        """Return the program with the time of this trial."""
        program = find_program(self.program)
        if self.treatment_s is None:
            return program
        timing = replace(program.timing, treatment_s=self.treatment_s)
        return replace(program, timing=timing)

    def to_data(self) -> dict[str, Any]:
        """Return the parameters, and of the program what it says and not its name."""
        program = asdict(self.loaded_program())
        program["law"]["kind"] = self.loaded_program().law.kind
        return {**asdict(self), "program": program}


@dataclass(frozen=True, slots=True)
class Task:
    """One session: who, in which arm, and the seeds of person and signal."""

    cohort: str
    subject: int
    arm: Arm
    person_seed: int
    signal_seed: int

    @property
    def key(self) -> str:
        """Name of the session within its trial."""
        return f"{self.cohort}/{self.subject}/{self.arm.name}"


def find_program(name: str) -> Program:
    """Return a shipped program by its name, or the one in a file."""
    if name.endswith(".toml"):
        return load_toml(Path(name), ProgramConfig).to_core()
    programs: dict[str, Program] = {}
    for folder in ("programs", "demo/programs"):
        programs |= load_programs(shipped_config() / folder)
    if name not in programs:
        known = ", ".join(programs)
        msg = f"--program: expected one of {known}, or a .toml file; got {name!r}"
        raise ConfigError(msg)
    return programs[name]


def draw_person(cohort: str, seed: int) -> SubjectParams:
    """Draw one individual of a cohort, or of the narrower ranges of a preset."""
    try:
        return draw_subject(cohort, seed)
    except DriverConfigError:
        if cohort not in PRESETS:
            raise
        return subject_params(cohort, seed)


def plan_tasks(params: TrialParams) -> list[Task]:
    """Return every session of a trial, in the order of cohorts, subjects and arms.

    Number k of every cohort has the same seeds, so that cohorts can be compared; the
    allocation of one cohort does not depend on the others.
    """
    people, allocation = np.random.SeedSequence(params.seed).spawn(3)[: ALLOCATION + 1]
    seeds = [_two_seeds(one) for one in people.spawn(params.subjects)]
    arms = params.arms()
    tasks = []
    for cohort in params.cohorts:
        gets = allocate(params, list(arms), allocation, cohort)
        for subject, (person_seed, signal_seed) in enumerate(seeds):
            tasks += [
                Task(cohort, subject, arms[name], person_seed, signal_seed)
                for name in (arms if params.crossover else [gets[subject]])
            ]
    return tasks


def allocate(
    params: TrialParams, arms: list[str], sequence: np.random.SeedSequence, cohort: str
) -> list[str]:
    """Return the arm of each subject, in permuted blocks that hold every arm once."""
    own = np.random.SeedSequence(
        sequence.entropy, spawn_key=(*sequence.spawn_key, zlib.crc32(cohort.encode()))
    )
    rng = np.random.default_rng(own)
    gets: list[str] = []
    while len(gets) < params.subjects:
        gets += [arms[k] for k in rng.permutation(len(arms))]
    return gets[: params.subjects]


def _two_seeds(sequence: np.random.SeedSequence) -> tuple[int, int]:
    first, second = sequence.generate_state(2, np.uint64)
    return int(first), int(second)
