import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from dsp.emg_spectrum import model_bandwidth_hz, statistical_bandwidth_hz
from dsp.errors import DesignError, ShapeError
from dsp.estimators import (
    ExponentialRms,
    SlidingArv,
    TwoWindowRms,
    combine_channels,
    square_correlation,
)
from dsp.noise import NoiseTracker
from dsp.sliding import SlidingRms
from dsp.theory import (
    arv_snr,
    boxcar_delay_s,
    boxcar_step,
    effective_channels,
    exponential_delay_s,
    exponential_snr,
    exponential_step,
    rms_snr,
    with_drive_noise,
)
from dsp.whitening import WhitenedRms, design_whitener
from tests.support.emg import model_emg

FS = 1000.0
BAND = (20.0, 450.0)
N = 600_000
BS = model_bandwidth_hz(BAND)


def in_band(seed=0, n=N, level_uv=20.0, noise_uv=0.0):
    rng = np.random.default_rng(seed)
    emg = model_emg(n, FS, rng, level_uv) + noise_uv * rng.standard_normal(n)
    sos = butter(4, BAND, "bandpass", fs=FS, output="sos")
    return sosfilt(sos, emg)[:, np.newaxis]


def snr(estimator, y, step=250):
    values = []
    for k in range(0, len(y), step):
        estimator.push(y[k : k + step])
        values.append(estimator.last())
    values = np.array(values[16:])
    return float(values.mean() / values.std())


def test_the_statistical_bandwidth_is_that_of_the_model():
    assert pytest.approx(191.0, rel=0.02) == BS
    f = np.arange(0.0, 100.0)
    assert statistical_bandwidth_hz(f, np.where(f < 50, 1.0, 0.0)) == pytest.approx(50)
    assert np.isnan(statistical_bandwidth_hz(f, np.zeros(100)))


@pytest.mark.parametrize("window_s", [0.05, 0.25, 1.0])
def test_the_snr_of_the_rms_is_that_of_theory(window_s):
    step = max(50, round(window_s * FS))

    measured = snr(SlidingRms(1, round(window_s * FS)), in_band(), step)

    assert measured == pytest.approx(rms_snr(BS, window_s), rel=0.05)


def test_the_snr_of_the_rectified_mean_is_that_of_theory():
    measured = snr(SlidingArv(1, 250), in_band())

    assert measured == pytest.approx(arv_snr(BS, 0.25), rel=0.05)


def test_the_snr_of_the_exponential_mean_is_that_of_theory():
    measured = snr(ExponentialRms(1, 0.125, FS), in_band(), 500)

    assert measured == pytest.approx(exponential_snr(BS, 0.125), rel=0.05)


def test_rectified_and_exponential_means_have_the_scale_of_the_rms():
    y = in_band(n=100_000)
    for estimator in (SlidingArv(1, 50_000), ExponentialRms(1, 20.0, FS)):
        estimator.push(y)
        assert estimator.last()[0] == pytest.approx(np.sqrt(np.mean(y**2)), rel=0.03)


def test_the_adaptive_window_is_precise_at_rest_and_fast_on_a_change():
    y = in_band(n=60_000)
    estimator = TwoWindowRms(1, FS, BS)

    steady = snr(estimator, y, 1000)
    estimator.push(0.05 * y[:150])

    assert steady > 0.75 * rms_snr(BS, 1.0)
    assert estimator.last()[0] < 8.0
    assert estimator.window_s[0] < 0.2


def test_channels_combine_as_theory_says():
    y = np.column_stack([in_band(seed, 200_000)[:, 0] for seed in range(4)])
    rms = SlidingRms(4, 250)
    windows = []
    for k in range(0, len(y), 250):
        rms.push(y[k : k + 250])
        windows.append(rms.last())
    windows = np.array(windows[4:])
    together = combine_channels(windows, np.zeros(4), np.full(4, 20.0))

    rho = square_correlation(windows)

    expected = rms_snr(BS, 0.25, effective_channels(4, rho))
    assert abs(rho) < 0.05
    assert together.mean() / together.std() == pytest.approx(expected, rel=0.05)


def test_a_missing_channel_does_not_spoil_the_others():
    combined = combine_channels(
        np.array([[10.0, np.nan], [np.nan, np.nan]]), np.zeros(2), np.full(2, 20.0)
    )

    assert combined[0] == 0.5
    assert np.isnan(combined[1])


def test_correlation_needs_windows():
    with pytest.raises(ShapeError, match="windows"):
        square_correlation(np.ones((2, 2)))
    assert square_correlation(np.ones((3, 1))) == 0.0
    assert effective_channels(8, 1.0) == 1.0


def test_whitening_gains_at_high_effort_and_harms_nothing_near_rest():
    def whitened(ratio):
        y = in_band(n=300_000, level_uv=1.0 * ratio, noise_uv=1.0)
        noise = np.sqrt(np.mean(in_band(9, 60_000, 0.0 + 1e-9, 1.0) ** 2))
        plain = SlidingRms(1, 250)
        estimator = WhitenedRms(FS, BAND, np.array([noise]), 0.25)
        return snr(estimator, y), snr(plain, y), estimator.last()[0], noise

    strong, plain, level, _ = whitened(100.0)
    weak, weak_plain, _, _ = whitened(2.0)

    assert strong > 1.2 * plain
    assert level == pytest.approx(100.0, rel=0.25)
    assert weak > 0.6 * weak_plain


def test_the_whitener_keeps_the_amplitude_of_the_emg():
    y = in_band(n=100_000, level_uv=1.0)[:, 0]
    whitener = design_whitener(FS, BAND, 100.0)

    z = np.convolve(y, whitener.taps, mode="valid")

    assert np.std(z) == pytest.approx(np.std(y), rel=0.05)
    assert whitener.bandwidth_hz > 1.3 * BS


def test_designs_that_make_no_sense_are_refused():
    with pytest.raises(DesignError, match="ratio"):
        design_whitener(FS, BAND, 0.0)
    with pytest.raises(DesignError, match="tau"):
        ExponentialRms(1, 0.0, FS)


def test_steps_and_delays_are_those_of_theory():
    t = np.array([0.0, 0.75, 0.99, 2.0])
    np.testing.assert_allclose(
        boxcar_step(1.0, 0.0, t, 1.0), [1.0, 0.5, 0.1, 0.0], atol=1e-12
    )
    assert exponential_step(1.0, 0.0, np.array([4.6]), 1.0)[0] == pytest.approx(
        0.1, abs=0.005
    )
    assert (boxcar_delay_s(1.0), exponential_delay_s(1.0)) == (0.5, 1.0)
    assert with_drive_noise(13.9, 0.058) == pytest.approx(10.8, abs=0.1)


def test_the_noise_floor_is_tracked_but_never_becomes_the_muscle():
    rng = np.random.default_rng(0)
    tracker = NoiseTracker(np.array([2.0, 2.0]), 1.0, 430.0)
    assert tracker.noise_uv.tolist() == [2.0, 2.0]
    for _ in range(400):
        quiet = 1.5 * (1 + rng.normal(0, 1 / np.sqrt(4 * 430)))
        tracker.push(np.array([quiet, 50.0]))
    tracker.push(np.array([np.nan, np.nan]))

    assert tracker.noise_uv[0] == pytest.approx(1.5, rel=0.03)
    assert tracker.noise_uv[1] == 3.0
