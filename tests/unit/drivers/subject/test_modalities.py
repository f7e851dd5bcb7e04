"""How each modality acts on a person, mechanism by mechanism."""

import math

import numpy as np
import pytest

from drivers.subject.body import BodyParams, mechanism
from drivers.subject.contact import ContactParams, Massage, Pressure, Stretch
from drivers.subject.cramp import Cramp, CrampParams, cramp_hazard
from drivers.subject.effect import NO_EFFECT, over_sites
from drivers.subject.learning import Biofeedback, LearningParams, lesson
from drivers.subject.mat import Mat, MatParams
from drivers.subject.needle import Needle, NeedleParams
from drivers.subject.stimulation import Modality, Stimulation, each
from drivers.subject.vibration import (
    Vibration,
    VibrationParams,
    inhibiting_share,
    reflex_share,
)

DT_S = 0.02
TENSE = 18.0
PPT_KPA = 140.0


def act(acting, stimulations, seconds, tone=TENSE):
    """Advance a mechanism; return its effects, step by step."""
    felt = [one for one in each(stimulations) if one.level]
    return [acting.advance(felt, tone) for _ in range(round(seconds / DT_S))]


def massage(kpa):
    return Stimulation(kpa, modality=Modality.MASSAGE)


def vibration(mm, hz):
    return Stimulation(mm, hz, modality=Modality.VIBRATION)


def mat(kpa):
    return Stimulation(kpa, modality=Modality.MAT)


def pressure(kpa):
    return Stimulation(kpa, modality=Modality.PRESSURE)


def stretch(deg):
    return Stimulation(deg, modality=Modality.STRETCH)


def feedback(success_pct):
    return Stimulation(success_pct, modality=Modality.BIOFEEDBACK)


def test_every_modality_but_pulses_has_a_mechanism():
    for modality in set(Modality) - {Modality.EMS}:
        acting = mechanism(modality, BodyParams(), DT_S, np.random.default_rng(0))
        effect = acting.advance([], TENSE)
        assert effect == NO_EFFECT


def test_sites_count_by_their_weight_and_a_lone_one_is_all_there_is():
    assert over_sites([0.8], (0.1, 0.9)) == pytest.approx(0.8)
    assert over_sites([1.0, 0.0], (0.1, 0.9)) == pytest.approx(0.1)
    assert over_sites([1.0, 0.0, 1.0], (1.0,)) == pytest.approx(2.0 / 3.0)
    assert over_sites([], (1.0,)) == 0.0


def test_kneading_has_half_its_effect_at_150_kpa():
    warm = Massage(ContactParams(ppt_kpa=400.0), DT_S)
    act(warm, massage(60.0), 60.0)
    assert act(warm, massage(150.0), 1.0)[-1].relaxing == pytest.approx(0.5)
    assert act(warm, massage(0.0), 1.0)[-1].relaxing == 0.0


def test_deep_before_light_raises_resting_activity_by_235_percent():
    """Roberts 2011: light before deep adds nothing."""
    rest = 0.6
    first = Massage(ContactParams(), DT_S)
    raised = act(first, massage(150.0), 0.1, tone=rest)[-1].reflex_pct_mvc
    assert (rest + raised) / rest == pytest.approx(3.35)
    warm = Massage(ContactParams(), DT_S)
    act(warm, massage(60.0), 61.0, tone=rest)
    assert act(warm, massage(150.0), 0.1, tone=rest)[-1].reflex_pct_mvc == 0.0


def test_a_tense_muscle_guards_by_a_limited_amount():
    first = Massage(ContactParams(), DT_S)
    assert act(first, massage(150.0), 0.1)[-1].reflex_pct_mvc == pytest.approx(11.75)


