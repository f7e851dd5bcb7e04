"""Tables of numbers in text files, garbage included."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drivers.errors import RecordingError
from dsp.types import F64

NAMED_ROWS = 3
"""So many bad rows are named in a warning; the rest is counted."""


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, UTF-16 with a mark, or Latin-1."""
    return decode(path.read_bytes(), path)


def decode(raw: bytes, path: Path) -> str:
    """Return ``raw`` as text; raise if it is binary."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    if b"\x00" in raw:
        msg = f"{path}: expected a text file, got binary data; check the file"
        raise RecordingError(msg)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def number(cell: str) -> float:
    """Return the number in a cell, NaN if it holds none."""
    try:
        return float(cell)
    except ValueError:
        return math.nan


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number (``nan`` counts)."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def numeric_rows(
    lines: Sequence[str], n_columns: int, delimiter: str | None, first_row: int
) -> tuple[F64, list[str]]:
    """Read rows of numbers into (n_rows, n_columns) and say what was not a number.

    An empty cell is a missing value, not an error. A garbage row stays as NaN so that
    the rows after it keep their time; a last line that was cut off is dropped.
    ``delimiter`` None splits at white space; ``first_row`` is the number of the first
    line in its file.
    """
    rows = [line for line in lines if line.strip()]
    if not rows:
        return np.empty((0, n_columns)), []
    try:
        table = np.loadtxt(rows, delimiter=delimiter, ndmin=2, comments=None)
    except ValueError:
        return _tolerant_rows(lines, n_columns, delimiter, first_row)
    if table.shape[1] == n_columns:
        return table, []
    return _tolerant_rows(lines, n_columns, delimiter, first_row)


def _tolerant_rows(
    lines: Sequence[str], n_columns: int, delimiter: str | None, first_row: int
) -> tuple[F64, list[str]]:
    kept: list[list[float]] = []
    widths: list[int] = []
    bad: list[int] = []
    last = first_row
    for i, line in enumerate(lines, start=first_row):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(delimiter)]
        last = i
        widths.append(len(cells))
        if not all(is_number(cell) for cell in cells if cell):
            bad.append(i)
        row = [number(cell) for cell in cells[:n_columns]]
        kept.append(row + [math.nan] * (n_columns - len(row)))
    warnings = []
    if len(kept) > 1 and widths[-1] < min(widths[-2], n_columns):
        kept.pop()
        bad = [i for i in bad if i != last]
        warnings.append("last row is cut off and was dropped")
    if bad:
        named = ", ".join(str(i) for i in bad[:NAMED_ROWS])
        more = f" and {len(bad) - NAMED_ROWS} more" if len(bad) > NAMED_ROWS else ""
        warnings.append(f"unreadable values in line {named}{more}; taken as missing")
    return np.array(kept, dtype=np.float64).reshape(-1, n_columns), warnings


def trim_missing(column: F64) -> F64:
    """Return a column without the missing values at its end."""
    present = np.flatnonzero(~np.isnan(column))
    return column[: present[-1] + 1] if present.size else column[:0]
