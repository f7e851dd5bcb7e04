"""What a program actuates, and what it asks for besides tension, as data.

A marks assumptions and engineering choices of this project.
"""

import enum
from dataclasses import dataclass


class Modality(enum.StrEnum):
    """What a program actuates."""

    EMS = "ems"
    MASSAGE = "massage"
    VIBRATION = "vibration"
    MAT = "mat"
    PRESSURE = "pressure"
    NONE = "none"


class Measure(enum.StrEnum):
    """An outcome measure; the unit is part of its name."""

    TENSION_PCT_MVC = "tension_pct_mvc"
    RANGE_OF_MOTION_DEG = "range_of_motion_deg"
    PAIN_NRS = "pain_nrs"
    PRESSURE_PAIN_THRESHOLD_KPA = "pressure_pain_threshold_kpa"
    NOTES = "notes"


@dataclass(frozen=True, slots=True)
class AssessPlan:
    """What is measured before and after, stimulation off.

    Parameters
    ----------
    measures : tuple of Measure
        What the operator is asked for; tension is measured by the session itself.
    wait_s : float
        The reassessment waits so long for what the operator has not entered yet. A.
    """

    measures: tuple[Measure, ...] = (Measure.TENSION_PCT_MVC,)
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedbackPlan:
    """Biofeedback: a goal that is moved so that it is met most of the time.

    Parameters
    ----------
    success_share : float
        The goal is moved so that it is met in this share of the judgements. A: 0.7,
        in the middle of 60 to 80 %.
    step : float
        Natural logarithm of the largest change of the goal per judgement. A.
    trial_s : float
        Length of a trial with feedback. A.
    transfer_s : float
        Length of a trial without: what has been learned must hold without it. A.
    trials_per_transfer : int
        So many trials with feedback before each one without. A.
    """

    success_share: float = 0.7
    step: float = 0.05
    trial_s: float = 60.0
    transfer_s: float = 20.0
    trials_per_transfer: int = 3


@dataclass(frozen=True, slots=True)
class NeedlingPlan:
    """Observation of needling: which twitches count as responses to an insertion.

    Parameters
    ----------
    marker : str
        An LSL marker that is, or whose JSON has as ``kind``, this word is an insertion.
    late_s : float
        A response begins at most so long after its insertion. A: 1 s.
    early_s : float
        Or at most so long before its mark: a hand is slower than a reflex. A: 0.5 s.
    """

    marker: str = "insertion"
    late_s: float = 1.0
    early_s: float = 0.5


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """The search of thresholds at the begin of a treatment: up, one bout at a time.

    Parameters
    ----------
    start_ma : float
        Amplitude of the first bout. A.
    step_ma : float
        Rise from one amplitude to the next; at most 1 mA. A.
    dwell_bouts : int
        So many bouts at each amplitude. A.
    ceiling_ma : float
        Neither the search nor, after it, the law goes higher. A.
    m_wave_uv : float
        A muscle answers from an M-wave of this size on, from peak to peak. A: 50 µV.
    twitch_ratio : float
        The motor threshold, from which on a contraction is seen, over the amplitude at
        which the muscle answers: EMG shows the first motor units before a joint or an
        eye does. A.
    start_share : float
        Where the level starts between the sensory threshold, 0, and the motor
        threshold, 1. A.
    motor_ratio : float
        Ceiling over motor threshold: a comfortable twitch. A: up to about 1.2.
    tolerance_ratio : float
        Ceiling over what is tolerated. A.
    """

    start_ma: float = 1.0
    step_ma: float = 0.5
    dwell_bouts: int = 1
    ceiling_ma: float = 15.0
    m_wave_uv: float = 50.0
    twitch_ratio: float = 1.0
    start_share: float = 0.5
    motor_ratio: float = 1.2
    tolerance_ratio: float = 0.85
