"""Plain CSV, and the device export of Vicon Nexus."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import Recording, Signals, are_stamps, rate_of_step
from drivers.recordings.text import is_number, number, numeric_rows, read_text
from drivers.recordings.units import UNKNOWN, split_unit
from dsp.types import F64

CSV_NAME = "CSV"
NEXUS_NAME = "Vicon Nexus CSV"
NEXUS_HEADER_ROWS = 5
NEXUS_INDEX_COLUMNS = 2

_RATE = re.compile(
    r"(?:sampl\w*[ _]*(?:rate|freq\w*)|\bs?rate|\bfs|_hz)\D{0,12}?"
    r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)",
    re.IGNORECASE,
)
_TIME_NAMES = ("time", "t", "times", "timestamp", "timestamps", "t_s", "time_s")
_SECONDS_PER = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6}


def read_nexus(path: Path) -> Recording:
    """Read the ``Devices`` table of a Vicon Nexus ASCII export."""
    lines = read_text(path).splitlines()
    if len(lines) <= NEXUS_HEADER_ROWS:
        msg = f"{path}: a Vicon Nexus export that ends inside its header"
        raise RecordingError(msg)
    head = list(csv.reader(lines[:NEXUS_HEADER_ROWS]))
    rate_hz = number(head[1][0]) if head[1] else float("nan")
    if not rate_hz > 0:
        msg = f"{path}: expected the rate in the second line of a Vicon Nexus export"
        raise RecordingError(msg)
    names, units = head[3], head[4]
    body = lines[NEXUS_HEADER_ROWS:]
    end = next((i for i, line in enumerate(body) if not line.strip(" ,")), len(body))
    rows, warnings = numeric_rows(body[:end], len(names), ",", NEXUS_HEADER_ROWS + 1)
    stated = [unit.strip() or UNKNOWN for unit in (units + [""] * len(names))]
    signals = Signals(
        path.stem,
        names[NEXUS_INDEX_COLUMNS:],
        stated[NEXUS_INDEX_COLUMNS : len(names)],
        rate_hz,
        rows[:, NEXUS_INDEX_COLUMNS:],
    )
    if end < len(body):
        warnings.append(f"only the first table was read, up to line {end + 5}")
    return Recording(NEXUS_NAME, path, (signals.stream(),), (), tuple(warnings))


def read_csv(path: Path) -> Recording:
    """Read columns of numbers with or without a header line and a time column."""
    text = read_text(path)
    lines = text.splitlines()
    comments = [line for line in lines if line.lstrip().startswith(("#", "%"))]
    first = next(
        (i for i, x in enumerate(lines) if x.strip() and x not in comments), len(lines)
    )
    delimiter, lines = _separated(lines, first)
    titles, body_at = _titles(lines, first, delimiter)
    if body_at >= len(lines):
        msg = f"{path}: expected columns of numbers, found no row of numbers"
        raise RecordingError(msg)
    rows, warnings = numeric_rows(lines[body_at:], len(titles), delimiter, body_at + 1)
    if not np.isfinite(rows).any():
        msg = f"{path}: expected columns of numbers, found no number"
        raise RecordingError(msg)
    return _recording(path, titles, rows, comments, warnings)


def _separated(lines: list[str], first: int) -> tuple[str | None, list[str]]:
    """Find the delimiter; with semicolons a decimal comma becomes a point."""
    sample = lines[first + 1] if first + 1 < len(lines) else "".join(lines[first:])
    if ";" in sample:
        return ";", [line.replace(",", ".") for line in lines]
    return next((d for d in (",", "\t") if d in sample), None), lines


def _titles(
    lines: Sequence[str], first: int, delimiter: str | None
) -> tuple[list[str], int]:
    """Column titles and the index of the first row of numbers."""
    if first >= len(lines):
        return [], first
    reader_delimiter = delimiter or ","
    cells = (
        next(csv.reader([lines[first]], delimiter=reader_delimiter), [])
        if delimiter
        else lines[first].split()
    )
    if all(is_number(cell.strip()) or not cell.strip() for cell in cells):
        return [f"ch{i}" for i in range(1, len(cells) + 1)], first
    return [cell.strip() for cell in cells], first + 1


def _recording(
    path: Path,
    titles: Sequence[str],
    rows: F64,
    comments: Sequence[str],
    warnings: list[str],
) -> Recording:
    time_at, t_s = _time_column(titles, rows)
    signal_at = [i for i in range(len(titles)) if i != time_at]
    if not signal_at:
        msg = f"{path}: expected signals, found only a time column"
        raise RecordingError(msg)
    split = [split_unit(titles[i]) for i in signal_at]
    rate_hz = _stated_rate(comments)
    if t_s is not None and not rate_hz:
        step_s = float(np.median(np.diff(t_s))) if t_s.size > 1 else 0.0
        rate_hz = rate_of_step(step_s)
    if not rate_hz:
        warnings.append(
            "no sampling rate: expected a time column or a comment such as "
            "'# sampling rate: 1000'"
        )
    signals = Signals(
        path.stem,
        [label for label, _ in split],
        [unit for _, unit in split],
        rate_hz,
        rows[:, signal_at],
    )
    return Recording(CSV_NAME, path, (signals.stream(t_s),), (), tuple(warnings))


def _time_column(titles: Sequence[str], rows: F64) -> tuple[int | None, F64 | None]:
    """Find the time column by its title; stamps in seconds, None if incomplete."""
    for i, title in enumerate(titles):
        label, unit = split_unit(title)
        if label.casefold().replace(" ", "_") not in _TIME_NAMES:
            continue
        t_s = rows[:, i] * _SECONDS_PER.get(unit.casefold(), 1.0)
        return i, t_s if are_stamps(t_s) else None
    return None, None


def _stated_rate(comments: Sequence[str]) -> float:
    found = next((m for line in comments if (m := _RATE.search(line))), None)
    return float(found[1]) if found else 0.0
