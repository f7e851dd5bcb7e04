"""How long a load can be held, and what pulses leave of the force."""

import math

from bench.physiology.grid import Cell, Grid
from drivers.subject.evoked_force import QUADRICEPS, EvokedForce, ForceParams
from drivers.subject.fatigue import DEFAULT_FATIGUE, JOINTS, FatigueParams, MotorUnits

DT_S = 0.05
#: A load counts as lost when less than this share of it is held. A.
HELD_SHARE = 0.98
#: The units need this long to take up a load.
TAKEN_UP_S = 2.0
LONGEST_S = 6000.0

LOADS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
HARDEST = 0.9
#: Seconds that a load can be held, from an independent computation of the equations
#: with the published F and R.
MODEL_S = {
    "ankle": (3788, 870, 455, 183, 78, 23),
    "knee": (1528, 343, 179, 72, 31, 9),
    "trunk": (3029, 680, 356, 143, 61, 18),
    "shoulder": (1069, 277, 146, 59, 25, 7),
    "elbow": (2841, 570, 296, 118, 51, 15),
    "hand": (1392, 477, 261, 108, 47, 14),
    "default": (2064, 521, 275, 111, 47, 14),
}
#: Power laws that were fitted to measured endurance times (R).
POWER_LAW_S = {
    "ankle": (3985, 956, 415, 145, 72, 43),
    "knee": (1470, 399, 186, 71, 38, 24),
    "trunk": (4225, 876, 349, 109, 51, 29),
    "shoulder": (1005, 283, 135, 53, 29, 18),
    "elbow": (2482, 563, 237, 79, 39, 23),
    "hand": (1367, 448, 233, 102, 60, 40),
}
#: Rounding of the computed figures, and another step size.
MODEL_SHARE, MODEL_ABS_S = 0.02, 1.0
#: The model shares the shape of the laws; at the hardest load it holds much shorter. A.
LAW_SHARE, LAW_SHARE_AT_HARDEST = 0.5, 0.7

#: Peak force of trains of 1 s, every 2 s: the first, and after 150 of them. Computed
#: from the equations and parameters of Ding, Wexler and Binder-Macleod.
TRAINS_N = {
    1: (100, 91),
    2: (100, 81),
    5: (109, 75),
    10: (167, 85),
    20: (237, 92),
    33: (272, 95),
    50: (292, 96),
}
N_TRAINS = 150
TRAIN_S = 1.0
#: Percent of the highest force that ten minutes without a pause leave, likewise.
LEFT_PCT = {2: 62, 5: 45, 10: 30}
CONTINUOUS_S = 600
#: Both are printed without decimals.
PRINTED = 1.0


def endurance_s(load: float, params: FatigueParams) -> float:
    """Return for how long a load, 0 to 1, can be held."""
    units, t_s = MotorUnits(params), 0.0
    while t_s < LONGEST_S:
        units.advance(load, DT_S)
        t_s += DT_S
        if t_s > TAKEN_UP_S and units.active < HELD_SHARE * load:
            break
    return t_s


def endurance() -> list[Grid]:
    """Return endurance against the model's figures, and against the power laws."""
    joints = {**JOINTS, "default": DEFAULT_FATIGUE}
    ours = {j: [endurance_s(load, joints[j]) for load in LOADS] for j in MODEL_S}
    model = {
        joint: {
            f"{load:.0%}": Cell(s, held_s, max(MODEL_ABS_S, MODEL_SHARE * s))
            for load, s, held_s in zip(LOADS, MODEL_S[joint], ours[joint], strict=True)
        }
        for joint in MODEL_S
    }
    laws = {
        joint: {
            f"{load:.0%}": Cell(s, held_s, _law_share(load) * s)
            for load, s, held_s in zip(LOADS, law, ours[joint], strict=True)
        }
        for joint, law in POWER_LAW_S.items()
    }
    return [Grid("endurance", "joint", model), Grid("power laws", "joint", laws)]


def _law_share(load: float) -> float:
    return LAW_SHARE_AT_HARDEST if load >= HARDEST else LAW_SHARE


def train_peaks_n(
    rate_hz: float, n_trains: int, pause_s: float, params: ForceParams = QUADRICEPS
) -> list[float]:
    """Return the peak force of every one of some trains of a second."""
    muscle = EvokedForce(params)
    n_pulses = max(1, math.ceil(TRAIN_S * rate_hz))
    period_ms = 1000.0 / rate_hz
    rest_ms = (TRAIN_S + pause_s) * 1000.0 - n_pulses * period_ms
    peaks = []
    for _ in range(n_trains):
        peak = 0.0
        for i in range(n_pulses):
            muscle.pulse()
            last_ms = rest_ms if i == n_pulses - 1 else 0.0
            peak = max(peak, muscle.advance(period_ms + last_ms))
        peaks.append(peak)
    return peaks


def evoked_force() -> list[Grid]:
    """Return the force of trains, and what is left of it without pauses."""
    trains = {}
    for rate_hz, (first_n, last_n) in TRAINS_N.items():
        peaks = train_peaks_n(rate_hz, N_TRAINS, TRAIN_S)
        trains[f"{rate_hz} Hz"] = {
            "first, N": Cell(first_n, peaks[0], PRINTED),
            f"after {N_TRAINS}, N": Cell(last_n, peaks[-1], PRINTED),
        }
    left = {}
    for rate_hz, pct in LEFT_PCT.items():
        peaks = train_peaks_n(rate_hz, CONTINUOUS_S, 0.0)
        ours = 100.0 * peaks[-1] / max(peaks)
        left[f"{rate_hz} Hz"] = {"left, %": Cell(pct, ours, PRINTED)}
    return [
        Grid("trains", "rate", trains),
        Grid("without pause", "rate", left),
    ]
