"""XDF by pyxdf: stamps clock-synchronised, never dejittered."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from struct import error as StructError  # noqa: N812 - a class
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import (
    MarkerStream,
    RecordedStream,
    Recording,
    Signals,
    are_stamps,
)
from drivers.recordings.optional import reason, require
from drivers.recordings.units import UNKNOWN
from dsp.types import F64

NAME = "XDF"
OFFSET_WORTH_TELLING_S = 1e-3
"""A: less than one sample of any EMG stream."""
_EXPECTED_CHATTER = ("Segments and clock-segments differ", "different from specified")
"""What the reader remarks about stamps that are judged elsewhere."""


class _Collector(logging.Handler):
    """Keeps what the reader says about a damaged file."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        expected = any(remark in text for remark in _EXPECTED_CHATTER)
        if not expected and text not in self.messages:
            self.messages.append(text)


@contextlib.contextmanager
def _listening(logger_name: str) -> Iterator[_Collector]:
    logger = logging.getLogger(logger_name)
    collector, propagate = _Collector(), logger.propagate
    logger.addHandler(collector)
    logger.propagate = False
    try:
        yield collector
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate


def read(path: Path) -> Recording:
    """Read every stream of an XDF file."""
    with _listening("pyxdf") as said:
        raw = _load(path, dejitter=False)
        rates = {
            s["info"]["stream_id"]: float(s["info"]["effective_srate"])
            for s in _load(path, dejitter=True)
        }
    if not raw:
        msg = f"{path}: an XDF file without a single stream that can be read"
        raise RecordingError("; ".join([msg, *said.messages]))
    signals: list[RecordedStream] = []
    markers: list[MarkerStream] = []
    warnings = [f"XDF reader: {message}" for message in said.messages]
    for entry in raw:
        info = entry["info"]
        name = _text(info, "name") or f"stream {info['stream_id']}"
        warnings += _clock_warnings(name, entry)
        if _is_marker(info):
            markers.append(_markers(name, entry))
        else:
            stream, said_of_stamps = _signals(name, entry, rates[info["stream_id"]])
            signals.append(stream)
            warnings += said_of_stamps + _footer_warnings(name, entry)
    return Recording(NAME, path, tuple(signals), tuple(markers), tuple(warnings))


def _load(path: Path, *, dejitter: bool) -> list[dict[str, Any]]:
    pyxdf = require("pyxdf", NAME)
    try:
        streams, _ = pyxdf.load_xdf(
            path, synchronize_clocks=True, dejitter_timestamps=dejitter
        )
    except (
        *(OSError, EOFError, ValueError, KeyError, IndexError, TypeError),
        *(RuntimeError, StructError, ParseError, np.linalg.LinAlgError, MemoryError),
    ) as error:
        msg = (
            f"{path}: expected an XDF file, but it cannot be read ({reason(error)}); "
            "the file is damaged"
        )
        raise RecordingError(msg) from error
    return list(streams)


def _text(info: dict[str, Any], key: str) -> str:
    value = info.get(key)
    return str(value[0] or "") if value else ""


def _is_marker(info: dict[str, Any]) -> bool:
    is_text = _text(info, "channel_format") == "string"
    return is_text or _text(info, "type").casefold() in ("markers", "marker")


def _stamps(entry: dict[str, Any]) -> F64:
    return np.asarray(entry["time_stamps"], dtype=np.float64)


def _markers(name: str, entry: dict[str, Any]) -> MarkerStream:
    texts = tuple(" ".join(str(cell) for cell in row) for row in entry["time_series"])
    info = entry["info"]
    nominal_hz = float(_text(info, "nominal_srate") or 0)
    return MarkerStream(name, _text(info, "type"), _stamps(entry), texts, nominal_hz)


def _signals(
    name: str, entry: dict[str, Any], effective_hz: float
) -> tuple[RecordedStream, list[str]]:
    info = entry["info"]
    n_channels = int(_text(info, "channel_count") or 1)
    values = np.asarray(entry["time_series"], dtype=np.float64).reshape(-1, n_channels)
    labels, units = _channels(info, n_channels)
    columns = Signals(
        name,
        labels,
        units,
        float(_text(info, "nominal_srate") or 0),
        values,
        _text(info, "type"),
        device=f"{name}/{info['stream_id']}",
    )
    t_s = _stamps(entry)
    if are_stamps(t_s):
        return columns.stream(t_s, effective_hz), []
    said = f"{name}: some time stamps are not times; samples were counted instead"
    return columns.stream(), [said]


def _channels(info: dict[str, Any], n_channels: int) -> tuple[list[str], list[str]]:
    """Labels and units of the description; numbers and ``unknown`` where missing."""
    described: list[Any] = []
    desc = info.get("desc")
    if desc and isinstance(desc[0], dict):
        group = desc[0].get("channels")
        if group and isinstance(group[0], dict):
            described = [c for c in group[0].get("channel") or [] if c]
    if len(described) != n_channels:
        described = [{}] * n_channels
    labels = [_text(c, "label") or f"ch{i}" for i, c in enumerate(described, start=1)]
    return labels, [_text(c, "unit") or UNKNOWN for c in described]


def _clock_warnings(name: str, entry: dict[str, Any]) -> list[str]:
    offsets_s = np.asarray(entry["clock_values"], dtype=np.float64)
    if not offsets_s.size or not len(entry["time_stamps"]):
        return []
    if np.abs(offsets_s).max() < OFFSET_WORTH_TELLING_S:
        return []
    span = f"{offsets_s.min():+.4f} to {offsets_s.max():+.4f} s"
    return [f"{name}: {offsets_s.size} recorded clock offsets applied ({span})"]


def _footer_warnings(name: str, entry: dict[str, Any]) -> list[str]:
    """Say if the file was not closed, or promises another number of samples."""
    footer = entry.get("footer")
    if not footer or not footer.get("info"):
        return [f"{name}: no footer, the recording was not closed properly"]
    promised = _text(footer["info"], "sample_count")
    n_samples = len(entry["time_stamps"])
    if not promised or promised == str(n_samples):
        return []
    return [f"{name}: {n_samples} samples, but the footer says {promised}"]
