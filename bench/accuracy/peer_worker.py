"""Run other people's EMG amplitude on the mixtures, in an environment of their own.

Reads an ``.npz`` with ``fs`` and signals, writes one with ``<method>|<signal>`` levels.
It imports nothing of this project, so that it runs where only the peers are installed.
"""

import sys
from collections.abc import Callable

import numpy as np

Levels = np.ndarray


def mean_over(x: Levels, n: int) -> Levels:
    """Return the mean over the n samples that end at each."""
    total = np.concatenate(([0.0], np.cumsum(x)))
    ends = np.arange(1, len(x) + 1)
    starts = np.maximum(ends - n, 0)
    return np.asarray((total[ends] - total[starts]) / (ends - starts))


def neurokit2(x: Levels, fs: float) -> Levels:
    """Apply emg_clean and emg_amplitude."""
    import neurokit2 as nk  # noqa: PLC0415 - each peer is optional

    return np.array(nk.emg_amplitude(nk.emg_clean(x, sampling_rate=int(fs))))


def biosppy(x: Levels, fs: float) -> Levels:
    """Apply the filter of signals.emg.emg and rectify: it has no amplitude itself."""
    from biosppy.signals import tools  # noqa: PLC0415

    filtered, _, _ = tools.filter_signal(
        signal=x,
        ftype="butter",
        band="highpass",
        order=4,
        frequency=100,
        sampling_rate=fs,
    )
    return np.asarray(np.abs(filtered))


def mne_lsl(x: Levels, fs: float) -> Levels:
    """Apply StreamLSL.filter(20, 450), .notch_filter(50) and the RMS over 1 s."""
    from mne_lsl.stream._filters import create_filter  # noqa: PLC0415
    from scipy.signal import sosfilt  # noqa: PLC0415

    # The notch's defaults: width f/200 and transitions of 1 Hz.
    half = 50.0 / 400.0 + 0.5
    for low, high in ((20.0, 450.0), (50.0 + half, 50.0 - half)):
        iir = {"order": 4, "ftype": "butter", "output": "sos"}
        made = create_filter(sfreq=fs, l_freq=low, h_freq=high, iir_params=iir)
        zi = made["zi_unit"][..., 0] * x[0]
        x, _ = sosfilt(made["sos"], x, zi=zi)
    return np.asarray(np.sqrt(mean_over(x * x, round(fs))))


def pyemgpipeline(x: Levels, fs: float) -> Levels:
    """Apply what the processing manager does, linear envelope included."""
    from pyemgpipeline.processors import (  # noqa: PLC0415
        BandpassFilter,
        DCOffsetRemover,
        FullWaveRectifier,
        LinearEnvelope,
    )

    for step in (
        DCOffsetRemover(),
        BandpassFilter(hz=fs),
        FullWaveRectifier(),
        LinearEnvelope(hz=fs),
    ):
        x = step.apply(x)
    return np.asarray(x)


PEERS: dict[str, Callable[[Levels, float], Levels]] = {
    "NeuroKit2": neurokit2,
    "BioSPPy": biosppy,
    "MNE-LSL": mne_lsl,
    "pyemgpipeline": pyemgpipeline,
}


def main(source: str, target: str) -> int:
    """Work through all signals; the mean over 1 s makes their outputs comparable."""
    content = np.load(source)
    fs = float(content["fs"])
    results = {}
    for method, level in PEERS.items():
        for name in content.files:
            if name != "fs":
                x = level(content[name].astype(float), fs)
                results[f"{method}|{name}"] = mean_over(x, round(fs)).astype("f4")
    np.savez(target, **results)  # type: ignore[arg-type] # the stubs know no names
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
