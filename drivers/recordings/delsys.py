"""Delsys exports: Trigno Discover, EMGworks pairs, EMGworks with ``Label:`` lines.

In all three every column has its own rate: one row is not one instant.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import RecordedStream, Recording, Signals, rate_of
from drivers.recordings.text import numeric_rows, read_text, trim_missing
from drivers.recordings.units import UNKNOWN, is_emg_label, split_unit
from dsp.types import F64

DISCOVER_NAME = "Delsys Trigno Discover"
PAIRS_NAME = "Delsys EMGworks"
LABELS_NAME = "Delsys EMGworks text"

RATE_DIGITS = 2
"""EMGworks prints times with seven digits, so equal rates differ behind these."""

_RATE = re.compile(r"(-?[\d.]+)\s*Hz")
_LABEL_LINE = re.compile(
    r"^Label:\s*(?P<label>.*?)\s+Sampling frequency:\s*(?P<rate>\S+)\s+"
    r"Number of points:\s*(?P<points>\d+)\s+.*?(?<!Domain )Unit:\s*(?P<unit>\S+)"
)


@dataclass(frozen=True, slots=True)
class _Column:
    label: str
    unit: str
    rate_hz: float
    values: F64
    start_s: float = 0.0


def read_discover(path: Path) -> Recording:
    """Read a Trigno Discover CSV."""
    lines = read_text(path).splitlines()
    at = next((i for i, line in enumerate(lines) if _RATE.match(line.strip())), None)
    if at is None or at < 2:  # noqa: PLR2004 - sensors, modes and labels come before
        msg = f"{path}: expected a Trigno Discover header with a line of rates in Hz"
        raise RecordingError(msg)
    names = [split_unit(cell) for cell in _cells(lines[at - 1])]
    rates_hz = [_discover_rate(cell) for cell in _cells(lines[at])]
    n = min(len(names), len(rates_hz))
    sensors = _spread(_cells(lines[at - 3]) if at >= 3 else [], names)  # noqa: PLR2004
    rows, warnings = numeric_rows(lines[at + 1 :], n, ",", at + 2)
    columns = [
        _Column(f"{sensors[k]}: {names[k][0]}", names[k][1], rates_hz[k], column)
        for k in range(n)
        if (column := trim_missing(rows[:, k])).size and rates_hz[k] > 0
    ]
    kept = {c.label for c in columns}
    every = [f"{sensors[k]}: {names[k][0]}" for k in range(n)]
    warnings += _empty_warning([label for label in every if label not in kept])
    return _recording(DISCOVER_NAME, path, columns, warnings)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")]


def _discover_rate(cell: str) -> float:
    found = _RATE.match(cell)
    return float(found[1]) if found else 0.0


def _spread(cells: Sequence[str], names: Sequence[tuple[str, str]]) -> list[str]:
    """Give every column its sensor.

    A sensor stands over its first column; later ones are blank, or left out by the
    last sensor.
    """
    current, spread = "", []
    for k in range(len(names)):
        current = (cells[k] if k < len(cells) else "") or current
        spread.append(re.sub(r"\s+", " ", current))
    return spread


def read_pairs(path: Path) -> Recording:
    """Read an EMGworks CSV: pairs of a time column and a value column."""
    lines = read_text(path).splitlines()
    header = next(csv.reader([lines[0]]))
    titles = [cell.strip() for cell in header[1::2]]
    rows, warnings = numeric_rows(lines[1:], 2 * len(titles), ",", 2)
    columns, empty = [], []
    for k, title in enumerate(titles):
        column = _pair(title, rows[:, 2 * k], rows[:, 2 * k + 1])
        if column is None:
            empty.append(title)
        else:
            columns.append(column)
    return _recording(PAIRS_NAME, path, columns, warnings + _empty_warning(empty))


def _pair(title: str, t_s: F64, values: F64) -> _Column | None:
    values = trim_missing(values)
    rate_hz = rate_of(trim_missing(t_s[: values.size]))
    if not values.size or not rate_hz > 0:
        return None
    label, unit = split_unit(title)
    return _Column(label, unit, rate_hz, values, float(t_s[0]))


def read_labels(path: Path) -> Recording:
    """Read an EMGworks text export: ``Label:`` lines, then time and value columns."""
    lines = read_text(path).splitlines()
    described = [found for line in lines if (found := _LABEL_LINE.match(line.strip()))]
    starts = ("X[s]", "X [s]", "X,")
    at = next((i for i, line in enumerate(lines) if line.startswith(starts)), None)
    if not described or at is None:
        msg = f"{path}: expected 'Label:' lines and a line 'X,...' before the values"
        raise RecordingError(msg)
    rows, warnings = numeric_rows(lines[at + 1 :], 2 * len(described), ",", at + 2)
    columns, empty = [], []
    cut: dict[tuple[int, int], list[str]] = {}
    for k, found in enumerate(described):
        values = trim_missing(rows[:, 2 * k + 1])
        if not values.size:
            empty.append(found["label"])
            continue
        promised = int(found["points"])
        if values.size < promised:
            cut.setdefault((promised, values.size), []).append(found["label"])
        rate_hz = _positive(found["rate"]) or rate_of(rows[: values.size, 2 * k])
        columns.append(_Column(found["label"], found["unit"], rate_hz, values))
    warnings += _empty_warning(empty)
    warnings += [
        f"the file is cut off: the header promises {promised} points, {there} are "
        f"there in: {', '.join(labels)}"
        for (promised, there), labels in cut.items()
    ]
    return _recording(LABELS_NAME, path, columns, warnings)


def _positive(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def _empty_warning(labels: Sequence[str]) -> list[str]:
    return [f"no samples in: {', '.join(labels)}"] if labels else []


def _recording(
    name: str, path: Path, columns: Iterable[_Column], warnings: Sequence[str]
) -> Recording:
    """One stream per kind of signal, rate and length."""
    groups: dict[tuple[str, float, int], list[_Column]] = {}
    for column in columns:
        key = (
            _kind(column.label),
            round(column.rate_hz, RATE_DIGITS),
            column.values.size,
        )
        groups.setdefault(key, []).append(column)
    streams = tuple(
        _stream(kind, group, path.stem) for (kind, *_), group in groups.items()
    )
    if not streams:
        msg = f"{path}: a {name} file without a single sample"
        raise RecordingError("; ".join([msg, *warnings]))
    return Recording(name, path, streams, (), tuple(warnings))


def _kind(label: str) -> str:
    """EMG, ACC, GYRO, ...: the first word of the column."""
    if is_emg_label(label.rsplit(":", 1)[-1]):
        return "EMG"
    return re.split(r"[.\s]", label.rsplit(":", 1)[-1].strip())[0] or UNKNOWN


def _stream(kind: str, group: Sequence[_Column], device: str) -> RecordedStream:
    first = group[0]
    columns = Signals(
        f"{kind} {first.rate_hz:.2f} Hz",
        [c.label for c in group],
        [c.unit for c in group],
        first.rate_hz,
        np.column_stack([c.values for c in group]),
        kind,
        device,
    )
    stream = columns.stream()
    return stream if not first.start_s else columns.stream(stream.t_s + first.start_s)
