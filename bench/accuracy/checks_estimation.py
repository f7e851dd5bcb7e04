"""Checks on estimators, noise, whitening, onsets and load (B1-B5, B9-B11)."""

import math

import numpy as np

from bench.accuracy import signals
from bench.accuracy.check import Check, rounded
from dsp.emg_spectrum import model_bandwidth_hz
from dsp.estimators import SlidingArv, combine_channels
from dsp.events.load import LoadStatistics
from dsp.events.onset import OnsetDetector
from dsp.sliding import SlidingRms
from dsp.tension import remove_noise
from dsp.theory import arv_snr, rms_snr, with_drive_noise
from dsp.types import F64
from dsp.whitening import WhitenedRms

FS_HZ = 1000.0
BAND_HZ = (20.0, 450.0)
N = 400_000
T_S = 0.245
DRIVE_CV = 0.058


def _emg(seed: int, n: int = N) -> F64:
    rng = np.random.default_rng(seed)
    return signals.band_pass(signals.model_emg(n, rng, FS_HZ), FS_HZ)


def _snr(values: F64) -> float:
    return float(values.mean() / values.std())


def _windows(y: F64, window: int) -> F64:
    whole = y[200 : 200 + (len(y) - 200) // window * window]
    return np.asarray(np.sqrt(np.square(whole).reshape(-1, window).mean(axis=1)))


def b1_window() -> Check:
    """SNR against the window (St-Amant et al. 1998, IEEE TBME 45:795)."""
    y, bandwidth = _emg(1, 8 * N), model_bandwidth_hz(BAND_HZ)
    windows_s = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
    snrs = [_snr(_windows(y, round(t * FS_HZ))) for t in windows_s]
    slope = float(np.polyfit(np.log(windows_s[1:]), np.log(snrs[1:]), 1)[0])
    ratios = [s / rms_snr(bandwidth, t) for s, t in zip(snrs, windows_s, strict=True)]
    off = max(abs(r - 1.0) for r in ratios[1:])
    value = {"slope": round(slope, 3), "largest_deviation": round(off, 3)}
    passed = abs(slope - 0.5) <= 0.02 and off <= 0.03
    return Check(
        "B1",
        "SNR follows the root of the window",
        value,
        "slope 0.50 ± 0.02; within 3 % of theory",
        passed,
    )


def b2_channels() -> Check:
    """Several sites (Clancy and Hogan 1995, IEEE TBME 42:203)."""
    window, bandwidth = round(T_S * FS_HZ), model_bandwidth_hz(BAND_HZ)
    rms = np.column_stack([_windows(_emg(20 + k), window) for k in range(8)])
    nothing, one = np.zeros(8), np.ones(8)
    snrs = [_snr(combine_channels(rms[:, :m], nothing[:m], one[:m])) for m in (1, 4, 8)]
    theory = [rms_snr(bandwidth, T_S, m) for m in (1, 4, 8)]
    drive = with_drive_noise(theory[0], DRIVE_CV)
    off = max(abs(s / t - 1.0) for s, t in zip(snrs, theory, strict=True))
    passed = off <= 0.05 and abs(drive - 10.7) <= 0.3
    return Check(
        "B2",
        "several channels at 245 ms; one with drive noise",
        rounded([*snrs, drive], 1),
        "13.7/27.4/38.7 within 5 %; 10.7 ± 0.3 with drive noise",
        passed,
    )


def b3_rectified() -> Check:
    """RMS or rectified mean (Clancy and Hogan 1999, IEEE TBME 46:730)."""
    y, window = _emg(3, 5 * N), round(0.25 * FS_HZ)
    arv = SlidingArv(1, window)
    values = []
    for start in range(0, len(y) - window, window):
        arv.push(y[start : start + window, np.newaxis])
        values.append(float(arv.last()[0]))
    ratio = _snr(np.array(values[1:])) / _snr(_windows(y, window))
    rng = np.random.default_rng(3)
    # Each with the estimator that is best for it.
    heavy = _snr(np.abs(rng.laplace(size=N)).reshape(-1, window).mean(axis=1))
    light = _snr(
        np.sqrt(np.square(rng.standard_normal(N)).reshape(-1, window).mean(axis=1))
    )
    loss = heavy / light - 1.0
    expected = arv_snr(1.0, 1.0) / rms_snr(1.0, 1.0)
    passed = abs(ratio - expected) <= 0.02 and -0.37 <= loss <= -0.27
    return Check(
        "B3",
        "rectified mean over RMS; Laplacian over Gaussian",
        rounded([ratio, loss]),
        "0.97 ± 0.02; -32 % ± 5 %",
        passed,
    )


def b4_noise() -> Check:
    """Root difference of squares (2019, IEEE TNSRE 27:2328)."""
    window = round(0.25 * FS_HZ)
    rng = np.random.default_rng(4)
    noise = signals.band_pass(rng.standard_normal(N), FS_HZ)
    floor = np.array([float(np.sqrt(np.mean(np.square(noise))))])
    rest = remove_noise(_windows(noise, window)[:, np.newaxis], floor)
    emg = _emg(40)
    emg = emg / emg.std()
    biases = []
    for ratio in (0.5, 1.0, 2.0, 5.0):
        level = ratio * floor[0]
        power = np.square(_windows(noise + level * emg, window)) - floor[0] ** 2
        biases.append(math.sqrt(max(0.0, float(power.mean()))) / level - 1.0)
    share = float((rest > 0).mean())
    passed = abs(share - 0.49) <= 0.03 and max(map(abs, biases)) < 0.03
    return Check(
        "B4",
        "share above zero at rest; bias at 0.5, 1, 2, 5 noise",
        rounded([share, *biases]),
        "0.49 ± 0.03; every bias below 3 %",
        passed,
    )


def b5_whitening() -> Check:
    """Whitening near rest (Clancy and Farry 1999)."""
    window = 0.25
    gains = {}
    for db in (0, 10, 20, 30, 40):
        rng = np.random.default_rng(5)
        noise = signals.band_pass(rng.standard_normal(N // 2), FS_HZ)
        floor = np.array([float(noise.std())])
        y = (_emg(5, N // 2) * (floor[0] * 10 ** (db / 20)) + noise)[:, np.newaxis]
        white = WhitenedRms(FS_HZ, BAND_HZ, floor, window)
        plain = SlidingRms(1, round(window * FS_HZ))
        step = round(window * FS_HZ)
        whites, plains = [], []
        for start in range(0, len(y) - step, step):
            white.push(y[start : start + step])
            plain.push(y[start : start + step])
            whites.append(float(white.last()[0]))
            plains.append(float(remove_noise(plain.last(), floor)[0]))
        gains[f"{db} dB"] = round(
            _snr(np.array(whites[4:])) / _snr(np.array(plains[4:])), 2
        )
    # Fixed whitening collapses below 20 dB; the noise-aware form must not.
    passed = min(gains.values()) >= 0.95 and gains["40 dB"] >= 1.2
    return Check(
        "B5",
        "gain of noise-aware whitening over EMG to noise",
        gains,
        "never below 0.95; at least 1.2 at 40 dB (a fixed one fails below 20 dB)",
        passed,
    )


def b9_onset() -> Check:
    """Onset error against SNR (Kowalski et al. 2021, JFMK 6:70)."""
    errors, missed = {}, 0
    for db in (40, 20, 10, 5):
        away = []
        for seed in range(30):
            rng = np.random.default_rng(seed)
            t = np.arange(8000)
            rise = np.clip(np.minimum(t - 5000, 7000 - t) / 100.0, 0, 1)
            x = signals.model_emg(8000, rng, FS_HZ) * rise * 10 ** (db / 20)
            y = signals.band_pass(x + rng.standard_normal(8000), FS_HZ, 30.0)
            runs = OnsetDetector(FS_HZ).push(y[:, np.newaxis])
            later = [r for r in runs if r.stop > 5000]
            missed += not later
            away += [abs(r.start - 5000) for r in later[:1]]
        errors[f"{db} dB"] = float(np.median(away)) if away else math.nan
    # Published: 15-30 ms at 40 dB, 50-80 ms at 10 dB.
    passed = errors["40 dB"] <= 30 and errors["20 dB"] <= 50 and errors["10 dB"] <= 80
    return Check(
        "B9",
        f"median onset error in ms, {missed} of 120 missed",
        errors,
        "at most 30 at 40 dB, 50 at 20 dB, 80 at 10 dB",
        passed,
    )


def _tension(seed: int, rest_share: float, seconds: int = 1200) -> F64:
    """Return tension at 10 Hz that switches between rest and light work."""
    rng = np.random.default_rng(seed)
    out: list[float] = []
    while len(out) < seconds * 10:
        n = int(rng.exponential(10.0 * (1.0 + 9.0 * rest_share))) + 2
        out += list(0.2 * np.exp(0.4 * rng.standard_normal(n)))
        n = int(rng.exponential(200.0 * (1.0 - rest_share))) + 5
        out += list(4.0 * np.exp(0.6 * rng.standard_normal(n)))
    return np.array(out[: seconds * 10])


def b10_gaps() -> Check:
    """Rest of two occupations (Nordander et al. 2000, Ergonomics 43:1904)."""
    ratios = {}
    for threshold in (0.3, 0.5, 1.0):
        shares = []
        for rest in (0.05, 0.5):
            group = []
            for seed in range(10):
                load = LoadStatistics(0.1, threshold)
                load.push(_tension(seed, rest))
                group.append(load.rest_time_share)
            shares.append(np.array(group))
        between = abs(shares[1].mean() - shares[0].mean())
        within = math.sqrt(0.5 * (shares[0].var() + shares[1].var()))
        ratios[f"{threshold} %"] = round(float(between / within), 2)
    passed = ratios["0.5 %"] > 2.0 and ratios["0.5 %"] >= ratios["0.3 %"] * 0.8
    return Check(
        "B10",
        "rest time: difference of two jobs over spread within",
        ratios,
        "0.5 % tells the jobs apart by more than 2 SD",
        passed,
    )


def b11_apdf() -> Check:
    """Percentiles of the load (Jonsson 1982)."""
    rng = np.random.default_rng(11)
    tension = np.clip(8.0 * rng.lognormal(0.0, 0.9, 36_000), 0.02, 100.0)
    load = LoadStatistics(0.1)
    load.push(tension)
    errors = [
        load.percentile(p) / float(np.percentile(tension, p)) - 1.0
        for p in (10, 50, 90)
    ]
    return Check(
        "B11",
        "P10, P50, P90: error of the streaming percentile",
        rounded(errors, 4),
        "within 2 %",
        max(map(abs, errors)) <= 0.02,
    )


CHECKS = (
    b1_window,
    b2_channels,
    b3_rectified,
    b4_noise,
    b5_whitening,
    b9_onset,
    b10_gaps,
    b11_apdf,
)
