import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from dsp.accurate import AccurateChain, Treatment
from dsp.artifact.cancel import (
    ArtifactMethod,
    Comb,
    GramSchmidt,
    Tail,
    Template,
    make_canceller,
    prediction_error,
)
from dsp.artifact.epochs import EpochParams
from dsp.artifact.gaps import GapFiller, gap_after_s
from dsp.artifact.leak import measure_leak, step_amplitudes_ma
from dsp.artifact.pulses import PulseDetector, align, read_at
from dsp.chain import ChainParams
from dsp.errors import DesignError, ShapeError
from dsp.types import QualityFlag
from tests.support.emg import artifact, model_emg, pulse_rows, rms

FS = 2000.0
NOISE_UV = 1.0


def ramp(t_s):
    return 1.0 + 0.5 * np.sin(2.0 * np.pi * t_s / 10.0)


def mixture(rate_hz, level_uv, seed=3, seconds=14.0):
    rng = np.random.default_rng(seed)
    n = int(seconds * FS)
    emg = model_emg(n, FS, rng, level_uv) if level_uv else np.zeros(n)
    rows = pulse_rows(n, FS, rate_hz)
    disturbed = emg + artifact(n, FS, rows, ramp, rng)
    disturbed += NOISE_UV * rng.standard_normal(n)
    return np.clip(disturbed, -6000.0, 6000.0), emg, rows


def cleaned_rms(signal_uv, rows, method, **treatment):
    chain = AccurateChain(
        ChainParams(FS, 1, mains_hz=None, measure_window_s=9.0),
        Treatment(artifact=EpochParams(method), heart=None, **treatment),
    )
    chain.process(signal_uv[: int(4 * FS), np.newaxis], rows)
    chain.restart_measurement()
    reading = chain.process(signal_uv[int(4 * FS) :, np.newaxis])
    return chain.measurement().rms_uv[0], QualityFlag(int(reading.quality[0]))


def in_band(emg_uv):
    sos = butter(4, [20.0, 450.0], "bandpass", fs=FS, output="sos")
    return rms(sosfilt(sos, emg_uv)[int(4.5 * FS) :])


@pytest.mark.parametrize(
    ("method", "rate_hz", "tolerance"),
    [
        (ArtifactMethod.TAIL, 5.0, 0.06),
        (ArtifactMethod.COMB, 5.0, 0.05),
        (ArtifactMethod.COMB, 10.0, 0.05),
        (ArtifactMethod.COMB, 20.0, 0.07),
        (ArtifactMethod.TEMPLATE, 10.0, 0.07),
        (ArtifactMethod.GRAM_SCHMIDT, 20.0, 0.07),
        (ArtifactMethod.GRAM_SCHMIDT, 35.0, 0.12),
    ],
)
def test_the_level_survives_stimulation_with_changing_intensity(
    method, rate_hz, tolerance
):
    signal, emg, rows = mixture(rate_hz, 20.0)

    measured, quality = cleaned_rms(signal, rows, method)

    assert measured == pytest.approx(in_band(emg), rel=tolerance)
    # Of a train at 35 Hz too little is left to be believed.
    expected = QualityFlag.ARTIFACT if rate_hz > 30 else QualityFlag.GOOD
    assert quality == expected


def test_without_treatment_the_artifact_reads_as_tension():
    signal, emg, _ = mixture(10.0, 20.0)
    chain = AccurateChain(ChainParams(FS, 1), Treatment(artifact=None, heart=None))

    reading = chain.process(signal[:, np.newaxis])

    assert reading.rms_uv[0] > 10 * in_band(emg)


def test_pulses_found_in_the_signal_do_as_well_as_given_ones():
    signal, emg, _ = mixture(10.0, 20.0)

    measured, _ = cleaned_rms(signal, (), ArtifactMethod.COMB, detect_pulses=True)

    assert measured == pytest.approx(in_band(emg), rel=0.06)


def test_off_windows_count_nothing_during_a_train():
    signal, _, rows = mixture(10.0, 20.0)

    measured, quality = cleaned_rms(signal, rows, ArtifactMethod.OFF_WINDOWS)

    assert np.isnan(measured)
    assert quality & QualityFlag.ARTIFACT


def test_off_windows_count_after_a_train():
    signal, emg, rows = mixture(10.0, 20.0)
    until = rows[rows < 6.0 * FS]
    signal[int(6.15 * FS) :] = emg[int(6.15 * FS) :]

    measured, quality = cleaned_rms(signal, until, ArtifactMethod.OFF_WINDOWS)

    assert measured == pytest.approx(in_band(emg), rel=0.05)
    assert quality == QualityFlag.GOOD


