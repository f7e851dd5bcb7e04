"""Real stimulation, and leak: what decides about closing the loop (R1-R3)."""

import numpy as np
from scipy.io import loadmat

from bench.accuracy import signals
from bench.accuracy.check import Check
from dsp.accurate import AccurateChain, Treatment
from dsp.artifact.cancel import ArtifactMethod
from dsp.artifact.epochs import EpochParams
from dsp.artifact.leak import measure_leak, step_amplitudes_ma
from dsp.artifact.pulses import PulseDetector
from dsp.chain import ChainParams
from dsp.types import F64

FS_HZ = 4000.0
MAINS_HZ = 60.0
#: This stimulation leaves artifacts of 2 ms and no M-wave.
AFTER_S = 0.005
#: Three times as long: what is left of an artifact would be less, what the muscle does
#: the same.
LONG_AFTER_S = 0.015
#: Stimulation at full strength, and the pause between its two trains.
STIMULATED_S = (30.0, 115.0)
PAUSE_S = (116.0, 120.0)
STEP = 400
#: Threshold of the leak calibration.
THRESHOLD_PCT_MVC = 3.0
UV_PER_PCT = signals.MVC_UV / signals.PCT


def _levels(
    x: F64, *, pulses: F64 | None, treated: bool = True, after_s: float = AFTER_S
) -> tuple[F64, F64]:
    artifact = EpochParams(ArtifactMethod.COMB, after_s=after_s) if treated else None
    chain = AccurateChain(
        ChainParams(FS_HZ, 1, mains_hz=MAINS_HZ, fast_window_s=1.0),
        Treatment(artifact, detect_pulses=treated and pulses is None, heart=None),
    )
    times, levels = [], []
    for start in range(0, len(x) - STEP, STEP):
        known = pulses if start == 0 and pulses is not None else ()
        reading = chain.process(x[start : start + STEP, np.newaxis], known)
        times.append((start + STEP - chain.lag_rows) / FS_HZ)
        levels.append(reading.envelope_uv[0])
    return np.array(times), np.array(levels)


def _load(name: str) -> F64 | None:
    path = signals.data_dir() / "stim" / name
    if not path.exists():
        return None
    arrays = [np.ravel(v) for v in loadmat(path).values() if isinstance(v, np.ndarray)]
    return np.asarray(max(arrays, key=len), dtype=np.float64)


def _between(t_s: F64, levels: F64, span_s: tuple[float, float]) -> F64:
    inside = levels[(t_s > span_s[0] + 1.0) & (t_s < span_s[1])]
    return inside[np.isfinite(inside)]


def real_stimulation() -> Check:
    """Rest inside and outside real stimulation at 30 Hz.

    Rest is the level that a tenth of the time is below: the person contracts in it.
    """
    accept = "rest inside differs from that outside by less than 25 %"
    title = "rest level outside, inside cleaned, inside untreated, in µV"
    title += "; inside with a gap three times as long"
    x = _load("SingleCh_StimON.mat")
    if x is None:
        return Check("R1", title, {}, f"{accept}; recording not there", passed=True)
    t_s, cleaned = _levels(x, pulses=None)
    _, raw = _levels(x, pulses=None, treated=False)
    late_s, long = _levels(x, pulses=None, after_s=LONG_AFTER_S)
    outside = float(np.percentile(_between(t_s, cleaned, PAUSE_S), 10))
    inside = float(np.percentile(_between(t_s, cleaned, STIMULATED_S), 10))
    untreated = float(np.percentile(_between(t_s, raw, STIMULATED_S), 10))
    value = {"outside": outside, "inside": inside, "untreated": untreated}
    value["long_gap"] = float(np.percentile(_between(late_s, long, STIMULATED_S), 10))
    value = {name: round(v, 2) for name, v in value.items()}
    return Check("R1", title, value, accept, abs(inside / outside - 1.0) < 0.25)  # noqa: PLR2004


