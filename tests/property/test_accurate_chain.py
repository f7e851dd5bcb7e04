"""The accurate chain: any cutting, empty chunks and NaN."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.accurate import AccurateChain, Treatment
from dsp.artifact.cancel import ArtifactMethod
from dsp.artifact.epochs import EpochParams
from dsp.chain import ChainParams
from dsp.ecg import HeartMethod
from dsp.errors import ShapeError
from dsp.types import QualityFlag
from tests.support.emg import artifact, heart, model_emg, pulse_rows

FS = 1000.0
N = 9000

cuttings = st.lists(st.integers(0, 1500), min_size=1, max_size=8)
methods = st.sampled_from(list(ArtifactMethod))
hearts = st.sampled_from([None, *HeartMethod])


def signal(seed):
    rng = np.random.default_rng(seed)
    rows = pulse_rows(N, FS, 11.3)
    out = model_emg(N, FS, rng, 10.0) + heart(N, FS, 200.0)
    out += artifact(N, FS, rows, lambda _: 0.5, rng)
    out += 20.0 * np.sin(2 * np.pi * 50.2 * np.arange(N) / FS)
    return np.column_stack((out, rng.normal(size=N))) + 1000.0, rows


def chain(method, beats):
    return AccurateChain(
        ChainParams(FS, 2),
        Treatment(artifact=EpochParams(method), heart=beats, detect_pulses=False),
    )


def pieces(x, lengths):
    edges = np.minimum(np.cumsum([0, *lengths]), len(x))
    return [x[a:b] for a, b in pairwise([*edges, len(x)])]


@settings(max_examples=8)
@given(st.integers(0, 99), cuttings, methods, hearts)
def test_any_cutting_gives_the_same_reading(seed, lengths, method, beats):
    x, rows = signal(seed)
    x[4000:4003, 0] = np.nan
    whole, cut = chain(method, beats), chain(method, beats)

    expected = whole.process(x, rows)
    cut.process(x[:0], rows)
    for piece in pieces(x, lengths):
        reading = cut.process(piece)

    np.testing.assert_array_equal(reading.rms_uv, expected.rms_uv)
    np.testing.assert_array_equal(reading.envelope_uv, expected.envelope_uv)
    np.testing.assert_array_equal(reading.quality, expected.quality)
    assert cut.lag_rows == whole.lag_rows


@settings(max_examples=8)
@given(st.integers(0, 99), cuttings)
def test_pulses_may_become_known_just_in_time(seed, lengths):
    x, rows = signal(seed)
    early, late = (chain(ArtifactMethod.COMB, None) for _ in range(2))

    expected = early.process(x, rows)
    start = 0
    for piece in pieces(x, lengths):
        stop = start + len(piece)
        reading = late.process(piece, rows[(rows >= start) & (rows < stop)])
        start = stop

    np.testing.assert_array_equal(reading.rms_uv, expected.rms_uv)


@settings(max_examples=8)
@given(st.integers(0, 99), st.integers(0, N - 1), st.sampled_from([np.nan, np.inf]))
def test_bad_samples_never_poison(seed, row, value):
    x, rows = signal(seed)
    x[row : row + 5, 0] = value
    accurate = chain(ArtifactMethod.TEMPLATE, HeartMethod.TEMPLATE)

    accurate.process(x, rows)
    clean, _ = signal(seed + 1)
    reading = accurate.process(clean[:8000], rows[rows < 8000] + N)

    assert np.isfinite(reading.rms_uv).all()
    assert not reading.quality[0] & QualityFlag.NON_FINITE


def test_the_input_is_not_modified_and_an_empty_chunk_changes_nothing():
    x, rows = signal(0)
    before = x.copy()
    accurate = chain(ArtifactMethod.GRAM_SCHMIDT, HeartMethod.GATE)

    first = accurate.process(x, rows)
    again = accurate.process(x[:0])

    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(first.rms_uv, again.rms_uv)


def test_a_restart_forgets_everything():
    x, rows = signal(0)
    fresh, used = (chain(ArtifactMethod.COMB, HeartMethod.TEMPLATE) for _ in range(2))
    used.process(x, rows)

    used.restart()

    expected, reading = fresh.process(x, rows), used.process(x, rows)
    np.testing.assert_array_equal(reading.rms_uv, expected.rms_uv)
    np.testing.assert_array_equal(reading.quality, expected.quality)


def test_it_starts_unsettled_and_refuses_another_number_of_channels():
    accurate = chain(ArtifactMethod.COMB, None)

    reading = accurate.process(np.zeros((10, 2)))

    assert (reading.quality & QualityFlag.SETTLING).all()
    assert np.isnan(reading.rms_uv).all()
    with pytest.raises(ShapeError, match="time-first"):
        accurate.process(np.zeros((10, 3)))


def test_bad_samples_are_flagged_for_a_window():
    x, rows = signal(0)
    x[8900, 1] = np.nan
    accurate = chain(ArtifactMethod.COMB, None)

    reading = accurate.process(x, rows)

    assert reading.quality[1] & QualityFlag.NON_FINITE
    assert not reading.quality[0] & QualityFlag.NON_FINITE
