"""The EMG of people under every modality: nothing about it is a shortcut."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import signal

from drivers.subject.body import BodyParams
from drivers.subject.cohorts import draw_subject
from drivers.subject.contact import ContactParams
from drivers.subject.contaminants import ContaminantParams
from drivers.subject.electrodes import ElectrodeParams
from drivers.subject.person import Task
from drivers.subject.preset_names import COHORT_NAMES
from drivers.subject.presets import subject_params
from drivers.subject.recruitment import RecruitmentParams
from drivers.subject.stimulation import SILENCE, Modality, Stimulation
from drivers.subject.subject import SimulatedSubject
from dsp.events.twitch import TwitchDetector

FS = 2000.0
CLEAN = ContaminantParams(0.0, 0.0, 0.0, 50.0, 0.0, 70.0, 0.0, 0.0)


def clean(params):
    return replace(params, contaminants=CLEAN, electrodes=ElectrodeParams())


def tense(params, seed=1, n_channels=1):
    subject = SimulatedSubject(params, FS, n_channels, seed)
    subject.person.tense_up()
    return subject


def rms(x):
    return float(np.sqrt(np.mean(np.square(x))))


@pytest.mark.parametrize("cohort", COHORT_NAMES)
def test_emg_level_is_that_of_the_true_tone(cohort):
    """Within 5 % over 20 s: about 2 % is what chance leaves of 20 s of EMG."""
    for suffix in ("-spasm", "-tonic"):
        name = cohort if cohort.startswith("responder") else cohort + suffix
        subject = tense(clean(draw_subject(name, 11)), seed=11)
        chunk = subject.step(round(20 * FS))
        expected_uv = rms(chunk.tone_pct_mvc) / 100.0 * subject.params.sigma_mvc_uv
        assert rms(chunk.emg_uv) == pytest.approx(expected_uv, rel=0.05)


def test_emg_follows_the_true_tone_second_by_second_through_a_treatment():
    subject = tense(clean(draw_subject("responder-tonic", 4)), seed=4)
    mat = Stimulation(20.0, modality=Modality.MAT)
    shown, true = [], []
    for _ in range(60):
        chunk = subject.step(round(FS), mat)
        shown.append(rms(chunk.emg_uv) / subject.params.sigma_mvc_uv * 100.0)
        true.append(rms(chunk.tone_pct_mvc))
    ratio = np.array(shown) / true
    assert true[-1] < 0.4 * true[0]
    assert ratio.mean() == pytest.approx(1.0, abs=0.02)
    assert ratio.std() < 0.08


def test_all_that_dirt_adds_to_a_tense_muscle_is_small_in_an_ordinary_recording():
    params = draw_subject("responder-spasm", 6)
    dirty, tidy = (tense(p, seed=6).step(40_000) for p in (params, clean(params)))
    sos = signal.butter(4, (20.0, 450.0), "bandpass", fs=FS, output="sos")
    levels = [rms(signal.sosfilt(sos, c.emg_uv[:, 0])) for c in (dirty, tidy)]
    assert levels[0] == pytest.approx(levels[1], rel=0.2)


@pytest.mark.parametrize("reads", [0.7, 1.5])
def test_a_wrong_maximum_reads_30_percent_low_or_50_percent_high(reads):
    people = (clean(draw_subject("mvc-error", seed)) for seed in range(100))
    wrong = next(
        p for p in people if p.person.effort_scale + p.effort_crosstalk == reads
    )
    right = replace(
        wrong, effort_crosstalk=0.0, person=replace(wrong.person, effort_scale=1.0)
    )
    efforts = []
    for params in (wrong, right):
        subject = SimulatedSubject(params, FS, 1, 7)
        subject.step(round(FS), task=Task.MVC)
        efforts.append(rms(subject.step(round(2 * FS), task=Task.MVC).emg_uv))
    assert efforts[0] / efforts[1] == pytest.approx(reads, abs=0.05)


def test_a_long_effort_compresses_the_spectrum_and_rest_restores_it():
    subject = SimulatedSubject(clean(subject_params("null", 3)), FS, 1, 3)

    def median_hz(seconds):
        emg = subject.step(round(seconds * FS), task=Task.MVC).emg_uv[:, 0]
        f_hz, density = signal.welch(emg, FS, nperseg=1000)
        share = np.cumsum(density) / density.sum()
        return float(np.interp(0.5, share, f_hz))

    fresh = median_hz(4.0)
    subject.step(round(80 * FS), task=Task.MVC)
    left = 1.0 - 0.3 * subject.person.motor_units.fatigued
    assert left < 0.9
    assert median_hz(4.0) / fresh == pytest.approx(left, abs=0.05)
    subject.step(round(300 * FS))
    assert median_hz(4.0) / fresh == pytest.approx(1.0, abs=0.05)


def test_a_long_maximal_effort_falls_as_units_tire():
    subject = SimulatedSubject(clean(subject_params("null", 3)), FS, 1, 3)
    start = subject.step(round(4 * FS), task=Task.MVC).tone_pct_mvc[2000:].mean()
    subject.step(round(56 * FS), task=Task.MVC)
    end = subject.step(round(2 * FS), task=Task.MVC).tone_pct_mvc.mean()
    rate = 0.00970 + 0.00091
    limit = 0.00091 / rate
    left = limit + (1.0 - limit) * np.exp(-rate * 61.0)
    assert end / start == pytest.approx(left, abs=0.06)


def test_a_guided_effort_is_a_quarter_and_leaves_no_tension():
    subject = SimulatedSubject(clean(subject_params("responder", 3)), FS, 1, 3)
    effort = subject.step(round(8 * FS), task=Task.ISOMETRIC).tone_pct_mvc
    assert effort[round(FS) :].mean() == pytest.approx(25.0, abs=1.5)
    after = subject.step(round(10 * FS)).tone_pct_mvc
    assert after[round(2 * FS) :].max() < 1.5


def test_the_detector_finds_falling_twitches_after_insertions():
    params = clean(draw_subject("needle-sequence", 5))
    needle = replace(params.person.body.needle, probability=1.0)
    body = replace(params.person.body, needle=needle)
    params = replace(params, person=replace(params.person, body=body))
    subject = SimulatedSubject(params, FS, 1, 5)
    detector = TwitchDetector(FS, params.sigma_mvc_uv)
    sos = signal.butter(4, (20.0, 450.0), "bandpass", fs=FS, output="sos")
    found, emg, marks = [], [], []
    for second in range(50):
        if second % 6 == 5 and second < 36:
            subject.insert_needle()
            marks.append(float(second))
        emg.append(subject.step(round(FS)).emg_uv)
    y = signal.sosfilt(sos, np.concatenate(emg), axis=0)
    for mark in marks:
        detector.mark(mark)
    found = [w for w in detector.push(np.ascontiguousarray(y)) if w.is_response]
    assert len(found) == len(marks) == 6
    peaks = [twitch.peak_pct_mvc for twitch in found]
    assert all(later < earlier for earlier, later in pairwise(peaks[:3]))
    assert all(0.0 <= twitch.latency_s < 0.1 for twitch in found)
    # The tone before and after is the same: the literature's model.
    before, after = y[round(FS) : round(5 * FS)], y[round(44 * FS) :]
    assert rms(after) / rms(before) == pytest.approx(1.0, abs=0.15)


def test_h_reflex_falls_by_71_percent_during_massage_and_returns_at_once():
    """2.58 to 2.89 mV outside, 0.76 mV during massage; immediate return."""
    params = clean(subject_params("null", 2))
    calf = replace(params.artifact, h_reflex_share=0.3, m_jitter=0.0)
    person = replace(
        params.person,
        recruitment=RecruitmentParams(5.0, 30.0, 45.0, 200.0),
        response=replace(params.person.response, startle_gain=0.0),
        body=BodyParams(contact=ContactParams(ppt_kpa=400.0)),
    )
    params = replace(params, artifact=calf, person=person)
    subject = SimulatedSubject(params, FS, 1, 2)
    test = Stimulation(15.0, 1.0, 200.0)
    hands = Stimulation(200.0, modality=Modality.MASSAGE)

    def reflexes(felt, seconds):
        emg = [subject.step(round(FS), felt).emg_uv[:, 0] for _ in range(seconds)]
        return [np.ptp(x[round(0.028 * FS) : round(0.042 * FS)]) for x in emg]

    before = np.mean(reflexes((test,), 10))
    during = np.mean(reflexes((test, hands), 20)[8:])
    after = reflexes((test,), 10)
    assert -0.75 <= during / before - 1.0 <= -0.65
    assert np.mean(after[5:]) == pytest.approx(before, rel=0.05)


def test_a_vibrator_shakes_the_electrodes_at_its_rate():
    subject = SimulatedSubject(clean(subject_params("null", 2)), FS, 1, 2)
    buzz = Stimulation(2.0, 90.0, modality=Modality.VIBRATION)
    x = subject.step(round(8 * FS), buzz).emg_uv[:, 0]
    f_hz, power = signal.welch(x, FS, nperseg=4000, scaling="spectrum")
    assert np.sqrt(2 * power[f_hz == 90.0][0]) == pytest.approx(60.0, rel=0.1)
    assert np.sqrt(2 * power[f_hz == 180.0][0]) == pytest.approx(18.0, rel=0.2)
    assert rms(subject.step(round(2 * FS), SILENCE).emg_uv) < 10.0


def test_artifact_leak_shows_tension_that_is_not_there():
    """Blanking 25 ms leaves some of it; the true tone does not move."""

    def apparent(name):
        params = clean(draw_subject(name, 9))
        subject = SimulatedSubject(params, FS, 1, 9)
        rising = [Stimulation(min(12.0, 0.3 * i), 4.0, 200.0) for i in range(80)]
        chunks = [subject.step(500, pulses) for pulses in rising][40:]
        kept = np.concatenate([c.emg_uv[round(0.025 * FS) : 400] for c in chunks])
        true = np.concatenate([c.tone_pct_mvc for c in chunks]).mean()
        return rms(kept) / params.sigma_mvc_uv * 100.0 / true

    assert apparent("artifact-leak") > 4.0
    assert apparent("artifact-leak") > 3.0 * apparent("null")
