"""``[law]``: one table per control law, made from the ranges of the law itself."""

from dataclasses import Field as DataclassField
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union

from pydantic import BeforeValidator, Field, create_model, model_validator

from service.config.base import ConfigModel
from service.config.meanings import meanings
from service.core.laws.mapping import LAWS, law_from_mapping
from service.core.laws.protocol import Law

#: A law table that says nothing else is of this kind.
DEFAULT_KIND = "integral"


class TrialTable(ConfigModel):
    """``[[law.trials]]``: what one earlier session found."""

    amplitude_ma: Annotated[float, Field(ge=0)]
    """Largest amplitude that was applied."""

    tone_ratio: Annotated[float, Field(ge=0)]
    """Tone of the off-windows over the baseline of that session."""

    adverse: bool = False
    """The session ended with an adverse response."""


class LawTable(ConfigModel):
    """What every ``[law]`` has."""

    kind: str

    def to_core(self) -> Law[Any]:
        """Return the law."""
        return law_from_mapping(self.model_dump())

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        # What a range cannot say: how the parameters of a law go together.
        self.to_core()
        return self


def _field(declared: "DataclassField[Any]", meaning: str) -> tuple[Any, Any]:
    if declared.name == "trials":
        return list[TrialTable], Field(default_factory=list, description=meaning)
    number: Any = int if declared.type is int else float
    low, high = declared.metadata["low"], declared.metadata["high"]
    wanted: Any = Annotated[number, Field(ge=low, le=high)]
    return wanted, Field(default=declared.default, description=meaning)


def _table(kind: str) -> type[LawTable]:
    law = LAWS[kind]
    told = meanings(law)
    parameters: dict[str, Any] = {
        declared.name: _field(declared, told.get(declared.name, ""))
        for declared in fields(law)
    }
    only: Any = Literal[kind]
    title = (law.__doc__ or kind).splitlines()[0]
    words = Field(default=kind, description="Which law this is.")
    name = "".join(word.title() for word in kind.split("_")) + "LawTable"
    return create_model(
        name,
        __base__=LawTable,
        __doc__=f'``[law]`` with ``kind = "{kind}"``: {title}',
        kind=(only, words),
        **parameters,
    )


LAW_TABLES = {kind: _table(kind) for kind in sorted(LAWS)}


def _with_kind(data: object) -> object:
    if isinstance(data, dict) and "kind" not in data:
        return {"kind": DEFAULT_KIND, **data}
    return data


if TYPE_CHECKING:
    AnyLawTable = LawTable
else:
    AnyLawTable = Annotated[
        Annotated[
            Union[tuple(LAW_TABLES.values())],  # noqa: UP007 - only known at run time
            Field(discriminator="kind"),
        ],
        BeforeValidator(_with_kind),
    ]


def law_data(law: Law[Any]) -> dict[str, Any]:
    """Return the table that `LawTable.to_core` would read as ``law``."""
    if type(law) not in LAWS.values():
        msg = f"expected one of {', '.join(sorted(LAWS))}, got {type(law).__name__}"
        raise TypeError(msg)
    data: dict[str, Any] = asdict(law)  # type: ignore[call-overload]
    if "trials" in data:
        data["trials"] = list(data["trials"])
    return {"kind": law.kind, **data}
