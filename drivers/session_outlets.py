"""The session's own LSL streams: events for LabRecorder, tension for any LSL viewer.

A consumer can hang whoever pushes into an outlet, so these never live in a process on
which the loop depends.
"""

import json
import math
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Protocol

from drivers.errors import DriverConfigError
from drivers.liblsl import open_outlet

MARKERS_TYPE = "Markers"
TENSION_TYPE = "Tension"
MANUFACTURER = "unclench"
IRREGULAR_RATE_HZ = 0.0

#: Per EMG channel: suffix of the label, and unit.
TENSION_PARTS = (
    ("tension", "percent_mvc"),
    ("envelope", "microvolts"),
    ("quality", "flags"),
)

Detail = Mapping[str, str | float | bool | None]


class _Outlet(Protocol):
    def push_sample(self, x: Sequence[object], timestamp: float) -> None: ...


def event_text(t_s: float, kind: str, phase: str, detail: Detail) -> str:
    """Return one event as it stands in the stream."""
    known = {k: v for k, v in detail.items() if not _is_nan(v)}
    event = {"t": t_s, "kind": kind, "phase": phase, "detail": known}
    return json.dumps(event, ensure_ascii=False, allow_nan=False)


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


class MarkersOutlet:
    """A stream of type ``Markers``: one JSON object per sample."""

    def __init__(self, lsl: ModuleType, name: str, source_id: str) -> None:
        info = lsl.StreamInfo(
            name, MARKERS_TYPE, 1, IRREGULAR_RATE_HZ, lsl.cf_string, source_id
        )
        info.desc().append_child_value("manufacturer", MANUFACTURER)
        channel = info.desc().append_child("channels").append_child("channel")
        channel.append_child_value("label", "event")
        channel.append_child_value("type", "json")
        self._outlet: _Outlet = open_outlet(lsl, info, f"stream {name!r}")

    def push(self, t_s: float, kind: str, phase: str, detail: Detail) -> None:
        """Tell one event."""
        self._outlet.push_sample([event_text(t_s, kind, phase, detail)], t_s)


class TensionOutlet:
    """A stream of type ``Tension``: per EMG channel %MVC, µV and quality flags.

    Tension is NaN until the channel is calibrated; quality is the sum of the flag
    values of `dsp.types.QualityFlag`, 0 when all is well.
    """

    def __init__(
        self, lsl: ModuleType, name: str, labels: Sequence[str], rate_hz: float
    ) -> None:
        if not labels:
            msg = f"tension stream {name!r}: expected at least one channel, got none"
            raise DriverConfigError(msg)
        n = len(labels) * len(TENSION_PARTS)
        info = lsl.StreamInfo(name, TENSION_TYPE, n, rate_hz, lsl.cf_float32, name)
        info.desc().append_child_value("manufacturer", MANUFACTURER)
        channels = info.desc().append_child("channels")
        for label in labels:
            for part, unit in TENSION_PARTS:
                channel = channels.append_child("channel")
                channel.append_child_value("label", f"{label}.{part}")
                channel.append_child_value("unit", unit)
                channel.append_child_value("type", TENSION_TYPE)
        self._outlet: _Outlet = open_outlet(lsl, info, f"stream {name!r}")

    def push(self, t_s: float, values: Sequence[float]) -> None:
        """Tell one sample: tension, envelope and quality of every channel."""
        self._outlet.push_sample(list(values), t_s)
