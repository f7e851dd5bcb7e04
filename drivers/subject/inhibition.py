"""From recruitment to inhibition and excitation of the tone, with all its delays."""

import math
from collections import deque
from dataclasses import dataclass

from drivers.subject.recruitment import Recruitment

PAIN_ONSET = 0.9  # A: assumption; share of the tolerance at which pain begins
PAIN_GAIN = 0.15  # A: assumption; excitation at tolerance in units of aH/tau
WORST_HURT = 10.0  # A: assumption; pain that is stronger excites no more
STARTLE_FREE_SLEW_MA_S = 2.0  # A: assumption; slower rises startle nobody
STARTLE_WINDOW_S = 1.0  # A: assumption; a step startles for so long
FAMILIARITY_TAU_S = 30.0  # A: assumption; an amplitude felt before startles no more


@dataclass(frozen=True, slots=True)
class ResponseParams:
    """How one person answers to stimulation (all values A: assumption).

    Gains are in 1/s of inhibition at full recruitment, ``adverse_gain`` in %MVC/s of
    excitation, ``startle_gain`` in %MVC s/mA per second. ``guarding_tau_s`` is the lag
    with which adverse excitation comes and goes. ``touch_tau_s`` is the lag of the
    inhibition by whatever is not electrical: it ends with the contact (A: 1-3 s;
    reflex inhibition by massage and vibration reverts at once).
    """

    inhibition_gain: float
    inhibition_tau_s: float
    delay_s: float
    habituation_max: float
    habituation_tau_s: float
    analgesia_gain: float
    analgesia_tau_s: float
    adverse_gain: float
    guarding_tau_s: float
    startle_gain: float
    touch_tau_s: float = 1.5


class Response:
    """Inhibition w + q and excitation v of one person, advanced step by step.

    ``h' = (-h + hmax R)/tau_h``, ``w' = (-w + G R (1 - h))/tau_w``,
    ``q' = (-q + Gq R)/tau_q``, driven by the recruitment R of ``delay_s`` ago. Touch
    adds to R, and has a fast inhibition of its own, without delay. ``inhibition`` is
    the fast one by pulses and by touch plus the slow one, in 1/s.
    """

    def __init__(
        self, params: ResponseParams, tolerance_ma: float, pain_gain: float, dt_s: float
    ) -> None:
        self._params = params
        self._pain_onset_ma = PAIN_ONSET * tolerance_ma
        self._pain_span_ma = tolerance_ma - self._pain_onset_ma
        self._pain_gain = pain_gain
        self._fast_step = dt_s / params.inhibition_tau_s
        self._touch_step = min(1.0, dt_s / params.touch_tau_s)
        self._slow_step = dt_s / params.analgesia_tau_s
        self._habit_step = dt_s / params.habituation_tau_s
        self._guard_step = dt_s / params.guarding_tau_s
        steps = max(1, round(params.delay_s / dt_s))
        self._delayed = deque([0.0] * steps, maxlen=steps)
        window = max(1, round(STARTLE_WINDOW_S / dt_s))
        self._recent_ma = deque([0.0] * window, maxlen=window)
        self._familiar_ma = 0.0
        self._familiar_keep = math.exp(-dt_s / FAMILIARITY_TAU_S)
        self._fast = 0.0
        self._slow = 0.0
        self._habituation = 0.0
        self._guarding = 0.0
        self.contact = 0.0
        self.inhibition = 0.0

    @property
    def analgesia(self) -> float:
        """Slow analgesia, 0 to 1 of what this person can have."""
        gain = self._params.analgesia_gain
        return self._slow / gain if gain > 0.0 else 0.0

    def advance(
        self, recruitment: Recruitment, touch: float = 0.0, hurt: float = 0.0
    ) -> tuple[float, float]:
        """Advance one step; return inhibition in 1/s and excitation in %MVC/s.

        ``touch`` is the relaxing drive of everything that is not electrical, 0 to 1,
        ``hurt`` its pain, 1 at the tolerance.
        """
        params = self._params
        pulsed = self._delayed[0]
        self._delayed.append(recruitment.total)
        felt = pulsed + touch
        felt = felt if felt < 1.0 else 1.0
        to_fast = params.inhibition_gain * pulsed * (1.0 - self._habituation)
        self._fast += (to_fast - self._fast) * self._fast_step
        self.contact += (touch - self.contact) * self._touch_step
        self._slow += (params.analgesia_gain * felt - self._slow) * self._slow_step
        to_habit = params.habituation_max * felt
        self._habituation += (to_habit - self._habituation) * self._habit_step
        to_guard = params.adverse_gain * pulsed
        self._guarding += (to_guard - self._guarding) * self._guard_step
        touched = params.inhibition_gain * self.contact
        self.inhibition = self._fast + touched * (1.0 - self._habituation) + self._slow
        ma = recruitment.equivalent_ma
        if ma > self._pain_onset_ma:
            hurt += (ma - self._pain_onset_ma) / self._pain_span_ma
        hurt = hurt if hurt < WORST_HURT else WORST_HURT
        excitation = self._guarding + self._pain_gain * hurt + self._startle(ma)
        return self.inhibition, excitation

    def _startle(self, amplitude_ma: float) -> float:
        """Return the excitation by a rise faster than a person gets used to.

        The rise is measured over one second against the strongest amplitude that is
        still familiar, so that the bursts of an on-off pattern do not startle anew.
        """
        recent_ma = self._recent_ma
        familiar, oldest = self._familiar_ma * self._familiar_keep, recent_ma[0]
        familiar = familiar if familiar > oldest else oldest
        self._familiar_ma = familiar
        recent_ma.append(amplitude_ma)
        slew_ma_s = (amplitude_ma - familiar) / STARTLE_WINDOW_S
        if slew_ma_s <= STARTLE_FREE_SLEW_MA_S:
            return 0.0
        return self._params.startle_gain * (slew_ma_s - STARTLE_FREE_SLEW_MA_S)
