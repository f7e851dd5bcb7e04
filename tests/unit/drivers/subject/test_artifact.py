from dataclasses import replace

import numpy as np
import pytest

from drivers.subject.artifact import (
    ArtifactParams,
    Evoked,
    Nerve,
    PulseTrain,
    Span,
    artifact_mv,
    biphasic_mean,
    m_wave_mv,
    silence_bump,
)
from drivers.subject.recruitment import Recruitment
from drivers.subject.stimulation import SILENCE, Stimulation

FS = 2048.0
PULSE = Stimulation(10.0, 4.0, 200.0)
PARAMS = ArtifactParams(m_jitter=0.0)
MOTOR = Recruitment(1.0, 1.0, 10.0)
SENSORY = Recruitment(0.3, 0.0, 10.0)


def evoked(stimulation, recruited, n_samples=4096, params=PARAMS, cuts=1):
    source = Evoked(params, FS, np.array([1.0, 0.25]), np.random.default_rng(1))
    size = n_samples // cuts
    parts = [advance(source, size, stimulation, recruited, i) for i in range(cuts)]
    added = np.concatenate([part[0] for part in parts])
    return added, np.concatenate([part[1] for part in parts])


def advance(source, size, stimulation, recruited, index=0, contact=0.0):
    """Make one chunk of one step; return zeros and ones where nothing is evoked."""
    source.begin(size)
    nerve = Nerve(recruited, contact)
    offsets = source.due(size, stimulation)
    source.step(offsets, Span(0, index * size), stimulation, nerve)
    n_channels = 2
    return source.end(size) or (np.zeros((size, n_channels)), np.ones(size))


def test_pulses_begin_at_once_and_keep_their_rate_over_blocks():
    train = PulseTrain(FS)
    times = []
    for block in range(200):
        times += [block * 20 + offset for offset in train.within(20, PULSE)]
    assert times == pytest.approx(np.arange(8) * 512.0)


def test_a_new_train_starts_with_a_pulse_and_a_faster_rate_acts_at_once():
    train = PulseTrain(FS)
    assert train.within(100, PULSE) == [0.0]
    assert train.within(100, SILENCE) == []
    assert train.within(100, PULSE) == [0.0]
    fast = Stimulation(10.0, 50.0, 200.0)
    assert train.within(100, fast) == pytest.approx([40.96, 81.92])


def test_biphasic_pulse_carries_no_net_charge():
    t_s = np.arange(0.0, 0.002, 1e-5)
    wave = biphasic_mean(t_s, 200e-6, 1e-5)
    assert wave.max() == pytest.approx(1.0)
    assert wave.min() == pytest.approx(-1.0)
    assert np.sum(wave) * 1e-5 == pytest.approx(0.0, abs=1e-12)
    assert not biphasic_mean(np.array([0.0, 0.002]), 200e-6, 1 / FS).any()


def test_artifact_is_proportional_to_amplitude_and_decays():
    t_s = np.arange(1, 200) / FS
    small = artifact_mv(PARAMS, PULSE, t_s, FS)
    large = artifact_mv(PARAMS, Stimulation(20.0, 4.0, 200.0), t_s, FS)
    assert large == pytest.approx(2.0 * small)
    tail = t_s > 0.02
    assert np.all(np.diff(np.abs(small[tail])) < 0.0)
    assert np.abs(small[-1]) < 1e-5 * np.abs(small).max()


def test_m_wave_has_its_size_between_its_two_extrema():
    t_s = np.arange(0.0, 0.05, 1e-5)
    wave = m_wave_mv(PARAMS, 0.5, t_s)
    assert np.ptp(wave) == pytest.approx(0.5 * PARAMS.m_wave_mv, rel=1e-4)
    extrema_s = sorted((t_s[wave.argmax()], t_s[wave.argmin()]))
    assert extrema_s == pytest.approx([0.007, 0.013], abs=2e-5)


def test_silent_period_is_deepest_at_80_ms_and_needs_motor_fibres():
    assert silence_bump(np.array([0.0, 0.08, 0.2])) == pytest.approx(
        [0.0, 1.0, 0.0], abs=0.02
    )
    moved, felt = evoked(PULSE, MOTOR, 512)[1], evoked(PULSE, SENSORY, 512)[1]
    assert moved.min() == pytest.approx(0.2, abs=1e-3)
    assert moved.argmin() == pytest.approx(0.08 * FS, abs=1)
    assert np.all(felt == 1.0)


