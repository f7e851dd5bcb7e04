import csv

import numpy as np
import pytest
from scipy.io import loadmat

from dsp import ChainParams, EmgChain
from dsp.errors import ShapeError
from dsp.indices import crosstalk, quality_indices, snr_db
from dsp.types import QualityFlag
from tests.support.emg import model_emg
from tests.support.shared_data import shared_data

FS = 1000.0
N = 2000
T = np.arange(N) / FS


def base(level_uv, rng, noise_uv=1.5):
    emg = model_emg(20 * N, FS, rng)[:N] * level_uv
    return emg + noise_uv * rng.standard_normal(N)


def hum(rms_uv):
    return rms_uv * np.sqrt(2) * np.sin(2 * np.pi * 50 * T)


def motion(rms_uv, rng):
    sway = np.convolve(rng.standard_normal(N + 200), np.hanning(201), "valid")
    return rms_uv * (sway - sway.mean()) / sway.std()


CASES = {
    "rest": lambda r: base(2.0, r),
    "active": lambda r: base(20.0, r),
    "noise": lambda r: base(0.0, r),
    "active and hum": lambda r: base(20.0, r) + hum(5.0),
    "rest and hum": lambda r: base(2.0, r) + hum(5.0),
    "motion": lambda r: base(20.0, r) + motion(50.0, r),
    "clipped": lambda r: np.clip(base(500.0, r), -200.0, 200.0),
    "lead off": lambda r: hum(300.0) + 20.0 * r.standard_normal(N),
}
#: Index, case, expected reading, tolerance: readings of an independent computation.
READINGS = [
    ("mains_db", "rest", -18.0, 6.0),
    ("mains_db", "active", -19.0, 6.0),
    ("mains_db", "active and hum", -12.5, 3.0),
    ("mains_db", "rest and hum", 6.0, 3.0),
    ("mains_db", "lead off", 23.0, 4.0),
    ("low_db", "rest", -19.0, 4.0),
    ("low_db", "active", -23.0, 4.0),
    ("low_db", "motion", 6.0, 4.0),
    ("high_db", "rest", -7.0, 3.0),
    ("high_db", "active", -19.0, 4.0),
    ("high_db", "noise", 0.4, 1.5),
    ("deformation", "rest", 1.24, 0.06),
    ("deformation", "active", 1.18, 0.06),
    ("deformation", "noise", 1.14, 0.05),
    ("deformation", "rest and hum", 1.41, 0.12),
    ("kurtosis", "rest", 3.0, 0.5),
    ("kurtosis", "rest and hum", 2.0, 0.3),
    ("kurtosis", "clipped", 1.4, 0.3),
    ("kurtosis", "lead off", 1.6, 0.2),
]


@pytest.mark.parametrize(("index", "case", "expected", "tolerance"), READINGS)
def test_an_index_reads_what_it_should(index, case, expected, tolerance):
    values = [
        getattr(
            quality_indices(CASES[case](np.random.default_rng(s))[:, None], FS, 50.0),
            index,
        )[0]
        for s in range(10)
    ]

    assert np.median(values) == pytest.approx(expected, abs=tolerance)


def test_motion_lowers_the_signal_to_motion_ratio():
    clean, moved = (
        quality_indices(CASES[case](np.random.default_rng(0))[:, None], FS, 50.0)
        for case in ("active", "motion")
    )

    assert clean.motion_db[0] > 20.0
    assert moved.motion_db[0] < 12.0


def test_a_slow_stream_has_no_high_band_and_a_dead_channel_no_indices():
    found = quality_indices(np.zeros((500, 1)), 250.0, 50.0)

    assert np.isnan(found.high_db).all()
    assert np.isnan(found.kurtosis).all()


def test_snr_and_crosstalk():
    np.testing.assert_allclose(
        snr_db(np.array([np.sqrt(2.0)]), np.array([1.0])), 0.0, atol=1e-9
    )
    assert snr_db(np.array([0.5]), np.array([1.0]))[0] == -np.inf
    x = np.random.default_rng(0).normal(size=(1000, 3))
    x[:, 2] = -x[:, 0] + 0.01 * x[:, 1]
    assert (crosstalk(x) > 0.95).tolist() == [True, False, True]
    with pytest.raises(ShapeError, match="two samples"):
        crosstalk(np.zeros((1, 2)))


def flags_of(emg_uv, fs, mains_hz):
    chain = EmgChain(ChainParams(fs, emg_uv.shape[1], mains_hz=mains_hz))
    found = np.zeros(emg_uv.shape[1], np.int64)
    for start in range(0, len(emg_uv), 256):
        found |= chain.process(emg_uv[start : start + 256]).quality
    return found


def test_unused_channels_of_a_real_recording_are_flat():
    path = shared_data("c3d/analogs.csv")
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    emg_uv = np.array([row[8:24] for row in rows[5:11605]], dtype=float) * 1e6

    flat = (flags_of(emg_uv, 2000.0, None) & QualityFlag.FLAT) > 0

    assert flat.tolist() == [False] * 11 + [True] * 5


def test_the_hum_of_a_real_recording_is_seen_and_named():
    path = shared_data("openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt")
    lines = [x for x in path.read_text("utf-8").splitlines() if x[:1].isdigit()]
    emg_uv = np.array([line.split(",")[1:9] for line in lines[: 250 * 60]], dtype=float)

    flags = flags_of(np.ascontiguousarray(emg_uv), 250.0, None)
    indices = quality_indices(emg_uv[250 * 40 : 250 * 42], 250.0, 60.0)

    assert (flags & QualityFlag.MAINS).all()
    assert (indices.mains_db > 0.0).all()


def test_the_drift_of_a_real_recording_is_seen():
    content = loadmat(shared_data("stim/SingleCh_StimOFF.mat"))
    raw = max((np.ravel(v) for v in content.values()), key=len).astype(float)

    flags = flags_of(raw[:80_000, np.newaxis], 4000.0, 60.0)

    assert flags[0] & QualityFlag.DRIFT
