"""EMG of the model spectrum and the disturbances on top of it, for tests."""

from dataclasses import dataclass

import numpy as np

from dsp.emg_spectrum import model_density


def model_emg(n_samples, fs, rng, rms_uv=1.0):
    """Return EMG of the model spectrum with an exact RMS."""
    white = np.fft.rfft(rng.standard_normal(n_samples))
    shape = np.sqrt(model_density(np.fft.rfftfreq(n_samples, 1.0 / fs)))
    emg = np.fft.irfft(white * shape, n_samples)
    return emg * (rms_uv / emg.std())


def pulse_rows(n_samples, fs, rate_hz, start_s=2.0):
    """Return pulses at a steady rate that is no whole number of samples."""
    return np.arange(start_s * fs + 0.37, n_samples - 1, fs / rate_hz)


@dataclass
class Shape:
    """A pulse: 8 mV artifact with a slow tail, then an M-wave of 2 mV."""

    artifact_uv: float = 8000.0
    fast_s: float = 0.0025
    slow_share: float = 0.15
    slow_s: float = 0.008
    m_wave_uv: float = 1000.0
    jitter: float = 0.03


def artifact(n_samples, fs, rows, scale, rng, shape=None):
    """Return pulses, each scaled by ``scale(t_s)``, clipped to nothing."""
    shape = shape or Shape()
    out = np.zeros(n_samples)
    lags = np.arange(int(0.12 * fs))
    for row in rows:
        first = int(np.ceil(row))
        t = (first + lags - row) / fs
        u = (t - 0.010) / 0.003
        wave = shape.artifact_uv * np.exp(-t / shape.fast_s)
        wave += shape.slow_share * shape.artifact_uv * np.exp(-t / shape.slow_s)
        size = 1.0 + shape.jitter * rng.standard_normal()
        wave -= size * shape.m_wave_uv * 1.65 * u * np.exp(-0.5 * u * u)
        part = out[first : first + lags.size]
        part += scale(row / fs) * wave[: part.size]
    return out


def heart(n_samples, fs, height_uv, rate_hz=1.15):
    """Return a sharp QRS with a low T wave at a rate that breathes."""
    t = np.arange(n_samples) / fs
    phase = (rate_hz * t + 0.15 * np.sin(0.9 * t)) % 1.0
    q, r, s = (
        np.exp(-0.5 * ((phase - at) / w) ** 2)
        for at, w in ((0.47, 0.008), (0.5, 0.01), (0.53, 0.008))
    )
    t_wave = np.exp(-0.5 * ((phase - 0.75) / 0.05) ** 2)
    return height_uv * (r - 0.15 * q - 0.25 * s + 0.15 * t_wave)


def rms(x):
    """Return the root mean square."""
    return float(np.sqrt(np.mean(np.square(x))))
