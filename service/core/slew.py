"""How fast an amplitude may rise: slowly, and back to what was felt lately."""

import math
from dataclasses import dataclass

#: Returning to an amplitude felt within this time is a ramp, not a new rise. A.
ESTABLISHED_MEMORY_S = 10.0

#: Shortest ramp from zero back to an established amplitude. A: 0.5–2 s per burst.
RETURN_RAMP_S = 0.5

#: Largest rise from one permit to the next. A: engineering proposal.
MAX_STEP_MA = 1.0

#: A longer pause between permits earns no larger rise. A: permits come at 10 Hz.
MAX_PERMIT_GAP_S = 0.1


@dataclass(frozen=True, slots=True)
class Established:
    """What the person has felt lately: the memory of the slew limit.

    Parameters
    ----------
    t_s : float
        When `amplitude_ma` was last applied.
    amplitude_ma : float
        Amplitude of the last permit before it was put on the device's grid (a slow
        rise would otherwise be floored to the same grid point for ever).
    peak_ma, peak_t_s : float
        Highest amplitude that is still remembered, and when it was last felt.
    """

    t_s: float = 0.0
    amplitude_ma: float = 0.0
    peak_ma: float = 0.0
    peak_t_s: float = -math.inf

    def after(self, t_s: float, amplitude_ma: float) -> "Established":
        """Return the memory once an amplitude has been applied.

        Parameters
        ----------
        t_s : float
            When it was applied.
        amplitude_ma : float
            What was applied.

        Returns
        -------
        Established
            A felt amplitude is remembered for `ESTABLISHED_MEMORY_S`.
        """
        forgotten = t_s - self.peak_t_s > ESTABLISHED_MEMORY_S
        if amplitude_ma > 0 and (forgotten or amplitude_ma >= self.peak_ma):
            return Established(t_s, amplitude_ma, amplitude_ma, t_s)
        return Established(
            t_s, amplitude_ma, 0.0 if forgotten else self.peak_ma, self.peak_t_s
        )

    def ceiling_ma(self, t_s: float, slew_ma_per_s: float) -> float:
        """Return the highest amplitude that may follow now.

        Parameters
        ----------
        t_s : float
            Now.
        slew_ma_per_s : float
            Slew limit for amplitudes that have not been felt lately.

        Returns
        -------
        float
            In mA: a ramp back to what was felt within `ESTABLISHED_MEMORY_S`, a rise
            of ``slew_ma_per_s`` beyond it, and never more than `MAX_STEP_MA` at once.
        """
        dt_s = min(max(t_s - self.t_s, 0.0), MAX_PERMIT_GAP_S)
        rise = slew_ma_per_s * dt_s
        remembered = t_s - self.peak_t_s <= ESTABLISHED_MEMORY_S
        if remembered and self.amplitude_ma < self.peak_ma:
            rise = min(
                self.peak_ma / RETURN_RAMP_S * dt_s,
                self.peak_ma - self.amplitude_ma + rise,
            )
        return self.amplitude_ma + min(rise, MAX_STEP_MA)
