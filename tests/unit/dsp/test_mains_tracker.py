import numpy as np
import pytest

from dsp.errors import DesignError
from dsp.mains import MainsTracker
from tests.support.emg import model_emg, rms

FS = 1000.0
N = 20_000


def hum(detuning_hz, amplitude_uv, n=N, phase=1.0):
    t = np.arange(n) / FS
    angle = 2 * np.pi * (50.0 + detuning_hz) * t + phase
    wave = np.sin(angle) + 0.2 * np.sin(2 * angle) + 0.4 * np.sin(3 * angle)
    return amplitude_uv * wave


def track(signal_uv, tracker=None, usable=None):
    tracker = tracker or MainsTracker(FS, 1, 50.0)
    n = tracker.n_rows
    usable = np.ones(len(signal_uv), np.bool_) if usable is None else usable
    out = np.array(signal_uv, dtype=float)
    for k in range(0, len(signal_uv) - n + 1, n):
        block = out[k : k + n, np.newaxis].copy()
        out[k : k + n] -= tracker.block(block, usable[k : k + n])[:, 0]
    return out, tracker


@pytest.mark.parametrize("detuning_hz", [-0.5, -0.1, 0.0, 0.2, 0.5])
def test_detuned_hum_is_found_and_removed(detuning_hz):
    emg = model_emg(N, FS, np.random.default_rng(1), 20.0)
    clean, tracker = track(emg + hum(detuning_hz, 20.0) + 30_000.0)

    assert tracker.frequency_hz == pytest.approx(50.0 + detuning_hz, abs=0.05)
    late = slice(8000, None)
    assert rms(clean[late] - clean[late].mean()) == pytest.approx(
        rms(emg[late]), rel=0.035
    )


def test_hum_alone_disappears():
    clean, _ = track(hum(0.3, 100.0))

    assert rms(clean[6000:]) < 1.0


def test_nothing_is_subtracted_from_emg_without_hum():
    emg = model_emg(N, FS, np.random.default_rng(1), 20.0)

    clean, _ = track(emg)

    np.testing.assert_array_equal(clean, emg)


def test_nothing_is_subtracted_where_the_signal_exceeds_the_hum_by_9_db():
    emg = model_emg(N, FS, np.random.default_rng(1), 20.0)
    signal = emg + hum(0.0, 3.0)

    clean, tracker = track(signal)

    np.testing.assert_array_equal(clean[4000:], signal[4000:])
    assert not tracker.hum_uv.any()


def test_a_contraction_does_not_disturb_what_was_learned():
    level = np.where((np.arange(N) > 10_000) & (np.arange(N) < 13_000), 300.0, 3.0)
    emg = level * model_emg(N, FS, np.random.default_rng(1))

    clean, _ = track(emg + hum(0.1, 20.0))

    assert rms((clean - emg)[13_300:13_900]) < 6.0


def test_samples_that_are_not_usable_teach_nothing():
    emg = model_emg(N, FS, np.random.default_rng(1), 5.0)
    shocked = emg + hum(0.2, 20.0)
    usable = np.ones(N, np.bool_)
    for start in range(4000, N, 200):
        shocked[start : start + 25] += 5000.0
        usable[start : start + 30] = False

    clean, _ = track(shocked, usable=usable)

    assert rms((clean - emg)[6000:][usable[6000:]]) < 2.5


def test_the_prediction_is_not_trusted_for_long():
    tracker = MainsTracker(FS, 1, 50.0)
    track(hum(0.0, 100.0), tracker)
    silent = np.zeros(N)

    out, _ = track(silent, tracker, usable=np.zeros(N, np.bool_))

    assert np.abs(out[:2000]).max() > 50.0
    assert not out[4000:].any()


def test_a_restart_forgets_the_hum():
    tracker = MainsTracker(FS, 1, 50.0)
    track(hum(0.4, 100.0), tracker)

    tracker.restart()

    assert tracker.frequency_hz == 50.0
    assert not tracker.hum_uv.any()


def test_too_slow_a_stream_is_refused():
    with pytest.raises(DesignError, match="50 Hz"):
        MainsTracker(100.0, 1, 50.0)
