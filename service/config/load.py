"""From a TOML file to a checked model, or one message that says what is wrong."""

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from service.config.lines import Place, key_lines, line_of
from service.core.laws.mapping import LAWS
from service.core.plans import Modality
from service.errors import ConfigError

#: pydantic puts the tag of a union into the place of an error; users know no tags.
TAGS = frozenset({"lsl", "replay", "simulated", *LAWS, *Modality})

#: How a message names a key or a table: at its beginning, dotted, or in brackets.
NAMED = re.compile(r"^[a-z_]+(?=: )|[a-z_]+(?:\.[a-z_]+)+|(?<=\[)[a-z_]+(?=\])")

NO_LINES: Mapping[Place, int] = {}

Model = TypeVar("Model", bound=BaseModel)


def load_toml(path: Path, model: type[Model]) -> Model:
    """Return the model in a file; raise `ConfigError` naming every wrong key."""
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        msg = f"{path}: expected a TOML file that can be read, got: {error.strerror}"
        raise ConfigError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: expected TOML, got: {error}; correct the line"
        raise ConfigError(msg) from error
    return check(data, model, str(path), key_lines(text))


def check(
    data: dict[str, Any],
    model: type[Model],
    where: str,
    lines: Mapping[Place, int] = NO_LINES,
) -> Model:
    """Return the model of ``data``; raise `ConfigError` naming every wrong key.

    ``lines`` tells on which line of the file each key is.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        known = sorted(set(_keys(model)))
        told = [_told(item, known, lines) for item in error.errors(include_url=False)]
        told.sort(key=lambda one: one[0])
        text = "; ".join(words for _, words in told)
        raise ConfigError(f"{where}: {text}") from error


def _told(
    item: Any,  # noqa: ANN401 - pydantic's ErrorDetails
    known: list[str],
    lines: Mapping[Place, int],
) -> tuple[int, str]:
    # The first part is a table of the file, even where a tag has the same name.
    place = tuple(
        part for n, part in enumerate(item["loc"]) if n == 0 or part not in TAGS
    )
    number, words = line_of(lines, place), _words(item, known, place)
    if number is None and not place:
        number = _named_line(lines, words)
    return (0, words) if number is None else (number, f"line {number}: {words}")


def _named_line(lines: Mapping[Place, int], words: str) -> int | None:
    """Return the line of the first key that is named; what spans tables has none."""
    places = (tuple(name.split(".")) for name in NAMED.findall(words))
    return next((lines[place] for place in places if place in lines), None)


def _words(item: Any, known: list[str], path: Place) -> str:  # noqa: ANN401 - as above
    place = ".".join(map(str, path))
    if item["type"] == "extra_forbidden":
        return f"unknown key {place}{_hint(str(item['loc'][-1]), known)}"
    if item["type"] == "missing":
        return f"missing key {place}"
    if item["type"] == "union_tag_invalid":
        ctx = item["ctx"]
        tag = str(ctx["discriminator"]).strip("'")
        return f"{place}.{tag}: expected {ctx['expected_tags']}, got {ctx['tag']!r}"
    text = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "value_error":
        return f"{place}: {text}" if place else text
    return f"{place}: {text[0].lower() + text[1:]}, got {item['input']!r}"


def _hint(key: str, known: list[str]) -> str:
    with_unit = [name for name in known if name.startswith(f"{key}_")]
    if with_unit:
        return f" (a key carries its unit: {' or '.join(with_unit)}?)"
    close = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _keys(model: type[BaseModel]) -> Iterable[str]:
    for name, field in model.model_fields.items():
        yield name
        for inner in _models(field.annotation):
            yield from _keys(inner)


def _models(annotation: Any) -> Iterable[type[BaseModel]]:  # noqa: ANN401 - any type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