def test_evoked_is_locked_to_the_pulses_and_scaled_per_channel():
    added, scale = evoked(PULSE, MOTOR)
    strong = np.abs(added[:, 0]) > 200.0
    onsets = np.flatnonzero(strong & ~np.roll(strong, 1))
    onsets = onsets[np.diff(onsets, prepend=-1000) > 100]
    assert onsets == pytest.approx(np.arange(8) * 512, abs=1)
    assert added[:, 1] == pytest.approx(0.25 * added[:, 0])
    assert scale[512 + round(0.08 * FS)] == pytest.approx(0.2, abs=0.01)


def test_m_wave_grows_with_recruitment_and_is_absent_below_motor_threshold():
    late = slice(12, 40)  # 6-20 ms: the M-wave
    full = evoked(PULSE, MOTOR, 512)[0][late, 0]
    none, scale = evoked(PULSE, SENSORY, 512)
    assert np.ptp(full) > 2000.0
    assert np.ptp(none[late, 0]) < 200.0
    assert scale == pytest.approx(np.ones(512))


def test_jitter_varies_the_m_wave_by_its_share():
    varied = evoked(Stimulation(10.0, 10.0, 200.0), MOTOR, 204_800, ArtifactParams())[0]
    at_peak = varied[round(0.013 * FS) :: 2048, 0]
    jitter = np.diff(at_peak).std() / np.sqrt(2.0)  # fatigue is slower
    assert 0.005 < jitter / np.abs(at_peak).mean() < 0.04


def test_evoked_does_not_depend_on_blocks_that_hold_whole_pulses():
    whole = evoked(PULSE, MOTOR, cuts=1)
    cut = evoked(PULSE, MOTOR, cuts=64)
    assert cut[0] == pytest.approx(whole[0], abs=1e-9)
    assert cut[1] == pytest.approx(whole[1])


def test_silence_leaves_the_emg_alone_after_the_last_pulse_has_faded():
    source = Evoked(PARAMS, FS, np.ones(2), np.random.default_rng(1))
    advance(source, 20, PULSE, MOTOR)
    added, scale = advance(source, round(0.2 * FS), SILENCE, MOTOR)
    assert added.any()
    assert scale.min() < 0.3
    source.begin(100)
    assert source.end(100) is None


def reflex_uv(contact=0.0, recruited=None):
    """Return the largest H-reflex 30 to 42 ms after a pulse, peak to peak."""
    recruited = recruited or Recruitment(0.3, 0.1, 12.0, 0.9)
    calf = replace(PARAMS, h_reflex_share=0.3)
    source = Evoked(calf, FS, np.ones(2), np.random.default_rng(1))
    added, _ = advance(source, 512, PULSE, recruited, contact=contact)
    plain = Evoked(PARAMS, FS, np.ones(2), np.random.default_rng(1))
    without, _ = advance(plain, 512, PULSE, recruited, contact=contact)
    return np.ptp((added - without)[round(0.028 * FS) : round(0.042 * FS), 0])


def test_touch_suppresses_the_h_reflex_by_71_percent_and_no_more():
    """0.76 mV during massage, 2.58 to 2.89 mV before and after it."""
    free = reflex_uv()
    assert free == pytest.approx(3000.0 * 0.3 * 0.9 * 0.9, rel=0.03)
    assert reflex_uv(contact=0.5) / free == pytest.approx(0.29, abs=0.01)
    assert reflex_uv(contact=1.0) / free == pytest.approx(0.29, abs=0.01)
    assert reflex_uv(recruited=Recruitment(1.0, 1.0, 40.0, 1.0)) == 0.0


def test_a_tired_muscle_has_a_smaller_and_wider_m_wave():
    """Minetto 2009: smaller, wider potentials; here after ten minutes of 10 Hz."""
    pulses = Stimulation(20.0, FS / 205, 200.0)
    source = Evoked(PARAMS, FS, np.ones(2), np.random.default_rng(1))
    waves = []
    for i in range(6000):
        added, _ = advance(source, 205, pulses, MOTOR, i)
        waves.append(added[12:60, 0])
    fresh, tired = waves[0], waves[-1]
    # A sample of the slow artifact tail is the same in both.
    loss = 1.0 - np.ptp(tired) / np.ptp(fresh)
    assert 0.2 < loss < 0.5
    assert 0.1 < source.freshness < 0.3
    assert np.argmin(tired) > np.argmin(fresh)


def test_amplifier_clips_at_its_rails():
    source = Evoked(PARAMS, FS, np.ones(1), np.random.default_rng(1))
    x = np.array([[7000.0], [-9000.0], [5.0]])
    source.clip(x)
    assert x.ravel().tolist() == [6000.0, -6000.0, 5.0]
