"""Muscles and disturbances with a known truth, synthetic and from real recordings."""

import os
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.signal import butter, iirnotch, resample_poly, sosfilt, sosfiltfilt, tf2sos

from dsp.emg_spectrum import model_density
from dsp.types import F64

FS_HZ = 2000.0
#: Level of the maximal contraction.
MVC_UV = 500.0  # A: assumption; surface EMG has 200-2000 µV
BAND_HZ = (20.0, 450.0)
#: The strongest half second of a real recording is taken for so much effort.
REAL_PEAK_PCT_MVC = 30.0  # A: assumption
PCT = 100.0
ROOT = Path(__file__).parents[2]


def data_dir() -> Path:
    """Return where shared recordings are, whether or not they are."""
    return Path(os.environ.get("UNCLENCH_DATA", ROOT.parent / "shared" / "data"))


def model_emg(n: int, rng: np.random.Generator, fs: float = FS_HZ) -> F64:
    """Return EMG of the model spectrum and unit RMS."""
    white = np.fft.rfft(rng.standard_normal(n))
    frequency = np.asarray(np.fft.rfftfreq(n, 1.0 / fs), dtype=np.float64)
    emg = np.fft.irfft(white * np.sqrt(model_density(frequency)), n)
    return np.asarray(emg / emg.std())


def like(emg: F64, rng: np.random.Generator) -> F64:
    """Return steady noise of unit RMS with the spectrum of a recording."""
    size = np.abs(np.fft.rfft(emg))
    turns = np.exp(2j * np.pi * rng.random(size.size))
    surrogate = np.fft.irfft(size * turns, emg.size)
    return np.asarray(surrogate / surrogate.std())


def band_pass(x: F64, fs: float = FS_HZ, low_hz: float = BAND_HZ[0]) -> F64:
    """Filter causally to the EMG band."""
    sos = butter(4, (low_hz, BAND_HZ[1]), "bandpass", fs=fs, output="sos")
    return np.asarray(sosfilt(sos, x))


def sliding_rms(x: F64, window_s: float, fs: float = FS_HZ) -> F64:
    """Return the RMS over the window that ends at each sample."""
    n = round(window_s * fs)
    total = np.concatenate(([0.0], np.cumsum(np.square(x))))
    ends = np.arange(1, len(x) + 1)
    starts = np.maximum(ends - n, 0)
    return np.asarray(np.sqrt((total[ends] - total[starts]) / (ends - starts)))


def effort_pct_mvc(seconds: float, fs: float = FS_HZ) -> F64:
    """Return a course of effort: rest, three contractions, half relaxed, rest."""
    t = np.arange(round(seconds * fs)) / fs
    share = t / seconds
    knots = [0, 0.2, 0.23, 0.35, 0.38, 0.5, 0.53, 0.6, 0.63, 0.75, 0.78, 1.0]
    levels = [2.0, 2.0, 10.0, 10.0, 3.0, 3.0, 20.0, 20.0, 5.0, 5.0, 2.0, 2.0]
    return np.asarray(np.interp(share, knots, levels))


def synthetic_source(seconds: float, seed: int) -> F64:
    """Return synthetic EMG in microvolt that follows `effort_pct_mvc`."""
    level = effort_pct_mvc(seconds) * MVC_UV / PCT
    return level * model_emg(level.size, np.random.default_rng(seed))


def real_sources() -> dict[str, F64]:
    """Return clean real EMG in microvolt at `FS_HZ`; nothing where data is missing."""
    path = data_dir() / "stim" / "SingleCh_StimOFF.mat"
    sources = {}
    if path.exists():
        raw = _longest(loadmat(path))
        emg = _without_hum(raw - raw.mean(), 4000.0, 60.0)
        sources["tibialis"] = _scaled(np.asarray(resample_poly(emg, 1, 2)))
    bursts = data_dir() / "derived" / "emg_bursts.eeg"
    if bursts.exists():
        raw = np.fromfile(bursts, "<f4").astype(np.float64)
        emg = _without_hum(raw - raw.mean(), 1000.0, 50.0)
        sources["bursts"] = _scaled(np.asarray(resample_poly(emg, 2, 1)))
    return sources


def _longest(content: dict[str, object]) -> F64:
    arrays = [np.ravel(v) for v in content.values() if isinstance(v, np.ndarray)]
    return np.asarray(max(arrays, key=len), dtype=np.float64)


