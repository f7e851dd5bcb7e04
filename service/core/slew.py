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

#: What was felt longer ago than this is returned to by a rise. A.
FORGOTTEN_S = 30.0

#: What was felt within this time may be risen to faster than what is new. A.
RECALLED_S = 60.0

#: By this share of it, for a rise is felt as a share of what one knows. A.
RECALL_PER_S = 0.05

#: But no faster than this multiple of the slew limit. A: 1.5 mA/s of a current, below
#: the 2 mA/s from which simulated subjects startle.
RECALL_RATIO = 1.5

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
    top, top_t_s : float
        Largest amplitude of the last minute, and when it was felt.
    """

    t_s: float = 0.0
    amplitude: float = 0.0
    peak: float = 0.0
    peak_t_s: float = -math.inf
    top: float = 0.0
    top_t_s: float = -math.inf

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

    def recalled(self, t_s: float) -> float:
        """Return the amplitude up to which a rise is a return.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        float
            `top`; 0 once it is a minute ago.
        """
        return self.top if t_s - self.top_t_s <= RECALLED_S else 0.0

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
        top, top_t_s = self.recalled(t_s), self.top_t_s
        if amplitude >= top:
            top, top_t_s = amplitude, t_s
        if amplitude == 0 < self.amplitude:
            known = self.familiar(self.t_s)
            if self.amplitude >= ALIKE_RATIO * known:
                return Established(t_s, 0.0, self.amplitude, self.t_s, top, top_t_s)
        if amplitude > 0 and amplitude >= self.familiar(t_s):
            return Established(t_s, amplitude, amplitude, t_s, top, top_t_s)
        return Established(t_s, amplitude, self.peak, self.peak_t_s, top, top_t_s)

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
            In the unit of the actuator: a ramp back to what is familiar, a softer
            return to what was felt within a minute, a rise of ``slew_per_s`` beyond
            it, and never more than ``max_step`` at once.
        """
        dt_s = min(max(t_s - self.t_s, 0.0), MAX_PERMIT_GAP_S)
        known = self.familiar(t_s) - self.amplitude
        top = self.recalled(t_s)
        softer_per_s = min(RECALL_PER_S * top, RECALL_RATIO * slew_per_s)
        rise = max(
            slew_per_s * dt_s,
            min(self.peak / RETURN_RAMP_S * dt_s, known),
            min(softer_per_s * dt_s, top - self.amplitude),
        )
        return self.amplitude + min(rise, max_step)
