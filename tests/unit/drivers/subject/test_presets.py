"""The name of a preset is true for every individual: a plain loop over 200 seeds."""

import numpy as np
import pytest

from drivers.errors import DriverConfigError
from drivers.subject.cohorts import COHORTS, draw_subject
from drivers.subject.person import Person
from drivers.subject.preset_names import PRESET_NAMES
from drivers.subject.presets import PRESETS, subject_params
from drivers.subject.stimulation import SILENCE, Stimulation

SEEDS = range(200)
DT_S = 0.05
TARGET_PCT_MVC = 3.0
MAX_MA = 30.0
CYCLE_STEPS, ON_STEPS = 100, 60  # 3 s on, 2 s off
REACHED_S = 10.0


def treat(preset, seed, slew_ma_s, rises_in_pauses, seconds):
    """Run a rate-limited integral loop; return tone over the tense level, per step."""
    params = subject_params(preset, seed).person
    subject = Person(params, np.random.default_rng(seed), DT_S)
    subject.tense_up()
    tone, amplitude_ma, below_s, tones = subject.tone_pct_mvc, 0.0, 0.0, []
    for i in range(round(seconds / DT_S)):
        is_on = i % CYCLE_STEPS < ON_STEPS
        if tone > TARGET_PCT_MVC and (is_on or rises_in_pauses):
            amplitude_ma = min(MAX_MA, amplitude_ma + slew_ma_s * DT_S)
        pulse = Stimulation(amplitude_ma, 4.0, 200.0) if is_on else SILENCE
        tone = subject.advance(pulse, 0.0)
        tones.append(tone)
        below_s = below_s + DT_S if tone < TARGET_PCT_MVC else 0.0
        if below_s >= REACHED_S:
            break
    return np.array(tones) / params.tone.tense_pct_mvc, below_s >= REACHED_S


@pytest.mark.parametrize(
    ("preset", "slew_ma_s", "rises_in_pauses", "within_s"),
    [
        ("responder", 1.0, True, 75.0),
        ("responder", 0.6, True, 90.0),
        ("responder", 0.6, False, 95.0),
        ("responder-tonic", 0.6, False, 70.0),
    ],
)
def test_responders_reach(preset, slew_ma_s, rises_in_pauses, within_s):
    seconds = within_s + REACHED_S
    missed = [
        seed
        for seed in SEEDS
        if not treat(preset, seed, slew_ma_s, rises_in_pauses, seconds)[1]
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("preset", "least", "most"), [("weak", 0.7, 0.985), ("null", 0.95, 1.05)]
)
def test_weak_and_null_stay_tense(preset, least, most):
    for seed in SEEDS:
        tones, reached = treat(preset, seed, 1.0, True, 120.0)
        last_30_s = tones[-6 * CYCLE_STEPS :]
        assert not reached
        assert least < last_30_s.mean() < most, seed


def test_adverse_get_worse_also_when_measured_in_the_pauses():
    for seed in SEEDS:
        tones, reached = treat("adverse", seed, 1.0, True, 60.0)
        last_cycle = tones[-CYCLE_STEPS:]
        assert not reached
        assert last_cycle[ON_STEPS:].mean() > 1.3, seed


@pytest.mark.parametrize("preset", PRESETS)
def test_individuals_are_within_the_stated_ranges(preset):
    for seed in SEEDS:
        subject = subject_params(preset, seed)
        tone, nerves = subject.person.tone, subject.person.recruitment
        assert subject.preset == preset
        assert 0.3 <= tone.rest_pct_mvc <= 0.6
        assert 9.0 <= tone.tense_pct_mvc <= 25.0
        assert subject.sigma_mvc_uv >= 400.0
        assert nerves.sensory_ma < nerves.motor_ma <= nerves.tolerance_ma - 6.0
        # No preset may hurt at the amplitudes that a default loop can reach.
        assert 0.9 * nerves.tolerance_ma > MAX_MA


def test_rest_with_noise_is_below_one_percent_for_an_ordinary_electrode():
    for seed in SEEDS:
        subject = subject_params("responder", seed)
        rest_uv = subject.person.tone.rest_pct_mvc / 100.0 * subject.sigma_mvc_uv
        floor_uv = np.hypot(rest_uv, subject.contaminants.noise_uv)
        assert floor_uv < 0.01 * subject.sigma_mvc_uv


def test_a_seed_is_a_person():
    assert subject_params("weak", 5) == subject_params("weak", 5)
    assert subject_params("weak", 5) != subject_params("weak", 6)


def test_unknown_preset_names_the_known_ones():
    with pytest.raises(DriverConfigError, match="responder-tonic"):
        subject_params("superman", 1)


def test_the_names_are_those_of_the_presets() -> None:
    assert (*PRESETS, *(n for n in COHORTS if n not in PRESETS)) == PRESET_NAMES
    assert all(subject_params(name, 3).preset == name for name in PRESET_NAMES)


def test_a_cohort_without_a_preset_of_its_name_is_its_population() -> None:
    assert subject_params("cramp-prone", 7) == draw_subject("cramp-prone", 7)
    assert subject_params("weak", 7) != draw_subject("weak", 7)
