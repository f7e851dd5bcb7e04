import numpy as np
import pytest
from scipy import signal

from drivers.subject.synthesis import (
    CARRIER_BLOCK,
    Carrier,
    CarrierParams,
    shaping_taps,
    shwedyk_density,
)

FS = 2048.0


def carrier(fs=FS, n_channels=2, seed=1, **params):
    return Carrier(CarrierParams(**params), fs, n_channels, np.random.default_rng(seed))


def seconds_of(source, fs, seconds):
    n_blocks = int(seconds * fs / CARRIER_BLOCK) + 1
    return np.concatenate([source.block() for _ in range(n_blocks)])


def marks(f_hz, density):
    """Return peak, median and mean frequency of a power density."""
    share = np.cumsum(density) / np.sum(density)
    median = f_hz[np.searchsorted(share, 0.5)]
    return f_hz[np.argmax(density)], median, np.sum(f_hz * density) / np.sum(density)


def test_density_has_the_known_marks():
    f_hz = np.arange(0.0, 1024.0, 0.1)
    peak, median, mean = marks(f_hz, shwedyk_density(f_hz, 60.0, 120.0))
    assert peak == pytest.approx(65.0, abs=1.0)
    assert median == pytest.approx(96.0, abs=1.5)
    assert mean == pytest.approx(121.0, abs=3.0)


@pytest.mark.parametrize("fs", [1000.0, 2000.0, 2048.0, 10_000.0])
def test_filter_has_the_density_and_unit_variance(fs):
    taps = shaping_taps(CarrierParams(), fs)
    f_hz, response = signal.freqz(taps, worN=np.arange(20.0, 450.0), fs=fs)
    gain_db = 20 * np.log10(np.abs(response))
    wanted_db = 10 * np.log10(shwedyk_density(f_hz, 60.0, 120.0))
    offset_db = gain_db - wanted_db
    assert np.sum(taps**2) == pytest.approx(1.0)
    assert np.ptp(offset_db) < 0.1


def test_carrier_has_unit_variance_and_the_spectrum():
    x = seconds_of(carrier(), FS, 240.0)
    assert x.std(axis=0) == pytest.approx([1.0, 1.0], abs=0.01)
    f_hz, density = signal.welch(x[:, 0], FS, nperseg=1024)
    peak, median, mean = marks(f_hz, density)
    assert peak == pytest.approx(65.0, abs=12.0)
    assert median == pytest.approx(96.0, abs=3.0)
    assert mean == pytest.approx(121.0, abs=4.0)


def test_carrier_is_gaussian_without_seams_between_blocks():
    x = seconds_of(carrier(), FS, 240.0)[:, 0]
    kurtosis = np.mean(x**4) / np.mean(x**2) ** 2
    steps = np.diff(x)
    at_seams = steps[CARRIER_BLOCK - 1 :: CARRIER_BLOCK]
    assert kurtosis == pytest.approx(3.0, abs=0.1)
    assert at_seams.std() == pytest.approx(steps.std(), rel=0.15)


def test_neighbours_share_a_source_that_arrives_later():
    x = seconds_of(carrier(correlation=0.5), FS, 120.0)
    lags = np.arange(-20, 21)
    correlation = [
        np.mean(x[100:-100, 0] * np.roll(x[:, 1], -k)[100:-100]) for k in lags
    ]
    assert lags[np.argmax(correlation)] == 10  # 20 mm at 4 m/s
    assert max(correlation) == pytest.approx(0.5, abs=0.03)
