"""EDF, EDF+ and BDF by edfio."""

import warnings as python_warnings
from pathlib import Path

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import MarkerStream, Recording, Signals
from drivers.recordings.optional import Untyped, reason, require
from drivers.recordings.units import UNKNOWN

EDF_NAME = "EDF"
BDF_NAME = "BDF"
RATE_DIGITS = 6
"""Rates that agree to so many digits behind the point are one rate."""


def read_edf(path: Path) -> Recording:
    """Read an EDF or EDF+ file."""
    return _read(path, EDF_NAME)


def read_bdf(path: Path) -> Recording:
    """Read a BDF file."""
    return _read(path, BDF_NAME)


def _read(path: Path, name: str) -> Recording:
    edfio = require("edfio", name)
    reader = edfio.read_edf if name == EDF_NAME else edfio.read_bdf
    with python_warnings.catch_warnings(record=True) as said:
        python_warnings.simplefilter("always")
        try:
            file = reader(path)
            streams = [
                group.stream() for group in _by_rate(list(file.signals), path.stem)
            ]
            markers = _annotations(file)
        except (
            *(OSError, ValueError, KeyError, IndexError, TypeError, EOFError),
            *(NotImplementedError, ArithmeticError, MemoryError, AttributeError),
        ) as error:
            msg = (
                f"{path}: expected an {name} file, but it cannot be read "
                f"({reason(error)}); it is damaged or of a kind that is not supported"
            )
            raise RecordingError(msg) from error
    messages = dict.fromkeys(f"{name} reader: {warning.message}" for warning in said)
    return Recording(name, path, tuple(streams), markers, tuple(messages))


def _by_rate(signals: list[Untyped], name: str) -> list[Signals]:
    """Group the signals by their rate; a lone group keeps the bare name."""
    groups: dict[float, list[Untyped]] = {}
    for signal in signals:
        rate_hz = round(float(signal.sampling_frequency), RATE_DIGITS)
        groups.setdefault(rate_hz, []).append(signal)
    return [
        Signals(
            name if len(groups) == 1 else f"{name} {rate_hz:g} Hz",
            [str(signal.label) for signal in group],
            [str(signal.physical_dimension).strip() or UNKNOWN for signal in group],
            rate_hz,
            np.column_stack([np.asarray(signal.data) for signal in group]),
            device=name,
        )
        for rate_hz, group in groups.items()
    ]


def _annotations(file: Untyped) -> tuple[MarkerStream, ...]:
    found = [(float(a.onset), str(a.text)) for a in file.annotations]
    if not found:
        return ()
    t_s = np.array([onset_s for onset_s, _ in found])
    texts = tuple(text for _, text in found)
    return (MarkerStream("annotations", "Markers", t_s, texts),)
