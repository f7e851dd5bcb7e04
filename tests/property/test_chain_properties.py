"""The chain as a whole: what it says does not depend on how it is fed."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp import ChainParams, EmgChain

seeds = st.integers(0, 2**32 - 1)
cuttings = st.lists(st.integers(0, 700), min_size=1, max_size=8)


def emg(seed, n_samples, n_channels=2):
    return np.random.default_rng(seed).normal(scale=20.0, size=(n_samples, n_channels))


def chunks(signal, lengths):
    edges = np.cumsum([0, *lengths])
    return [signal[a:b] for a, b in pairwise(edges)]


@settings(max_examples=25)
@given(seeds, cuttings, st.sampled_from([250.0, 1000.0, 2048.0, 10_000.0]))
def test_any_cutting_gives_the_same_reading(seed, lengths, fs):
    signal = emg(seed, sum(lengths) + 1)
    signal[len(signal) // 2, 0] = np.nan
    whole, pieces = (EmgChain(ChainParams(fs, 2)) for _ in range(2))

    expected = whole.process(signal)
    for chunk in chunks(signal, [*lengths, 1]):
        reading = pieces.process(chunk)

    np.testing.assert_allclose(reading.rms_uv, expected.rms_uv, rtol=1e-9)
    np.testing.assert_allclose(reading.envelope_uv, expected.envelope_uv, rtol=1e-9)
    assert np.array_equal(reading.quality, expected.quality)
    assert pieces.measurement().n_samples == whole.measurement().n_samples


@settings(max_examples=25)
@given(seeds, cuttings)
def test_hop_dense_and_filter_tell_the_same_story(seed, lengths):
    params = ChainParams(2048.0, 2, fast_window_s=0.1)
    signal = emg(seed, sum(lengths) + 1)
    hopping, dense, filtering = (EmgChain(params) for _ in range(3))
    window = round(0.1 * 2048)
    y = np.zeros((0, 2))

    for chunk in chunks(signal, [*lengths, 1]):
        last, every = hopping.hop(chunk), dense.dense(chunk)
        y = np.concatenate((y, filtering.filter(chunk)))
        if len(y):
            expected = np.sqrt(np.mean(np.square(y[-window:]), axis=0))
            np.testing.assert_allclose(last, expected, rtol=1e-9, atol=1e-9)
        if len(chunk):
            np.testing.assert_allclose(every[-1], last, rtol=1e-9, atol=1e-9)


@settings(max_examples=20)
@given(seeds, cuttings)
def test_an_empty_chunk_changes_nothing(seed, lengths):
    signal = emg(seed, sum(lengths))
    plain, interrupted = (EmgChain(ChainParams(1000.0, 2)) for _ in range(2))
    nothing = np.zeros((0, 2))

    for chunk in chunks(signal, lengths):
        expected = plain.process(chunk)
        interrupted.process(nothing)
        interrupted.process(chunk)
        reading = interrupted.process(nothing)

        assert np.array_equal(reading.rms_uv, expected.rms_uv, equal_nan=True)
        assert np.array_equal(reading.quality, expected.quality)
        assert interrupted.filter(nothing).shape == (0, 2)
        assert interrupted.dense(nothing).shape == (0, 2)
