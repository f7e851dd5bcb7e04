"""``unclench programs``: which programs there are, what they say, what is wrong."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.config.load import load_toml
from service.config.paths import shipped_config
from service.config.programs import ProgramConfig, load_programs, program_data
from service.core.plans import Modality
from service.core.program import Program
from service.errors import ConfigError

#: Width of the names in a listing.
COLUMN = 28

#: Width of what is actuated.
MODALITY_COLUMN = max(len(modality) for modality in Modality)


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking one file came to: ``error`` is empty if it is a program."""

    path: Path
    name: str = ""
    warnings: tuple[str, ...] = ()
    error: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """What a user reads."""
        if self.error:
            return (f"error: {self.error}",)
        told = (f"warning: {self.path}: {text}" for text in self.warnings)
        return (f"ok: {self.path}: program {self.name}", *told)


def check_files(paths: Sequence[Path]) -> tuple[Checked, ...]:
    """Check every file, however many are wrong."""
    found: list[Checked] = []
    for path in paths:
        one = _checked(path)
        if one.name in {other.name for other in found if other.name}:
            why = f"{path}: there is a program {one.name!r} already; rename one"
            one = Checked(path, error=why)
        found.append(one)
    return tuple(found)


def _checked(path: Path) -> Checked:
    try:
        file = load_toml(path, ProgramConfig)
    except ConfigError as error:
        return Checked(path, error=str(error))
    return Checked(path, file.name, tuple(file.warnings()))


def shipped_programs() -> dict[str, Program]:
    """Return every program that comes with unclench, those of the demo last."""
    folder = shipped_config()
    return {
        **load_programs(folder / "programs"),
        **load_programs(folder / "demo" / "programs"),
    }


def find_program(wanted: str) -> Program:
    """Return the program of a name or file; raise `ConfigError` if there is none."""
    if wanted.endswith(".toml"):
        return load_toml(Path(wanted), ProgramConfig).to_core()
    programs = shipped_programs()
    if wanted not in programs:
        known = ", ".join(programs)
        msg = f"program: expected one of {known}, or a TOML file; got {wanted!r}"
        raise ConfigError(msg)
    return programs[wanted]


def list_text(programs: Iterable[Program]) -> str:
    """Return one line per program."""
    return "\n".join(map(_listed, programs))


def _listed(program: Program) -> str:
    modality = f"{program.modality.value:<{MODALITY_COLUMN}}"
    return f"{program.name:<{COLUMN}} {modality} {program.title}"


def show_text(program: Program) -> str:
    """Return every value that is in force, defaults included."""
    return "\n".join(_lines(program_data(program)))


def show_json(program: Program) -> str:
    """Return the same as one line of JSON."""
    return json.dumps(program_data(program), allow_nan=False)


def _lines(data: Mapping[str, object], table: str = "") -> Iterator[str]:
    inner = {key: value for key, value in data.items() if isinstance(value, dict)}
    for key, value in data.items():
        if key not in inner:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            yield f"{key:<{COLUMN}} {shown}"
    for key, value in inner.items():
        if value:
            yield ""
            yield f"[{table}{key}]"
            yield from _lines(value, f"{table}{key}.")
