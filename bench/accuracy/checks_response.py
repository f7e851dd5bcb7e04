"""Checks on fatigue, control, optimisation and response (B13-B22)."""

import math

import numpy as np

from bench.accuracy import signals
from bench.accuracy.check import Check, rounded
from bench.accuracy.models import JOINTS, Plant, endurance_s, gp_predict, train_force
from dsp.events.load import LoadStatistics
from dsp.events.twitch import TwitchDetector
from dsp.types import F64

LOADS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
#: Endurance in second that the power laws give (R).
ENDURANCE_S = {
    "ankle": (3985, 956, 415, 145, 72, 43),
    "knee": (1470, 399, 186, 71, 38, 24),
    "trunk": (4225, 876, 349, 109, 51, 29),
    "shoulder": (1005, 283, 135, 53, 29, 18),
    "elbow": (2482, 563, 237, 79, 39, 23),
    "hand": (1367, 448, 233, 102, 60, 40),
}


def b13_endurance() -> Check:
    """Endurance times of the three-compartment model."""
    worst = {}
    for joint, rates in JOINTS.items():
        ratios = [
            endurance_s(load, *rates) / s
            for load, s in zip(LOADS[1:5], ENDURANCE_S[joint][1:5], strict=True)
        ]
        worst[joint] = round(max(max(r, 1 / r) for r in ratios), 2)
    return Check(
        "B13",
        "largest ratio to the power law, 20-70 % of maximum",
        worst,
        "within a factor of 2",
        max(worst.values()) <= 2.0,
    )


def b14_force() -> Check:
    """Force and fatigue against the pulse rate."""
    value = {}
    for rate in (1.0, 5.0, 20.0, 50.0):
        first, last = train_force(rate, 120.0)
        value[f"{rate:g} Hz first N"] = round(first, 1)
        value[f"{rate:g} Hz left"] = round(last / first, 3)
    firsts = [v for k, v in value.items() if "first" in k]
    left = [v for k, v in value.items() if "left" in k]
    passed = sorted(firsts) == firsts and sorted(left, reverse=True) == left
    return Check(
        "B14",
        "first peak force and what is left after 2 min",
        value,
        "force rises and fatigue grows with the rate",
        passed,
    )


def _pi(gain: float, target: float = 4.0):  # type: ignore[no-untyped-def]  # noqa: ANN202
    state = {"ma": 0.0, "last": 0.0}

    def law(_: float, tone: float) -> float:
        error = tone - target
        step = gain * (error - state["last"]) + gain * error / 12.0
        state["ma"] = float(np.clip(state["ma"] + np.clip(step, -2.0, 0.5), 0.0, 40.0))
        state["last"] = error
        return state["ma"]

    return law


def _rmse(tones: F64) -> float:
    return float(np.sqrt(np.mean(np.square(tones[30:] - 4.0))))


def b15_control() -> Check:
    """Extremum seeking of a controller's gain (ES-PID, reported RMSE -64 %)."""
    plant, gain, step = Plant(), 0.02, 0.25
    costs = [_rmse(plant.run(_pi(gain)))]
    for _ in range(12):
        up, down = (_rmse(plant.run(_pi(gain * math.exp(s)))) for s in (step, -step))
        gain *= math.exp(step * 2.0 * (1 if up < down else -1))
        costs.append(_rmse(plant.run(_pi(gain))))
    fall = 1.0 - min(costs) / costs[0]
    fixed = [_rmse(Plant(gain=g).run(_pi(0.02))) for g in (0.85, 1.0)]
    tuned = [_rmse(Plant(gain=g).run(_pi(gain))) for g in (0.85, 1.0)]
    passed = fall >= 0.4 and all(t < f for t, f in zip(tuned, fixed, strict=True))
    return Check(
        "B15",
        "fall of the RMSE by tuning; tuned and fixed on two plants",
        rounded([fall, *tuned, *fixed]),
        "falls by at least 40 %; tuned better than fixed on both",
        passed,
    )


def _utility(x: F64) -> F64:
    best = np.array([0.35, 0.55, 0.6])
    return np.asarray(np.exp(-np.square((x - best) / 0.45).sum(axis=-1)))


