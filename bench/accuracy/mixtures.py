"""The mixtures: one source, one disturbance each, and what the tension truly is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.accuracy import signals
from bench.accuracy.signals import FS_HZ, MVC_UV, PCT
from dsp.types import F64

SECONDS = 60.0
SEED = 4
#: Noise of electrode and amplifier in every mixture.
NOISE_UV = 1.5
LOUD_NOISE_UV = 5.0
LOW_PCT_MVC = 1.0
#: Long enough that the chance of one trial (2 % in 2.5 s) is not what is compared.
MVC_S = 20.0
#: What is compared begins here: filters have settled, templates are learned.
SCORED_FROM_S = 14.0
Contaminate = Callable[[int, np.random.Generator], F64]
RATES_HZ = (5.0, 10.0, 20.0, 35.0)


@dataclass(frozen=True)
class Mixture:
    """One row of the table.

    ``rest_uv`` is what is recorded with no muscle at all and the stimulator off, the
    calibration of the noise; ``mvc_uv`` a steady maximal contraction.
    """

    name: str
    emg_uv: F64
    truth_pct: F64
    rest_uv: F64
    mvc_uv: F64
    pulses: F64
    snr_db: float


def mixtures(*, quick: bool = False) -> list[Mixture]:
    """Return all of them; the quick ones are synthetic and few."""
    sources = {"synthetic": signals.synthetic_source(SECONDS, SEED)}
    if not quick:
        sources |= signals.real_sources()
    found = []
    for source, emg in sources.items():
        for name, contaminate in CONTAMINANTS.items():
            found.append(_mixture(f"{source}: {name}", emg, contaminate))
        found += [_stimulated(source, emg, rate) for rate in RATES_HZ]
    rng = np.random.default_rng(SEED + 1)
    n = round(SECONDS * FS_HZ)
    low = LOW_PCT_MVC / PCT * MVC_UV * signals.model_emg(n, rng)
    found.append(_mixture("synthetic: low contraction", low, CONTAMINANTS["clean"]))
    return found


#: Background of the artifact check.
STEADY_UV = 20.0


def steady(rate_hz: float) -> Mixture:
    """Return steady EMG of `STEADY_UV` under stimulation."""
    n = round(SECONDS * FS_HZ)
    emg = STEADY_UV * signals.model_emg(n, np.random.default_rng(SEED + 4))
    return _stimulated("steady", emg, rate_hz)


def _mixture(
    name: str, emg: F64, contaminate: Contaminate, pulses: F64 | None = None
) -> Mixture:
    rng = np.random.default_rng(SEED + 10)
    n = emg.size
    added = contaminate(n, rng)
    resting = np.random.default_rng(SEED + 2)
    rest = added if pulses is None else np.zeros(n)
    rest = rest[: round(40 * FS_HZ)]
    rest = rest + signals.noise(rest.size, NOISE_UV, resting)
    mvc = MVC_UV * signals.like(emg, resting)[: round(MVC_S * FS_HZ)]
    mvc += signals.noise(mvc.size, NOISE_UV, resting)
    total = emg + added + signals.noise(n, NOISE_UV, rng)
    scored = slice(round(SCORED_FROM_S * FS_HZ), None)
    power = float(np.mean(np.square(signals.band_pass(emg)[scored])))
    other = float(np.mean(np.square(signals.band_pass(total - emg)[scored])))
    return Mixture(
        name=name,
        emg_uv=np.clip(total, -signals.RAIL_UV, signals.RAIL_UV),
        truth_pct=_truth(emg, resting),
        rest_uv=rest,
        mvc_uv=mvc,
        pulses=np.zeros(0) if pulses is None else pulses,
        snr_db=round(10.0 * float(np.log10(power / other)), 1),
    )


def _truth(emg: F64, rng: np.random.Generator) -> F64:
    """Return the RMS in the band relative to that of a maximal contraction in it."""
    reference = MVC_UV * float(signals.band_pass(signals.like(emg, rng)).std())
    return PCT * signals.sliding_rms(signals.band_pass(emg), 1.0) / reference


def _stimulated(source: str, emg: F64, rate_hz: float) -> Mixture:
    rows = signals.pulse_rows(emg.size, rate_hz)
    ma = signals.intensity_ma(rows / FS_HZ)
    name = f"{source}: artifact {rate_hz:g} Hz"
    return _mixture(
        name, emg, lambda n, rng: signals.stimulation(n, rows, ma, rng), rows
    )


CONTAMINANTS: dict[str, Contaminate] = {
    "clean": lambda n, _: np.zeros(n),
    "mains detuned": lambda n, _: signals.mains(n, 30.0, 50.3, 0.05),
    "mains strong": lambda n, _: signals.mains(n, 150.0, 49.6),
    "ECG": lambda n, rng: signals.heart(n, 150.0, rng),
    "motion": lambda n, rng: signals.motion(n, 300.0, rng),
    "noise floor": lambda n, rng: signals.noise(n, LOUD_NOISE_UV, rng),
}