def test_pressure_releases_with_20_s_and_starts_anew_after_a_pause():
    thumb = Pressure(ContactParams(ppt_kpa=PPT_KPA), DT_S)
    effects = act(thumb, pressure(PPT_KPA), 20.0)
    assert effects[-1].relaxing == pytest.approx(1.0 - math.exp(-1.0), rel=5e-3)
    assert effects[-1].hurt == 0.0
    act(thumb, pressure(0.0), 0.1)
    assert act(thumb, pressure(PPT_KPA), 0.1)[-1].relaxing < 0.01


@pytest.mark.parametrize(
    ("share", "hurt"), [(1.0, 0.0), (1.3, 0.0), (1.3 / 0.9, 1.0), (2.0, 4.846)]
)
def test_pressure_hurts_beyond_1_3_of_the_threshold(share, hurt):
    thumb = Pressure(ContactParams(ppt_kpa=PPT_KPA), DT_S)
    effect = act(thumb, pressure(share * PPT_KPA), 0.1)[-1]
    assert effect.hurt == pytest.approx(hurt, abs=1e-3)
    assert effect.pressed == pytest.approx(share)


def test_a_slow_stretch_releases_and_a_fast_one_wakes_the_reflex():
    params = ContactParams(stretch_deg=42.0)
    slow, fast = Stretch(params, DT_S), Stretch(params, DT_S)
    for i in range(1500):
        effect = act(slow, stretch(1.0 * i * DT_S), DT_S, tone=1.0)[-1]
        assert effect.reflex_pct_mvc == 0.0
    assert act(slow, stretch(30.0), 40.0, tone=1.0)[-1].relaxing > 0.8
    woken = [e.reflex_pct_mvc for e in act(fast, stretch(30.0), 2.0, tone=1.0)]
    assert max(woken) > 3.0
    assert woken[-1] == 0.0


def test_a_tense_muscle_allows_less_range():
    params = ContactParams()
    assert params.reflex_deg(1.0) - params.reflex_deg(18.0) == pytest.approx(8.5)


def test_tonic_vibration_reflex_is_strongest_at_100_to_150_hz():
    """Park and Martin 1993: grows with frequency up to 100-150 Hz."""
    shares = {
        hz: reflex_share(hz, 1.0) for hz in (10.0, 25.0, 50.0, 80.0, 120.0, 300.0)
    }
    assert max(shares, key=shares.get) == 120.0
    rising = [shares[hz] for hz in (10.0, 25.0, 50.0, 80.0, 120.0)]
    assert rising == sorted(rising)
    assert shares[10.0] < 0.01 * shares[120.0]
    assert min(reflex_share(hz, 1.0) for hz in (80.0, 150.0)) > 0.75 * shares[120.0]


@pytest.mark.parametrize("rise_s", [5.0, 20.0])
def test_tonic_vibration_reflex_rises_slowly_and_grows_with_contraction(rise_s):
    params = VibrationParams(5.0, rise_s, habituation_share=0.0)
    effects = act(Vibration(params, DT_S), vibration(1e6, 120.0), 100.0)
    levels = np.array([effect.reflex_pct_mvc for effect in effects])
    full = 5.0 * (0.4 + 0.6 * 0.9)
    assert levels[-1] == pytest.approx(full, rel=1e-3)
    ten, ninety = np.searchsorted(levels, [0.1 * full, 0.9 * full]) * DT_S
    assert ninety - ten == pytest.approx(rise_s, rel=0.02)
    relaxed = act(Vibration(params, DT_S), vibration(1e6, 120.0), 100.0, tone=0.0)
    assert relaxed[-1].reflex_pct_mvc == pytest.approx(5.0 * 0.4, rel=1e-3)


def test_tonic_vibration_reflex_habituates():
    params = VibrationParams(5.0, 5.0, habituation_share=0.5, habituation_tau_s=60.0)
    effects = act(Vibration(params, DT_S), vibration(1e6, 120.0), 400.0)
    levels = [effect.reflex_pct_mvc for effect in effects]
    assert levels[-1] == pytest.approx(0.5 * 5.0 * 0.94, rel=0.02)
    assert max(levels) > 1.6 * levels[-1]


