"""How fast an amplitude may rise: slowly, and back to what was felt lately."""

import math
from dataclasses import dataclass

#: Returning to an amplitude felt within this time is a ramp, not a new rise. A.
ESTABLISHED_MEMORY_S = 10.0

#: Shortest ramp from zero back to an established amplitude. A: 0.5–2 s per burst.
RETURN_RAMP_S = 0.5

#: Largest rise of a current from one permit to the next. A: engineering proposal.
MAX_STEP_MA = 1.0

#: A longer pause between permits earns no larger rise. A: permits come at 10 Hz.
MAX_PERMIT_GAP_S = 0.1


@dataclass(frozen=True, slots=True)
class Established:
    """What the person has felt lately: the memory of the slew limit.

    Parameters
    ----------
    t_s : float
        When `amplitude` was last applied.
    amplitude : float
        Amplitude of the last permit before it was put on the device's grid (a slow
        rise would otherwise be floored to the same grid point for ever).
    peak, peak_t_s : float
        Highest amplitude that is still remembered, and when it was last felt.
    left, left_t_s : float
        What was felt when the amplitude went to zero last, and when: it is remembered
        when the peak is forgotten, or a level that falls slowly would be a new one.
    """

    t_s: float = 0.0
    amplitude: float = 0.0
    peak: float = 0.0
    peak_t_s: float = -math.inf
    left: float = 0.0
    left_t_s: float = -math.inf

    def after(self, t_s: float, amplitude: float) -> "Established":
        """Return the memory once an amplitude has been applied.

        Parameters
        ----------
        t_s : float
            When it was applied.
        amplitude : float
            What was applied.

        Returns
        -------
        Established
            A felt amplitude is remembered for `ESTABLISHED_MEMORY_S`.
        """
        left, left_t_s = self.left, self.left_t_s
        if self.amplitude > 0 and amplitude == 0:
            left, left_t_s = self.amplitude, self.t_s
        peak, peak_t_s = self.peak, self.peak_t_s
        if t_s - peak_t_s > ESTABLISHED_MEMORY_S:
            is_known = t_s - left_t_s <= ESTABLISHED_MEMORY_S
            peak, peak_t_s = (left, left_t_s) if is_known else (0.0, peak_t_s)
        if amplitude > 0 and amplitude >= peak:
            peak, peak_t_s = amplitude, t_s
        return Established(t_s, amplitude, peak, peak_t_s, left, left_t_s)

    def ceiling(
        self, t_s: float, slew_per_s: float, max_step: float = MAX_STEP_MA
    ) -> float:
        """Return the highest amplitude that may follow now.

        Parameters
        ----------
        t_s : float
            Now.
        slew_per_s : float
            Slew limit for amplitudes that have not been felt lately.
        max_step : float
            Largest rise from one permit to the next.

        Returns
        -------
        float
            In the unit of the actuator: a ramp back to what was felt within
            `ESTABLISHED_MEMORY_S`, a rise of ``slew_per_s`` beyond it, and never more
            than ``max_step`` at once.
        """
        dt_s = min(max(t_s - self.t_s, 0.0), MAX_PERMIT_GAP_S)
        rise = slew_per_s * dt_s
        remembered = t_s - self.peak_t_s <= ESTABLISHED_MEMORY_S
        if remembered and self.amplitude < self.peak:
            rise = min(
                self.peak / RETURN_RAMP_S * dt_s,
                self.peak - self.amplitude + rise,
            )
        return self.amplitude + min(rise, max_step)
