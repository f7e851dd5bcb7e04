import numpy as np
import pytest

from dsp.errors import DesignError, ShapeError
from dsp.tension import (
    TensionScale,
    TensionUnit,
    mean_without_noise,
    noise_floor_uv,
    reference_uv,
    remove_noise,
)

NOISE = np.array([3.0])


def test_noise_is_removed_as_a_root_difference_of_squares():
    tension = remove_noise(np.array([5.0, 3.0, 2.0]), np.array([3.0, 3.0, 3.0]))

    assert tension.tolist() == [4.0, 0.0, 0.0]


def test_half_of_the_readings_of_a_relaxed_muscle_are_zero():
    rng = np.random.default_rng(2)
    rms = np.sqrt(np.mean(rng.normal(scale=3.0, size=(2000, 200)) ** 2, axis=1))

    zeros = np.mean(remove_noise(rms[:, np.newaxis], NOISE) == 0)

    assert zeros == pytest.approx(0.5, abs=0.05)


def test_means_subtract_before_the_root():
    rms = np.array([[2.0], [np.sqrt(14.0)]])

    assert mean_without_noise(rms, NOISE) == pytest.approx(0.0, abs=1e-12)
    assert remove_noise(rms, NOISE).mean() > 1.0


@pytest.mark.parametrize("n_windows", [30, 60])
def test_noise_floor_is_unbiased_on_noise_alone(n_windows):
    rng = np.random.default_rng(3)
    fs, bandwidth_hz = 860, 430.0
    noise = rng.normal(scale=1.5, size=(n_windows, fs, 300))
    rest = np.sqrt(np.mean(noise**2, axis=1))

    floor = noise_floor_uv(rest, 1.0, bandwidth_hz)

    assert floor.mean() == pytest.approx(1.5, rel=0.01)


def test_noise_floor_ignores_a_swallow():
    rest = np.full((60, 1), 1.5)
    rest[20:30] = 40.0

    assert noise_floor_uv(rest, 1.0, 430.0).item() < 1.7


def test_the_reference_is_the_largest_window_without_noise():
    rms = np.array([[50.0, 3.0], [500.0, 5.0], [400.0, 4.0]])

    reference = reference_uv(rms, np.array([30.0, 3.0]))

    assert reference == pytest.approx([np.sqrt(500**2 - 900), 4.0])


def test_percentages_refer_to_the_contraction():
    scale = TensionScale(TensionUnit.PCT_MVC, NOISE, np.array([400.0]))

    assert scale.tension(np.array([5.0])) == pytest.approx(1.0)
    assert scale.mean_tension(np.array([[5.0], [5.0]])) == pytest.approx(1.0)
    assert scale.tension(np.array([[5.0], [np.nan]]))[1].item() is not None
    assert np.isnan(scale.tension(np.array([np.nan]))).all()


def test_microvolt_needs_no_reference():
    assert TensionScale(TensionUnit.UV, NOISE).tension(np.array([5.0])) == 4.0


@pytest.mark.parametrize(
    ("unit", "noise", "reference", "error"),
    [
        (TensionUnit.PCT_MVC, NOISE, None, DesignError),
        (TensionUnit.UV, NOISE, NOISE, DesignError),
        (TensionUnit.PCT_RVC, NOISE, np.array([0.0]), DesignError),
        (TensionUnit.PCT_RVC, NOISE, np.array([np.nan]), DesignError),
        (TensionUnit.PCT_RVC, NOISE, np.array([1.0, 2.0]), ShapeError),
        (TensionUnit.UV, np.array([-1.0]), None, DesignError),
        (TensionUnit.UV, np.array([np.nan]), None, DesignError),
    ],
)
def test_scales_that_cannot_be_believed_are_refused(unit, noise, reference, error):
    with pytest.raises(error):
        TensionScale(unit, noise, reference)


@pytest.mark.parametrize(
    "estimate",
    [
        lambda rms: mean_without_noise(rms, NOISE),
        lambda rms: reference_uv(rms, NOISE),
        lambda rms: noise_floor_uv(rms, 1.0, 430.0),
    ],
)
def test_no_window_is_no_estimate(estimate):
    with pytest.raises(ShapeError, match="at least one window"):
        estimate(np.zeros((0, 1)))


def test_windows_too_short_for_a_noise_floor_are_refused():
    with pytest.raises(DesignError, match="too short"):
        noise_floor_uv(np.ones((10, 1)), 0.001, 430.0)