def test_vibration_inhibits_from_0_3_mm_on_and_a_tenth_is_weak():
    assert inhibiting_share(80.0, 0.3) > 0.45
    assert inhibiting_share(80.0, 0.1) < 0.15
    assert inhibiting_share(80.0, 100.0) == pytest.approx(0.7, rel=1e-3)
    assert inhibiting_share(400.0, 1.0) < 0.25
    shaker = Vibration(VibrationParams(), DT_S)
    act(shaker, vibration(1.0, 30.0), 5.0)
    assert act(shaker, vibration(0.0, 30.0), DT_S)[-1].relaxing == 0.0


def test_mat_hurts_at_first_and_then_no_more():
    lying = Mat(MatParams(discomfort_pct_mvc=2.0), DT_S)
    effects = act(lying, mat(30.0), 180.0)
    reached = 1.0 - math.exp(-3.0)
    assert effects[0].relaxing == pytest.approx(reached)
    assert effects[0].reflex_pct_mvc == pytest.approx(2.0 * reached, rel=1e-3)
    at_minute = effects[round(60.0 / DT_S)].reflex_pct_mvc
    assert at_minute == pytest.approx(2.0 * reached * math.exp(-1.0), rel=1e-2)
    assert effects[-1].reflex_pct_mvc < 0.12
    assert effects[-1].hurt == 0.0


def test_mat_that_is_not_tolerated_hurts_for_as_long_as_it_presses():
    lying = Mat(MatParams(tolerance_kpa=4.0), DT_S)
    assert act(lying, mat(4.0), 1.0)[-1].hurt == 0.0
    assert act(lying, mat(10.0), 300.0)[-1].hurt == pytest.approx(1.5)
    assert act(lying, mat(10.0), 1.0)[-1].relaxing == 0.0
    assert act(lying, mat(3.0), 1.0)[-1].hurt == 0.0


def test_zones_of_a_mat_add_up():
    params = MatParams(zone_weights=(0.1, 0.2, 0.3, 0.4))
    one = 1.0 - math.exp(-1.0)
    zones = [mat(10.0), Stimulation(0.0, modality=Modality.MAT), mat(10.0), mat(10.0)]
    assert Mat(params, DT_S).advance(zones, TENSE).relaxing == pytest.approx(0.8 * one)


def needle(count):
    return Stimulation(float(count), modality=Modality.NEEDLE)


def twitches(params, n, seed=0):
    acting = Needle(params, DT_S, np.random.default_rng(seed))
    heights, resets = [], []
    for count in range(1, n + 1):
        effects = act(acting, needle(count), 6.0, tone=0.5)
        heights.append(max(effect.reflex_pct_mvc for effect in effects))
        resets.append(any(effect.resets for effect in effects))
    return np.array(heights), resets


def test_local_twitches_fall_over_the_first_three_and_then_stay():
    """Baraja-Vegas 2020."""
    heights, resets = twitches(NeedleParams(80.0, probability=1.0), 6)
    assert heights == pytest.approx(
        80.0 * np.array([1, 0.6, 0.36, 0.216, 0.216, 0.216])
    )
    assert not any(resets)


def test_a_twitch_lasts_some_hundred_milliseconds():
    acting = Needle(NeedleParams(80.0, probability=1.0), DT_S, np.random.default_rng(0))
    effects = act(acting, needle(1), 1.0)
    start = round(0.03 / DT_S)
    assert effects[start - 1].reflex_pct_mvc == 0.0
    assert effects[start].reflex_pct_mvc == pytest.approx(80.0)
    later = effects[start + round(0.15 / DT_S)].reflex_pct_mvc
    assert later == pytest.approx(29.4, rel=0.1)
    assert effects[-1].reflex_pct_mvc < 0.2


