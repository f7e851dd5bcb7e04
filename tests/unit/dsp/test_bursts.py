"""Bursts are found where they are, and not found where there are none."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.bursts import Burst, BurstParams, find_bursts
from dsp.errors import DesignError, ShapeError

HOP_S = 0.01
DURATION_S = 10.0


def envelope(
    *spans: tuple[float, float], duration_s: float = 10.0, height: float = 10.0
):
    t_s = np.arange(round(DURATION_S / HOP_S)) * HOP_S
    e = np.ones_like(t_s)
    for start_s, end_s in spans:
        e[(t_s >= start_s - 1e-9) & (t_s <= end_s + 1e-9)] = height
    return e, t_s


def test_bursts_are_where_they_are():
    bursts = find_bursts(*envelope((1.0, 1.5), (4.0, 6.0)))
    assert [(b.start_s, b.end_s) for b in bursts] == [
        pytest.approx((1.0, 1.5)),
        pytest.approx((4.0, 6.0)),
    ]


def test_a_short_pause_does_not_end_a_burst():
    assert len(find_bursts(*envelope((1.0, 1.5), (1.95, 2.5)))) == 1
    assert len(find_bursts(*envelope((1.0, 1.5), (2.1, 2.5)))) == 2


def test_a_spike_is_no_burst():
    assert find_bursts(*envelope((1.0, 1.05), (4.0, 5.0))) == (Burst(4.0, 5.0),)


def test_weak_contrast_gives_no_bursts():
    assert find_bursts(*envelope((1.0, 2.0), height=3.0)) == ()
    assert len(find_bursts(*envelope((1.0, 2.0), height=5.0))) == 1


def test_stationary_noise_has_no_bursts():
    noise = np.random.default_rng(5).chisquare(86, 6000)
    assert find_bursts(np.sqrt(noise / 86), np.arange(6000) * HOP_S) == ()


def test_silence_before_activity_is_rest():
    e, t_s = envelope((5.0, 7.0))
    e[e == 1.0] = 0.0
    assert find_bursts(e, t_s) == (Burst(5.0, 7.0),)


@pytest.mark.parametrize("value", [0.0, 3.0, np.nan, np.inf])
def test_a_constant_has_no_bursts(value):
    assert find_bursts(np.full(100, value), np.arange(100.0)) == ()


def test_missing_values_are_neither_rest_nor_activity():
    e, t_s = envelope((1.0, 3.0))
    e[700:] = np.nan
    assert find_bursts(e, t_s) == (Burst(1.0, 3.0),)


def test_nothing_gives_nothing():
    assert find_bursts(np.empty(0), np.empty(0)) == ()


@settings(max_examples=60)
@given(
    e=st.lists(
        st.floats(0, 1e6, allow_subnormal=False) | st.just(float("nan")), max_size=300
    ),
)
def test_bursts_are_ordered_apart_long_enough_and_free_of_scale(e):
    t_s = np.arange(len(e)) * HOP_S
    p = BurstParams()
    bursts = find_bursts(np.array(e), t_s)
    for b in bursts:
        assert b.end_s - b.start_s >= p.min_duration_s
    for before, after in itertools.pairwise(bursts):
        assert after.start_s - before.end_s > p.merge_gap_s
    doubled = find_bursts(np.array(e) * 2.0, t_s)
    assert doubled == bursts


def test_wrong_arguments_are_refused():
    with pytest.raises(ShapeError):
        find_bursts(np.zeros(3), np.zeros(4))
    with pytest.raises(DesignError):
        BurstParams(rest_percentile=99, peak_percentile=20)
    with pytest.raises(DesignError):
        BurstParams(min_contrast=float("nan"))
