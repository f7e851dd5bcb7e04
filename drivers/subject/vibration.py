"""Vibration: inhibits the reflexes, and drives the tonic vibration reflex."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.subject.effect import Effect
from drivers.subject.stimulation import Stimulation

#: Of the H-reflex (about 70 % of it is suppressed, while it lasts).
INHIBITED_SHARE = 0.7
#: A: assumption; 0.1 mm acts weakly and 0.3 mm well (Seo 2016, PM&R 8:1083).
INHIBITING_MM = 0.2
#: A: assumption; percussion to focal vibration, falling off outside.
INHIBITING_BAND_HZ = (5.0, 120.0)
#: Strongest at 100-150 Hz, grows with contraction (Park and Martin 1993, SJWEH 19:35).
REFLEX_HZ = 120.0
REFLEX_WIDTH = 0.6  # A: assumption; of the logarithm of the frequency
REFLEX_MM = 0.2  # A: assumption; amplitude of half the reflex
REFLEX_AT_REST = 0.4  # A: assumption; share of the reflex in a muscle at rest
REFLEX_FULL_PCT_MVC = 20.0  # A: assumption; tone of the whole reflex
RISE_OVER_TAU = 2.2  # 10-90 % rise of a first-order lag


@dataclass(frozen=True, slots=True)
class VibrationParams:
    """One person's tonic vibration reflex: its size (A: 2-8 %MVC) and 10-90 % rise.

    It rises over 5-20 s (2013, PLoS ONE 8:e85247). ``habituation_tau_s`` is the time
    after which the reflex has lost its habituating share (A: assumption).
    """

    reflex_pct_mvc: float = 3.0
    rise_s: float = 10.0
    habituation_share: float = 0.3
    habituation_tau_s: float = 120.0


def reflex_share(frequency_hz: float, amplitude_mm: float) -> float:
    """Return how much of the tonic reflex a vibration wakes, 0 to 1."""
    # A difference, as a quotient of very small rates would be 0.
    away = (math.log(frequency_hz) - math.log(REFLEX_HZ)) / REFLEX_WIDTH
    return math.exp(-0.5 * away**2) * amplitude_mm / (amplitude_mm + REFLEX_MM)


def inhibiting_share(frequency_hz: float, amplitude_mm: float) -> float:
    """Return how much a vibration inhibits, 0 to `INHIBITED_SHARE`."""
    low_hz, high_hz = INHIBITING_BAND_HZ
    band = min(1.0, frequency_hz / low_hz, high_hz / frequency_hz)
    needed = INHIBITING_MM / amplitude_mm
    return INHIBITED_SHARE * band / (1.0 + needed * needed)


class Vibration:
    """The strongest of one or more vibrators, and the reflex that builds up."""

    def __init__(self, params: VibrationParams, dt_s: float) -> None:
        self._params = params
        self._rise = -math.expm1(-dt_s * RISE_OVER_TAU / params.rise_s)
        self._habit = -math.expm1(-dt_s / params.habituation_tau_s)
        self._reflex = 0.0
        self._used = 0.0

    def advance(self, felt: Sequence[Stimulation], tone_pct_mvc: float) -> Effect:
        """Advance one step."""
        on = [site for site in felt if site.is_on]
        woken = max((reflex_share(s.frequency_hz, s.level) for s in on), default=0.0)
        relaxing = max(
            (inhibiting_share(s.frequency_hz, s.level) for s in on), default=0.0
        )
        self._used += (woken - self._used) * self._habit
        ready = REFLEX_AT_REST + (1.0 - REFLEX_AT_REST) * min(
            1.0, tone_pct_mvc / REFLEX_FULL_PCT_MVC
        )
        fresh = 1.0 - self._params.habituation_share * self._used
        target = self._params.reflex_pct_mvc * woken * ready * fresh
        self._reflex += (target - self._reflex) * self._rise
        return Effect(relaxing, self._reflex)