def test_a_pulse_that_comes_to_be_known_too_late_is_flagged():
    chain = AccurateChain(ChainParams(FS, 1), Treatment(heart=None))
    signal, _, _ = mixture(5.0, 20.0)
    chain.process(signal[:8000, np.newaxis])

    reading = chain.process(signal[8000:9000, np.newaxis], [7000.0])

    assert int(reading.quality[0]) & QualityFlag.ARTIFACT


def test_too_fast_trains_are_flagged_and_not_measured():
    signal, _, rows = mixture(60.0, 20.0, seconds=8.0)

    measured, quality = cleaned_rms(signal, rows, ArtifactMethod.COMB)

    assert np.isnan(measured)
    assert quality & QualityFlag.ARTIFACT


def test_the_comb_removes_what_repeats_and_keeps_the_power_of_the_rest():
    rng = np.random.default_rng(0)
    wave = 100.0 * np.sin(np.arange(400) / 9.0)[:, np.newaxis]
    comb = Comb()
    cleaned = [comb.step(wave + rng.normal(size=(400, 1))) for _ in range(200)]

    assert cleaned[0] is None
    assert rms(np.concatenate(cleaned[1:])) == pytest.approx(1.0, rel=0.02)


def test_the_template_follows_the_amplitude():
    rng = np.random.default_rng(0)
    wave = 100.0 * np.sin(np.arange(400) / 9.0)[:, np.newaxis]
    template = Template(1.0)
    scales = 1.0 + 0.5 * np.sin(np.arange(300) / 20.0)
    cleaned = [template.step(g * wave + rng.normal(size=(400, 1))) for g in scales]

    assert rms(np.concatenate(cleaned[50:])) == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("size_uv", [0.0, 0.3, 3.0, 300.0])
def test_gram_schmidt_divides_out_what_it_takes_from_the_emg(size_uv):
    rng = np.random.default_rng(0)
    wave = size_uv * np.sin(np.arange(60) / 9.0)[:, np.newaxis]
    gram_schmidt = GramSchmidt(1.0)
    scales = 1.0 + 0.5 * np.sin(np.arange(600) / 20.0)
    cleaned = [gram_schmidt.step(g * wave + rng.normal(size=(60, 1))) for g in scales]

    assert rms(np.concatenate(cleaned[50:])) == pytest.approx(1.0, rel=0.06)


def test_gram_schmidt_survives_epochs_that_repeat():
    epoch = np.sin(np.arange(50.0))[:, np.newaxis]

    error, weights = prediction_error(epoch, [epoch, epoch, 0 * epoch])

    assert np.abs(error).max() < 1e-12
    assert np.isfinite(weights).all()


def test_an_epoch_shorter_than_those_before_it_is_cleaned_as_far_as_it_goes():
    rng = np.random.default_rng(0)
    for method in ArtifactMethod:
        canceller = make_canceller(method, 1.0)
        for n in (80, 80, 60, 90, 80, 80, 70, 80, 90):
            cleaned = canceller.step(rng.normal(size=(n, 2)))
            assert cleaned is None or 0 < len(cleaned) <= n


def test_the_tail_is_left_as_it_is():
    epoch = np.ones((5, 1))

    assert Tail().step(epoch) is epoch


def test_a_gap_is_bridged_by_a_straight_line():
    gaps = GapFiller(1000.0, 1, after_s=0.004)
    ramp_uv = np.arange(100.0)[:, np.newaxis]
    spiked = ramp_uv.copy()
    spiked[50:53] = 1e6
    gaps.mark(50.0)

    parts = [gaps.push(spiked[k : k + 10]) for k in range(0, 100, 10)]
    out = np.concatenate([part.emg_uv for part in parts])

    np.testing.assert_allclose(out, ramp_uv[: len(out)])
    gap = np.concatenate([part.gap for part in parts])
    assert np.flatnonzero(gap).tolist() == [49, 50, 51, 52, 53]


def test_pulses_too_fast_for_any_tail_do_not_hold_the_stream_up():
    gaps = GapFiller(1000.0, 1)
    released = 0
    for k in range(100):
        gaps.mark(10.0 * k + 1)
        released += len(gaps.push(np.full((10, 1), 1e6)).emg_uv)

    assert released > 800


def test_the_gap_shrinks_for_fast_trains_but_not_below_the_m_wave():
    assert gap_after_s(0.2) == 0.025
    assert gap_after_s(0.030) == pytest.approx(0.0205)
    assert gap_after_s(0.010) == 0.015


@pytest.mark.parametrize("after_s", [0.0, 0.1, float("nan")])
def test_gaps_of_no_or_of_endless_length_are_refused(after_s):
    with pytest.raises(DesignError, match="after_s"):
        GapFiller(1000.0, 1, after_s)


