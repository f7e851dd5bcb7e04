"""Whatever is done to a simulated person, what comes out is a person's EMG."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.subject.cohorts import draw_subject
from drivers.subject.muscles import with_muscles
from drivers.subject.person import Person, Task, effort_of
from drivers.subject.preset_names import COHORT_NAMES
from drivers.subject.stimulation import Modality, Stimulation
from drivers.subject.subject import SimulatedSubject

FS = 1000.0
DT_S = 0.01

levels = st.one_of(
    st.floats(0.0, 100.0), st.floats(0.0, 1e9), st.sampled_from([5e-324, 1e-9, 1e300])
)
stimulations = st.builds(
    Stimulation,
    level=levels,
    frequency_hz=st.one_of(
        st.floats(0.0, 200.0), st.sampled_from([5e-324, 1e-9, 1e9, 1e300])
    ),
    pulse_width_us=st.one_of(st.floats(0.0, 1000.0), st.sampled_from([5e-324, 1e9])),
    modality=st.sampled_from(Modality),
)
several = st.lists(stimulations, max_size=4).map(tuple)
scripts = st.lists(
    st.tuples(several, st.sampled_from(Task), st.integers(1, 120)), max_size=8
)
cohorts = st.sampled_from(
    [*COHORT_NAMES, "weak-tonic", "adverse-ems-tonic", "needle-sequence-tonic-reset"]
)


@settings(max_examples=120)
@given(cohorts, st.integers(0, 50), scripts, st.booleans())
def test_tone_is_finite_and_between_0_and_100(cohort, seed, script, tense):
    person = Person(
        draw_subject(cohort, seed).person, np.random.default_rng(seed), DT_S
    )
    if tense:
        person.tense_up()
    for felt, task, n_steps in script:
        for _ in range(n_steps):
            tone = person.advance(felt, effort_of(task))
            assert 0.0 <= tone <= 100.0
        outcomes = person.outcomes()
        assert 0.0 <= outcomes.pain_nrs <= 10.0
        assert 0.0 <= person.analgesia <= 1.0
        assert np.isfinite(outcomes.ppt_kpa)


@settings(max_examples=40)
@given(cohorts, st.integers(0, 20), scripts)
def test_emg_is_finite_and_within_the_rails(cohort, seed, script):
    params = draw_subject(cohort, seed)
    subject = SimulatedSubject(params, FS, 2, seed)
    rail_uv = 1000.0 * params.artifact.rail_mv
    for felt, task, n_samples in script:
        chunk = subject.step(n_samples, felt, task)
        assert np.all(np.abs(chunk.emg_uv) <= rail_uv)
        assert np.all((chunk.tone_pct_mvc >= 0.0) & (chunk.tone_pct_mvc <= 100.0))


VIBRATION = Stimulation(0.5, 90.0, modality=Modality.VIBRATION)
NEEDLE = Stimulation(1.0, modality=Modality.NEEDLE)
#: When what is done to the subject changes, in samples.
SCRIPT = (
    (0, (), Task.MVC),
    (731, (Stimulation(20.0, 7.3, 200.0), VIBRATION), Task.RELAX),
    (1502, (Stimulation(90.0, modality=Modality.MASSAGE), NEEDLE), Task.ISOMETRIC),
    (2500, (VIBRATION,), Task.RELAX),
)
N_SCRIPT = 3300


def play(cohort, cuts):
    subject = SimulatedSubject(draw_subject(cohort, 3), FS, 2, 3)
    edges = sorted({*cuts, *(at for at, _, _ in SCRIPT), N_SCRIPT})
    parts = []
    for start, stop in zip([0, *edges], edges, strict=False):
        _, felt, task = [line for line in SCRIPT if line[0] <= start][-1]
        parts.append(subject.step(stop - start, felt, task))
    emg = np.concatenate([part.emg_uv for part in parts])
    return emg, np.concatenate([part.tone_pct_mvc for part in parts])


@pytest.mark.parametrize("cohort", ["responder-spasm", "mvc-error", "lead-off"])
@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, N_SCRIPT), max_size=60))
def test_any_cutting_of_any_treatment_gives_the_same_emg_bit_for_bit(cohort, cuts):
    emg, tone = play(cohort, cuts)
    whole_emg, whole_tone = play(cohort, [])
    assert np.array_equal(emg, whole_emg)
    assert np.array_equal(tone, whole_tone)


#: The same with three muscles: forced, pressed and stretched beside one another.
SEVERAL = (
    (0, (), Task.MVC),
    (731, (Stimulation(20.0, 7.3, 200.0), Stimulation(28.0, 4.0, 200.0)), Task.RELAX),
    (1502, (VIBRATION, replace(VIBRATION, level=1.5), NEEDLE), Task.STRETCH),
    (2500, (Stimulation(300.0, modality=Modality.PRESSURE),), Task.RELAX),
)


def play_several(cohort, cuts):
    params = with_muscles(draw_subject(cohort, 3), 3, 3)
    subject = SimulatedSubject(params, FS, 4, 3)
    edges = sorted({*cuts, *(at for at, _, _ in SEVERAL), N_SCRIPT})
    parts = []
    for start, stop in zip([0, *edges], edges, strict=False):
        _, felt, task = [line for line in SEVERAL if line[0] <= start][-1]
        parts.append(subject.step(stop - start, felt, task))
    emg = np.concatenate([part.emg_uv for part in parts])
    return emg, np.concatenate([part.tones_pct_mvc for part in parts])


@pytest.mark.parametrize("cohort", ["adverse-ems", "mvc-error", "lead-off"])
@settings(max_examples=12)
@given(cuts=st.lists(st.integers(0, N_SCRIPT), max_size=40))
def test_any_cutting_gives_several_muscles_the_same_emg_bit_for_bit(cohort, cuts):
    emg, tones = play_several(cohort, cuts)
    whole_emg, whole_tones = play_several(cohort, [])
    assert np.array_equal(emg, whole_emg)
    assert np.array_equal(tones, whole_tones)


@settings(max_examples=30)
@given(cohorts, st.integers(0, 20), st.integers(2, 5), scripts)
def test_emg_of_several_muscles_is_finite_and_tones_are_tones(cohort, seed, n, script):
    params = with_muscles(draw_subject(cohort, seed), n, seed, tensest=n - 1)
    subject = SimulatedSubject(params, FS, 2, seed)
    rail_uv = 1000.0 * params.artifact.rail_mv
    for felt, task, n_samples in script:
        chunk = subject.step(n_samples, felt, task)
        assert np.all(np.abs(chunk.emg_uv) <= rail_uv)
        assert chunk.tones_pct_mvc.shape == (n_samples, n)
        assert np.all((chunk.tones_pct_mvc >= 0.0) & (chunk.tones_pct_mvc <= 100.0))
        for report in subject.reports():
            assert 0.0 <= report.discomfort_nrs <= 10.0