def real_contractions() -> Check:
    """Real contractions mixed with the real artifact keep their envelope."""
    accept = "correlation at least 0.95"
    title = "correlation of the envelope: cleaned, untreated"
    off, on = _load("SingleCh_StimOFF.mat"), _load("SingleCh_StimON.mat")
    if off is None or on is None:
        return Check("R2", title, {}, f"{accept}; recording not there", passed=True)
    artifact, pulses = artifact_of(on, len(off))
    _, clean = _levels(off, pulses=None, treated=False)
    _, cleaned = _levels(off + artifact, pulses=pulses)
    _, raw = _levels(off + artifact, pulses=None, treated=False)
    late = slice(round(4 * FS_HZ / STEP), min(map(len, (clean, cleaned))))
    seen = np.isfinite(cleaned[late])
    value = {
        name: round(float(np.corrcoef(clean[late][seen], x[late][seen])[0, 1]), 4)
        for name, x in (("cleaned", cleaned), ("untreated", raw))
    }
    return Check("R2", title, value, accept, value["cleaned"] >= 0.95)  # noqa: PLR2004


def artifact_of(on: F64, n: int) -> tuple[F64, F64]:
    """Return the artifact of a recording, 4 ms from each pulse, and its pulses."""
    detector, found = PulseDetector(FS_HZ), []
    for start in range(0, len(on) - STEP, STEP):
        found += detector.push(on[start : start + STEP, np.newaxis])
    first = round(STIMULATED_S[0] * FS_HZ)
    rows = np.array([row - first for row in found])
    rows = rows[(rows > STEP) & (rows < n - STEP)]
    artifact = np.zeros(n)
    before, after = round(0.0015 * FS_HZ), round(0.0035 * FS_HZ)
    for row in rows.astype(int):
        span = slice(row - before, row + after)
        piece = on[first + span.start : first + span.stop]
        line = np.linspace(piece[0], piece[-1], piece.size)
        artifact[span] = piece - line
    return artifact, rows


def leak(rates_hz: tuple[float, ...] = (5.0, 10.0, 20.0)) -> Check:
    """Leak with no voluntary EMG at all, stepped intensity."""
    slopes, passed = {}, True
    n = round(20 * signals.FS_HZ)
    for rate in rates_hz:
        rows = signals.pulse_rows(n, rate, 2.0)
        for method in (
            ArtifactMethod.COMB,
            ArtifactMethod.TEMPLATE,
            ArtifactMethod.GRAM_SCHMIDT,
        ):
            ma = step_amplitudes_ma(40.0)
            rms_uv = [_leak_level(n, rows, float(a), method) for a in ma]
            found = measure_leak(
                ma,
                np.array(rms_uv)[:, np.newaxis],
                np.array([THRESHOLD_PCT_MVC * UV_PER_PCT]),
            )
            slope = float(found.slope_uv_per_ma[0]) / UV_PER_PCT
            slopes[
                f"{method.value} {rate:g} Hz" + ("" if found.passed[0] else " refused")
            ] = round(slope, 4)
            passed &= bool(not found.passed[0] or slope < 0.02)  # noqa: PLR2004
    return Check(
        "R3",
        "leak in %MVC per mA",
        slopes,
        "below 0.02 for every method that the calibration lets pass",
        passed,
    )


def _leak_level(n: int, rows: F64, amplitude: float, method: ArtifactMethod) -> float:
    rng = np.random.default_rng(31)
    fs = signals.FS_HZ
    x = signals.stimulation(n, rows, np.full(rows.size, amplitude), rng)
    if not amplitude:
        x = np.zeros(n)
    x = np.clip(x + signals.noise(n, 1.5, rng), -signals.RAIL_UV, signals.RAIL_UV)
    chain = AccurateChain(
        ChainParams(fs, 1, measure_window_s=12.0),
        Treatment(EpochParams(method), heart=None),
    )
    chain.process(x[: round(6 * fs), np.newaxis], rows)
    chain.restart_measurement()
    chain.process(x[round(6 * fs) :, np.newaxis])
    return float(chain.measurement().rms_uv[0])


CHECKS = (real_stimulation, real_contractions, leak)
