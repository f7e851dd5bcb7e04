import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from dsp.emg_spectrum import model_density
from dsp.errors import DesignError
from dsp.events.alarms import CrampDetector, SpasmDetector
from dsp.events.fatigue import MedianFrequencyTrend
from dsp.events.load import MEDIAN, PEAK, STATIC, LoadStatistics
from dsp.events.onset import OnsetDetector
from dsp.events.runs import Run, RunTracker
from dsp.events.twitch import TwitchDetector
from tests.support.emg import model_emg

FS = 1000.0


def contraction(seed, snr_db, n=8000, start=5000, stop=7000):
    rng = np.random.default_rng(seed)
    rise = np.clip(np.minimum(np.arange(n) - start, stop - np.arange(n)) / 100.0, 0, 1)
    emg = model_emg(n, FS, rng) * rise * 10 ** (snr_db / 20) + rng.normal(size=n)
    sos = butter(4, [30.0, 300.0], "bandpass", fs=FS, output="sos")
    return sosfilt(sos, emg)[:, np.newaxis]


@pytest.mark.parametrize(("snr_db", "late_ms"), [(40, 20), (20, 50), (10, 120)])
def test_onsets_are_found_about_when_they_are(snr_db, late_ms):
    errors = []
    for seed in range(8):
        runs = OnsetDetector(FS).push(contraction(seed, snr_db))
        later = [run for run in runs if run.start > 4500]
        assert later, f"missed at {snr_db} dB"
        errors.append(abs(later[0].start - 5000))

    assert np.median(errors) <= late_ms


def test_rest_has_no_onsets():
    y = contraction(1, -200, n=20_000, start=19_000, stop=19_500)

    assert len(OnsetDetector(FS).push(y)) <= 1
    assert OnsetDetector(FS).active_since is None


def test_a_contraction_under_way_is_known():
    detector = OnsetDetector(FS)
    detector.push(contraction(0, 30)[:6000])

    assert detector.active_since == pytest.approx(5040, abs=60)


def test_runs_are_bridged_and_short_ones_dropped():
    tracker = RunTracker(3, 2)
    holds = np.array([1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1], np.bool_)

    assert tracker.push(holds) == [Run(0, 4)]
    assert tracker.start == 11
    with pytest.raises(DesignError, match="runs"):
        RunTracker(0)


def test_percentiles_of_the_load_are_exact_to_a_bin():
    rng = np.random.default_rng(0)
    tension = 5.0 * rng.lognormal(0.0, 0.8, 20_000)
    load = LoadStatistics(0.1)
    for part in np.array_split(tension, 7):
        load.push(part)

    for percent in (STATIC, MEDIAN, PEAK):
        expected = np.percentile(tension, percent)
        assert load.percentile(percent) == pytest.approx(expected, rel=0.02)


def test_gaps_and_rest_are_counted():
    tension = np.tile(np.r_[np.full(50, 3.0), np.full(10, 0.1), [3.0], [0.1]], 10)
    load = LoadStatistics(0.1)
    load.push(np.r_[tension, np.nan])

    assert load.n_gaps == 10
    assert load.rest_time_share == pytest.approx(11 / 62, abs=0.01)
    assert load.gaps_per_min == pytest.approx(600 / 62, rel=0.01)
    assert load.longest_activity_s == pytest.approx(5.0)


def test_hysteresis_keeps_noise_from_making_gaps():
    rng = np.random.default_rng(0)
    tension = 0.5 * (1 + 0.05 * rng.normal(size=6000))
    plain, steady = LoadStatistics(0.1, hysteresis=1.0), LoadStatistics(0.1)
    plain.push(tension)
    steady.push(tension)

    assert steady.n_gaps < 0.2 * plain.n_gaps


def test_an_empty_load_says_nothing():
    load = LoadStatistics(0.1)

    assert np.isnan([load.percentile(50.0), load.rest_time_share]).all()
    assert np.isnan(load.gaps_per_min)
    with pytest.raises(DesignError, match="load"):
        LoadStatistics(0.0)


def test_a_cramp_needs_strength_time_and_no_reason():
    cramp = CrampDetector(rest_pct_mvc=1.0)
    times = np.arange(0.0, 5.0, 0.1)

    assert not any(cramp.push(t, 15.0, expected=False) for t in times)
    assert not any(cramp.push(10 + t, 30.0, expected=True) for t in times)
    found = [cramp.push(20 + t, 30.0, expected=False) for t in times]
    assert found.index(True) == 30
    assert not cramp.push(26.0, float("nan"), expected=False)


def test_a_spasm_is_steady_and_long():
    rng = np.random.default_rng(0)
    for cv, is_spasm in ((0.05, True), (0.8, False)):
        spasm = SpasmDetector(1.0, 0.1)
        values = np.abs(10.0 * (1 + cv * rng.normal(size=400))) + 3.0
        found = [spasm.push(v) for v in values]
        assert any(found) == is_spasm
    assert not spasm.push(10.0, moving=True)
    with pytest.raises(DesignError, match="spasm"):
        SpasmDetector(1.0, 0.0)


def twitching(peak_uv=200.0, width_s=0.06):
    rng = np.random.default_rng(0)
    t = np.arange(10_000) / FS
    burst = np.exp(-0.5 * ((t - 5.0) / (width_s / 2)) ** 2)
    return ((2.0 + peak_uv * burst) * model_emg(10_000, FS, rng))[:, np.newaxis]


def test_a_twitch_after_a_marker_is_a_response():
    detector = TwitchDetector(FS, mvc_uv=400.0)
    detector.mark(4.6)

    (twitch,) = detector.push(twitching())

    assert twitch.is_response
    assert twitch.start_s == pytest.approx(4.93, abs=0.05)
    assert twitch.latency_s == pytest.approx(0.33, abs=0.05)
    assert 0.05 < twitch.width_s < 0.3
    assert 30.0 < twitch.peak_pct_mvc < 80.0


def test_without_a_marker_it_is_a_twitch_only():
    (twitch,) = TwitchDetector(FS, mvc_uv=400.0).push(twitching())

    assert not twitch.is_response


def test_a_contraction_is_no_twitch():
    assert TwitchDetector(FS, 400.0).push(twitching(width_s=4.0)) == []


def test_the_slope_of_the_median_frequency_is_found():
    rng = np.random.default_rng(0)
    parts = []
    f = np.fft.rfftfreq(4000, 1 / FS)
    for minute in np.arange(15) * 4 / 60:
        scale = 1.0 - 0.2 * minute
        shape = np.sqrt(model_density(f, 60 * scale, 120 * scale))
        part = np.fft.irfft(np.fft.rfft(rng.standard_normal(4000)) * shape)
        parts.append(part / part.std() * 100.0)
    y = np.concatenate(parts)[:, np.newaxis]
    trend = MedianFrequencyTrend(FS, (20.0, 450.0), 20.0)

    for part in np.array_split(y, 11):
        trend.push(part)

    assert trend.mean_hz == pytest.approx(86.0, abs=8.0)
    assert trend.slope_pct_per_min == pytest.approx(-22.0, abs=7.0)


def test_weak_segments_do_not_count_for_fatigue():
    trend = MedianFrequencyTrend(FS, (20.0, 450.0), 20.0)
    trend.push(np.ones((5000, 1)))

    assert trend.n_used == 0
    assert np.isnan([trend.mean_hz, trend.slope_pct_per_min]).all()
