"""How fast an amplitude may rise: slowly, and back to what was felt lately."""

import math
from dataclasses import dataclass

#: What was felt within this time is returned to by a ramp: the off-part of usual bouts
#: is shorter. A.
FAMILIAR_S = 3.0

#: Then it fades with this time constant, and only the share of it that is left may be
#: returned to so. A: in simulated subjects a return to all of it after 4 s startles.
FADING_TAU_S = 30.0

#: An on-part that ends this near to what is familiar takes its place. A: a level that
#: falls slowly must not be forgotten between two bouts.
ALIKE_RATIO = 0.9

#: What was felt longer ago than this is a new amplitude. A.
FORGOTTEN_S = 30.0

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
        Amplitude of which a share is still familiar, and when it was felt.
    """

    t_s: float = 0.0
    amplitude: float = 0.0
    peak: float = 0.0
    peak_t_s: float = -math.inf

    def familiar(self, t_s: float) -> float:
        """Return the amplitude that would still be no surprise.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        float
            What is left of `peak`; 0 once it is forgotten.
        """
        age_s = t_s - self.peak_t_s
        if age_s > FORGOTTEN_S:
            return 0.0
        return self.peak * math.exp(-max(age_s - FAMILIAR_S, 0.0) / FADING_TAU_S)

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
            What was applied takes the place of a memory that has faded below it; at the
            end of an on-part also of one that is hardly above it.
        """
        if amplitude == 0 < self.amplitude:
            known = self.familiar(self.t_s)
            if self.amplitude >= ALIKE_RATIO * known:
                return Established(t_s, 0.0, self.amplitude, self.t_s)
        if amplitude > 0 and amplitude >= self.familiar(t_s):
            return Established(t_s, amplitude, amplitude, t_s)
        return Established(t_s, amplitude, self.peak, self.peak_t_s)

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
            In the unit of the actuator: a ramp back to what is familiar, a rise of
            ``slew_per_s`` beyond it, and never more than ``max_step`` at once.
        """
        dt_s = min(max(t_s - self.t_s, 0.0), MAX_PERMIT_GAP_S)
        rise = slew_per_s * dt_s
        known = self.familiar(t_s) - self.amplitude
        if known > rise:
            rise = max(rise, min(self.peak / RETURN_RAMP_S * dt_s, known))
        return self.amplitude + min(rise, max_step)