def test_seven_of_ten_insertions_twitch_and_only_those_reset():
    heights, resets = twitches(NeedleParams(80.0, resets=True), 400)
    twitched = heights > 1.0
    assert twitched.mean() == pytest.approx(0.7, abs=0.06)
    assert resets == twitched.tolist()


def test_a_needle_that_stays_inserts_nothing():
    acting = Needle(NeedleParams(80.0, probability=1.0), DT_S, np.random.default_rng(0))
    act(acting, needle(3), 5.0)
    for count in (3, 1, 0, 2):
        assert act(acting, needle(count), 1.0)[-1].reflex_pct_mvc < 1e-6


def test_most_is_learned_where_success_is_neither_sure_nor_hopeless():
    assert [lesson(pct) for pct in (0.0, 50.0, 100.0, 200.0)] == [0.0, 1.0, 0.0, 0.0]
    assert min(lesson(60.0), lesson(80.0)) > 0.6 > lesson(95.0)


def test_feedback_teaches_and_part_of_it_is_left_without():
    params = LearningParams(skill=0.1, ceiling=0.9, rate_per_s=1.0 / 180.0)
    pupil, bored = Biofeedback(params, DT_S), Biofeedback(params, DT_S)
    learned = act(pupil, feedback(50.0), 180.0)[-1].relaxing
    assert learned == pytest.approx(0.9 - 0.8 * math.exp(-1.0), rel=5e-3)
    assert act(bored, feedback(100.0), 180.0)[-1].relaxing == pytest.approx(0.1)
    left = act(pupil, feedback(0.0), 1.0)[-1].relaxing
    assert left == pytest.approx(0.7 * (learned - 0.1))
    assert act(bored, feedback(0.0), 1.0)[-1].relaxing == 0.0


def test_cramp_hazard_needs_a_rate_above_the_threshold_and_motor_fibres():
    person = CrampParams(15.0)
    assert cramp_hazard(person, Stimulation(30.0, 10.0, 200.0), 1.0) == 0.0
    assert cramp_hazard(person, Stimulation(30.0, 30.0, 200.0), 1.0) == 0.02
    assert cramp_hazard(person, Stimulation(30.0, 30.0, 200.0), 0.0) == 0.0
    assert cramp_hazard(person, Stimulation(0.0, 30.0, 200.0), 1.0) == 0.0


def test_cramps_come_at_the_hazard_and_last_10_to_60_s():
    waits, lengths = [], []
    for seed in range(200):
        cramp, t_s = Cramp(np.random.default_rng(seed), 0.1), 0.0
        while not cramp.is_on:
            cramp.advance(0.02)
            t_s += 0.1
        waits.append(t_s)
        lasted_s = 0.0
        while cramp.is_on:
            assert lasted_s < 5.0 or cramp.level_pct_mvc == pytest.approx(30.0)
            cramp.advance(0.0)
            lasted_s += 0.1
        lengths.append(lasted_s)
    assert np.mean(waits) == pytest.approx(50.0, rel=0.2)
    assert 9.8 < min(lengths) < 14.0
    assert 55.0 < max(lengths) < 60.3


@pytest.mark.parametrize("start_hz", [4.0, 14.0])
def test_a_staircase_finds_the_threshold_within_2_hz(start_hz):
    """The electrical cramp test: 2 Hz steps, each long enough for a small hazard."""
    errors = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        person = CrampParams(float(rng.uniform(15.0, 26.0)))
        cramp, hz = Cramp(rng, 1.0), start_hz
        while not cramp.is_on:
            hz += 2.0
            pulses = Stimulation(40.0, hz, 200.0)
            for _ in range(7200):
                cramp.advance(cramp_hazard(person, pulses, 1.0))
                if cramp.is_on:
                    break
        errors.append(hz - person.threshold_hz)
    # A step that is only just above the threshold is passed now and then.
    assert min(errors) > 0.0
    assert np.mean(np.array(errors) <= 2.0) > 0.8
    assert np.median(errors) < 2.0
