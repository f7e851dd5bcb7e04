"""At which pulse rate people cramp, as drawn and as a test finds it."""

import numpy as np

from bench.physiology.grid import Cell, Grid
from drivers.subject.cohorts import draw_subject
from drivers.subject.cramp import Cramp, CrampParams, cramp_hazard
from drivers.subject.stimulation import Stimulation

N_PEOPLE = 400
#: Cohort, and mean and standard error that were published: 14.9 ± 1.3 Hz in people
#: prone to cramps, 25.5 ± 1.6 Hz in controls (Miller and Knight 2009, Muscle Nerve
#: 39:364).
PUBLISHED_HZ = {"cramp-prone": (14.9, 1.3), "responder-spasm": (25.5, 1.6)}
#: Spread of the normal distributions that are drawn from; they are clipped. A.
DRAWN_SD_HZ = {"cramp-prone": 4.0, "responder-spasm": 8.0}
SD_SHARE = 0.15

#: The test: pulses from this rate on, in steps of 2 Hz, until there is a cramp.
STARTS_HZ = (4.0, 14.0)
STEP_HZ = 2.0
#: So long that the small hazard right above the threshold has time to act. A.
LONG_S = 7200
N_TESTED = 60
TESTED_HZ = (15.0, 26.0)
TEST_MA, TEST_PULSE_US = 40.0, 200.0


def thresholds_hz(cohort: str) -> list[float]:
    """Return the cramp threshold frequency of each of many people."""
    people = (draw_subject(cohort, seed).person for seed in range(N_PEOPLE))
    return [person.body.cramp.threshold_hz for person in people]


def found_hz(threshold_hz: float, start_hz: float, rng: np.random.Generator) -> float:
    """Return the rate at which the test sets off a cramp."""
    person, cramp, hz = CrampParams(threshold_hz), Cramp(rng, 1.0), start_hz
    while True:
        pulses = Stimulation(TEST_MA, hz, TEST_PULSE_US)
        hazard = cramp_hazard(person, pulses, 1.0)
        for _ in range(LONG_S if hazard else 0):
            cramp.advance(hazard)
            if cramp.is_on:
                return hz
        hz += STEP_HZ


def cramp() -> list[Grid]:
    """Return thresholds of cohorts, and how far off the test is."""
    drawn = {}
    for cohort, (mean_hz, error_hz) in PUBLISHED_HZ.items():
        hz, sd_hz = thresholds_hz(cohort), DRAWN_SD_HZ[cohort]
        drawn[cohort] = {
            "mean, Hz": Cell(mean_hz, float(np.mean(hz)), error_hz),
            "SD, Hz": Cell(sd_hz, float(np.std(hz)), SD_SHARE * sd_hz),
        }
    tested = {
        f"from {start_hz:g} Hz": {"above the threshold, Hz": _test_error(start_hz)}
        for start_hz in STARTS_HZ
    }
    return [
        Grid("cramp thresholds", "cohort", drawn, digits=1),
        Grid("cramp test", "test", tested, digits=1),
    ]


def _test_error(start_hz: float) -> Cell:
    errors = []
    for seed in range(N_TESTED):
        rng = np.random.default_rng(seed)
        threshold_hz = float(rng.uniform(*TESTED_HZ))
        errors.append(found_hz(threshold_hz, start_hz, rng) - threshold_hz)
    # Half a step is what any test in steps is late by.
    return Cell(STEP_HZ / 2.0, float(np.median(errors)), STEP_HZ / 2.0)
