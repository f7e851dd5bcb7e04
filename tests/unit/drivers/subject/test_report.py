"""What a person says about a treatment while it goes on."""

from dataclasses import replace

import numpy as np
import pytest

from drivers.subject.cohorts import draw_subject
from drivers.subject.person import Person, Task
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import SILENCE, Modality, Stimulation
from drivers.subject.subject import SimulatedSubject

DT_S = 0.01


def person(cohort="responder-spasm", seed=2):
    params = draw_subject(cohort, seed).person
    return Person(params, np.random.default_rng(seed), DT_S)


def act(who, felt, seconds):
    for _ in range(round(seconds / DT_S)):
        who.advance(felt, 0.0)
    return who.report()


def pressed(who, over_ppt, modality=Modality.PRESSURE):
    return Stimulation(over_ppt * who.params.body.contact.ppt_kpa, modality=modality)


def test_nothing_is_felt_of_nothing():
    report = act(person(), SILENCE, 0.1)
    assert report.discomfort_nrs == 0.0
    assert report.intolerable_zones == ()
    assert not report.feels_pulses
    assert not report.feels_contraction
    assert not report.exceeds_tolerance


@pytest.mark.parametrize("modality", [Modality.PRESSURE, Modality.MASSAGE])
@pytest.mark.parametrize(("over_ppt", "nrs"), [(0.5, 0), (1, 5), (1.2, 7), (2, 10)])
def test_discomfort_of_a_pressure_is_5_to_7_at_the_threshold(modality, over_ppt, nrs):
    who = person()
    report = act(who, (pressed(who, over_ppt, modality),), DT_S)
    assert report.discomfort_nrs == pytest.approx(nrs, abs=0.02)


def test_discomfort_halves_in_30_s_of_the_same_pressure():
    who = person()
    felt = (pressed(who, 1.2),)
    start = act(who, felt, DT_S).discomfort_nrs
    half = act(who, felt, 30.0).discomfort_nrs
    assert half == pytest.approx(0.5 * start, rel=0.01)
    assert act(who, felt, 30.0).discomfort_nrs == pytest.approx(0.25 * start, rel=0.01)


def test_a_pressure_that_rises_is_felt_anew_and_one_that_rested_as_well():
    who = person()
    held = act(who, (pressed(who, 1.0),), 30.0).discomfort_nrs
    risen = act(who, (pressed(who, 1.2),), DT_S).discomfort_nrs
    assert risen == pytest.approx(held + 2.0, abs=0.02)
    assert act(who, SILENCE, 0.1).discomfort_nrs == 0.0
    act(who, SILENCE, 300.0)
    again = act(who, (pressed(who, 1.2),), DT_S).discomfort_nrs
    assert again == pytest.approx(7.0, abs=0.05)


def test_zones_beyond_the_tolerance_are_named():
    who = person("mat-intolerant")
    limit = who.params.body.mat.tolerance_kpa
    zones = tuple(
        Stimulation(share * limit, modality=Modality.MAT)
        for share in (0.9, 1.1, 0.0, 2.0)
    )
    report = act(who, zones, 1.0)
    assert report.intolerable_zones == (1, 3)
    assert report.discomfort_nrs == 10.0
    assert act(who, zones[:1], 1.0).intolerable_zones == ()


@pytest.mark.parametrize("pulse_width_us", [100.0, 200.0, 400.0])
def test_thresholds_of_pulses_are_told_at_any_width(pulse_width_us):
    who = person()
    nerves = who.params.recruitment
    wide = 1.0 + nerves.chronaxie_us / pulse_width_us
    factor = wide / (1.0 + nerves.chronaxie_us / 200.0)

    def at(ma):
        return act(who, Stimulation(ma * factor, 4.0, pulse_width_us), DT_S)

    for threshold_ma, name in (
        (nerves.sensory_ma, "feels_pulses"),
        (nerves.motor_ma, "feels_contraction"),
        (nerves.tolerance_ma, "exceeds_tolerance"),
    ):
        assert not getattr(at(0.99 * threshold_ma), name)
        assert getattr(at(1.01 * threshold_ma), name)
    assert at(0.9 * nerves.tolerance_ma).discomfort_nrs == pytest.approx(5.0)
    assert at(nerves.motor_ma).discomfort_nrs < 5.0


FS = 1000.0


def stretched(tense_pct_mvc):
    """Return tones and release of a prompted stretch in a muscle of this tension."""
    params = subject_params("null", 3)
    tone = replace(params.person.tone, saddle_pct_mvc=0.4 * tense_pct_mvc, noise=0.0)
    tone = replace(tone, tense_pct_mvc=tense_pct_mvc)
    params = replace(params, person=replace(params.person, tone=tone))
    subject = SimulatedSubject(params, FS, 1, 3)
    subject.person.tense_up()
    return subject, subject.step(round(15 * FS), task=Task.STRETCH).tone_pct_mvc


def test_a_slow_stretch_on_a_prompt_relaxes_a_muscle_that_is_not_tense():
    subject, tone = stretched(3.0)
    assert tone.max() < 3.1  # no reflex
    assert subject.person.contact > 0.2
    subject.step(round(30 * FS), task=Task.RELAX)
    assert subject.person.contact < 0.01


def test_the_same_stretch_wakes_the_reflex_of_a_tense_muscle():
    subject, tone = stretched(15.0)
    assert tone.max() > 16.0
    assert subject.reports()[0].discomfort_nrs == 0.0


def test_a_fast_stretch_wakes_the_reflex_of_any_muscle():
    subject, _ = stretched(3.0)
    pull = Stimulation(38.0, modality=Modality.STRETCH)
    quick = SimulatedSubject(subject.params, FS, 1, 3).step(500, pull).tone_pct_mvc
    assert quick.max() > 5.0


def test_other_prompts_do_not_stretch():
    plain = SimulatedSubject(subject_params("null", 3), FS, 1, 3)
    plain.step(3000, task=Task.ISOMETRIC)
    assert plain.person.contact == 0.0
