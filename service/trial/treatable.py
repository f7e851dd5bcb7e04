"""Whether any level within the limits could relax a person at all.

It is worked out from the parameters that a person was drawn with, which no loop knows,
and decides nothing: it tells a loop that fails from a person whom it cannot reach.
"""

import numpy as np

from drivers.subject.person import PersonParams
from drivers.subject.recruitment import recruit
from drivers.subject.stimulation import Stimulation
from drivers.subject.tone import BistableTone
from service.core.program import Program

LEVEL_STEP_MA = 0.5


def is_treatable(person: PersonParams, program: Program, limit_ma: float) -> bool:
    """Say whether steady bouts at the best level inhibit enough, given time.

    Inhibition is that of the mean recruitment over a bout, after habituation and with
    all analgesia; what excites the tone is left out, so that this promises too much
    rather than too little.
    """
    bout, response = program.bout, person.response
    share = bout.on_s / (bout.on_s + bout.off_s)
    best = 0.0
    for level_ma in np.arange(LEVEL_STEP_MA, limit_ma + LEVEL_STEP_MA, LEVEL_STEP_MA):
        pulse = Stimulation(
            min(float(level_ma), limit_ma), program.frequency_hz, program.pulse_width_us
        )
        felt = share * recruit(person.recruitment, pulse).total
        fast = response.inhibition_gain * (1.0 - response.habituation_max * felt)
        best = max(best, felt * (fast + response.analgesia_gain))
    tone = person.tone
    if isinstance(tone, BistableTone):
        return best > tone.critical_inhibition()
    return best > tone.inhibition_for(program.success.threshold_pct_mvc)
