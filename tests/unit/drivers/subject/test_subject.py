from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.subject.contaminants import ContaminantParams
from drivers.subject.person import Task
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import SILENCE, Stimulation
from drivers.subject.subject import SimulatedSubject, channel_labels

FS = 2048.0
PULSES = Stimulation(20.0, 4.0, 200.0)
CLEAN = ContaminantParams(0.0, 0.0, 0.0, 50.0, 0.0, 70.0, 0.0, 0.0)
#: When stimulation and prompt change, in samples.
SCRIPT = (
    (0, SILENCE, Task.REST),
    (700, SILENCE, Task.MVC),
    (1500, PULSES, Task.RELAX),
    (2301, SILENCE, Task.RELAX),
)
N_SCRIPT = 3000


def subject(preset="responder", seed=1, n_channels=3, **changes):
    params = replace(subject_params(preset, seed), **changes)
    return SimulatedSubject(params, FS, n_channels, seed)


def play(cuts):
    """Run the script, cut at these samples besides where its inputs change."""
    who = subject()
    edges = sorted({*cuts, *(at for at, _, _ in SCRIPT), N_SCRIPT})
    emg, tone = [], []
    for start, stop in zip([0, *edges], edges, strict=False):
        _, stimulation, task = [line for line in SCRIPT if line[0] <= start][-1]
        chunk = who.step(stop - start, stimulation, task)
        emg.append(chunk.emg_uv)
        tone.append(chunk.tone_pct_mvc)
    return np.concatenate(emg), np.concatenate(tone)


@settings(max_examples=25)
@given(st.lists(st.integers(0, N_SCRIPT), max_size=60))
def test_any_cutting_gives_the_same_emg_bit_for_bit(cuts):
    emg, tone = play(cuts)
    whole_emg, whole_tone = play([])
    assert np.array_equal(emg, whole_emg)
    assert np.array_equal(tone, whole_tone)


def test_an_empty_chunk_changes_nothing():
    who, other = subject(), subject()
    assert who.step(0).emg_uv.shape == (0, 3)
    who.step(100)
    other.step(100)
    who.step(0, PULSES, Task.MVC)
    assert np.array_equal(who.step(500).emg_uv, other.step(500).emg_uv)


def test_chunks_are_time_first_contiguous_float64():
    chunk = subject().step(100)
    assert chunk.emg_uv.shape == (100, 3)
    assert chunk.tone_pct_mvc.shape == (100,)
    assert chunk.emg_uv.dtype == np.float64
    assert chunk.emg_uv.flags.c_contiguous


def test_seed_reproduces_and_another_seed_differs():
    params = subject_params("responder", 1)
    one, same, other = (SimulatedSubject(params, FS, 2, seed) for seed in (1, 1, 2))
    x = one.step(1000).emg_uv
    assert np.array_equal(x, same.step(1000).emg_uv)
    assert not np.allclose(x, other.step(1000).emg_uv)


def test_emg_of_the_treated_muscle_is_proportional_to_tone():
    who = subject(contaminants=CLEAN)
    who.person.tense_up()
    chunk = who.step(round(60 * FS))
    rms_uv = np.sqrt(np.mean(chunk.emg_uv**2, axis=0))
    expected_uv = chunk.tone_pct_mvc.mean() / 100.0 * who.params.sigma_mvc_uv
    assert rms_uv[0] == pytest.approx(expected_uv, rel=0.03)
    assert np.all(rms_uv[1:] < 0.6 * rms_uv[0])
    assert np.all(rms_uv[1:] > 0.15 * rms_uv[0])


def test_relaxed_muscle_with_ordinary_electrodes_reads_below_one_percent():
    who = subject()
    x = who.step(round(20 * FS)).emg_uv[:, 0]
    fast = np.diff(x) / np.sqrt(2.0)  # takes drift and motion away, not the noise
    assert np.sqrt(np.mean(fast**2)) < 0.01 * who.params.sigma_mvc_uv


def test_noise_is_the_same_under_stimulation():
    """Pulses add to the EMG; they do not shift the random numbers of anything else."""
    quiet, treated = subject("null"), subject("null")
    x = quiet.step(2048).emg_uv
    y = treated.step(2048, Stimulation(1.0, 1.0, 200.0)).emg_uv
    assert y[1024:] == pytest.approx(x[1024:], abs=0.01)
    assert np.abs(y[:20] - x[:20]).max() > 50.0


@pytest.mark.parametrize(
    ("preset", "level"),
    [("low-snr", "noise_uv"), ("ecg-heavy", "ecg_uv"), ("mains-heavy", "mains_uv")],
)
def test_preset_with_a_heavy_contaminant_is_a_responder_with_more_of_it(preset, level):
    heavy, plain = subject_params(preset, 4), subject_params("responder", 4)
    assert heavy.person == plain.person
    assert getattr(heavy.contaminants, level) >= 4 * getattr(plain.contaminants, level)
    noisy = subject(preset, 4).step(20_000).emg_uv.std()
    assert noisy > 1.3 * subject("responder", 4).step(20_000).emg_uv.std()


def test_labels_are_unique_for_any_number_of_channels():
    assert channel_labels(2) == ("trapezius_r", "trapezius_l")
    assert len(set(channel_labels(64))) == 64
