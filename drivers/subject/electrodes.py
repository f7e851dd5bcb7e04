"""Electrodes over time: they settle, dry, jump and fall off.

Faults are data: what happens to which channel, and when in the subject's time.
"""

import enum
import math
from dataclasses import dataclass

import numpy as np

from drivers.errors import DriverConfigError
from dsp.types import F64

SETTLE_TAU_S = 300.0  # A: assumption
#: A: assumption; the gain of an electrode wanders with periods between these.
WANDER_PERIOD_S = (60.0, 180.0)
UPDATE_S = 1.0  # gains are slow: they are worked out once a second
LEAD_OFF_HUM_UV = 1000.0  # A: assumption; what an open input picks up of the mains
JUMP_BASELINE_UV = 300.0  # A: assumption; step of the baseline as an impedance jumps
JUMP_TAU_S = 2.0  # A: assumption; the input's coupling forgets the step
WORSE_GAIN = 0.85  # A: assumption; of a bad contact against a good one


class ElectrodeFaultKind(enum.StrEnum):
    """What can happen to an electrode."""

    DRYING = "drying"
    LEAD_OFF = "lead-off"
    IMPEDANCE_JUMP = "impedance-jump"


@dataclass(frozen=True, slots=True)
class ElectrodeFault:
    """One fault of one channel.

    Drying grows over ``duration_s`` and stays; the others last so long. ``factor`` is
    by how much everything that is not muscle grows (A: 1-3).
    """

    kind: ElectrodeFaultKind
    at_s: float
    duration_s: float
    channel: int = 0
    factor: float = 3.0

    def __post_init__(self) -> None:
        """Refuse what cannot happen."""
        if not (self.at_s >= 0.0 and self.duration_s > 0.0 and self.factor >= 1.0):
            expected = "at_s >= 0, duration_s > 0 and factor >= 1"
            msg = f"electrode fault: expected {expected}, got {self}"
            raise DriverConfigError(msg)

    @property
    def end_s(self) -> float:
        """When it is over, or has fully developed."""
        return self.at_s + self.duration_s

    def dryness(self, t_s: float) -> float:
        """Return how far drying has come, 0 to 1."""
        return min(1.0, max(0.0, (t_s - self.at_s) / self.duration_s))


@dataclass(frozen=True, slots=True)
class ElectrodeParams:
    """Slow changes of the gain (A: rises by 0.1 and wanders by ± 0.05), and faults.

    The default electrode is ideal.
    """

    settling: float = 0.0
    wander: float = 0.0
    faults: tuple[ElectrodeFault, ...] = ()

    @property
    def is_ideal(self) -> bool:
        """Whether nothing ever changes."""
        return not (self.settling or self.wander or self.faults)


class Electrodes:
    """What the electrodes of one subject make of muscle and dirt."""

    def __init__(
        self,
        params: ElectrodeParams,
        fs: float,
        n_channels: int,
        mains_hz: float,
        rng: np.random.Generator,
    ) -> None:
        self._params = params
        self._fs = fs
        self._n_channels = n_channels
        self._mains_hz = mains_hz
        self._periods = rng.uniform(*WANDER_PERIOD_S, n_channels).tolist()
        self._phases = rng.uniform(0.0, 2 * np.pi, n_channels).tolist()
        self._faults = [
            (fault, range(math.ceil(fault.at_s * fs), math.ceil(fault.end_s * fs)))
            for fault in params.faults
            if fault.channel < n_channels
        ]
        self._edges = [
            edge for _, lasts in self._faults for edge in (lasts.start, lasts.stop)
        ]
        self._update = max(1, round(UPDATE_S * fs))
        # A row for every sample of a second, as whole arrays are multiplied faster.
        self._gains, self._gains_s = np.ones((self._update, n_channels)), -1.0

    def apply(self, start: int, muscle_uv: F64, dirt_uv: F64) -> F64:
        """Return the EMG of samples from ``start`` on, both arrays overwritten.

        ``muscle_uv`` is all that comes through the skin, ``dirt_uv`` all that does not.
        """
        position, end = start, start + len(muscle_uv)
        while position < end:
            stop = min(end, self._next_change(position))
            part = slice(position - start, stop - start)
            self._apply_to(position, muscle_uv[part], dirt_uv[part])
            position = stop
        muscle_uv += dirt_uv
        return muscle_uv

    def _next_change(self, position: int) -> int:
        update = (position // self._update + 1) * self._update
        return min([update, *[edge for edge in self._edges if edge > position]])

    def _apply_to(self, position: int, muscle_uv: F64, dirt_uv: F64) -> None:
        # The same second has the same gains, wherever a chunk begins in it.
        second = position // self._update * self._update / self._fs
        if second != self._gains_s:
            gains = [self._gain(second, i) for i in range(self._n_channels)]
            self._gains[:], self._gains_s = gains, second
        muscle_uv *= self._gains[: len(muscle_uv)]
        for fault, lasts in self._faults:
            if fault.kind is ElectrodeFaultKind.DRYING:
                severity = fault.dryness(second)
            else:
                severity = float(position in lasts)
            if severity > 0.0:
                worse = 1.0 + severity * (fault.factor - 1.0)
                dirt_uv[:, fault.channel] *= worse
                self._disturb(fault, severity, position, muscle_uv[:, fault.channel])

    def _disturb(
        self, fault: ElectrodeFault, severity: float, position: int, muscle_uv: F64
    ) -> None:
        sample = position + np.arange(len(muscle_uv), dtype=np.float64)
        if fault.kind is ElectrodeFaultKind.LEAD_OFF:
            turns = sample * (self._mains_hz / self._fs)
            muscle_uv[:] = LEAD_OFF_HUM_UV * np.sin(2 * np.pi * turns)
            return
        muscle_uv *= 1.0 - severity * (1.0 - WORSE_GAIN)
        if fault.kind is ElectrodeFaultKind.IMPEDANCE_JUMP:
            since_s = sample / self._fs - fault.at_s
            muscle_uv += JUMP_BASELINE_UV * np.exp(-since_s / JUMP_TAU_S)

    def _gain(self, t_s: float, channel: int) -> float:
        params = self._params
        settled = -math.expm1(-t_s / SETTLE_TAU_S)
        turns = t_s / self._periods[channel]
        wave = math.sin(2 * math.pi * turns + self._phases[channel])
        return 1.0 + params.settling * settled + params.wander * wave