def _discomfort(x: F64) -> F64:
    return np.asarray(0.75 * x[..., 2] + 0.35 * x[..., 0] + 0.25 * x[..., 1])


def _search(seed: int, *, safe: bool) -> tuple[float, int]:
    rng = np.random.default_rng(seed)
    grid = rng.random((800, 3))
    x = np.array([[0.1, 0.1, 0.1], [0.15, 0.2, 0.1], [0.1, 0.2, 0.2]])
    for _ in range(30):
        mean, sd = gp_predict(x, _utility(x), grid)
        score = mean + 1.5 * sd
        if safe:
            pain, unsure = gp_predict(x, _discomfort(x) - 0.5, grid, 0.8)
            allowed = pain + 0.5 + 2.0 * unsure < 0.8
            score = np.where(allowed, score, -np.inf)
        x = np.vstack((x, grid[int(np.argmax(score))]))
    reachable = _utility(grid)[_discomfort(grid) < 0.8].max()
    tried = x[3:]
    good = _utility(tried)[_discomfort(tried) < 0.8]
    return 1.0 - float(good.max(initial=0.0) / reachable), int(
        (_discomfort(tried) >= 0.8).sum()
    )


def b16_safe_search() -> Check:
    """Safe Bayesian optimisation in three dimensions."""
    safe = [_search(seed, safe=True) for seed in range(8)]
    free = [_search(seed, safe=False) for seed in range(8)]
    regret = float(np.median([r for r, _ in safe]))
    unsafe, plain = sum(n for _, n in safe), sum(n for _, n in free)
    return Check(
        "B16",
        "median regret after 30 trials; unsafe trials safe and plain",
        rounded([regret, unsafe, plain]),
        "regret at most 0.10, fewer unsafe trials than plain",
        regret <= 0.10 and unsafe < plain,
    )


def b17_habituation() -> Check:
    """Habituation to a fixed pulse rate (Avendano-Coy 2019, Phys Ther 99:924)."""
    rng = np.random.default_rng(17)
    counts: dict[str, list[int]] = {"fixed": [], "random": []}
    for _ in range(200):
        pace = rng.lognormal(math.log(1.0e-3), 0.3)
        for kind, factor in (("fixed", 1.0), ("random", 0.55)):
            felt, n = 1.0, 0
            for _ in range(1200):
                felt *= 1.0 - pace * factor * (1.0 + 0.2 * rng.standard_normal())
                if felt < 0.7:
                    felt, n = 1.0, n + 1
            counts[kind].append(n)
    fewer = float(np.mean(counts["fixed"]) - np.mean(counts["random"]))
    return Check(
        "B17",
        "adjustments that random modulation saves in 20 min",
        round(fewer, 2),
        "0.7 to 2.6, reported 1.6",
        0.7 <= fewer <= 2.6,
    )


def b18_cramp() -> Check:
    """Threshold frequency of cramp by a staircase (Miller and Knight 2009)."""
    rng = np.random.default_rng(18)
    errors = []
    for mean, sd in ((14.9, 1.3), (25.5, 1.6)):
        for start in (4.0, 14.0):
            for truth in rng.normal(mean, sd, 50):
                rate = min(start, truth)
                while rate < truth and not rng.random() < 0.01:
                    rate += 2.0
                errors.append(abs(rate - truth))
    share = float(np.mean(np.array(errors) <= 2.0))
    return Check(
        "B18",
        "share of thresholds found within 2 Hz, steps of 2 Hz",
        round(share, 3),
        "at least 0.9",
        share >= 0.9,
    )


def b19_reflex() -> Check:
    """Reflex during massage (H-reflex -71 % during, back at once)."""
    inhibition, course = 0.0, []
    for k in range(600):
        touching = 200 <= k < 400
        inhibition += ((0.71 if touching else 0.0) - inhibition) * 0.1 / 1.5
        course.append(1.0 - inhibition)
    during = float(np.mean(course[300:400])) - 1.0
    back = next(k for k in range(400, 600) if course[k] > 0.95) * 0.1 - 40.0
    return Check(
        "B19",
        "change during massage; seconds until within 5 % after it",
        rounded([during, back], 2),
        "-0.65 to -0.75; below 5 s",
        -0.75 <= during <= -0.65 and back < 5.0,
    )


