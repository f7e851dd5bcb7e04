"""``python -m service.config.reference``: the configuration reference as Markdown."""

import inspect
import sys
import typing
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from service.config.meanings import meanings
from service.config.programs import ProgramConfig
from service.config.rig import RigConfig
from service.core.kneading import MassagePlan
from service.core.limits import COMPILED
from service.core.plans import AssessPlan, FeedbackPlan, NeedlingPlan, SearchPlan
from service.core.program import (
    Bout,
    CalibrationPlan,
    Program,
    ResponsePlan,
    Success,
    Timing,
)
from service.core.zones import MatPlan

HEAD = """\
# Configuration

Generated from the models that check the files; do not edit.

Configuration is TOML. Every key with a physical meaning carries its unit in its name.
Unknown keys, numbers in quotes, NaN and infinities are refused before anything starts,
all mistakes in one message. *A* marks assumptions of this project: engineering choices,
not clinical recommendations.
"""

LIMITS_HEAD = """\
## Ceilings that are compiled in

No configuration can raise them. Configuration beyond `absolute` is refused, above
`recommended` the operator is warned. Limits only ever tighten: compiled < rig <
device < program < session.

| quantity | absolute | recommended | source |
|---|---|---|---|
"""

#: The classes of the core that say what the keys of a program mean.
CORE = (
    AssessPlan,
    Bout,
    CalibrationPlan,
    FeedbackPlan,
    MassagePlan,
    MatPlan,
    NeedlingPlan,
    SearchPlan,
    Program,
    ResponsePlan,
    Success,
    Timing,
)


def render() -> str:
    """Return the whole reference."""
    parts = [HEAD, "## Rig files\n", *_sections(RigConfig, "")]
    parts += ["## Programs\n", *_sections(ProgramConfig, "")]
    rows = (
        f"| `{q}` | {rail.absolute:g} | {rail.recommended:g} | {rail.source} |\n"
        for q, rail in COMPILED.items()
    )
    return "\n".join([*parts, LIMITS_HEAD + "".join(rows)])


def _sections(model: type[BaseModel], path: str) -> Iterator[str]:
    doc = inspect.getdoc(model) or ""
    rows = [f"### `{path or 'top of the file'}`\n", doc.split("\n\n")[0], ""]
    rows += ["| key | type and range | default | meaning |", "|---|---|---|---|"]
    inner: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        models = list(_models(field.annotation))
        rows.append(_row(name, field, models))
        inner += [(f"{path}.{name}".lstrip("."), m) for m in models]
    yield "\n".join(rows) + "\n"
    for where, m in inner:
        yield from _sections(m, where)


def _row(name: str, field: FieldInfo, models: list[type[BaseModel]]) -> str:
    kind = "table" if models else _kind(field)
    if field.is_required():
        default = "required"
    elif models:
        default = ""
    else:
        default = f"`{field.get_default(call_default_factory=True)!r}`"
    meaning = " ".join((field.description or core_meanings().get(name, "")).split())
    return f"| `{name}` | {kind} | {default} | {meaning} |"


def _kind(field: FieldInfo) -> str:
    args = typing.get_args(field.annotation)
    if typing.get_origin(field.annotation) is typing.Literal:
        return " or ".join(f"`{a}`" for a in args)
    named = getattr(field.annotation, "__name__", str(field.annotation))
    if "tuple" in str(field.annotation):
        named = "list"
    signs = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    bounds = [
        f"{sign} {getattr(item, key):g}"
        for item in field.metadata
        for key, sign in signs.items()
        if getattr(item, key, None) is not None
    ]
    return " ".join([named, *bounds])


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models(part)


def core_meanings() -> dict[str, str]:
    """Return what the core's docstrings say about each parameter of a program."""
    found: dict[str, str] = {}
    for cls in CORE:
        found |= meanings(cls)
    return found


if __name__ == "__main__":
    sys.stdout.write(render())
