"""Thresholds that an operator marks while the amplitude is on, and what they bound."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

#: The amplitude stays below this multiple of the motor threshold: a comfortable twitch.
MOTOR_RATIO = 1.2  # A: assumption
#: And below this share of what is tolerated.
TOLERANCE_RATIO = 0.85  # A: assumption

SENSORY, MOTOR, TOLERANCE = "sensory", "motor", "tolerance"
NAMES = (SENSORY, MOTOR, TOLERANCE)
_BY_MOTOR, _BY_TOLERANCE = f"threshold:{MOTOR}", f"threshold:{TOLERANCE}"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Amplitudes at which something was felt, seen, or too much.

    Parameters
    ----------
    sensory_ma, motor_ma, tolerance_ma : float
        Infinity while nobody has marked them.
    motor_ratio, tolerance_ratio : float
        What they bound, relative to them.
    search_ma : float
        Ceiling of their search; infinity where they are not searched for.
    """

    sensory_ma: float = math.inf
    motor_ma: float = math.inf
    tolerance_ma: float = math.inf
    motor_ratio: float = MOTOR_RATIO
    tolerance_ratio: float = TOLERANCE_RATIO
    search_ma: float = math.inf

    def marked(self, name: str, amplitude_ma: float) -> "Thresholds":
        """Return the thresholds after one more mark.

        Parameters
        ----------
        name : str
            One of `NAMES`.
        amplitude_ma : float
            What was on.

        Returns
        -------
        Thresholds
            The smaller of two marks counts: a mark never raises a bound.
        """
        lowest = min(amplitude_ma, getattr(self, f"{name}_ma"))
        return replace(self, **{f"{name}_ma": lowest})

    def ceilings_ma(self) -> Mapping[str, float]:
        """Return what they bound.

        Returns
        -------
        mapping of str to float
            Reason to ceiling; the sensory threshold bounds nothing.
        """
        return {
            _BY_MOTOR: self.motor_ratio * self.motor_ma,
            _BY_TOLERANCE: self.tolerance_ratio * self.tolerance_ma,
            "threshold:search": self.search_ma,
        }
