"""Integers that wrapped, told from those that are merely large."""

import numpy as np
import pytest

from drivers.sources.wraps import WrapDetector, wrap_detector

FS = 2000.0


def found(counts: np.ndarray, chunk: int, form: str = "int16") -> np.ndarray:
    """Return the rows that count as wrapped, when the signal comes in chunks."""
    detector = WrapDetector(form)
    raw = counts.astype(np.int64).astype(form).reshape(len(counts), -1)
    marks = []
    for start in range(0, len(raw), chunk):
        wrapped = detector.find(raw[start : start + chunk])
        n = len(raw[start : start + chunk])
        marks.append(np.zeros((n, raw.shape[1]), bool) if wrapped is None else wrapped)
    return np.concatenate(marks)


def emg(sd: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(8000)
    smooth = np.convolve(noise, np.hanning(41), "same")
    return smooth / smooth.std() * sd


@pytest.mark.parametrize("chunk", [1, 7, 40, 8000])
def test_every_passage_of_an_end_is_found_in_any_chunking(chunk: int) -> None:
    counts = emg(16_000.0).round()
    wraps = np.round((counts - counts.astype(np.int64).astype(np.int16)) / 2**16)
    crossed = np.flatnonzero(np.diff(wraps)) + 1
    assert len(crossed) > 50

    marks = found(counts, chunk)

    assert set(np.flatnonzero(marks[:, 0])) == set(crossed)


@pytest.mark.parametrize(
    "counts",
    [
        emg(7000.0),
        np.clip(emg(40_000.0), -(2**15), 2**15 - 1),
        np.where(np.arange(8000) % 2, -(2**15), 2**15 - 1),
        np.full(100, 2**15 - 1),
    ],
    ids=["large", "saturated", "from rail to rail", "stuck"],
)
def test_large_and_saturated_signals_have_not_wrapped(counts: np.ndarray) -> None:
    assert not found(counts, 40).any()


def test_only_the_channel_that_wrapped_is_marked() -> None:
    counts = np.stack([emg(100.0) + 30_000, emg(16_000.0), emg(100.0) - 30_000], axis=1)

    marks = found(counts, 40)

    assert marks.any(axis=0).tolist() == [False, True, False]


def test_a_step_across_a_gap_is_none() -> None:
    detector = WrapDetector("int16")
    assert detector.find(np.array([[30_000]], np.int16)) is None

    assert detector.find(np.array([[-30_000], [0]], np.int16), [0]) is None
    wrapped = detector.find(np.array([[30_000], [-30_000]], np.int16), [0])

    assert wrapped is not None
    assert wrapped[:, 0].tolist() == [False, True]


@pytest.mark.parametrize("form", ["int8", "int16", "int32", "int64"])
def test_every_integer_format_has_its_own_ends(form: str) -> None:
    top = float(np.iinfo(form).max)
    values = np.array([[0.9 * top], [-0.9 * top], [0.5 * top], [0.0]]).astype(form)

    wrapped = WrapDetector(form).find(values)

    assert wrapped is not None
    assert wrapped[:, 0].tolist() == [False, True, False, False]


def test_floating_numbers_do_not_wrap() -> None:
    assert wrap_detector("float32") is None
    assert wrap_detector("double64") is None
    assert isinstance(wrap_detector("int16"), WrapDetector)
