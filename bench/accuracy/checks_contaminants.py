"""Checks on mains, ECG and stimulation artifact (B6-B8, B12)."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.signal import iirnotch, lfilter

from bench.accuracy import signals
from bench.accuracy.check import Check
from bench.accuracy.methods import accurate
from bench.accuracy.mixtures import STEADY_UV, steady
from bench.accuracy.score import score
from dsp.accurate import AccurateChain, Treatment
from dsp.artifact.cancel import ArtifactMethod, Comb
from dsp.chain import ChainParams
from dsp.ecg import HeartMethod
from dsp.mains import MainsTracker
from dsp.types import F64

FS_HZ = 2000.0


def _tracked(x: F64) -> F64:
    tracker = MainsTracker(FS_HZ, 1, 50.0)
    n, out = tracker.n_rows, x.copy()
    usable = np.ones(n, np.bool_)
    for start in range(0, len(x) - n + 1, n):
        block = x[start : start + n, np.newaxis]
        out[start : start + n] -= tracker.block(block, usable)[:, 0]
    return out


def _notched(x: F64) -> F64:
    b, a = iirnotch(50.0, 30.0, fs=FS_HZ)
    return np.asarray(lfilter(b, a, x))


def _agreement(
    clean: Callable[[F64], F64], detuning_hz: float, ratio_db: float = 0.0
) -> float:
    n = round(16 * FS_HZ)
    emg = signals.model_emg(n, np.random.default_rng(6))
    t = np.arange(n) / FS_HZ
    hum = (
        np.sqrt(2.0)
        * 10 ** (-ratio_db / 20)
        * np.sin(2 * np.pi * (50.0 + detuning_hz) * t)
    )
    late = slice(round(5 * FS_HZ), -200)
    return float(np.corrcoef(clean(emg + hum)[late], emg[late])[0, 1] ** 2)


def b6_mains() -> Check:
    """Detuned mains at 0 dB (Mewett et al. 2004, MBEC 42:524)."""
    value = {
        "notch": round(_agreement(_notched, 0.0), 3),
        "notch +0.5 Hz": round(_agreement(_notched, 0.5), 3),
        "tracker": round(_agreement(_tracked, 0.0), 3),
        "tracker +0.5 Hz": round(_agreement(_tracked, 0.5), 3),
    }
    passed = (
        value["notch"] >= 0.96
        and 0.6 <= value["notch +0.5 Hz"] <= 0.85
        and min(value["tracker"], value["tracker +0.5 Hz"]) >= 0.97
    )
    return Check(
        "B6",
        "r² with the clean signal",
        value,
        "notch Q30 0.98 falls to 0.65-0.85; tracker at least 0.97 at both",
        passed,
    )


def _always(x: F64) -> F64:
    """Subtract the least-squares sinusoid of every two periods, however small."""
    n = round(0.04 * FS_HZ)
    t = np.arange(n) / FS_HZ
    basis = np.column_stack(
        (np.cos(2 * np.pi * 50.0 * t), np.sin(2 * np.pi * 50.0 * t))
    )
    out = x.copy()
    for start in range(0, len(x) - n + 1, n):
        block = x[start : start + n]
        out[start : start + n] = block - basis @ np.linalg.lstsq(basis, block)[0]
    return out


def b7_rule() -> Check:
    """When subtraction no longer pays (CleanEMG 2011)."""
    gains = {}
    for db in (3.0, 6.0, 9.0, 12.0, 15.0, 20.0, 25.0):
        without = 1.0 - _agreement(lambda x: x, 0.05, db)
        removed = 1.0 - _agreement(_always, 0.05, db)
        gains[db] = removed / without
    first = next((db for db, gain in gains.items() if gain >= 1.0), 30.0)
    left = _agreement(lambda x: x, 0.0, 14.0)
    change = abs(_agreement(_tracked, 0.0, 14.0) - left)
    value = {"break_even_db": first, "tracker_change_at_14_db": round(change, 5)}
    passed = change < 5e-3 and 6.0 <= first <= 12.0
    return Check(
        "B7",
        "signal to mains above which subtracting a fit of two periods does harm",
        value,
        "9 ± 3 dB; r² of the tracker changes by less than 0.005 at 14 dB",
        passed,
    )


def _heart_error(ratio: float, method: HeartMethod, low_hz: float) -> float:
    rng = np.random.default_rng(8)
    n = round(50 * FS_HZ)
    emg = signals.model_emg(n, rng) * 10.0
    levels = []
    for x in (emg, emg + signals.heart(n, 10.0 * ratio, rng)):
        chain = AccurateChain(
            ChainParams(FS_HZ, 1, lower_hz=low_hz, mains_hz=None),
            Treatment(artifact=None, heart=method),
        )
        rms = [
            chain.process(x[k : k + 500, np.newaxis]).envelope_uv[0]
            for k in range(0, n, 500)
        ]
        levels.append(np.array(rms[60:]))
    clean, found = levels
    return float(np.sqrt(np.mean(np.square(found - clean))) / clean.mean())


def b8_heart() -> Check:
    """ECG removal (Drake and Callaghan 2006, J Electromyogr Kinesiol 16:175)."""
    value = {}
    for ratio in (10.0, 30.0):
        value[f"none {ratio:g}"] = _heart_error(ratio, HeartMethod.WATCH, 20.0)
        value[f"HP30 {ratio:g}"] = _heart_error(ratio, HeartMethod.WATCH, 30.0)
        value[f"template+HP30 {ratio:g}"] = _heart_error(
            ratio, HeartMethod.TEMPLATE, 30.0
        )
    value = {name: round(v, 3) for name, v in value.items()}
    ordered = all(
        value[f"template+HP30 {r}"] < value[f"HP30 {r}"] < value[f"none {r}"]
        for r in ("10", "30")
    )
    passed = ordered and value["template+HP30 30"] <= 0.06
    return Check(
        "B8",
        "error of the 250 ms envelope, R peak 10 and 30 x EMG",
        value,
        "template with HP30 < HP30 alone < none; template at 30 x at most 0.06",
        passed,
    )


def b12_artifact() -> Check:
    """Artifact under changing intensity (Frigo et al. 2000, JEK 10:351)."""
    value = {}
    for rate in (5.0, 10.0, 20.0):
        mixture = steady(rate)
        found = score(mixture, "comb", accurate(mixture, ArtifactMethod.COMB, 20.0))
        value[f"comb on tail {rate:g} Hz"] = found.nrmse
        whole = _whole_epoch(mixture.emg_uv, mixture.pulses)
        value[f"comb on whole epoch {rate:g} Hz"] = round(whole, 2)
    tails = [v for k, v in value.items() if "tail" in k]
    wholes = [v for k, v in value.items() if "whole" in k]
    passed = max(tails) <= 0.06 and min(wholes) >= 0.3
    return Check(
        "B12",
        "NRMSE under intensity ramps",
        value,
        "comb on the tail at most 0.06, on the whole epoch at least 0.3",
        passed,
    )


def _whole_epoch(x: F64, pulses: F64) -> float:
    comb, errors = Comb(), []
    y = signals.band_pass(x)
    level = STEADY_UV
    for start, stop in pairwise(pulses):
        epoch = y[int(np.ceil(start)) : int(stop), np.newaxis]
        cleaned = comb.step(epoch)
        if cleaned is not None:
            errors.append(float(np.mean(np.square(cleaned))) - level**2)
    return float(np.sqrt(max(0.0, float(np.mean(errors))))) / level


CHECKS = (b6_mains, b7_rule, b8_heart, b12_artifact)
