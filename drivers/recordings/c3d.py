"""C3D analog channels by ezc3d."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import MarkerStream, Recording, Signals
from drivers.recordings.optional import Untyped, reason, require
from drivers.recordings.units import UNKNOWN

NAME = "C3D"
SECONDS_PER_MINUTE = 60.0
PROBE = "import sys, ezc3d; ezc3d.c3d(sys.argv[1])"
PROBE_TIMEOUT_S = 60.0
"""A: longer than any recording takes."""
FRAME_FIELDS = struct.Struct("<HH")
"""First and last frame (words 4 and 5 of the header, C3D file format)."""
FRAME_FIELDS_AT = 6
FRAME_FIELD_FULL = 0xFFFF
"""Longer recordings keep their length elsewhere."""


def read(path: Path) -> Recording:
    """Read the analog channels of a C3D file."""
    ezc3d = require("ezc3d", NAME)
    _probe(path)
    try:
        file = ezc3d.c3d(str(path))
        analog = file["parameters"]["ANALOG"]
        rate_hz = float(np.ravel(analog["RATE"]["value"])[0])
        channels_first = np.asarray(file["data"]["analogs"])[0]
        values = channels_first.T
        n_promised = _promised_samples(path, file, rate_hz)
    except (
        *(OSError, ValueError, KeyError, IndexError, TypeError),
        *(RuntimeError, MemoryError, OverflowError),
    ) as error:
        msg = (
            f"{path}: expected a C3D file, but it cannot be read ({reason(error)}); "
            "the file is damaged"
        )
        raise RecordingError(msg) from error
    n_channels = values.shape[1]
    if n_channels == 0 or rate_hz <= 0:
        return Recording(NAME, path, (), (), ("the file has no analog channels",))
    labels = _texts(analog, "LABELS", n_channels, "")
    units = _texts(analog, "UNITS", n_channels, UNKNOWN)
    stream = Signals(path.stem, labels, units, rate_hz, values).stream()
    warnings = []
    if 0 < len(values) < n_promised:
        warnings.append(
            f"the header promises {n_promised} samples, {len(values)} are there: "
            "the file is cut off"
        )
    return Recording(NAME, path, (stream,), _events(file), tuple(warnings))


def _probe(path: Path) -> None:
    """Let a child process read the file first: the reader dies of some damage."""
    command = [sys.executable, "-c", PROBE, str(path)]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, a fixed script
            command, capture_output=True, timeout=PROBE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        msg = f"{path}: expected a C3D file, but reading it does not end; it is damaged"
        raise RecordingError(msg) from error
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        why = last[0] if last and done.returncode > 0 else "the reader crashed"
        msg = f"{path}: expected a C3D file, but it cannot be read ({why})"
        raise RecordingError(msg)


def _texts(group: Untyped, key: str, n: int, default: str) -> list[str]:
    found = [str(text).strip() or default for text in group[key]["value"]]
    return (found + [default] * n)[:n]


def _promised_samples(path: Path, file: Untyped, rate_hz: float) -> int:
    """Analog samples by the header; the reader itself trims to what is there."""
    with path.open("rb") as raw:
        head = raw.read(FRAME_FIELDS.size + FRAME_FIELDS_AT)
    first, last = map(int, FRAME_FIELDS.unpack_from(head, FRAME_FIELDS_AT))
    frame_rate_hz = float(file["header"]["points"]["frame_rate"])
    if not first <= last < FRAME_FIELD_FULL or frame_rate_hz <= 0:
        return 0
    return round((last - first + 1) * rate_hz / frame_rate_hz)


def _events(file: Untyped) -> tuple[MarkerStream, ...]:
    """Events as text and seconds; C3D stores their times as minutes and seconds."""
    group = file["parameters"].get("EVENT")
    if not group or "TIMES" not in group or "LABELS" not in group:
        return ()
    times = np.asarray(group["TIMES"]["value"], dtype=np.float64)
    labels = [str(text) for text in group["LABELS"]["value"]]
    if times.size == 0 or not labels:
        return ()
    t_s = times[0] * SECONDS_PER_MINUTE + times[1]
    n = min(len(labels), t_s.size)
    order = np.argsort(t_s[:n], kind="stable")
    texts = tuple(labels[i] for i in order)
    return (MarkerStream("events", "Markers", t_s[order], texts),)