def b20_twitches() -> Check:
    """Decline of local twitch responses (Baraja-Vegas 2020, Pain Med 21:1224)."""
    fs = signals.FS_HZ
    peaks: list[list[float]] = []
    changes = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n = round(40 * fs)
        level = np.full(n, 4.0)
        t = np.arange(n) / fs
        for k in range(5):
            height = 300.0 * 0.6 ** min(k, 3)
            level += height * np.exp(-0.5 * ((t - 6.0 - 6.0 * k) / 0.04) ** 2)
        y = signals.band_pass(level * signals.model_emg(n, rng))
        detector = TwitchDetector(fs, signals.MVC_UV)
        for k in range(5):
            detector.mark(5.7 + 6.0 * k)
        found = [w for w in detector.push(y[:, np.newaxis]) if w.is_response]
        peaks.append([w.peak_pct_mvc for w in found])
        before, after = (
            y[round(1 * fs) : round(5 * fs)],
            y[round(33 * fs) : round(39 * fs)],
        )
        changes.append(float(np.log(after.std() / before.std())))
    whole = [p for p in peaks if len(p) == 5]
    means = np.mean(whole, axis=0)
    z = abs(float(np.mean(changes))) / (
        float(np.std(changes, ddof=1)) / math.sqrt(len(changes))
    )
    falling = bool(means[0] > means[1] > means[2] > means[3])
    value = rounded([*means, len(whole), z], 2)
    return Check(
        "B20",
        "mean peaks in %MVC of five responses, subjects with all, |z| of rest",
        value,
        "falling over the first; rest unchanged (|z| < 2.2); all found in 11 of 12",
        falling and z < 2.2 and len(whole) >= 11,
    )


def b21_coverage() -> Check:
    """Coverage of a pooled effect (Nestoriuc 2008: d = 0.73, 0.61 to 0.84)."""
    rng = np.random.default_rng(21)
    hits, widths = 0, []
    for _ in range(1000):
        sizes = rng.integers(10, 60, 40)
        variance = 2.0 / sizes + 0.73**2 / (4.0 * sizes)
        d = rng.normal(0.73, np.sqrt(variance))
        weight = 1.0 / variance
        mean, sd = (
            float((weight * d).sum() / weight.sum()),
            1.0 / math.sqrt(weight.sum()),
        )
        hits += abs(mean - 0.73) <= 1.96 * sd
        widths.append(2 * 1.96 * sd)
    return Check(
        "B21",
        "coverage of the 95 % interval; its mean width",
        rounded([hits / 1000, float(np.mean(widths))]),
        "0.95 ± 0.02",
        abs(hits / 1000 - 0.95) <= 0.02,
    )


def b22_training() -> Check:
    """Gaps before and after training (EJAP 2008, n = 164)."""
    rows = []
    for seed in range(60):
        row = []
        for share in (0.06, 0.12):
            rng = np.random.default_rng(seed + (1000 if share > 0.1 else 0))
            tension = np.empty(6000)
            level, k = False, 0
            while k < 6000:
                n = (
                    int(rng.exponential(12.0 if level else 12.0 * (1 - share) / share))
                    + 1
                )
                scale = 0.2 if level else (3.2 if share > 0.1 else 4.0)
                tension[k : k + n] = scale * np.exp(
                    0.3 * rng.standard_normal(len(tension[k : k + n]))
                )
                level, k = not level, k + n
            long, short = LoadStatistics(0.1, gap_s=1.0), LoadStatistics(0.1, gap_s=0.2)
            long.push(tension)
            short.push(tension)
            row += [
                short.percentile(50.0),
                short.gaps_per_min,
                long.gaps_per_min,
                short.rest_time_share,
            ]
        rows.append(row)
    means = np.mean(rows, axis=0)
    change = means[4:] - means[:4]
    passed = bool(change[0] < 0 and (change[1:] > 0).all())
    return Check(
        "B22",
        "change of median load, short gaps, long gaps, rest share",
        rounded(list(change)),
        "less activity, more of each kind of rest",
        passed,
    )


CHECKS = (
    b13_endurance,
    b14_force,
    b15_control,
    b16_safe_search,
    b17_habituation,
    b18_cramp,
    b19_reflex,
    b20_twitches,
    b21_coverage,
    b22_training,
)
