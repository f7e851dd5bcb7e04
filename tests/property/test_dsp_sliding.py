"""The sliding RMS against brute force, for any window, size and cutting."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.sliding import SlidingRms

RELATIVE = 1e-12
windows = st.one_of(st.integers(1, 40), st.integers(1, 800))
longests = st.one_of(st.just(0), st.integers(1, 1500))
channels = st.sampled_from([1, 3, 8, 130])
cuttings = st.lists(
    st.sampled_from([0, 1, 5, 31, 32, 33, 64, 65, 200, 500]), min_size=1, max_size=25
)
seeds = st.integers(0, 2**32 - 1)


def brute_force(y, end, window):
    return np.sqrt(np.mean(np.square(y[max(0, end - window) : end]), axis=0))


def assert_same(value, expected):
    np.testing.assert_allclose(value, expected, rtol=RELATIVE, atol=0)


@settings(max_examples=60)
@given(seeds, windows, longests, channels, cuttings)
def test_every_reading_equals_brute_force(seed, window, longest, n_channels, lengths):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(sum(lengths), n_channels))
    pushed, hopped, dense = (SlidingRms(n_channels, window, longest) for _ in range(3))
    end = 0

    for n in lengths:
        chunk = y[end : end + n]
        end += n
        pushed.push(chunk)
        hop = hopped.hop(chunk)
        rms = dense.dense(chunk)
        assert rms.shape == chunk.shape
        assert pushed.count == hopped.count == dense.count == end
        if end == 0:
            assert np.isnan(hop).all()
            continue
        expected = brute_force(y, end, window)
        assert_same(pushed.last(), expected)
        assert_same(hop, expected)
        assert_same(dense.last(), expected)
        for j in {0, n // 2, n - 1} if n else ():
            assert_same(rms[j], brute_force(y, end - n + j + 1, window))
        other = int(rng.integers(1, max(window, longest) + 1))
        for rolling in (pushed, hopped, dense):
            assert_same(rolling.over(other), brute_force(y, end, other))


@settings(max_examples=40)
@given(
    seeds, windows, longests, st.sampled_from([1e4, 1e6, 1e8]), st.sampled_from([7, 32])
)
def test_an_artifact_leaves_no_trace(seed, window, longest, size, step):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(2 * window + 2000, 2))
    spoiled = y.copy()
    spoiled[1000, 0] = size
    clean, hit = (SlidingRms(2, window, longest) for _ in range(2))

    for start in range(0, len(y), step):
        a, b = clean.dense(y[start : start + step]), hit.dense(spoiled[start:][:step])
        gone = np.arange(start, start + len(a)) >= 1000 + window
        assert np.array_equal(a[gone], b[gone])
        assert np.array_equal(a[:, 1], b[:, 1])

    assert np.array_equal(clean.last(), hit.last())


@settings(max_examples=20)
@given(seeds, windows, longests)
def test_readings_belong_to_the_caller(seed, window, longest):
    y = np.random.default_rng(seed).normal(size=(64, 2))
    rolling = SlidingRms(2, window, longest)

    readings = [rolling.hop(y), rolling.dense(y), rolling.over(1), rolling.last()]
    copies = [r.copy() for r in readings]
    rolling.dense(y * 9)
    rolling.hop(y * 9)

    assert all(np.array_equal(r, c) for r, c in zip(readings, copies, strict=True))


@settings(max_examples=20)
@given(seeds, windows, longests)
def test_restart_forgets_everything(seed, window, longest):
    y = np.random.default_rng(seed).normal(size=(900, 2))
    used, new = SlidingRms(2, window, longest), SlidingRms(2, window, longest)
    for start in range(0, 900, 30):
        used.hop(y[start : start + 30])

    used.restart()

    for start in range(0, 300, 20):
        chunk = y[start : start + 20]
        assert np.array_equal(used.hop(chunk), new.hop(chunk))


def test_chunks_of_every_length_do_not_fill_the_memory():
    rng = np.random.default_rng(0)
    rolling = SlidingRms(1, 100)

    for n in rng.integers(1, 40, size=6000):
        rolling.hop(np.ones((n, 1)))

    assert len(rolling._views) <= 1024
    assert_same(rolling.last(), np.ones(1))
