import subprocess
import sys

import numpy as np
import pytest

from dsp import ChainParams, EmgChain
from dsp.errors import DesignError, ShapeError
from dsp.sliding import SlidingRms
from dsp.types import QualityFlag

FS = 2048.0


def noise(n_samples, n_channels=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=20.0, size=(n_samples, n_channels))


def settled_chain():
    chain = EmgChain(ChainParams(FS, 2))
    chain.process(noise(5 * 2048))
    return chain


def test_importing_the_chain_loads_neither_scipy_nor_the_service():
    code = (
        "import sys, dsp; "
        "print(sorted({'scipy', 'pylsl', 'fastapi', 'pydantic'} & set(sys.modules)))"
    )

    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert found.stdout.strip() == "[]"


def test_the_reading_is_the_rms_of_the_filtered_signal():
    signal = noise(4 * 2048)
    chain, filtering = EmgChain(ChainParams(FS, 2)), EmgChain(ChainParams(FS, 2))
    y = filtering.filter(signal)

    reading = chain.process(signal)

    np.testing.assert_allclose(
        reading.rms_uv, np.sqrt(np.mean(y[-2048:] ** 2, axis=0)), rtol=1e-10
    )
    np.testing.assert_allclose(
        reading.envelope_uv, np.sqrt(np.mean(y[-512:] ** 2, axis=0)), rtol=1e-10
    )


def test_filter_into_writes_to_the_callers_array():
    signal, out = noise(100), np.full((100, 2), np.nan)
    a, b = EmgChain(ChainParams(FS, 2)), EmgChain(ChainParams(FS, 2))

    a.filter_into(signal, out)

    assert np.array_equal(out, b.filter(signal))


def test_settling_lasts_until_filter_and_control_window_are_filled():
    chain = EmgChain(ChainParams(FS, 2))
    settling = round(chain.design.settling_s * FS) + 2048

    before = chain.process(noise(settling - 1)).quality
    after = chain.process(noise(1)).quality

    assert (before == QualityFlag.SETTLING).all()
    assert (after == QualityFlag.GOOD).all()


def test_a_channel_that_starts_late_settles_late():
    signal = noise(6 * 2048)
    signal[: 5 * 2048, 1] = np.nan
    chain = EmgChain(ChainParams(FS, 2))

    for start in range(0, len(signal), 100):
        quality = chain.process(signal[start : start + 100]).quality

    assert quality[0] == QualityFlag.GOOD
    assert quality[1] & QualityFlag.SETTLING


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_bad_sample_is_flagged_while_it_is_in_the_control_window(value):
    chain = settled_chain()
    signal = noise(10 + 2048)
    signal[10, 1] = value

    at_once = chain.process(signal[:11]).quality
    still = chain.process(signal[11:]).quality
    gone = chain.process(noise(1)).quality

    assert at_once[0] == still[0] == QualityFlag.GOOD
    assert at_once[1] == still[1] == QualityFlag.NON_FINITE
    assert gone[1] == QualityFlag.GOOD


def test_restart_settles_anew_and_forgets():
    chain = settled_chain()

    chain.restart()
    first = chain.process(noise(1, seed=9) + 5000.0)

    assert (first.quality == QualityFlag.SETTLING).all()
    assert (first.rms_uv == 0.0).all()


def test_a_measurement_sees_only_what_came_after_its_restart():
    chain, filtering = EmgChain(ChainParams(FS, 2)), EmgChain(ChainParams(FS, 2))
    loud, quiet = noise(4096) * 50, noise(1000, seed=4)
    filtering.filter(loud)
    y = filtering.filter(quiet)
    chain.process(loud)

    chain.restart_measurement()
    empty = chain.measurement()
    chain.process(quiet)
    measured = chain.measurement()

    assert empty.n_samples == 0
    assert np.isnan(empty.rms_uv).all()
    assert measured.n_samples == 1000
    np.testing.assert_allclose(
        measured.rms_uv, np.sqrt(np.mean(y**2, axis=0)), rtol=1e-9
    )


def test_a_long_measurement_is_the_newest_window():
    chain = settled_chain()

    assert chain.measurement().n_samples == 4096


@pytest.mark.parametrize("method", ["filter", "hop", "dense", "process"])
@pytest.mark.parametrize("shape", [(10, 3), (10,), (0, 1), (3000, 1), (10, 1)])
def test_another_number_of_channels_is_refused(method, shape):
    chain = settled_chain()

    with pytest.raises(ShapeError, match="n_samples, 2"):
        getattr(chain, method)(np.zeros(shape))


@pytest.mark.parametrize(
    "params",
    [
        ChainParams(FS, 0),
        ChainParams(50.0, 1),
        ChainParams(FS, 1, fast_window_s=0.0),
        ChainParams(FS, 1, control_window_s=-1.0),
        ChainParams(FS, 1, measure_window_s=0.0),
    ],
)
def test_chains_that_cannot_work_are_refused(params):
    with pytest.raises(DesignError):
        EmgChain(params)


def test_a_window_longer_than_the_ring_is_refused():
    with pytest.raises(DesignError, match="0 to 100"):
        SlidingRms(1, 100).over(101)


def test_integer_and_single_precision_chunks_are_welcome():
    signal = np.round(noise(500) * 10)
    chains = [EmgChain(ChainParams(FS, 2)) for _ in range(3)]

    a, b, c = (
        chain.filter(signal.astype(kind))
        for chain, kind in zip(chains, (np.float64, np.float32, np.int16), strict=True)
    )

    assert np.array_equal(a, b)
    assert np.array_equal(a, c)


def test_chunks_need_not_be_contiguous():
    signal = noise(200, 4)
    a, b = EmgChain(ChainParams(FS, 2)), EmgChain(ChainParams(FS, 2))

    assert np.array_equal(a.filter(signal[::2, 1:3]), b.filter(signal[::2, 1:3].copy()))
