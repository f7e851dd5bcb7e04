"""M-waves of known size under artifacts of known size."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.errors import DesignError, ShapeError
from dsp.events.mwave import (
    MAX_PULSES,
    PulseEpochs,
    Unmeasured,
    epoch_rows,
    measure_m_wave,
)

FS = 2000.0
N_PULSES = 12
BEFORE, ROWS = epoch_rows(FS)
T_S = (np.arange(ROWS) - BEFORE) / FS
INSIDE = (T_S >= 0.005) & (T_S <= 0.025)


def tail_uv(mv_per_ma, amplitude_ma, fast_s=0.002, slow_s=0.007):
    later = np.maximum(T_S, 0.0)
    decay = np.exp(-later / fast_s) + 0.15 * np.exp(-later / slow_s)
    return np.where(T_S >= 0, 1000.0 * mv_per_ma * amplitude_ma * decay, 0.0)


def wave_uv(size_mv, latency_s=0.010, width_s=0.003, skew=0.2):
    u = (T_S - latency_s) / width_s
    shape = (-u + skew * (u * u - 1.0)) * np.exp(-0.5 * u * u)
    shape = np.where(T_S >= 0, shape, 0.0)
    return 1000.0 * size_mv * shape / np.ptp(shape[INSIDE])


def epochs(rng, what_uv, noise_uv, n=N_PULSES):
    return what_uv + noise_uv * rng.standard_normal((n, ROWS))


@pytest.mark.parametrize("size_mv", [0.3, 1.0, 3.0, 8.0])
@pytest.mark.parametrize(
    ("mv_per_ma", "amplitude_ma"), [(0.05, 5.0), (0.3, 12.0), (0.3, 40.0)]
)
@pytest.mark.parametrize(("fast_s", "slow_s"), [(0.001, 0.010), (0.003, 0.005)])
@pytest.mark.parametrize(("latency_s", "width_s"), [(0.008, 0.0025), (0.012, 0.004)])
def test_the_amplitude_is_found_under_every_artifact(
    size_mv, mv_per_ma, amplitude_ma, fast_s, slow_s, latency_s, width_s
):
    artifact = tail_uv(mv_per_ma, amplitude_ma, fast_s, slow_s)
    wave = wave_uv(size_mv, latency_s, width_s)
    seen = epochs(np.random.default_rng(3), artifact + wave, 5.0)

    found = measure_m_wave(seen, FS)

    assert found.trouble is Unmeasured.NOTHING
    assert found.n_pulses == N_PULSES
    assert found.amplitude_uv == pytest.approx(1000.0 * size_mv, rel=0.10)
    assert found.confidence > 10


def test_without_an_m_wave_it_is_as_often_negative_and_within_its_error():
    rng = np.random.default_rng(5)
    found = []
    for _ in range(30):
        artifact = tail_uv(rng.uniform(0.05, 0.3), rng.uniform(5.0, 40.0))
        found.append(measure_m_wave(epochs(rng, artifact, 20.0), FS))
    values = np.array([wave.amplitude_uv for wave in found])
    error_uv = np.median([wave.scatter_uv for wave in found])

    assert abs(values.mean()) < error_uv
    assert 5 <= np.sum(values < 0) <= 25
    assert np.sum(values > np.maximum(50.0, 3.0 * error_uv)) == 0


def test_hum_in_step_with_the_pulses_is_no_m_wave():
    hum = 100.0 * np.sin(2 * np.pi * 50.0 * T_S + 1.0)
    seen = epochs(np.random.default_rng(1), tail_uv(0.1, 10.0) + hum, 5.0)

    assert measure_m_wave(seen, FS).amplitude_uv > 100.0
    assert abs(measure_m_wave(seen, FS, 50.0).amplitude_uv) < 15.0


def test_a_rail_where_the_m_wave_would_be_is_told():
    seen = epochs(np.random.default_rng(1), tail_uv(0.3, 40.0) + wave_uv(8.0), 5.0)

    late = measure_m_wave(np.clip(seen, -3000.0, 3000.0), FS)
    early = measure_m_wave(np.clip(seen, None, 8000.0), FS)

    assert late.trouble is Unmeasured.SATURATED
    assert math.isnan(late.amplitude_uv)
    assert math.isnan(late.confidence)
    assert early.amplitude_uv == pytest.approx(8000.0, rel=0.10)


def test_too_few_and_broken_epochs_are_told():
    seen = epochs(np.random.default_rng(1), tail_uv(0.1, 10.0), 5.0)
    seen[2:, 100] = np.nan

    assert measure_m_wave(seen, FS).trouble is Unmeasured.TOO_FEW
    assert measure_m_wave(seen[:0], FS).n_pulses == 0
    with pytest.raises(ShapeError, match="epochs"):
        measure_m_wave(seen[:, 1:], FS)
    with pytest.raises(DesignError, match="1000 Hz"):
        PulseEpochs(500.0)
    with pytest.raises(ShapeError, match="one channel"):
        PulseEpochs(FS).push(seen)


def test_silence_has_no_m_wave():
    assert measure_m_wave(np.zeros((4, ROWS)), FS).trouble is Unmeasured.SATURATED


@settings(max_examples=10)
@given(offset_uv=st.floats(-3e5, 3e5))
def test_an_offset_changes_nothing(offset_uv):
    rng = np.random.default_rng(7)
    seen = epochs(rng, tail_uv(0.1, 10.0) + wave_uv(1.0), 5.0)

    moved = measure_m_wave(seen + offset_uv, FS, 50.0)

    at_zero = measure_m_wave(seen, FS, 50.0)
    assert moved.amplitude_uv == pytest.approx(at_zero.amplitude_uv, abs=0.1)
    assert moved.scatter_uv == pytest.approx(at_zero.scatter_uv, abs=0.1)


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, 6000), max_size=12))
def test_epochs_do_not_depend_on_the_cutting(cuts):
    emg_uv = np.random.default_rng(2).standard_normal(6000)
    pulses = [30.0, *np.arange(500.0, 5900.0, 250.4)]
    whole, cut = PulseEpochs(FS), PulseEpochs(FS)
    whole.push(emg_uv, pulses)
    edges = sorted({0, *cuts, len(emg_uv)})
    for start, stop in itertools.pairwise(edges):
        cut.push(emg_uv[start:stop], [p for p in pulses if start <= p < stop])

    seen, rows = whole.take()
    again, same_rows = cut.take()

    assert rows.tolist() == same_rows.tolist() == pulses[1:]
    np.testing.assert_array_equal(seen, again)
    first = round(pulses[1]) - BEFORE
    np.testing.assert_array_equal(seen[0], emg_uv[first : first + ROWS])


def test_only_the_newest_pulses_are_kept():
    store = PulseEpochs(FS)
    n = MAX_PULSES + 6
    for k in range(n):
        store.push(np.full(200, float(k)), [200.0 * k + 100.0])
    store.push(np.zeros(200))

    _, rows = store.take()
    assert rows.tolist() == [200.0 * k + 100.0 for k in range(6, n)]
    store.clear()
    assert len(store.take()[1]) == 0
