import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from dsp.accurate import AccurateChain, Treatment
from dsp.chain import ChainParams
from dsp.ecg import HeartCleaner, HeartMethod
from dsp.heart import RPeakDetector, lower_edge_for_heart_hz, needs_template
from dsp.types import QualityFlag
from tests.support.emg import heart, model_emg, rms

FS = 1000.0
N = 30_000
LEVEL_UV = 5.0


def emg(seed=2):
    return model_emg(N, FS, np.random.default_rng(seed), LEVEL_UV)


def measured(signal_uv, method, **params):
    chain = AccurateChain(
        ChainParams(FS, 1, lower_hz=30.0, measure_window_s=15.0, **params),
        Treatment(artifact=None, heart=method, track_mains=False),
    )
    chain.process(signal_uv[:12_000, np.newaxis])
    chain.restart_measurement()
    reading = chain.process(signal_uv[12_000:, np.newaxis])
    return chain.measurement().rms_uv[0], QualityFlag(int(reading.quality[0])), chain


def reference(signal_uv):
    return measured(signal_uv, HeartMethod.WATCH)[0]


@pytest.mark.parametrize("method", [HeartMethod.TEMPLATE, HeartMethod.GATE])
@pytest.mark.parametrize("ratio", [3.0, 10.0, 30.0])
def test_the_heart_does_not_read_as_tension(method, ratio):
    found, quality, chain = measured(emg() + heart(N, FS, ratio * LEVEL_UV), method)

    assert found == pytest.approx(reference(emg()), rel=0.05)
    assert not quality & QualityFlag.HEART
    assert chain.rhythm_hz == pytest.approx(1.15, abs=0.2)


def test_an_untreated_heart_that_drowns_the_muscle_is_flagged():
    found, quality, _ = measured(emg() + heart(N, FS, 150.0), HeartMethod.WATCH)

    assert found > 1.2 * reference(emg())
    assert quality & QualityFlag.HEART


def test_without_a_heart_there_is_no_rhythm_and_nothing_changes():
    found, quality, chain = measured(emg(), HeartMethod.TEMPLATE)

    assert found == reference(emg())
    assert np.isnan(chain.rhythm_hz)
    assert quality == QualityFlag.GOOD


def test_contractions_do_not_become_beats():
    rise = np.clip((np.sin(2 * np.pi * np.arange(N) / 6000) - 0.5) * 5, 0.0, 1.0)
    disturbed = emg() * (1.0 + 40.0 * rise)
    ecg = heart(N, FS, 60.0)

    with_heart, _, _ = measured(disturbed + ecg, HeartMethod.TEMPLATE)

    assert with_heart == pytest.approx(reference(disturbed), rel=0.03)


def test_every_beat_is_found_where_it_is():
    detector = RPeakDetector(FS, 2)
    ecg = heart(N, FS, 100.0)
    both = np.column_stack((ecg, -0.2 * ecg)) + np.random.default_rng(0).normal(
        size=(N, 2)
    )

    beats = [b for k in range(0, N, 40) for b in detector.push(both[k : k + 40])]

    true = np.flatnonzero(
        (ecg[1:-1] > ecg[:-2]) & (ecg[1:-1] > ecg[2:]) & (ecg[1:-1] > 90)
    )
    late = np.array([min(abs(b - true - 55)) for b in beats[5:]])
    assert len(beats) == pytest.approx(len(true), abs=4)
    assert np.median(late) < 10


def test_beats_from_another_channel_serve_as_well():
    ecg = heart(N, FS, 150.0)
    detector = RPeakDetector(FS, 1)
    cleaner = HeartCleaner(FS, 1, HeartMethod.TEMPLATE)
    sos = butter(4, [30.0, 450.0], "bandpass", fs=FS, output="sos")
    clean, y = sosfilt(sos, emg()), sosfilt(sos, emg() + ecg)
    out = []
    for k in range(0, N, 40):
        beats = detector.push(100.0 * ecg[k : k + 40, np.newaxis])
        rows, _ = cleaner.push(y[k : k + 40, np.newaxis], np.ones((40, 1)), beats)
        out.append(rows[:, 0])

    rest = np.concatenate(out)
    assert cleaner.template_uv is not None
    assert rms(rest[12_000:]) == pytest.approx(rms(clean[12_000:]), rel=0.04)


def test_a_flat_channel_has_no_heart():
    detector = RPeakDetector(FS, 1)

    assert detector.push(np.zeros((5000, 1))) == []
    assert detector.push(np.zeros((0, 1))) == []


def test_the_high_pass_grows_with_the_heart():
    assert lower_edge_for_heart_hz(1.0) == 20.0
    assert lower_edge_for_heart_hz(5.0) == 30.0
    assert [needs_template(r) for r in (5.0, 20.0)] == [False, True]
