"""Whether any level within the limits could relax a person at all.

It is worked out from the parameters that a person was drawn with, which no loop knows,
and decides nothing: it tells a loop that fails from a person whom it cannot reach.
"""

import math

import numpy as np

from drivers.subject.person import PersonParams
from drivers.subject.recruitment import recruit
from drivers.subject.stimulation import Stimulation
from drivers.subject.tone import BistableTone
from service.core.dose import ON_WINDOW_S
from service.core.program import Bout, Program

LEVEL_STEP_MA = 0.5


def is_treatable(person: PersonParams, program: Program, limit_ma: float) -> bool:
    """Say whether steady bouts at the best level inhibit enough, given time.

    Inhibition is that of the mean recruitment over a bout, or at the end of a push,
    after habituation and with all analgesia; what excites the tone is left out, so that
    this promises too much rather than too little.
    """
    bout, response = program.bout, person.response
    share = bout.on_s / (bout.on_s + bout.off_s)
    peak = max(share, _pushed_share(bout, response.inhibition_tau_s))
    best = 0.0
    for level_ma in np.arange(LEVEL_STEP_MA, limit_ma + LEVEL_STEP_MA, LEVEL_STEP_MA):
        pulse = Stimulation(
            min(float(level_ma), limit_ma), program.frequency_hz, program.pulse_width_us
        )
        felt = share * recruit(person.recruitment, pulse).total
        fast = response.inhibition_gain * (1.0 - response.habituation_max * felt)
        best = max(best, peak / share * felt * fast + felt * response.analgesia_gain)
    tone = person.tone
    if isinstance(tone, BistableTone):
        return best > tone.critical_inhibition()
    return best > tone.inhibition_for(program.success.threshold_pct_mvc)


def _pushed_share(bout: Bout, tau_s: float) -> float:
    """Return the share of full inhibition at the end of a push, once a minute."""
    return math.expm1(-bout.push_s / tau_s) / math.expm1(-ON_WINDOW_S / tau_s)
