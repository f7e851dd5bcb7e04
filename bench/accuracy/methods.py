"""Ways to get a tension from EMG: our chains, and a plain RMS."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.accuracy import signals
from bench.accuracy.mixtures import Mixture
from bench.accuracy.signals import FS_HZ, PCT
from dsp.accurate import AccurateChain, Treatment
from dsp.artifact.cancel import ArtifactMethod
from dsp.artifact.epochs import EpochParams
from dsp.chain import ChainParams, EmgChain
from dsp.design import NECK_BACK_LOWER_EDGE_HZ
from dsp.ecg import HeartMethod
from dsp.tension import TensionScale, TensionUnit, mean_without_noise, noise_floor_uv
from dsp.types import F64, Bools

UPDATE_ROWS = round(0.05 * FS_HZ)
NOISE_BANDWIDTH_HZ = 420.0
#: Start of the rest that is not used: filters settle, templates are learned.
SETTLE_S = 14.0


@dataclass(frozen=True)
class Estimate:
    """What a method says: tension over time, and when it does not believe itself."""

    t_s: F64
    tension_pct: F64
    flagged: Bools


def ours(mixture: Mixture) -> Estimate:
    """Return what the accurate chain says at its defaults, for neck and back."""
    return accurate(mixture, ArtifactMethod.COMB)


def accurate(
    mixture: Mixture,
    method: ArtifactMethod,
    lower_hz: float = NECK_BACK_LOWER_EDGE_HZ,
) -> Estimate:
    """Return what the accurate chain says with one method for the artifact."""
    treatment = Treatment(EpochParams(method), heart=HeartMethod.TEMPLATE)
    params = ChainParams(FS_HZ, 1, lower_hz=lower_hz)

    def make() -> AccurateChain:
        return AccurateChain(params, treatment)

    return _with(make, mixture, with_pulses=True)


def default_chain(mixture: Mixture) -> Estimate:
    """Return what the fast chain says at its defaults."""

    def make() -> EmgChain:
        return EmgChain(ChainParams(FS_HZ, 1, lower_hz=NECK_BACK_LOWER_EDGE_HZ))

    return _with(make, mixture, with_pulses=False)


def plain_rms(mixture: Mixture) -> Estimate:
    """Return the RMS over 1 s of the signal without its mean."""

    def level(x: F64) -> F64:
        return signals.sliding_rms(x - x.mean(), 1.0)

    return from_levels(level(mixture.emg_uv), level(mixture.mvc_uv))


def from_levels(level: F64, mvc_level: F64) -> Estimate:
    """Turn levels at every sample into an estimate relative to a steady maximum.

    The mean of the trial, not its best half second: what is compared shall be how
    disturbances are treated, not who had the luckier maximum.
    """
    reference = float(mvc_level[round(FS_HZ) : -round(0.5 * FS_HZ)].mean())
    rows = np.arange(UPDATE_ROWS - 1, level.size, UPDATE_ROWS)
    t_s = (rows + 1) / FS_HZ
    return Estimate(t_s, PCT * level[rows] / reference, np.zeros(rows.size, np.bool_))


Chain = AccurateChain | EmgChain


def _run(
    chain: Chain, x: F64, pulses: F64, n_rows: int = UPDATE_ROWS
) -> tuple[F64, F64, Bools]:
    """Return times, RMS over 1 s and whether each was flagged, every ``n_rows``."""
    times, levels, flags = [], [], []
    for start in range(0, len(x) - n_rows + 1, n_rows):
        chunk = x[start : start + n_rows, np.newaxis]
        lag = 0
        if isinstance(chain, AccurateChain):
            reading = chain.process(chunk, pulses if start == 0 else ())
            lag = chain.lag_rows
        else:
            reading = chain.process(chunk)
        times.append((start + n_rows - lag) / FS_HZ)
        levels.append(reading.rms_uv[0])
        flags.append(bool(reading.quality[0]))
    return np.array(times), np.array(levels), np.array(flags)


def _with(
    make: Callable[[], Chain], mixture: Mixture, *, with_pulses: bool
) -> Estimate:
    nothing = np.zeros(0)
    t_s, level, _ = _run(make(), mixture.rest_uv, nothing, round(FS_HZ))
    settled = level[t_s > SETTLE_S]
    noise_uv = noise_floor_uv(settled[:, np.newaxis], 1.0, NOISE_BANDWIDTH_HZ)
    _, level, _ = _run(make(), mixture.mvc_uv, nothing)
    settled = level[round(2.5 * FS_HZ / UPDATE_ROWS) :]
    best = mean_without_noise(settled[np.isfinite(settled)][:, np.newaxis], noise_uv)
    scale = TensionScale(TensionUnit.PCT_MVC, noise_uv, best)
    pulses = mixture.pulses if with_pulses else nothing
    t_s, level, flagged = _run(make(), mixture.emg_uv, pulses)
    tension = scale.tension(level[:, np.newaxis])[:, 0]
    return Estimate(t_s, tension, flagged | ~np.isfinite(tension))
