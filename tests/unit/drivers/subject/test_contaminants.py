import numpy as np
import pytest
from scipy import signal

from drivers.subject.contaminants import ContaminantParams, Contaminants, ecg_shape

FS = 2048.0
N_BLOCK = 1024
NOTHING = {"noise_uv": 0.0, "drift_uv": 0.0, "mains_uv": 0.0, "ecg_uv": 0.0}
NOTHING["motion_uv"] = 0.0


def record(seconds=60.0, seed=3, **levels):
    params = ContaminantParams(**(NOTHING | levels))
    source = Contaminants(params, FS, 3, N_BLOCK, np.random.default_rng(seed))
    return np.concatenate([source.block() for _ in range(int(seconds * 2))])


def test_all_levels_zero_is_silence():
    assert not record(5.0).any()


def test_noise_is_white_at_its_level():
    x = record(noise_uv=1.5)
    f_hz, density = signal.welch(x[:, 1], FS, nperseg=512)
    inner = density[(f_hz > 20) & (f_hz < 1000)]
    assert x.std(axis=0) == pytest.approx([1.5] * 3, rel=0.02)
    assert np.abs(np.corrcoef(x.T)[0, 1]) < 0.02
    assert inner.max() / inner.min() < 2.0


def test_drift_is_slow_and_at_its_level():
    x = record(4000.0, drift_uv=20.0)
    assert x.std(axis=0) == pytest.approx([20.0] * 3, rel=0.25)
    assert np.diff(x, axis=0).std() < 0.2


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_mains_has_its_frequency_and_harmonics(mains_hz):
    x = record(mains_uv=10.0, mains_hz=mains_hz)
    f_hz, power = signal.welch(x[:, 0], FS, nperseg=4096, scaling="spectrum")
    for harmonic, share in ((1, 1.0), (2, 0.2), (3, 0.4), (5, 0.1)):
        near = np.abs(f_hz - harmonic * mains_hz) < 5.0
        amplitude = np.sqrt(2.0 * power[near].sum() / 1.5)  # Hann: 1.5 bins of noise
        assert amplitude == pytest.approx(10.0 * share, rel=0.15)
    assert power[(f_hz > 180 + 8) & (f_hz < mains_hz * 4 + 40)].max() < 1e-3


def test_mains_frequency_wanders_but_not_far():
    x = record(120.0, mains_uv=10.0)[:, 0]
    slow = signal.decimate(x, 8)  # 256 Hz: fundamental and harmonics up to 100 Hz
    analytic = signal.hilbert(
        signal.sosfiltfilt(
            signal.butter(2, (40, 60), "bandpass", fs=256, output="sos"), slow
        )
    )
    hz = np.diff(np.unwrap(np.angle(analytic)))[512:-512] * 256 / (2 * np.pi)
    by_second = hz[: hz.size // 256 * 256].reshape(-1, 256).mean(axis=1)
    assert 0.01 < by_second.std() < 0.3
    assert np.abs(by_second - 50.0).max() < 0.6


def test_r_waves_come_at_the_heart_rate_with_their_height():
    x = record(120.0, ecg_uv=100.0, heart_bpm=72.0)[:, 0]
    peaks, shape = signal.find_peaks(x, height=60.0, distance=600)
    beats_per_min = 60.0 * FS / np.diff(peaks)
    assert shape["peak_heights"] == pytest.approx(100.0, abs=3.0)
    assert np.mean(beats_per_min) == pytest.approx(72.0, abs=3.0)
    assert 0.5 < np.std(beats_per_min) < 6.0


def test_ecg_is_one_at_the_r_wave_and_periodic():
    phase = np.linspace(-np.pi, np.pi, 1001)
    beat = ecg_shape(phase)
    assert beat[500] == pytest.approx(1.0, abs=0.1)
    assert beat[0] == pytest.approx(beat[-1])
    assert ecg_shape(phase + 2 * np.pi) == pytest.approx(beat)


def test_motion_comes_in_slow_bursts():
    x = record(1200.0, motion_uv=100.0, motion_per_min=3.0)[:, 0]
    f_hz, density = signal.welch(x, FS, nperseg=8192)
    moves = np.abs(x.reshape(-1, N_BLOCK)).max(axis=1) > 0.0
    onsets = np.flatnonzero(np.diff(moves.astype(int)) == 1).size
    assert 40 <= onsets + 1 <= 75
    assert density[f_hz < 25].sum() > 0.95 * density.sum()
    assert 10.0 < x[x != 0.0].std() < 120.0


def test_one_contaminant_does_not_change_another():
    both = record(10.0, mains_uv=5.0, noise_uv=1.0)
    apart = record(10.0, mains_uv=5.0) + record(10.0, noise_uv=1.0)
    assert both == pytest.approx(apart, abs=1e-9)


def test_harmonics_above_nyquist_are_left_out():
    params = ContaminantParams(**(NOTHING | {"mains_uv": 10.0}))
    source = Contaminants(params, 250.0, 1, 250, np.random.default_rng(0))
    x = np.concatenate([source.block() for _ in range(20)])[:, 0]
    f_hz, power = signal.welch(x, 250.0, nperseg=1000, scaling="spectrum")
    assert power[np.abs(f_hz - 10.0) < 8].max() < 1e-3  # where 240 Hz would alias