def test_pulses_are_found_to_the_sample():
    signal, _, rows = mixture(10.0, 20.0)
    detector = PulseDetector(FS)

    found = [
        row
        for k in range(0, len(signal), 80)
        for row in detector.push(signal[k : k + 80, np.newaxis])
    ]

    assert len(found) == len(rows)
    assert np.abs(np.array(found) - np.ceil(rows)).max() <= 1


def test_a_jump_after_a_flat_line_is_a_finite_surprise():
    """A clipped channel does not change at all: nothing is divided by nothing."""
    rng = np.random.default_rng(2)
    blocks = rng.standard_normal((10, 80, 2)) * [1.0, 0.0] + [0.0, 500.0]
    detector = PulseDetector(FS)
    for block in blocks:
        assert detector.push(block) == []
    blocks[-1, 40:, 1] = -500.0

    assert detector.push(blocks[-1]) == [840]


def test_contractions_are_not_pulses():
    rng = np.random.default_rng(5)
    n = int(20 * FS)
    # Muscles need tens of milliseconds to start.
    rise = np.clip(((np.arange(n) / FS) % 4 - 2.0) / 0.03, 0.0, 1.0)
    level = 2.0 + 200.0 * rise
    signal = level * model_emg(n, FS, rng) + rng.normal(size=n)
    detector = PulseDetector(FS)

    found = [
        row
        for k in range(0, n, 80)
        for row in detector.push(signal[k : k + 80, np.newaxis])
    ]

    assert len(found) <= 2


def test_alignment_finds_a_fraction_of_a_sample():
    t = np.arange(60.0)[:, np.newaxis]

    def wave(shift):
        return np.exp(-0.5 * ((t - 30.0 - shift) / 4.0) ** 2)

    assert align(wave(0.4), wave(0.0), 2000.0) == pytest.approx(0.4, abs=0.05)
    assert align(wave(9.0), wave(0.0), 2000.0) == 2.0


def test_reading_between_samples_gives_the_signal_there():
    t = np.arange(200.0)[:, np.newaxis]

    read = read_at(np.sin(0.9 * t), 50.3, 100)

    np.testing.assert_allclose(read, np.sin(0.9 * (t[:100] + 50.3)), atol=0.01)


def test_a_leak_that_grows_with_the_intensity_is_refused():
    ma = step_amplitudes_ma(20.0)
    rms_uv = np.sqrt(2.0**2 + np.outer(ma, [0.01, 0.2]) ** 2)

    leak = measure_leak(ma, rms_uv, np.array([5.0, 5.0]))

    np.testing.assert_allclose(leak.slope_uv_per_ma, [0.01, 0.2])
    assert leak.passed.tolist() == [True, False]
    assert leak.refusal(0) is None
    assert "4.00 µV" in leak.refusal(1)


def test_what_cannot_be_measured_does_not_pass():
    leak = measure_leak(
        np.array([0.0, 5.0, 10.0, 15.0]), np.full((4, 1), np.nan), np.array([5.0])
    )

    assert not leak.passed.any()


def test_a_leak_calibration_without_zero_or_with_two_steps_is_refused():
    for ma in ([1.0, 2.0, 3.0], [0.0, 1.0, 2.0]):
        with pytest.raises(DesignError, match="0 mA"):
            measure_leak(np.array(ma), np.ones((3, 1)), np.ones(1))
    with pytest.raises(ShapeError, match="rms_uv"):
        measure_leak(np.zeros(4), np.ones((3, 1)), np.ones(1))
    with pytest.raises(DesignError, match="steps"):
        step_amplitudes_ma(0.0)


@pytest.mark.parametrize("method", [ArtifactMethod.COMB, ArtifactMethod.GRAM_SCHMIDT])
def test_zero_emg_leaks_less_than_the_calibration_allows(method):
    ma = step_amplitudes_ma(40.0)
    rng = np.random.default_rng(8)
    n = int(14 * FS)
    rows = pulse_rows(n, FS, 10.0)
    noise = NOISE_UV * rng.standard_normal(n)
    levels = []
    for amplitude in ma:
        train = artifact(n, FS, rows, lambda _, a=amplitude: a / 20.0, rng)
        signal = np.clip(train + noise, -6000.0, 6000.0)
        levels.append(cleaned_rms(signal, rows, method)[0])

    leak = measure_leak(ma, np.array(levels)[:, np.newaxis], np.array([5.0]))

    assert leak.passed.all()
    assert leak.slope_uv_per_ma[0] < 0.02 * 5.0
