"""From recruitment to inhibition and excitation of the tone, with all its delays."""

import math
from collections import deque
from dataclasses import dataclass

from drivers.subject.recruitment import Recruitment

PAIN_ONSET = 0.9  # A: assumption; share of the tolerance at which pain begins
PAIN_GAIN = 0.15  # A: assumption; excitation at tolerance in units of aH/tau
STARTLE_FREE_SLEW_MA_S = 2.0  # A: assumption; slower rises startle nobody
STARTLE_WINDOW_S = 1.0  # A: assumption; a step startles for so long
FAMILIARITY_TAU_S = 30.0  # A: assumption; an amplitude felt before startles no more


@dataclass(frozen=True, slots=True)
class ResponseParams:
    """How one person answers to stimulation (all values A: assumption).

    Gains are in 1/s of inhibition at full recruitment, ``adverse_gain`` in %MVC/s of
    excitation, ``startle_gain`` in %MVC s/mA per second. ``guarding_tau_s`` is the lag
    with which adverse excitation comes and goes.
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


class Response:
    """Inhibition w + q and excitation v of one person, advanced step by step.

    ``h' = (-h + hmax R)/tau_h``, ``w' = (-w + G R (1 - h))/tau_w``,
    ``q' = (-q + Gq R)/tau_q``, all driven by the recruitment R of ``delay_s`` ago.
    """

    def __init__(
        self, params: ResponseParams, tolerance_ma: float, pain_gain: float, dt_s: float
    ) -> None:
        self._params = params
        self._tolerance_ma = tolerance_ma
        self._pain_gain = pain_gain
        self._dt_s = dt_s
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

    @property
    def inhibition(self) -> float:
        """Fast inhibition plus slow analgesia, in 1/s."""
        return self._fast + self._slow

    def advance(self, recruitment: Recruitment) -> tuple[float, float]:
        """Advance one step; return inhibition in 1/s and excitation in %MVC/s."""
        params, dt = self._params, self._dt_s
        felt = self._delayed[0]
        self._delayed.append(recruitment.total)
        to_fast = params.inhibition_gain * felt * (1.0 - self._habituation)
        self._fast += (to_fast - self._fast) * dt / params.inhibition_tau_s
        to_slow = params.analgesia_gain * felt
        self._slow += (to_slow - self._slow) * dt / params.analgesia_tau_s
        to_habit = params.habituation_max * felt
        self._habituation += (
            (to_habit - self._habituation) * dt / (params.habituation_tau_s)
        )
        to_guard = params.adverse_gain * felt
        self._guarding += (to_guard - self._guarding) * dt / params.guarding_tau_s
        ma = recruitment.equivalent_ma
        return self.inhibition, self._guarding + self._pain(ma) + self._startle(ma)

    def _pain(self, amplitude_ma: float) -> float:
        onset_ma = PAIN_ONSET * self._tolerance_ma
        beyond = (amplitude_ma - onset_ma) / (self._tolerance_ma - onset_ma)
        return self._pain_gain * max(0.0, beyond)

    def _startle(self, amplitude_ma: float) -> float:
        """Return the excitation by a rise faster than a person gets used to.

        The rise is measured over one second against the strongest amplitude that is
        still familiar, so that the bursts of an on-off pattern do not startle anew.
        """
        familiar = self._familiar_ma * self._familiar_keep
        self._familiar_ma = max(familiar, self._recent_ma[0])
        self._recent_ma.append(amplitude_ma)
        slew_ma_s = (amplitude_ma - self._familiar_ma) / STARTLE_WINDOW_S
        return self._params.startle_gain * max(0.0, slew_ma_s - STARTLE_FREE_SLEW_MA_S)
