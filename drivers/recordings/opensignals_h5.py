"""OpenSignals HDF5 files by h5py, cut-off ones included."""

import io
import os
from pathlib import Path
from typing import Any

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import RecordedStream, Recording, Signals
from drivers.recordings.opensignals import channel_labels, convert, counter_stamps
from drivers.recordings.optional import Untyped, reason, require
from dsp.types import F64

NAME = "OpenSignals HDF5"

SUPERBLOCK_EOF_AT = 40
SUPERBLOCK_EOF_BYTES = 8
"""Where a version 0 superblock keeps the length that the file should have (HDF5 file
format specification, section II.A)."""

PROMISED_MAX = 1 << 32
"""A: no recording promises more; a larger length is damage."""

_H5_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError)


def read(path: Path) -> Recording:
    """Read every device of an OpenSignals HDF5 file."""
    h5py = require("h5py", NAME)
    size = path.stat().st_size
    content, promised = _completed(path, size)
    streams: list[RecordedStream] = []
    warnings = []
    if promised > size:
        warnings.append(
            f"the file is cut off: {size} of {promised} bytes; what is missing was "
            "left out"
        )
    try:
        with h5py.File(content, "r") as file:
            for name, group in file.items():
                if "sampling rate" in group.attrs:
                    stream, said = _device(name, group, size)
                    streams += stream
                    warnings += said
    except _H5_ERRORS as error:
        lost = (
            f"it is cut off ({size} of {promised} bytes) and its directory is lost"
            if promised > size
            else "it is damaged"
        )
        msg = (
            f"{path}: an HDF5 file, expected an OpenSignals recording, but {lost} "
            f"({reason(error)})"
        )
        raise RecordingError(msg) from error
    if not streams:
        msg = (
            f"{path}: an HDF5 file without an OpenSignals device that can be read; "
            "expected a group per device with 'sampling rate' and raw/channel_n"
        )
        raise RecordingError("; ".join([msg, *warnings]))
    return Recording(NAME, path, tuple(streams), (), tuple(warnings))


def _completed(path: Path, size: int) -> tuple[io.BytesIO | Path, int]:
    """Pad a cut-off file to its promised length, or HDF5 refuses to open it."""
    with path.open("rb") as file:
        file.seek(SUPERBLOCK_EOF_AT)
        promised = int.from_bytes(file.read(SUPERBLOCK_EOF_BYTES), "little")
        if not size < promised < PROMISED_MAX:
            return path, size
        file.seek(0, os.SEEK_SET)
        content = io.BytesIO(file.read())
    content.truncate(promised)
    content.seek(promised - 1)
    content.write(b"\0")
    content.seek(0)
    return content, promised


def _device(
    name: str,
    group: Untyped,
    size: int,
) -> tuple[list[RecordedStream], list[str]]:
    rate_hz = float(np.ravel(group.attrs["sampling rate"])[0])
    model = _text(group.attrs.get("device", ""))
    bits = np.ravel(group.attrs.get("resolution", []))
    raw = group["raw"]
    warnings: list[str] = []
    columns: list[F64] = []
    units, ports, sensors = [], [], []
    for k, key in enumerate(
        sorted((c for c in raw if c.startswith("channel_")), key=_order)
    ):
        counts, n_all = _readable(raw[key], size)
        if counts.size < n_all:
            warnings.append(
                f"{name}: {counts.size} of {n_all} samples of {key} are there"
            )
        sensor = _text(raw[key].attrs.get("sensor", ""))
        bit = int(bits[k]) if k < bits.size else 0
        column, unit = convert(counts, sensor, model, bit)
        columns.append(column)
        units.append(unit)
        ports.append(_text(raw[key].attrs.get("label", key)))
        sensors.append(sensor)
    if not columns:
        return [], [f"{name}: the device has no channels"]
    n_samples = min(column.size for column in columns)
    values = np.column_stack([column[:n_samples] for column in columns])
    labels = channel_labels(ports, sensors)
    signals = Signals(name, labels, units, rate_hz, values, device=name)
    return _stamped(signals, raw, size, warnings)


def _stamped(
    signals: Signals,
    raw: Untyped,
    size: int,
    warnings: list[str],
) -> tuple[list[RecordedStream], list[str]]:
    n_samples = len(signals.values)
    if "nSeq" not in raw or signals.rate_hz <= 0:
        return [signals.stream()], warnings
    counter, _ = _readable(raw["nSeq"], size)
    if counter.size < n_samples:
        warnings.append(f"{signals.name}: sample counter cut off; stamps by the rate")
        return [signals.stream()], warnings
    t_s, said = counter_stamps(counter[:n_samples], signals.rate_hz, signals.name)
    return [signals.stream(t_s)], warnings + said


def _readable(dataset: Untyped, size: int) -> tuple[F64, int]:
    """Leading values that lie within the first ``size`` bytes, and how many exist."""
    n = int(dataset.shape[0])
    if dataset.chunks is None:
        start = dataset.id.get_offset()
        width = dataset.dtype.itemsize * max(1, int(np.prod(dataset.shape[1:])))
        here = n if start is None else max(0, min(n, (size - start) // width))
    else:
        lost = [
            info.chunk_offset[0]
            for info in map(
                dataset.id.get_chunk_info, range(dataset.id.get_num_chunks())
            )
            if info.byte_offset + info.size > size
        ]
        here = min(lost, default=n)
    values = np.asarray(dataset[:here], dtype=np.float64)
    return values.reshape(here, int(np.prod(dataset.shape[1:])))[:, 0], n


def _order(key: str) -> tuple[int, str]:
    digits = key.removeprefix("channel_")
    return (int(digits) if digits.isdigit() else 0, key)


def _text(value: Any) -> str:  # noqa: ANN401 - bytes, text or an array of one
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
