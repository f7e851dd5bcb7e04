"""How a recording is analysed."""

import math
from dataclasses import dataclass
from pathlib import Path

from drivers.errors import DriverConfigError
from drivers.recordings.units import uv_per_unit
from dsp.chain import FAST_WINDOW_S
from dsp.design import LOWER_EDGE_HZ, UPPER_EDGE_HZ
from service.config.load import load_toml
from service.config.rig import RigConfig

HOP_S = 0.01
"""Distance of two envelope values: a tenth of the shortest burst. A: assumption."""


@dataclass(frozen=True, slots=True)
class ReplayParams:
    """What a user or a rig config may say about a recording.

    ``mains_hz`` None looks for the line itself, 0 leaves it in. ``unit`` is taken for
    channels whose unit the file does not state, ``sample_rate_hz`` for streams whose
    rate it does not state.
    """

    lower_hz: float = LOWER_EDGE_HZ
    upper_hz: float = UPPER_EDGE_HZ
    mains_hz: float | None = None
    window_s: float = FAST_WINDOW_S
    unit: str | None = None
    sample_rate_hz: float | None = None

    def __post_init__(self) -> None:
        band_ok = 0 < self.lower_hz < self.upper_hz < math.inf
        if not band_ok or not 0 < self.window_s < math.inf:
            msg = (
                "expected 0 < lower_hz < upper_hz and window_s above 0, got "
                f"{self.lower_hz}, {self.upper_hz} and {self.window_s}"
            )
            raise DriverConfigError(msg)
        if self.unit is not None and uv_per_unit(self.unit) is None:
            msg = f"unit: expected uV, mV, V or nV, got {self.unit!r}"
            raise DriverConfigError(msg)
        if self.sample_rate_hz is not None and not 0 < self.sample_rate_hz < math.inf:
            msg = f"sample_rate_hz: expected above 0, got {self.sample_rate_hz!r}"
            raise DriverConfigError(msg)


def params_of_rig(path: Path) -> ReplayParams:
    """Return the filter and the unit of the source that decides in a rig file."""
    rig = load_toml(path, RigConfig)
    source = next(s for s in rig.sources if s.name == rig.control.source)
    return ReplayParams(
        lower_hz=source.filter.lower_edge_hz,
        upper_hz=source.filter.upper_edge_hz,
        mains_hz=float(source.filter.mains_hz),
        window_s=source.filter.envelope_window_s,
        unit=source.unit or None,
    )
