"""The filter kernel against scipy, for any signal, size and cutting."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt

from dsp.design import FilterSpec, design_filter
from dsp.kernel import BlockFilter, SectionFilter, make_filter

TOLERANCE = 1e-9
rates = st.sampled_from([250.0, 500.0, 1000.0, 1926.0, 2048.0, 4000.0, 10_000.0])
seeds = st.integers(0, 2**32 - 1)
cuttings = st.lists(st.integers(0, 150), min_size=1, max_size=12)


def emg(seed, n_samples, n_channels, offset_uv=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_samples, n_channels)) + offset_uv


def cut(signal, lengths):
    edges = np.cumsum([0, *lengths])
    return [signal[a:b] for a, b in pairwise(edges)]


def reference(sos, signal):
    return sosfilt(sos, signal - signal[0], axis=0)


def assert_close(y, expected, scale=1.0):
    assert y.shape == expected.shape
    assert np.abs(y - expected).max(initial=0.0) <= TOLERANCE * scale


@settings(max_examples=60)
@given(rates, seeds, st.integers(1, 9), cuttings, st.sampled_from([0.0, -20.0, 1e3]))
def test_any_cutting_equals_one_call_of_sosfilt(
    fs, seed, n_channels, lengths, offset_uv
):
    design = design_filter(FilterSpec(fs))
    signal = emg(seed, sum(lengths) + 1, n_channels, offset_uv)
    stream = make_filter(design.sos, n_channels)
    in_place = make_filter(design.sos, n_channels)

    pieces = []
    for chunk in cut(signal, [*lengths, 1]):
        piece = stream.fresh(chunk)
        out = np.full_like(chunk, np.nan)
        in_place.into(chunk, out)
        assert np.array_equal(out, piece)
        pieces.append(piece)

    assert isinstance(stream, BlockFilter)
    assert_close(np.concatenate(pieces), reference(design.sos, signal))


@settings(max_examples=25)
@given(st.sampled_from([1, 7, 64, 127, 128, 256]), seeds, cuttings)
def test_every_number_of_channels_agrees_with_sections(n_channels, seed, lengths):
    sos = design_filter(FilterSpec(2048.0)).sos
    signal = emg(seed, sum(lengths), n_channels)
    block, sections = BlockFilter(sos, n_channels), SectionFilter(sos, n_channels)

    for chunk in cut(signal, lengths):
        assert_close(block.fresh(chunk), sections.fresh(chunk))
        assert_close(block.zi, sections.zi, scale=100.0)


@settings(max_examples=30)
@given(seeds, st.integers(1, 120))
def test_sosfilt_takes_over_from_the_block_state(seed, n_before):
    sos = design_filter(FilterSpec(2048.0)).sos
    signal = emg(seed, 300, 3)
    block = BlockFilter(sos, 3)

    block.fresh(signal[:n_before])
    y, _ = sosfilt(sos, signal[n_before:] - signal[0], axis=0, zi=block.zi)

    assert_close(y, reference(sos, signal)[n_before:])


@settings(max_examples=60)
@given(
    seeds,
    cuttings,
    st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.integers(0, 3),
            st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e16]),
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([BlockFilter, SectionFilter]),
)
def test_bad_samples_act_like_the_held_signal(seed, lengths, bad, form):
    sos = design_filter(FilterSpec(2048.0)).sos
    n = sum(lengths) + 1
    clean = emg(seed, n, 5, offset_uv=300.0)
    signal, held = clean.copy(), clean.copy()
    for where, channel, value in bad:
        signal[where % n, channel] = value
    broken = ~(np.abs(signal) <= 1e15)
    for i, j in zip(*np.nonzero(broken), strict=True):
        held[i, j] = held[i - 1, j] if i else np.nan
    for j in range(5):
        good = np.flatnonzero(np.isfinite(held[:, j]))
        if len(good):
            held[: good[0], j] = held[good[0], j]
        else:
            held[:, j] = 0.0
    dirty, tidy = form(sos, 5), form(sos, 5)

    for chunk, tidy_chunk, mask in zip(
        *(cut(x, [*lengths, 1]) for x in (signal, held, broken)), strict=True
    ):
        before = dirty.repairs
        with np.errstate(over="ignore"):
            y = dirty.fresh(chunk)
        expected = tidy.fresh(tidy_chunk)
        assert np.isfinite(dirty.zi).all()
        assert np.array_equal(y[:, 4], expected[:, 4])
        assert_close(y, expected)
        assert (dirty.repairs > before) == mask.any()
        if mask.any():
            assert np.array_equal(dirty.replaced, mask)


@settings(max_examples=30)
@given(seeds, cuttings, st.permutations(range(6)), st.floats(1e-3, 1e4))
def test_channels_are_independent_and_gain_scales(seed, lengths, order, gain):
    sos = design_filter(FilterSpec(1000.0)).sos
    signal = emg(seed, sum(lengths), 6, offset_uv=50.0)
    plain, turned, louder = (BlockFilter(sos, 6) for _ in range(3))

    for chunk in cut(signal, lengths):
        y = plain.fresh(chunk)
        assert_close(turned.fresh(chunk[:, order]), y[:, order])
        assert_close(louder.fresh(chunk * gain) / gain, y)


@settings(max_examples=30)
@given(seeds, cuttings)
def test_inputs_and_outputs_belong_to_the_caller(seed, lengths):
    sos = design_filter(FilterSpec(2048.0)).sos
    signal = emg(seed, sum(lengths), 2)
    kept_signal = signal.copy()
    careless, careful = BlockFilter(sos, 2), BlockFilter(sos, 2)

    outputs = []
    for chunk in cut(signal, lengths):
        careless.fresh(chunk.copy())[:] = np.nan
        outputs.append((careful.fresh(chunk), len(outputs)))
    copies = [y.copy() for y, _ in outputs]
    careful.fresh(emg(seed, 64, 2))
    reused = signal[:1].copy()
    y = careless.fresh(reused)

    assert np.array_equal(signal, kept_signal)
    assert all(np.array_equal(y, c) for (y, _), c in zip(outputs, copies, strict=True))
    assert np.isfinite(y).all()


def test_days_of_data_do_not_drift():
    sos = design_filter(FilterSpec(2048.0)).sos
    rng = np.random.default_rng(1)
    block = BlockFilter(sos, 1)
    zi = np.zeros((len(sos), 2, 1))
    first = None
    worst = 0.0

    for k in range(60):
        wander_uv = 2000.0 * np.sin(np.linspace(k, k + 1, 65_536))
        signal = rng.normal(size=(65_536, 1)) + wander_uv[:, np.newaxis]
        first = signal[0].copy() if first is None else first
        expected, zi = sosfilt(sos, signal - first, axis=0, zi=zi)
        worst = max(worst, float(np.abs(block.fresh(signal) - expected).max()))

    assert worst <= TOLERANCE


def test_an_electrode_offset_of_a_thousand_times_the_signal_costs_no_accuracy():
    sos = design_filter(FilterSpec(2048.0)).sos
    signal = emg(3, 20_000, 2, offset_uv=1000.0)
    signal[10_000:] -= 2000.0

    y = BlockFilter(sos, 2).fresh(signal)

    assert_close(y, reference(sos, signal))


def test_a_design_that_the_block_form_cannot_hold_falls_back_to_sections():
    sos = butter(8, [1.0, 20.0], "bandpass", fs=10_000.0, output="sos")

    assert isinstance(make_filter(sos, 1), SectionFilter)


def test_a_channel_that_never_sends_a_number_reads_zero():
    sos = design_filter(FilterSpec(2048.0)).sos
    signal = emg(5, 100, 2)
    signal[:, 1] = np.nan
    block = BlockFilter(sos, 2)

    y = np.concatenate([block.fresh(chunk) for chunk in cut(signal, [10, 50, 40])])

    assert not y[:, 1].any()
    assert_close(y[:, :1], reference(sos, signal[:, :1]))


@pytest.mark.parametrize("form", [BlockFilter, SectionFilter])
def test_restart_begins_a_new_signal(form):
    sos = design_filter(FilterSpec(2048.0)).sos
    signal = emg(6, 100, 2, offset_uv=77.0)
    used, new = form(sos, 2), form(sos, 2)
    used.fresh(emg(7, 333, 2))

    used.restart()

    assert np.array_equal(used.fresh(signal), new.fresh(signal))
