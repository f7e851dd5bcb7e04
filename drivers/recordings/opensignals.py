"""OpenSignals text exports and what its devices send, shared with the HDF5 reader."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drivers.errors import RecordingError
from drivers.recordings.model import Recording, Signals, regular_stamps
from drivers.recordings.optional import reason
from drivers.recordings.text import numeric_rows, read_text
from drivers.recordings.units import ADC, UNKNOWN
from dsp.types import F64

TEXT_NAME = "OpenSignals text"
SIMPLE_NAME = "simple text"
HEADER_END = "# EndOfHeader"

PLUX_EMG_RANGE_UV = 3000.0
"""Full scale of the biosignalsplux EMG sensor: 3 V supply, gain 1000 (PLUX EMG
sensor datasheet: EMG = (ADC / 2^n - 0.5) VCC / G)."""

BITALINO_EMG_RANGE_UV = 3.3e6 / 1009
"""The same for BITalino: 3.3 V supply, gain 1009 (BITalino EMG datasheet)."""

COUNTER_MODULI = (16, 128, 256, 65536)
"""Where the sample counters of these devices wrap around."""


def emg_range_uv(sensor: str, device: str) -> float | None:
    """Full scale of a sensor in microvolt, None if the transfer is not known."""
    if not sensor.strip().upper().endswith("EMG"):
        return None
    kind = device.casefold()
    if "bitalino" in kind:
        return BITALINO_EMG_RANGE_UV
    if kind.startswith(("biosignalsplux", "channeller")):
        return PLUX_EMG_RANGE_UV
    return None


def to_uv(counts: F64, resolution_bit: int, range_uv: float) -> F64:
    """Convert counts of an ``resolution_bit`` converter to microvolt."""
    return (counts / 2.0**resolution_bit - 0.5) * range_uv


def convert(
    counts: F64, sensor: str, device: str, resolution_bit: int
) -> tuple[F64, str]:
    """Return a channel with its unit: microvolt if its header tells how, else ADC."""
    range_uv = emg_range_uv(sensor, device)
    if range_uv is None or resolution_bit <= 0:
        return counts, ADC
    return to_uv(counts, resolution_bit, range_uv), "uV"


def counter_stamps(counter: F64, rate_hz: float, name: str) -> tuple[F64, list[str]]:
    """Stamps by a wrapping sample counter, and a warning if samples are missing."""
    if counter.size < 2 or not np.isfinite(counter).all():  # noqa: PLR2004
        return regular_stamps(counter.size, rate_hz), []
    modulus = next((m for m in COUNTER_MODULI if counter.max() < m), 0)
    steps = np.diff(counter)
    if modulus:
        steps = np.mod(steps, modulus)
    usual = float(np.median(steps))
    if usual <= 0:
        return regular_stamps(counter.size, rate_hz), [
            f"{name}: the sample counter does not count; missing samples are not seen"
        ]
    # A counter stuck at its end says nothing: no step is taken for one sample.
    counts = np.where(steps > 0, steps / usual, 1.0)
    t_s = np.concatenate(([0.0], np.cumsum(counts))) / rate_hz
    missing = round(float(np.sum(counts[counts > 1] - 1)))
    if not missing:
        return t_s, []
    places = int(np.count_nonzero(counts > 1))
    text = f"{name}: {missing} samples are missing at {places} places (sample counter)"
    return t_s, [text]


def read_text_export(path: Path) -> Recording:
    """Read an OpenSignals text file: a JSON header and columns of counts."""
    lines = read_text(path).splitlines()
    try:
        end = next(i for i, line in enumerate(lines) if line.startswith(HEADER_END))
        header = _json_header(lines[:end])
    except (StopIteration, ValueError) as error:
        msg = (
            f"{path}: expected an OpenSignals header (a line '# {{...}}' and "
            f"'{HEADER_END}'), found none that can be read ({reason(error)})"
        )
        raise RecordingError(msg) from error
    widths = [len(_listed(device, "column")) for device in header.values()]
    rows, warnings = numeric_rows(lines[end + 1 :], sum(widths), None, end + 2)
    streams = []
    start = 0
    for (name, device), width in zip(header.items(), widths, strict=True):
        columns, said = _device(name, device, rows[:, start : start + width])
        start += width
        warnings += said
        streams += columns
    return Recording(TEXT_NAME, path, tuple(streams), (), tuple(warnings))


def _json_header(lines: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Raise ValueError if there is no JSON object of devices."""
    text = next((x[1:].strip() for x in lines if x[1:].strip().startswith("{")), "")
    header = json.loads(text)
    if not isinstance(header, dict) or not header:
        msg = "no device is described"
        raise ValueError(msg)
    if not all(isinstance(device, dict) for device in header.values()):
        msg = "a device is not an object"
        raise ValueError(msg)
    return header


