"""OpenBCI GUI text recordings."""

import re
from pathlib import Path

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import MarkerStream, Recording, Signals, rate_of
from drivers.recordings.opensignals import counter_stamps
from drivers.recordings.text import number, numeric_rows, read_text
from dsp.types import F64

NAME = "OpenBCI text"
EPOCH_MS = 1e11
"""Larger time stamps are milliseconds since 1970, not seconds (recalled, R)."""
MS_PER_S = 1e3

_RATE = re.compile(r"%\s*Sample Rate\s*=\s*([\d.]+)", re.IGNORECASE)
_CHANNELS = re.compile(r"%\s*Number of channels\s*=\s*(\d+)", re.IGNORECASE)


def read(path: Path) -> Recording:
    """Read the EXG channels of an OpenBCI GUI file."""
    lines = read_text(path).splitlines()
    n_head = next(
        (i for i, line in enumerate(lines) if not line.startswith("%")), len(lines)
    )
    rates = [found[1] for line in lines[:n_head] if (found := _RATE.match(line))]
    counts = [found[1] for line in lines[:n_head] if (found := _CHANNELS.match(line))]
    has_titles = n_head < len(lines) and not _is_row(lines[n_head])
    titles = [t.strip() for t in lines[n_head].split(",")] if has_titles else []
    body = lines[n_head + has_titles :]
    exg = [i for i, title in enumerate(titles) if title.upper().startswith("EXG")]
    if not titles and counts:
        exg = list(range(1, 1 + int(counts[0])))
    rate_hz = number(rates[0]) if rates else 0.0
    width = len(titles) or (_width(body[0]) if body else 0)
    if not exg or not rate_hz > 0 or exg[-1] >= width or not body:
        msg = (
            f"{path}: expected an OpenBCI header with '%Sample Rate' and EXG channels "
            "followed by rows; the file is cut off or of another kind"
        )
        raise RecordingError(msg)
    first_row = n_head + has_titles + 1
    rows, warnings = _rows(body, width, first_row)
    labels = [titles[i] if titles else f"EXG Channel {i - 1}" for i in exg]
    t_s, said = counter_stamps(rows[:, 0], rate_hz, path.stem)
    stamps_s = _time_column(rows, titles)
    signals = Signals(
        path.stem, labels, ["uV"] * len(exg), rate_hz, rows[:, exg], "EXG"
    )
    effective_hz = rate_of(stamps_s) if stamps_s is not None else None
    markers = _markers(rows, titles, t_s)
    stream = signals.stream(t_s, effective_hz or rate_of(t_s))
    return Recording(NAME, path, (stream,), markers, (*warnings, *said))


def _is_row(line: str) -> bool:
    return not np.isnan(number(line.split(",", 1)[0]))


def _width(line: str) -> int:
    return len(line.split(","))


def _rows(body: list[str], width: int, first_row: int) -> tuple[F64, list[str]]:
    """Numbers of all rows; the last column is a clock time and no number."""
    numeric = width - 1 if ":" in body[0].rsplit(",", 1)[-1] else width
    if numeric < width:
        body = [",".join(line.split(",")[:numeric]) for line in body]
    return numeric_rows(body, numeric, ",", first_row)


def _time_column(rows: F64, titles: list[str]) -> F64 | None:
    """Arrival times in seconds; only good for the rate, they come in bursts."""
    if "Timestamp" not in titles or titles.index("Timestamp") >= rows.shape[1]:
        return None
    stamps = rows[:, titles.index("Timestamp")]
    stamps = stamps[np.isfinite(stamps)]
    if not stamps.size:
        return None
    return stamps / MS_PER_S if stamps[0] > EPOCH_MS else stamps


def _markers(rows: F64, titles: list[str], t_s: F64) -> tuple[MarkerStream, ...]:
    at = next((i for i, t in enumerate(titles) if t.startswith("Marker")), None)
    if at is None or at >= rows.shape[1]:
        return ()
    codes = rows[:, at]
    where = np.flatnonzero(np.isfinite(codes) & (codes != 0))
    if not where.size:
        return ()
    texts = tuple(f"{codes[i]:g}" for i in where)
    return (MarkerStream("markers", "Markers", t_s[where], texts),)
