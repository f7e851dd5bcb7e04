import json
import math

import numpy as np
import pytest

from dsp.errors import DesignError
from dsp.normalise import (
    MAX_AGE_S,
    Reference,
    ReferenceKind,
    judge_trials,
    reference_from_data,
    rest_noise_uv,
    scale_for,
)
from dsp.tension import TensionUnit

BAND = (20.0, 450.0)


def reference(kind=ReferenceKind.MVC, level=500.0, noise=2.0, **more):
    return Reference("s1", "trapezius", kind, level, noise, BAND, 1000.0, **more)


def test_the_best_window_of_the_best_trial_counts():
    trials = judge_trials(
        [np.array([100.0, 480.0, 300.0]), np.array([500.0]), np.array([470.0, np.nan])],
        0.0,
    )

    assert trials.best_uv == (480.0, 500.0, 470.0)
    assert trials.reference_uv == 500.0
    assert trials.repeatable


def test_an_outlier_is_left_out():
    trials = judge_trials([np.array([v]) for v in (500.0, 490.0, 2500.0)], 0.0)

    assert trials.used == (True, True, False)
    assert trials.reference_uv == 500.0


def test_two_trials_that_disagree_need_a_third():
    assert not judge_trials([np.array([500.0]), np.array([300.0])], 0.0).repeatable
    assert not judge_trials([np.array([500.0])], 0.0).repeatable


def test_noise_is_taken_out_and_empty_trials_do_not_count():
    trials = judge_trials([np.array([5.0]), np.array([np.nan])], 3.0)

    assert trials.reference_uv == pytest.approx(4.0)
    assert trials.used == (True, False)
    assert math.isnan(judge_trials([], 0.0).reference_uv)


def test_the_floor_of_a_rest_ignores_what_was_not_rest():
    rng = np.random.default_rng(0)
    rest = 2.0 * (1 + rng.normal(0, 0.024, 60))
    rest[10:20] = 30.0
    rest[5] = np.nan

    assert rest_noise_uv(rest, 430.0) == pytest.approx(2.0, rel=0.03)
    assert math.isnan(rest_noise_uv(np.array([np.nan]), 430.0))


@pytest.mark.parametrize("rest_uv", [math.nan, 3.0])
def test_a_reference_survives_storage(rest_uv):
    stored = json.loads(json.dumps(reference(rest_uv=rest_uv).to_data()))

    again = reference_from_data(stored)

    assert again.to_data() == reference(rest_uv=rest_uv).to_data()


def test_what_was_not_stored_by_us_is_refused():
    for data in ({}, reference().to_data() | {"kind": "other"}, {"band_hz": 3}):
        with pytest.raises(DesignError, match="record it again"):
            reference_from_data(data)
    with pytest.raises(DesignError, match="record the contraction"):
        reference(level=0.0)


def test_an_old_reference_and_one_of_another_filter_are_refused():
    assert reference().refusal(2000.0, BAND) is None
    assert "old" in reference().refusal(1001.0 + MAX_AGE_S, BAND)
    assert "old" in reference().refusal(0.0, BAND)
    assert "filter" in reference().refusal(2000.0, (30.0, 450.0))


def test_implausible_levels_are_named():
    assert reference().warnings() == ()
    assert "5.0 times" in reference(level=10.0).warnings()[0]
    assert reference(ReferenceKind.RVC, 75.0).warnings(500.0) == ()
    assert "60 %" in reference(ReferenceKind.RVC, 300.0).warnings(500.0)[0]


def test_without_every_reference_the_unit_is_microvolt():
    noise = np.array([2.0, 2.0])
    mvc, rvc = reference(), reference(ReferenceKind.RVC, 80.0)

    assert scale_for([mvc, mvc], noise).unit is TensionUnit.PCT_MVC
    assert scale_for([rvc, rvc], noise).unit is TensionUnit.PCT_RVC
    assert scale_for([mvc, None], noise).unit is TensionUnit.UV
    assert scale_for([mvc, rvc], noise).unit is TensionUnit.UV
    tension = scale_for([mvc, mvc], noise).tension(np.array([250.0, 2.0]))
    np.testing.assert_allclose(tension, [50.0, 0.0], rtol=1e-3)
