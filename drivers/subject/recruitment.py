"""How much of the muscle and its nerves a stimulation reaches."""

import math
from dataclasses import dataclass

from drivers.subject.stimulation import Modality, Stimulation

#: A: assumption; share of the response that sensory fibres give, below motor threshold.
SENSORY_SHARE = 0.35
#: A: assumption; the sensory half is reached this far above the sensory threshold.
SENSORY_OFFSET_MA = 4.0
SENSORY_SPREAD_MA = 1.5  # A: assumption
MOTOR_SPREAD_MA = 2.5  # A: assumption
#: A: assumption; pulse width for which the thresholds below are stated.
REFERENCE_PULSE_WIDTH_US = 200.0
LOWEST_FULL_RATE_HZ = 1.0  # A: assumption; gentle twitching is 1-10 Hz
HIGHEST_FULL_RATE_HZ = 10.0  # A: assumption


@dataclass(frozen=True, slots=True)
class RecruitmentParams:
    """Thresholds of one person at the reference pulse width.

    Between-subject values for symmetrical biphasic pulses in adults: sensory 7 ± 1 mA,
    contraction 23.5 ± 3 mA, tolerance 43 ± 3.5 mA (psychophysical NMES scale, Eur J
    Integr Med 5:279, 2013). ``chronaxie_us`` is 150-300 µs for motor fibres (R).
    """

    sensory_ma: float
    motor_ma: float
    tolerance_ma: float
    chronaxie_us: float


@dataclass(frozen=True, slots=True)
class Recruitment:
    """Shares 0..1 of fibres reached, and the amplitude at reference pulse width."""

    total: float
    motor: float
    equivalent_ma: float
    sensory: float = 0.0


NOTHING = Recruitment(0.0, 0.0, 0.0)


def sigmoid(x: float) -> float:
    """Return the logistic function, safe for any x."""
    return 0.5 * (1.0 + math.tanh(0.5 * x))


def weiss_factor(params: RecruitmentParams, pulse_width_us: float) -> float:
    """Return threshold at this pulse width over threshold at the reference width.

    Weiss: I(PW) = rheobase (1 + chronaxie/PW).
    """
    reference = 1.0 + params.chronaxie_us / REFERENCE_PULSE_WIDTH_US
    return (1.0 + params.chronaxie_us / pulse_width_us) / reference


def rate_factor(frequency_hz: float) -> float:
    """Return how well a pulse rate relaxes: 1 between 1 and 10 Hz, less outside."""
    return min(
        1.0, frequency_hz / LOWEST_FULL_RATE_HZ, HIGHEST_FULL_RATE_HZ / frequency_hz
    )


def recruit(params: RecruitmentParams, stimulation: Stimulation) -> Recruitment:
    """Return what a stimulation recruits: a sensory and a motor sigmoid."""
    if not stimulation.is_on or stimulation.modality is not Modality.EMS:
        return NOTHING
    ma = stimulation.amplitude_ma / weiss_factor(params, stimulation.pulse_width_us)
    sensory = sigmoid((ma - params.sensory_ma - SENSORY_OFFSET_MA) / SENSORY_SPREAD_MA)
    motor = sigmoid((ma - params.motor_ma) / MOTOR_SPREAD_MA)
    total = SENSORY_SHARE * sensory + (1.0 - SENSORY_SHARE) * motor
    total *= rate_factor(stimulation.frequency_hz)
    return Recruitment(total, motor, ma, sensory)
