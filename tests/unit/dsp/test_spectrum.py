"""The spectrum knows where power lies."""

import numpy as np
import pytest
from scipy import signal

from dsp.errors import DesignError, ShapeError
from dsp.spectrum import (
    line_ratio_db,
    line_share,
    low_frequency_share,
    mean_frequency_hz,
    median_frequency_hz,
    welch,
    without_line,
)

FS = 1000.0


def noise(n: int = 20_000, channels: int = 2, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, channels))


def tone(hz: float, n: int = 20_000) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(n) / FS)[:, np.newaxis]


@pytest.mark.parametrize("n", [900, 1000, 1001, 5000])
def test_it_is_the_welch_estimate(n):
    x = noise(n) + 5.0
    ours = welch(x, FS)
    m = min(n, 1000)
    f, psd = signal.welch(
        x, FS, window=("hann"), nperseg=m, noverlap=m - round(m / 2), axis=0
    )
    np.testing.assert_allclose(ours.frequency_hz, f)
    np.testing.assert_allclose(ours.psd, psd, rtol=1e-9)


def test_power_is_the_area_below_the_density():
    x = 3.0 * noise()
    spectrum = welch(x, FS)
    power = spectrum.psd.sum(axis=0) * spectrum.resolution_hz
    np.testing.assert_allclose(power, x.var(axis=0), rtol=0.05)


def test_white_noise_has_its_median_in_the_middle_of_the_band():
    spectrum = welch(noise(), FS)
    np.testing.assert_allclose(median_frequency_hz(spectrum, 20, 450), 235, atol=10)
    np.testing.assert_allclose(mean_frequency_hz(spectrum, 20, 450), 235, atol=10)


def test_a_tone_is_its_own_median_and_mean():
    spectrum = welch(tone(80.0), FS)
    assert median_frequency_hz(spectrum, 20, 450)[0] == 80.0
    assert mean_frequency_hz(spectrum, 20, 450)[0] == pytest.approx(80.0, abs=0.01)


def test_silence_has_no_median_frequency():
    spectrum = welch(np.zeros((2000, 1)), FS)
    assert np.isnan(median_frequency_hz(spectrum, 20, 450)).all()
    assert np.isnan(mean_frequency_hz(spectrum, 20, 450)).all()
    assert np.isnan(line_ratio_db(spectrum, 50)).all()
    assert np.isnan(line_share(spectrum, 50, 20)).all()


@pytest.mark.parametrize("hz", [50.0, 60.0])
def test_a_line_stands_out_only_where_it_is(hz):
    spectrum = welch(noise(channels=1) + 2 * tone(hz), FS)
    other = 110.0 - hz
    assert line_ratio_db(spectrum, hz)[0] > 25
    assert abs(line_ratio_db(spectrum, other)[0]) < 6
    expected = 2.0 / (2.0 + 0.96)
    assert line_share(spectrum, hz, 20)[0] == pytest.approx(expected, abs=0.05)


def test_harmonics_count_for_the_line():
    spectrum = welch(noise(channels=1) * 0.1 + tone(150.0), FS)
    assert line_share(spectrum, 50.0, 20.0)[0] > 0.9
    assert line_share(spectrum, 60.0, 20.0)[0] < 0.1


def test_the_median_without_the_line_is_that_of_the_rest():
    clean = welch(noise(channels=1), FS)
    humming = welch(noise(channels=1) + 5 * tone(60.0), FS)
    assert median_frequency_hz(humming, 20, 450)[0] == 60.0
    rest = median_frequency_hz(without_line(humming, 60.0), 20, 450)
    np.testing.assert_allclose(rest, median_frequency_hz(clean, 20, 450), atol=8)


def test_slow_drift_is_seen_although_segments_lose_their_mean():
    drift = 50 * np.linspace(-1, 1, 20_000)[:, np.newaxis] ** 2
    x = np.hstack([noise(channels=1), noise(channels=1, seed=2) + drift])
    mean_square = np.mean((x - np.median(x, axis=0)) ** 2, axis=0)
    share = low_frequency_share(welch(x, FS), mean_square)
    assert share[0] < 0.1
    assert share[1] > 0.95


def test_a_segment_with_a_missing_value_is_left_out():
    x = noise()
    x[500, 0] = np.nan
    x[5000, 1] = np.inf
    spectrum = welch(x, FS)
    assert np.isfinite(spectrum.psd).all()
    np.testing.assert_allclose(median_frequency_hz(spectrum, 20, 450), 235, atol=10)


def test_a_channel_without_any_value_has_no_spectrum():
    x = noise()
    x[:, 0] = np.nan
    spectrum = welch(x, FS)
    assert np.isnan(spectrum.psd[:, 0]).all()
    assert np.isnan(median_frequency_hz(spectrum, 20, 450)[0])


def test_a_line_above_the_band_is_not_judged():
    spectrum = welch(noise(200, 1), 40.0)
    assert np.isnan(line_ratio_db(spectrum, 50.0)).all()


def test_wrong_arguments_are_refused():
    with pytest.raises(ShapeError):
        welch(np.zeros(10), FS)
    with pytest.raises(ShapeError):
        welch(np.zeros((1, 2)), FS)
    with pytest.raises(DesignError):
        welch(noise(), 0.0)
