"""Fatigue: what must hold beside the published tables, which the bench computes."""

import math

import numpy as np
import pytest

from bench.physiology.fatigue import DT_S, LONGEST_S, endurance_s, train_peaks_n
from drivers.subject.evoked_force import EvokedForce, ForceParams
from drivers.subject.fatigue import (
    JOINTS,
    RESTING_JOINTS,
    FatigueParams,
    MotorUnits,
)


def test_swapped_rates_of_the_abstract_would_never_tire():
    """F and R are exchanged in a printed abstract; below 74 % nothing would tire."""
    ankle = FatigueParams(JOINTS["ankle"].fatigue_per_s, 0.0182, 1.0)
    assert endurance_s(0.7, ankle) >= LONGEST_S
    assert endurance_s(0.7, JOINTS["ankle"]) < 100.0


@pytest.mark.parametrize("joint", JOINTS)
def test_what_can_be_held_for_ever_is_6_to_9_percent(joint):
    params = JOINTS[joint]
    limit = params.recovery_per_s / (params.recovery_per_s + params.fatigue_per_s)
    assert 0.06 < limit < 0.095
    units = MotorUnits(params)
    for _ in range(round(6000.0 / DT_S)):
        units.advance(0.5, DT_S)
    assert units.active == pytest.approx(limit, rel=0.02)


def test_compartments_add_up_and_stay_shares():
    units = MotorUnits()
    rng = np.random.default_rng(0)
    for _ in range(5000):
        units.advance(float(rng.random()), DT_S)
        shares = (units.active, units.fatigued, units.resting)
        assert min(shares) >= -1e-12
        assert sum(shares) == pytest.approx(1.0)


@pytest.mark.parametrize("joint", RESTING_JOINTS)
def test_rest_recovers_as_much_faster_as_the_multiplier_says(joint):
    params = RESTING_JOINTS[joint]
    units = MotorUnits(params)
    for _ in range(600):
        units.advance(1.0, DT_S)
    tired = units.fatigued
    for _ in range(round(5.0 / DT_S)):
        units.advance(0.0, DT_S)
    rate = params.recovery_per_s * params.rest_multiplier
    assert units.fatigued / tired == pytest.approx(math.exp(-5.0 * rate), rel=0.02)


def test_a_misprinted_coefficient_would_abolish_the_force():
    misprinted = ForceParams(km_per_ms_n=1.9e-5)
    peaks = train_peaks_n(20, 150, 1.0, misprinted)
    assert peaks[-1] < 40.0  # 92 N with the right one


def test_the_interval_term_decays_with_the_interval():
    """With the wrong sign the peak at 5 Hz would be 334 N instead of 109 N."""
    assert train_peaks_n(5, 1, 1.0)[0] == pytest.approx(109.0, abs=1.0)


def test_rest_brings_the_force_back_in_minutes():
    muscle = EvokedForce()
    for _ in range(600):
        muscle.pulse()
        muscle.advance(100.0)
    tired = muscle.freshness
    muscle.advance(127_000.0)
    lost = 1.0 - tired
    assert lost > 0.1
    assert muscle.freshness == pytest.approx(1.0 - lost * math.exp(-1.0), rel=0.02)


def test_fibres_that_pulses_do_not_reach_do_not_tire():
    muscle = EvokedForce()
    for _ in range(100):
        muscle.pulse()
        muscle.advance(100.0, recruited=0.0)
    assert muscle.freshness == 1.0
