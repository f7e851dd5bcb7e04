import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from dsp import ChainParams, EmgChain
from dsp.types import BAD_QUALITY, QualityFlag

FS = 1000.0
SECONDS = 6
NOISE_UV = 1.5
REST_UV = 0.006 * 400.0


def emg(rms_uv, fs=FS, seed=0):
    """Noise with the spectrum of surface EMG plus electrode noise."""
    rng = np.random.default_rng(seed)
    n = int(SECONDS * fs)
    shaped = sosfilt(
        butter(2, [40.0, 160.0], "bandpass", fs=fs, output="sos"), rng.normal(size=n)
    )
    return shaped * (rms_uv / shaped.std()) + rng.normal(scale=NOISE_UV, size=n)


def hum(rms_uv, hz=50.0, fs=FS):
    return rms_uv * np.sqrt(2) * np.sin(2 * np.pi * hz * np.arange(SECONDS * fs) / fs)


def quality(signal_uv, fs=FS, **params):
    chain = EmgChain(ChainParams(fs, 1, **params))
    for start in range(0, len(signal_uv), 32):
        reading = chain.process(signal_uv[start : start + 32, np.newaxis])
    return QualityFlag(int(reading.quality[0]))


@pytest.mark.parametrize("fs", [500.0, 1000.0, 2048.0, 10_000.0])
@pytest.mark.parametrize("seed", range(3))
def test_rest_of_a_relaxed_muscle_is_good(fs, seed):
    found = quality(emg(REST_UV, fs, seed), fs)

    assert found & ~QualityFlag.LOW_RATE == QualityFlag.GOOD


@pytest.mark.parametrize("level_uv", [0.0, 20.0, 400.0])
def test_noise_alone_and_contractions_are_good(level_uv):
    assert quality(emg(level_uv)) == QualityFlag.GOOD


def test_an_electrode_offset_is_good():
    assert quality(emg(REST_UV) + 30_000.0) == QualityFlag.GOOD


def test_hum_that_the_notch_removes_is_good():
    assert quality(emg(REST_UV) + hum(5.0)) == QualityFlag.GOOD


def test_hum_without_a_notch_is_mains():
    assert quality(emg(REST_UV) + hum(5.0), mains_hz=None) & QualityFlag.MAINS


def test_hum_of_the_other_country_is_mains():
    found = quality(emg(REST_UV) + hum(5.0, hz=60.0), mains_hz=None)

    assert found & QualityFlag.MAINS


def test_hum_far_from_the_notch_is_mains():
    assert quality(emg(REST_UV) + hum(20.0, hz=49.3)) & QualityFlag.MAINS


def test_an_electrode_that_is_off_is_mains_even_if_the_notch_hides_it():
    assert quality(emg(REST_UV) + hum(800.0)) & QualityFlag.MAINS


def test_the_rail_is_clipped():
    found = quality(np.clip(emg(400.0), -300.0, 300.0))

    assert found == QualityFlag.CLIPPED | QualityFlag.RAILED


def pulses(rate_hz, railed_s=0.008, rail_uv=5000.0):
    """The rail for 8 ms after each pulse, and EMG between them."""
    signal = emg(20.0)
    for start in range(0, len(signal), int(FS / rate_hz)):
        signal[start : start + int(railed_s * FS)] = rail_uv
    return signal


def test_pulses_that_reach_the_rail_clip_but_do_not_keep_it_there():
    found = quality(pulses(2.0))

    assert found & QualityFlag.CLIPPED
    assert not found & QualityFlag.RAILED


def test_a_rail_for_a_tenth_of_the_time_is_more_than_pulses():
    assert quality(pulses(2.0, railed_s=0.05)) & QualityFlag.RAILED


def test_a_rail_that_has_just_begun_does_not_wait_for_its_share_of_a_window():
    signal = pulses(2.0)
    signal[-int(0.03 * FS) :] = 5000.0
    assert quality(signal) & QualityFlag.RAILED


def test_one_equal_pair_of_peaks_is_not_clipped():
    signal = emg(20.0)
    signal[-100:-98] = 500.0

    assert not quality(signal) & QualityFlag.CLIPPED


@pytest.mark.parametrize("value_uv", [0.0, 187_500.0])
def test_a_constant_is_flat_and_not_clipped(value_uv):
    found = quality(np.full(int(SECONDS * FS), value_uv))

    assert found == QualityFlag.FLAT


def test_a_short_standstill_is_flat():
    signal = emg(20.0)
    signal[5000:5120] = signal[5000]

    assert quality(signal) & QualityFlag.FLAT


@pytest.mark.parametrize("start", range(4990, 5500, 51))
def test_a_standstill_of_100_ms_is_flat_wherever_it_begins(start):
    signal = emg(20.0)
    signal[start : start + 100] = signal[start]

    assert quality(signal) & QualityFlag.FLAT


def test_values_that_come_back_are_not_flat():
    signal = np.round(emg(20.0))
    signal[4999::50] = signal[4950::50] = 7.0

    assert not quality(signal) & QualityFlag.FLAT


def test_a_few_equal_samples_are_not_flat():
    signal = emg(20.0)
    signal[5000:5040] = signal[5000]

    assert not quality(signal) & QualityFlag.FLAT


def test_motion_is_drift_and_not_bad():
    t = np.arange(int(SECONDS * FS)) / FS
    found = quality(emg(REST_UV) + 100.0 * np.sin(2 * np.pi * 5.0 * t))

    assert found == QualityFlag.DRIFT
    assert not found & BAD_QUALITY


def test_slow_streams_say_so():
    assert quality(emg(20.0, 250.0 * 2), 500.0) == QualityFlag.LOW_RATE


def test_a_fault_is_forgotten_two_seconds_after_it_ended():
    signal = emg(20.0)
    signal[1000:2000] = 0.0

    assert quality(signal) == QualityFlag.GOOD
