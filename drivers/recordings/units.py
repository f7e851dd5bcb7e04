"""What a label and a unit in a file mean."""

import re

ADC = "ADC"
"""Counts of a converter whose scale the file does not tell."""

UNKNOWN = "unknown"
"""The file states no unit."""

_UV_PER_UNIT = {
    "nv": 1e-3,
    "uv": 1.0,
    "\u00b5v": 1.0,  # micro sign
    "\u03bcv": 1.0,  # Greek mu
    "microvolt": 1.0,
    "microvolts": 1.0,
    "mv": 1e3,
    "millivolt": 1e3,
    "millivolts": 1e3,
    "v": 1e6,
    "volt": 1e6,
    "volts": 1e6,
}
_EMG = re.compile(r"emg", re.IGNORECASE)
_MOTION = re.compile(r"\b(acc|gyro|mag|quat|orientation)\b", re.IGNORECASE)
_BRACKETED = re.compile(r"^(?P<label>.*?)\s*[\[(](?P<unit>[^\[\]()]*)[\])]\s*$")
_SUFFIXED = re.compile(r"^(?P<label>.+)_(?P<unit>[nuµμm]?v)$", re.IGNORECASE)


def uv_per_unit(unit: str) -> float | None:
    """Return the factor to microvolt, None if ``unit`` is not a known voltage."""
    return _UV_PER_UNIT.get(unit.strip().casefold().replace("\u00b5", "\u03bc"))


def is_emg_label(label: str) -> bool:
    """Tell whether a label names EMG, and not the motion that an EMG sensor adds."""
    return _EMG.search(label) is not None and _MOTION.search(label) is None


def split_unit(label: str) -> tuple[str, str]:
    """Split ``EMG 1 (mV)``, ``EMG [V]`` or ``emg_uv`` into label and unit."""
    found = _BRACKETED.match(label)
    if found and found["label"]:
        return found["label"], found["unit"].strip() or UNKNOWN
    found = _SUFFIXED.match(label)
    if found:
        return label, found["unit"]
    return label, UNKNOWN
