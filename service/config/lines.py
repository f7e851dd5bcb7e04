"""On which line of a TOML file a key stands: parsers keep no record of it."""

import re
from collections.abc import Mapping

Place = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"^\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_PAIR = re.compile(rf"^\s*({_DOTTED})\s*=")
_PART = re.compile(_KEY)
_LONG_QUOTES = ('"""', "'''")


def key_lines(text: str) -> dict[Place, int]:
    """Return the line of every table and key, counted from 1.

    Keys of inline tables are on the line of their table.
    """
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    quote = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quote:
            quote = "" if line.count(quote) % 2 else quote
            continue
        header, pair = _HEADER.match(line), _PAIR.match(line)
        if header:
            table = _parts(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                lines.setdefault(table, number)
            table = _with_indices(table, counts)
            lines.setdefault(table, number)
        elif pair:
            lines.setdefault((*table, *_parts(pair[1])), number)
        quote = next((q for q in _LONG_QUOTES if line.count(q) % 2), "")
    return lines


def line_of(lines: Mapping[Place, int], place: Place) -> int | None:
    """Return the line of a place, or of the nearest table around it; None: of none."""
    for n in range(len(place), 0, -1):
        if place[:n] in lines:
            return lines[place[:n]]
    return None


def _parts(dotted: str) -> Place:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _with_indices(table: Place, counts: dict[Place, int]) -> Place:
    """Return the place of the newest element of every list of tables on the way."""
    found: list[str | int] = []
    for n, part in enumerate(table, 1):
        found.append(part)
        if table[:n] in counts:
            found.append(counts[table[:n]])
    return tuple(found)
