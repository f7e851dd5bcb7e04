"""MATLAB files: version 5 to 7 by scipy, 7.3 by h5py."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import (
    RecordedStream,
    Recording,
    Signals,
    are_stamps,
    rate_of_step,
)
from drivers.recordings.optional import reason, require
from drivers.recordings.units import UNKNOWN
from dsp.types import F64

NAME = "MATLAB"
RATE_NAMES = (
    *("fs", "srate", "sfreq", "rate", "samplerate", "samplingrate", "freq"),
    *("samplefrequency", "samplingfrequency", "sampleratehz", "fshz"),
)
TIME_NAMES = ("t", "time", "times", "ts", "timestamps")
SAMPLES_MIN = 2
"""Fewer values are a parameter, not a signal."""

_MAT_ERRORS = (
    *(OSError, ValueError, TypeError, KeyError, IndexError, EOFError, zlib.error),
    *(NotImplementedError, RuntimeError, MemoryError, OverflowError, AttributeError),
)


def read_mat5(path: Path) -> Recording:
    """Read a MATLAB file up to version 7; a damaged variable is left out and named."""
    io = require("scipy.io", NAME)
    found: dict[str, Any] = {}
    lost: list[str] = []
    try:
        names = [name for name, _, _ in io.whosmat(path)]
    except _MAT_ERRORS as error:
        msg = f"{path}: expected a MATLAB file, but it cannot be read ({reason(error)})"
        raise RecordingError(msg) from error
    for name in names:
        try:
            found |= io.loadmat(path, variable_names=[name], simplify_cells=True)
        except _MAT_ERRORS as error:
            lost.append(f"variable {name} cannot be read ({reason(error)})")
    variables = {key: value for key, value in found.items() if key[:2] != "__"}
    return _recording(path, variables, lost)


def read_mat73(path: Path) -> Recording:
    """Read a MATLAB 7.3 file, which is HDF5."""
    h5py = require("h5py", f"{NAME} 7.3")
    variables: dict[str, Any] = {}
    lost: list[str] = []
    try:
        with h5py.File(path, "r") as file:
            for name in file:
                if name.startswith("#") or not isinstance(file[name], h5py.Dataset):
                    continue
                try:
                    variables[name] = np.asarray(file[name])
                except _MAT_ERRORS as error:
                    lost.append(f"variable {name} cannot be read ({reason(error)})")
    except _MAT_ERRORS as error:
        msg = (
            f"{path}: expected a MATLAB 7.3 file, but it cannot be read "
            f"({reason(error)}); the file is damaged or cut off"
        )
        raise RecordingError(msg) from error
    return _recording(path, variables, lost)


def _recording(
    path: Path, variables: Mapping[str, Any], lost: Sequence[str]
) -> Recording:
    flat = dict(_flattened(variables))
    rate_hz = _rate(flat)
    arrays = {
        name: array
        for name, value in flat.items()
        if (array := _signal(value)) is not None and _plain(name) not in RATE_NAMES
    }
    times = {n: arrays.pop(n)[:, 0] for n in list(arrays) if _plain(n) in TIME_NAMES}
    times = {n: t_s for n, t_s in times.items() if are_stamps(t_s)}
    if not arrays:
        msg = f"{path}: a MATLAB file without a numeric array that could be a signal"
        raise RecordingError("; ".join([msg, *lost]))
    warnings = list(lost)
    if not rate_hz and not times:
        warnings.append(
            "no sampling rate: expected a variable such as Fs or a time vector"
        )
    streams = [_stream(name, array, rate_hz, times) for name, array in arrays.items()]
    return Recording(NAME, path, tuple(streams), (), tuple(warnings))


def _flattened(variables: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Variables and the fields of structs, as ``struct.field``."""
    flat: list[tuple[str, Any]] = []
    for name, value in variables.items():
        if isinstance(value, Mapping):
            flat += _flattened(value, f"{prefix}{name}.")
        else:
            flat.append((prefix + name, value))
    return flat


def _plain(name: str) -> str:
    return name.rsplit(".", 1)[-1].replace("_", "").casefold()


def _rate(variables: Mapping[str, Any]) -> float:
    for name, value in variables.items():
        array = np.asarray(value)
        if _plain(name) in RATE_NAMES and array.size == 1 and array.dtype.kind in "iuf":
            rate_hz = float(array.ravel()[0])
            if np.isfinite(rate_hz) and rate_hz > 0:
                return rate_hz
    return 0.0


def _signal(value: Any) -> F64 | None:  # noqa: ANN401 - whatever a file holds
    """Return a numeric vector or matrix time-first: the longer axis is time."""
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or array.size < SAMPLES_MIN:
        return None
    array = np.atleast_2d(np.squeeze(array))
    if array.ndim != 2:  # noqa: PLR2004
        return None
    return np.asarray(
        array.T if array.shape[1] > array.shape[0] else array, dtype=np.float64
    )


def _stream(
    name: str, array: F64, rate_hz: float, times: Mapping[str, F64]
) -> RecordedStream:
    n_samples, n_channels = array.shape
    t_s = next((t for t in times.values() if t.size == n_samples), None)
    if t_s is not None and not rate_hz:
        step_s = float(np.median(np.diff(t_s)))
        rate_hz = rate_of_step(step_s)
    labels = (
        [name] if n_channels == 1 else [f"{name} {i + 1}" for i in range(n_channels)]
    )
    return Signals(name, labels, [UNKNOWN] * n_channels, rate_hz, array).stream(t_s)
