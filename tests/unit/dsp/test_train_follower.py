"""Pulses under what the stimulator is known to do: rejected, kept, filled in."""

import numpy as np

from dsp.accurate import AccurateChain, Treatment
from dsp.artifact.cancel import ArtifactMethod
from dsp.artifact.epochs import EpochParams
from dsp.artifact.train import LEAD_S, LINGER_S, MAX_FILLED, TrainFollower
from dsp.chain import ChainParams
from dsp.types import QualityFlag
from tests.support.emg import artifact, model_emg, pulse_rows

FS = 1000.0
BLOCK = 40


def follow(follower, rows, n_rows, start=0):
    kept = []
    for first in range(start, start + n_rows, BLOCK):
        inside = [row for row in rows if first <= row < first + BLOCK]
        kept += follower.push(inside, first, BLOCK)
    return kept


def test_whoever_is_told_nothing_believes_everything() -> None:
    rows = [10.0, 33.0, 700.0]

    assert follow(TrainFollower(FS), rows, 1000) == rows


def test_what_looks_like_a_pulse_while_the_stimulator_is_off_is_none() -> None:
    follower = TrainFollower(FS)
    follower.expect(0, 0.0)

    assert follow(follower, [100.0, 500.0], 1000) == []


def test_a_train_may_begin_before_and_end_after_it_is_heard_of() -> None:
    follower = TrainFollower(FS)
    follower.expect(0, 0.0)
    follower.expect(1000, 10.0)
    lead, linger = LEAD_S * FS, LINGER_S * FS

    kept = follow(follower, [1000 - lead - 1, 1000 - lead + 1, 1100.0], 1200)
    assert kept == [1000 - lead + 1, 1100.0]
    follower.expect(1200, 0.0)
    kept = follow(follower, [1200 + linger - 1, 1200 + linger + 1], 800, 1200)

    assert kept == [1200 + linger - 1]


def test_missing_pulses_of_a_steady_train_are_filled_in() -> None:
    follower = TrainFollower(FS)
    follower.expect(0, 10.0)
    seen = [100.0, 200.0, 301.0, 600.0]

    kept = follow(follower, seen, 680)

    assert kept == [100.0, 200.0, 301.0, 401.0, 501.0, 600.0]
    assert kept == sorted(kept)


def test_nothing_is_filled_into_a_train_of_another_rate_or_for_long() -> None:
    other, ended = TrainFollower(FS), TrainFollower(FS)
    for follower in (other, ended):
        follower.expect(0, 10.0)

    assert follow(other, [100.0, 230.0, 360.0], 1000) == [100.0, 230.0, 360.0]
    kept = follow(ended, [100.0, 200.0], 2000)

    assert kept == [100.0 + 100.0 * k for k in range(2 + MAX_FILLED)]


def test_a_pulse_between_two_blocks_is_not_given_twice() -> None:
    follower = TrainFollower(FS)
    follower.expect(0, 10.0)
    rows = [100.0, 200.0, 300.0, 399.0, 501.0]

    kept = follow(follower, rows, 540)

    assert kept == rows


def test_a_new_signal_is_followed_anew() -> None:
    follower = TrainFollower(FS)
    follower.expect(0, 0.0)
    follower.restart()

    assert follow(follower, [5.0], 40) == [5.0]


def train(seconds=14.0, level_uv=20.0):
    rng = np.random.default_rng(5)
    n = int(seconds * FS)
    rows = pulse_rows(n, FS, 4.0)
    rows = rows[rows < 9 * FS]
    emg = model_emg(n, FS, rng, level_uv)
    return emg + artifact(n, FS, rows, lambda _: 1.0, rng), rows


def chain(method=ArtifactMethod.COMB):
    return AccurateChain(
        ChainParams(FS, 1, upper_hz=400.0, mains_hz=None),
        Treatment(artifact=EpochParams(method), heart=None, detect_pulses=True),
    )


def test_with_what_is_expected_detected_pulses_are_cleaned_like_given_ones() -> None:
    emg, rows = train()
    told, given = chain(), chain()
    told.expect(0.0)
    told.process(emg[: int(1.9 * FS), np.newaxis])
    told.expect(4.0)
    given.process(emg[: int(1.9 * FS), np.newaxis], rows)
    middle = slice(int(1.9 * FS), int(8 * FS))

    seen = told.process(emg[middle, np.newaxis])
    known = given.process(emg[middle, np.newaxis])

    np.testing.assert_allclose(seen.rms_uv, known.rms_uv, rtol=0.1)
    assert not seen.quality[0] & QualityFlag.ARTIFACT


def test_while_nothing_is_expected_an_artifact_reads_as_tension() -> None:
    emg, _ = train()
    told = chain()
    told.expect(0.0)

    reading = told.process(emg[: int(8 * FS), np.newaxis])

    assert reading.rms_uv[0] > 100.0


def test_residue_is_not_held_against_a_window_after_the_train() -> None:
    emg, rows = train()
    # Nothing is cancelled and the slow tail is long: the train leaves a residue.
    slow = np.zeros(len(emg))
    for row in rows:
        t = np.arange(100) / FS
        slow[int(row) : int(row) + 100] += 2000.0 * np.exp(-t / 0.02)
    tail = chain(ArtifactMethod.TAIL)

    during = tail.process((emg + slow)[: int(8.8 * FS), np.newaxis], rows)
    after = tail.process((emg + slow)[int(8.8 * FS) : int(12 * FS), np.newaxis])

    assert during.quality[0] & QualityFlag.ARTIFACT
    assert not after.quality[0] & QualityFlag.ARTIFACT
