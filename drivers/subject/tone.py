"""Involuntary tone of a muscle: a bistable (spasm) and a tonic model.

Tone is in %MVC. The bistable model is

``da/dt = -k (a - aL)(a - aS)(a - aH) - w a + v + s a xi``

with rest level aL, saddle aS and tense level aH; k makes the linear rate at aH equal
to -1/tau. The tonic model is ``da/dt = -(a - a0)/tau - w a + v + s a xi``. In both, w
is inhibition, v excitation and xi white noise.
"""

import math
from dataclasses import dataclass, field

import numpy as np

#: A: assumption; tone is advanced in steps near this, whatever the chunks are.
TONE_STEP_S = 0.010

#: A: assumption; a tone above this is not physiological and ends there.
MAX_TONE_PCT_MVC = 100.0


@dataclass(frozen=True, slots=True)
class BistableTone:
    """Parameters of a subject in spasm (levels in %MVC, noise in 1/sqrt(s)).

    ``k`` is the gain of the cubic, in 1/(s %MVC²).
    """

    rest_pct_mvc: float
    saddle_pct_mvc: float
    tense_pct_mvc: float
    tau_s: float
    noise: float
    k: float = field(init=False)

    def __post_init__(self) -> None:
        """Work the gain out once: a tone advances a hundred times a second."""
        above_rest = self.tense_pct_mvc - self.rest_pct_mvc
        above_saddle = self.tense_pct_mvc - self.saddle_pct_mvc
        object.__setattr__(self, "k", 1.0 / (self.tau_s * above_rest * above_saddle))

    def rate(self, tone: float, *, provoked: bool) -> float:  # noqa: ARG002
        """Return da/dt without inhibition, excitation and noise.

        A spasm needs no memory of what provoked it: the tone itself is the memory.
        """
        return (
            -self.k
            * (tone - self.rest_pct_mvc)
            * (tone - self.saddle_pct_mvc)
            * (tone - self.tense_pct_mvc)
        )

    def critical_inhibition(self) -> float:
        """Return the inhibition in 1/s at which the tense state ceases to exist.

        It is the maximum of rate(a)/a between saddle and tense level, at the largest
        root of its derivative; all three roots are real.
        """
        low, mid, high = self.rest_pct_mvc, self.saddle_pct_mvc, self.tense_pct_mvc
        roots = np.roots([2.0, -(low + mid + high), 0.0, low * mid * high])
        top = float(roots.real.max())
        return self.rate(top, provoked=True) / top


@dataclass(frozen=True, slots=True)
class TonicTone:
    """Parameters of a subject whose tone is held up by steady drive, without a saddle.

    The drive starts with the first strong contraction; before it the muscle is at rest.
    """

    rest_pct_mvc: float
    tense_pct_mvc: float
    tau_s: float
    noise: float

    def rate(self, tone: float, *, provoked: bool) -> float:
        """Return da/dt without inhibition, excitation and noise."""
        level = self.tense_pct_mvc if provoked else self.rest_pct_mvc
        return -(tone - level) / self.tau_s

    def inhibition_for(self, target_pct_mvc: float) -> float:
        """Return the inhibition in 1/s that brings the tone down to a target."""
        return (self.tense_pct_mvc / target_pct_mvc - 1.0) / self.tau_s


ToneParams = BistableTone | TonicTone


def advance_tone(
    params: ToneParams,
    tone: float,
    inhibition: float,
    excitation: float,
    xi: float,
    *,
    dt_s: float,
    provoked: bool,
) -> float:
    """Advance the tone by one Euler-Maruyama step and return it, in %MVC.

    ``inhibition`` is in 1/s, ``excitation`` in %MVC/s, ``xi`` a standard normal number.
    """
    drift = params.rate(tone, provoked=provoked) - inhibition * tone + excitation
    noise = params.noise * tone * xi * math.sqrt(dt_s)
    after = tone + drift * dt_s + noise
    if after < 0.0:
        return 0.0
    return MAX_TONE_PCT_MVC if after > MAX_TONE_PCT_MVC else after