def _listed(device: dict[str, Any], key: str) -> list[Any]:
    value = device.get(key, [])
    return value if isinstance(value, list) else [value]


def _device(
    name: str, device: dict[str, Any], rows: F64
) -> tuple[list[Any], list[str]]:
    """Stream of one device: the columns behind counter and digital input."""
    names = [str(column) for column in _listed(device, "column")]
    labels = [str(label) for label in _listed(device, "label")]
    n = len(labels) or len(_listed(device, "channels"))
    if n == 0 or n > len(names):
        return [], [f"{name}: the header describes no channels"]
    rate_hz = _rate(device)
    sensors = [str(sensor) for sensor in _listed(device, "sensor")]
    bits = [int(b) for b in _listed(device, "resolution") if _is_count(b)][-n:]
    model = str(device.get("device", ""))
    values, units = [], []
    for k in range(n):
        sensor = sensors[k] if k < len(sensors) else ""
        bit = bits[k] if k < len(bits) else 0
        column, unit = convert(rows[:, len(names) - n + k], sensor, model, bit)
        values.append(column)
        units.append(unit)
    titles = channel_labels(labels or names[-n:], sensors)
    group = Signals(name, titles, units, rate_hz, np.column_stack(values), device=name)
    if "nSeq" not in names or rate_hz <= 0:
        return [group.stream()], []
    t_s, said = counter_stamps(rows[:, names.index("nSeq")], rate_hz, name)
    return [group.stream(t_s)], said


def channel_labels(labels: Sequence[str], sensors: Sequence[str]) -> list[str]:
    """Put the sensor before the port, so that EMG is recognised by its label."""
    padded = [*sensors, *[""] * len(labels)]
    return [
        f"{sensor} {label}" if sensor not in ("", "RAW") else label
        for label, sensor in zip(labels, padded, strict=False)
    ]


def _is_count(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _rate(device: dict[str, Any]) -> float:
    rate_hz = device.get("sampling rate", 0)
    return float(rate_hz) if _is_count(rate_hz) else 0.0


def read_simple_text(path: Path) -> Recording:
    """Read the simple text format: ``# Key:= value`` lines, then columns."""
    lines = read_text(path).splitlines()
    head = [line for line in lines if line.startswith("#")]
    fields = {
        key.strip().casefold(): value.strip()
        for key, _, value in (line.lstrip("# ").partition(":=") for line in head)
    }
    originals = [line.split(":=", 1)[1] for line in head if "labels:=" in line.lower()]
    labels = originals[0].split() if originals else ["ch1"]
    body_at = len(head)
    rows, warnings = numeric_rows(lines[body_at:], len(labels), None, body_at + 1)
    rate_hz = _positive(fields.get("sampling rate (hz)", ""))
    unit = ADC if "resolution" in fields else UNKNOWN
    group = Signals(path.stem, labels, [unit] * len(labels), rate_hz, rows)
    return Recording(SIMPLE_NAME, path, (group.stream(),), (), tuple(warnings))


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) and value > 0 else 0.0
