"""BrainVision (.vhdr with .eeg and .vmrk) by mne."""

import configparser
import warnings as python_warnings
from pathlib import Path

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import MarkerStream, Recording, Signals
from drivers.recordings.optional import Untyped, reason, require

NAME = "BrainVision"
UV_PER_V = 1e6
NO_VOLTAGE = ("C", "n/a", "S")
"""Units that mne keeps as they are."""


def read(path: Path) -> Recording:
    """Read a BrainVision header and the files that it names."""
    mne = require("mne", NAME)
    with python_warnings.catch_warnings(record=True) as said:
        python_warnings.simplefilter("always")
        try:
            raw = mne.io.read_raw_brainvision(path, preload=True, verbose="WARNING")
        except FileNotFoundError as error:
            msg = (
                f"{path}: the header names a file that is missing ({reason(error)}); "
                "keep .vhdr, .eeg and .vmrk together under their original names"
            )
            raise RecordingError(msg) from error
        except (
            *(OSError, ValueError, LookupError, TypeError, RuntimeError),
            *(NotImplementedError, AttributeError, MemoryError, configparser.Error),
        ) as error:
            msg = (
                f"{path}: expected a BrainVision recording, but it cannot be read "
                f"({reason(error)}); the file is damaged"
            )
            raise RecordingError(msg) from error
    rate_hz = float(raw.info["sfreq"])
    units, factors = _units(raw)
    values = raw.get_data().T * factors
    stream = Signals(path.stem, raw.ch_names, units, rate_hz, values).stream()
    messages = dict.fromkeys(f"{NAME} reader: {warning.message}" for warning in said)
    return Recording(NAME, path, (stream,), _annotations(raw), tuple(messages))


def _units(raw: Untyped) -> tuple[list[str], np.ndarray]:
    """Units, and factors from what mne returns (volt for voltages)."""
    original: dict[str, str] = getattr(raw, "_orig_units", {})
    stated = [original.get(name, "n/a") for name in raw.ch_names]
    is_voltage = [unit not in NO_VOLTAGE for unit in stated]
    units = ["uV" if ok else unit for ok, unit in zip(is_voltage, stated, strict=True)]
    return units, np.where(is_voltage, UV_PER_V, 1.0)


def _annotations(raw: Untyped) -> tuple[MarkerStream, ...]:
    if not len(raw.annotations):
        return ()
    t_s = np.asarray(raw.annotations.onset, dtype=np.float64)
    texts = tuple(str(text) for text in raw.annotations.description)
    return (MarkerStream("annotations", "Markers", t_s, texts),)
