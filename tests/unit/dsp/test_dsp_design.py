import numpy as np
import pytest
from scipy.signal import butter, sosfreqz

from dsp.design import (
    NECK_BACK_LOWER_EDGE_HZ,
    NOTCH_BANDWIDTH_HZ,
    FilterSpec,
    design_filter,
)
from dsp.errors import DesignError


def gain(design, fs, *frequencies_hz):
    _, h = sosfreqz(design.sos, worN=np.array(frequencies_hz), fs=fs)
    return np.abs(h)


def test_band_pass_is_scipys_butterworth_of_order_four():
    design = design_filter(FilterSpec(2048.0, mains_hz=None))

    expected = butter(4, [20, 450], "bandpass", fs=2048.0, output="sos")
    assert np.array_equal(design.sos, expected)
    assert design.band_hz == (20.0, 450.0)
    assert design.warnings == ()


def test_default_cascade_has_four_sections_and_three_notches():
    design = design_filter(FilterSpec(2048.0))

    assert design.sos.shape == (7, 6)
    assert design.notches_hz == (50.0, 100.0, 150.0)
    assert gain(design, 2048.0, 50.0, 100.0, 150.0) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_every_notch_has_the_same_width(mains_hz):
    with_notch = design_filter(FilterSpec(4000.0, mains_hz=mains_hz, n_harmonics=4))
    without = design_filter(FilterSpec(4000.0, mains_hz=None))

    for centre_hz in with_notch.notches_hz:
        for edge_hz in (
            centre_hz - NOTCH_BANDWIDTH_HZ / 2,
            centre_hz + NOTCH_BANDWIDTH_HZ / 2,
        ):
            loss = gain(with_notch, 4000.0, edge_hz) / gain(without, 4000.0, edge_hz)
            assert loss == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_a_grid_off_by_a_tenth_of_a_hertz_is_still_removed():
    design = design_filter(FilterSpec(2048.0))

    assert gain(design, 2048.0, 50.1).item() < 0.11


@pytest.mark.parametrize(("fs", "upper_hz"), [(250.0, 112.5), (500.0, 225.0)])
def test_slow_streams_get_a_lower_upper_edge_and_a_warning(fs, upper_hz):
    design = design_filter(FilterSpec(fs))

    assert design.band_hz == (20.0, upper_hz)
    assert "upper edge lowered from 450" in design.warnings[0]
    assert all(f < upper_hz for f in design.notches_hz)


@pytest.mark.parametrize("fs", [1000.0, 10_000.0])
def test_fast_streams_keep_the_band(fs):
    assert design_filter(FilterSpec(fs)).band_hz == (20.0, 450.0)


def test_neck_and_back_start_at_thirty_hertz():
    design = design_filter(FilterSpec(2048.0, lower_hz=NECK_BACK_LOWER_EDGE_HZ))

    assert gain(design, 2048.0, 30.0).item() == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_settling_time_covers_the_slowest_notch():
    design = design_filter(FilterSpec(2048.0))

    slowest_s = 1 / (np.pi * NOTCH_BANDWIDTH_HZ)
    assert design.settling_s == pytest.approx(6 * slowest_s, rel=0.01)


def test_mains_outside_the_band_is_named():
    design = design_filter(FilterSpec(2048.0, lower_hz=60.0, n_harmonics=1))

    assert design.notches_hz == ()
    assert "no harmonic" in design.warnings[0]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (FilterSpec(100.0), "sampling rate of at least 200"),
        (FilterSpec(float("nan")), "sampling rate"),
        (FilterSpec(250.0, lower_hz=30.0), "leaves the band"),
        (FilterSpec(1000.0, lower_hz=0.0), "0 < lower_hz"),
        (FilterSpec(1000.0, lower_hz=500.0), "0 < lower_hz"),
        (FilterSpec(1000.0, notch_bandwidth_hz=60.0), "notch_bandwidth_hz"),
        (FilterSpec(1000.0, mains_hz=-50.0), "mains_hz"),
        (FilterSpec(1000.0, n_harmonics=-1), "n_harmonics"),
    ],
)
def test_senseless_specs_are_refused(spec, message):
    with pytest.raises(DesignError, match=message):
        design_filter(spec)
