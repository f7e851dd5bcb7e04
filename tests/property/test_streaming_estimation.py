"""Estimators and events: any cutting, empty chunks and NaN."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.artifact.pulses import PulseDetector
from dsp.blocks import Reblock, hold_good
from dsp.estimators import ExponentialRms, SlidingArv, TwoWindowRms
from dsp.events.fatigue import MedianFrequencyTrend
from dsp.events.load import LoadStatistics
from dsp.events.onset import OnsetDetector
from dsp.events.runs import RunTracker
from dsp.events.twitch import TwitchDetector
from dsp.heart import RPeakDetector
from dsp.masked import MaskedRms
from dsp.whitening import WhitenedRms
from tests.support.emg import model_emg

FS = 1000.0
N = 8000
seeds = st.integers(0, 999)
cuttings = st.lists(st.integers(0, 900), min_size=1, max_size=10)

MAKERS = {
    "arv": lambda: SlidingArv(1, 250),
    "exponential": lambda: ExponentialRms(1, 0.2, FS),
    "two windows": lambda: TwoWindowRms(1, FS, 190.0),
    "whitened": lambda: WhitenedRms(FS, (20.0, 450.0), np.array([1.0]), 0.25),
    "onset": lambda: OnsetDetector(FS),
    "twitch": lambda: TwitchDetector(FS, 300.0),
    "fatigue": lambda: MedianFrequencyTrend(FS, (20.0, 450.0), 5.0),
}


def signal(seed):
    rng = np.random.default_rng(seed)
    level = 2.0 + 80.0 * (np.arange(N) % 3000 > 2000)
    return (level * model_emg(N, FS, rng))[:, np.newaxis]


def pieces(x, lengths):
    edges = np.minimum(np.cumsum([0, *lengths]), len(x))
    return [x[a:b] for a, b in pairwise([*edges, len(x)])]


def answer(unit, parts):
    said = [unit.push(part) for part in parts]
    events = [event for events in said if events for event in events]
    values = unit.last() if hasattr(unit, "last") else np.zeros(1)
    if isinstance(unit, MedianFrequencyTrend):
        values = np.array([unit.mean_hz, unit.slope_pct_per_min])
    return events, values


@settings(max_examples=25)
@given(seeds, cuttings, st.sampled_from(sorted(MAKERS)))
def test_any_cutting_gives_the_same_answer(seed, lengths, name):
    x = signal(seed)

    events, values = answer(MAKERS[name](), [x])
    cut_events, cut_values = answer(MAKERS[name](), pieces(x, lengths))

    assert cut_events == events
    np.testing.assert_allclose(cut_values, values, rtol=1e-9)


@settings(max_examples=20)
@given(seeds, st.sampled_from(["two windows", "whitened", "onset", "twitch"]))
def test_a_nan_does_not_stay(seed, name):
    x = signal(seed)
    x[100] = np.nan

    _, values = answer(MAKERS[name](), [x])

    assert np.isfinite(values).all()


@settings(max_examples=25)
@given(seeds, cuttings)
def test_blocks_put_the_signal_together_again(seed, lengths):
    x = signal(seed)
    reblock = Reblock(37, 1)

    blocks = [b for part in pieces(x, lengths) for b, _ in reblock.push(part)]

    whole = np.concatenate(blocks)
    np.testing.assert_array_equal(whole, x[: len(whole)])
    assert len(x) - len(whole) == reblock.pending < 37


@settings(max_examples=50)
@given(
    st.lists(
        st.sampled_from([0.0, 1.0, 2.0, np.nan, np.inf, -np.inf, 1e16]), max_size=20
    )
)
def test_bad_values_become_the_last_good_one(values):
    x = np.array(values, dtype=float)[:, np.newaxis]

    clean, bad = hold_good(x, np.array([7.0]))

    last = 7.0
    for value, held, is_bad in zip(x[:, 0], clean[:, 0], bad[:, 0], strict=True):
        last = last if is_bad else value
        assert held == last
        assert is_bad == (not abs(value) <= 1e15)


@settings(max_examples=25)
@given(seeds, st.lists(st.booleans(), max_size=200), cuttings)
def test_runs_do_not_depend_on_the_cutting(seed, holds, lengths):
    mask = np.array(holds, np.bool_)
    whole, cut = RunTracker(2, 1), RunTracker(2, 1)

    expected = whole.push(mask)
    found = [
        run for part in pieces(mask, [n % 9 for n in lengths]) for run in cut.push(part)
    ]

    assert found == expected
    assert cut.start == whole.start


@settings(max_examples=25)
@given(seeds, cuttings)
def test_a_masked_rms_is_that_of_what_counts(seed, lengths):
    rng = np.random.default_rng(seed)
    x, weight = rng.normal(size=(N, 2)), (rng.random((N, 2)) > 0.4).astype(float)
    rms = MaskedRms(2, 500)
    for part, w in zip(pieces(x, lengths), pieces(weight, lengths), strict=True):
        rms.push(part, w)

    found, share = rms.over(500)

    for c in range(2):
        counts = weight[-500:, c] > 0
        expected = np.sqrt(np.mean(x[-500:, c][counts] ** 2))
        np.testing.assert_allclose(found[c], expected)
        np.testing.assert_allclose(share[c], counts.mean())


@settings(max_examples=10)
@given(seeds, cuttings)
def test_load_does_not_depend_on_the_cutting(seed, lengths):
    tension = np.random.default_rng(seed).lognormal(0.0, 1.0, 3000)
    whole, cut = LoadStatistics(0.1), LoadStatistics(0.1)
    whole.push(tension)
    for part in pieces(tension, lengths):
        cut.push(part)

    assert cut.percentile(50.0) == whole.percentile(50.0)
    assert (cut.n_gaps, cut.longest_activity_s) == (
        whole.n_gaps,
        whole.longest_activity_s,
    )


def test_nothing_comes_of_nothing():
    assert PulseDetector(FS).push(np.zeros((40, 2))) == []
    assert RPeakDetector(FS, 2).push(np.zeros((4000, 2))) == []