def _without_hum(x: F64, fs: float, mains_hz: float) -> F64:
    """Filter forward and backward: what is left is the source, not an estimate."""
    sos = butter(
        4, (BAND_HZ[0], min(BAND_HZ[1], 0.45 * fs)), "bandpass", fs=fs, output="sos"
    )
    x = np.asarray(sosfiltfilt(sos, x))
    for k in (1, 2, 3):
        b, a = iirnotch(k * mains_hz, k * mains_hz / 2.0, fs=fs)
        x = np.asarray(sosfiltfilt(tf2sos(b, a), x))
    return x


def _scaled(emg: F64) -> F64:
    peak = float(sliding_rms(emg, 0.5).max())
    return np.asarray(emg * (REAL_PEAK_PCT_MVC / PCT * MVC_UV / peak))


def noise(n: int, rms_uv: float, rng: np.random.Generator) -> F64:
    """Return white noise."""
    return np.asarray(rms_uv * rng.standard_normal(n))


def mains(n: int, amplitude_uv: float, hz: float, wander_hz: float = 0.0) -> F64:
    """Return hum with its harmonics, at a frequency that wanders within a minute."""
    t = np.arange(n) / FS_HZ
    phase = 2 * np.pi * hz * t
    phase = phase + wander_hz * 60.0 * (1 - np.cos(2 * np.pi * t / 60.0))
    wave = sum(
        a * np.sin(k * phase + k) for k, a in ((1, 1.0), (2, 0.2), (3, 0.4), (5, 0.1))
    )
    return np.asarray(amplitude_uv * wave)


def heart(n: int, height_uv: float, rng: np.random.Generator) -> F64:
    """Return an ECG with a sharp QRS, 70 beats per minute, breathing and wandering."""
    t = np.arange(n) / FS_HZ
    slow = sosfilt(butter(1, 0.2, fs=FS_HZ, output="sos"), rng.standard_normal(n))
    rate = 70.0 / 60.0 * (1.0 + 0.04 * np.clip(slow / slow.std(), -2, 2))
    phase = np.cumsum(rate) / FS_HZ % 1.0
    parts = (
        (0.465, 0.01, -0.15),
        (0.5, 0.012, 1.0),
        (0.53, 0.01, -0.25),
        (0.3, 0.03, 0.1),
        (0.75, 0.05, 0.25),
    )
    wave = sum(a * np.exp(-0.5 * ((phase - at) / w) ** 2) for at, w, a in parts)
    return np.asarray(height_uv * wave * (1.0 + 0.05 * np.sin(2 * np.pi * 0.25 * t)))


def motion(n: int, rms_uv: float, rng: np.random.Generator) -> F64:
    """Return bursts of 0.5-12 Hz sway, one about every ten seconds."""
    sos = butter(2, (0.5, 12.0), "bandpass", fs=FS_HZ, output="sos")
    sway = sosfilt(sos, rng.standard_normal(n))
    t = np.arange(n) / FS_HZ
    gate = np.zeros(n)
    at = 4.0
    while at < t[-1]:
        width = rng.uniform(0.5, 2.0)
        inside = (t >= at) & (t < at + width)
        gate[inside] = np.sin(np.pi * (t[inside] - at) / width) ** 2
        at += rng.uniform(6.0, 14.0)
    return np.asarray(rms_uv * gate * sway / sway.std())


def pulse_rows(n: int, rate_hz: float, start_s: float = 6.0) -> F64:
    """Return when pulses come, in samples: no whole number of them apart."""
    return np.arange(start_s * FS_HZ + 0.37, n - 1.0, FS_HZ / rate_hz)


def intensity_ma(t_s: F64) -> F64:
    """Return an intensity that ramps between 8 and 32 mA within 20 s."""
    return np.asarray(20.0 - 12.0 * np.cos(2 * np.pi * t_s / 20.0))


def stimulation(n: int, rows: F64, ma: F64, rng: np.random.Generator) -> F64:
    """Return artifact (400 µV/mA), its slow tail (15 %, 8 ms), M-wave (2 mV, 3 %)."""
    out = np.zeros(n)
    lags = np.arange(round(0.12 * FS_HZ))
    for row, amplitude in zip(rows, ma, strict=True):
        first = int(np.ceil(row))
        t = (first + lags - row) / FS_HZ
        wave = 400.0 * amplitude * (np.exp(-t / 0.0025) + 0.15 * np.exp(-t / 0.008))
        u = (t - 0.010) / 0.003
        recruited = 1.0 / (1.0 + np.exp(-(amplitude - 16.0) / 2.5))
        size = 1650.0 * recruited * (1.0 + 0.03 * rng.standard_normal())
        wave -= size * u * np.exp(-0.5 * u * u)
        part = out[first : first + lags.size]
        part += wave[: part.size]
    return out


#: Where the amplifier clips.
RAIL_UV = 15000.0  # A: assumption
