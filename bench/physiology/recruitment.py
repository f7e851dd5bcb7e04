"""What is felt, what twitches and what is tolerated, and how pulse width counts."""

import numpy as np

from bench.physiology.grid import Cell, Grid
from drivers.subject.cohorts import draw_subject
from drivers.subject.recruitment import (
    REFERENCE_PULSE_WIDTH_US,
    RecruitmentParams,
    recruit,
)
from drivers.subject.stimulation import Stimulation

N_PEOPLE = 400
COHORT = "responder-spasm"
#: Middle of the published group means, and their range or spread: thresholds of 150
#: adults for symmetrical biphasic pulses (Eur J Integr Med 5:279, 2013).
THRESHOLDS_MA = {
    "sensory": (6.95, 0.25),
    "contraction": (23.9, 0.7),
    "tolerance": (42.9, 0.8),
}
ATTRIBUTES = {
    "sensory": "sensory_ma",
    "contraction": "motor_ma",
    "tolerance": "tolerance_ma",
}

ADULT = RecruitmentParams(7.0, 23.5, 43.0, chronaxie_us=200.0)
PULSE_WIDTHS_US = (50, 100, 200, 400, 1000)
RATE_HZ = 4.0
HALF = 0.5
#: The amplitude of half recruitment is looked for between these.
SEARCH_MA = (0.0, 500.0)
N_HALVINGS = 40
STRENGTH_MA = 0.05


def half_recruited_ma(pulse_width_us: float) -> float:
    """Return the amplitude that reaches half of the motor fibres."""
    low, high = SEARCH_MA
    for _ in range(N_HALVINGS):
        middle = 0.5 * (low + high)
        pulses = Stimulation(middle, RATE_HZ, pulse_width_us)
        low, high = (
            (middle, high) if recruit(ADULT, pulses).motor < HALF else (low, middle)
        )
    return high


def weiss_ma(pulse_width_us: float) -> float:
    """Return what Weiss's law says: rheobase (1 + chronaxie / pulse width)."""
    chronaxie_us = ADULT.chronaxie_us
    rheobase_ma = ADULT.motor_ma / (1.0 + chronaxie_us / REFERENCE_PULSE_WIDTH_US)
    return rheobase_ma * (1.0 + chronaxie_us / pulse_width_us)


def recruitment() -> list[Grid]:
    """Return thresholds of a population, and the strength-duration curve."""
    people = [draw_subject(COHORT, seed).person.recruitment for seed in range(N_PEOPLE)]
    drawn = {
        name: {
            "mean, mA": Cell(
                mean_ma,
                float(np.mean([getattr(one, ATTRIBUTES[name]) for one in people])),
                range_ma,
            )
        }
        for name, (mean_ma, range_ma) in THRESHOLDS_MA.items()
    }
    curve = {
        f"{width_us} µs": {
            "half recruited, mA": Cell(
                weiss_ma(width_us), half_recruited_ma(width_us), STRENGTH_MA
            )
        }
        for width_us in PULSE_WIDTHS_US
    }
    return [
        Grid("thresholds", "threshold", drawn, digits=1),
        Grid("strength and duration", "pulse width", curve, digits=2),
    ]
