"""What can go wrong with an amplifier and its electrodes, to order.

A `SignalFault` acts from the moment it is injected, for its duration, on chunks on
their way out. Each returns the pushes that take the place of the one that was due.
"""

from dataclasses import dataclass

import numpy as np

from drivers.errors import DriverConfigError
from dsp.types import F64

#: Kind, meaning of its argument, and the argument if none is given.
KINDS: dict[str, tuple[str, float]] = {
    "stall": ("seconds without data", 2.0),
    "drop": ("seconds of data that are lost", 0.2),
    "duplicate": ("seconds in which every chunk comes twice", 1.0),
    "nan": ("seconds of not-a-number", 1.0),
    "clip": ("seconds at a rail of the amplifier", 3.0),
    "lead-off": ("seconds of an electrode that is off", 3.0),
    "rate": ("seconds at half of the nominal rate", 6.0),
    "clock-jump": ("seconds by which the stamps jump ahead", 0.2),
}
RAIL_UV = 5000.0  # A: of a usual amplifier
OVERDRIVE = 1000.0  # A: enough for every sample of a contraction to be at the rail

Push = tuple[F64, float]


@dataclass(frozen=True, slots=True)
class SignalFault:
    """One fault: its kind, its argument, and when it began."""

    kind: str
    argument: float
    began_s: float

    def __post_init__(self) -> None:
        """Refuse what is no fault."""
        if self.kind not in KINDS:
            msg = f"fault: expected one of {', '.join(KINDS)}, got {self.kind!r}"
            raise DriverConfigError(msg)

    def pushes(self, emg_uv: F64, end_s: float) -> list[Push]:
        """Return what goes out instead of a chunk that ends at ``end_s``."""
        if self.kind == "clock-jump":
            return [(emg_uv, end_s + self.argument)]
        if end_s - self.began_s > self.argument:
            return [(emg_uv, end_s)]
        match self.kind:
            case "duplicate":
                return [(emg_uv, end_s), (emg_uv, end_s)]
            case "nan":
                return [(np.full_like(emg_uv, np.nan), end_s)]
            case "clip":
                return [(np.clip(emg_uv * OVERDRIVE, -RAIL_UV, RAIL_UV), end_s)]
            case "lead-off":
                return [(np.zeros_like(emg_uv), end_s)]
            case "rate":
                return [(emg_uv[::2], end_s)]
            case _:
                return []  # stall, drop
