"""Small models of muscles and people behind the checks that are about response."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dsp.types import F64

#: Three-compartment fatigue, per second: fatigue and recovery rate (Frey-Law, Looft and
#: Heitsman 2012, J Biomech 45:1803; elbow and hand R).
JOINTS = {
    "ankle": (0.00589, 0.00058),
    "knee": (0.01500, 0.00149),
    "trunk": (0.00755, 0.00075),
    "shoulder": (0.01820, 0.00168),
    "elbow": (0.00912, 0.00094),
    "hand": (0.00980, 0.00064),
}
TRACKING_PER_S = 10.0
#: A load is no longer held when so much of it is reached, after a start.
ENOUGH, SETTLE_S = 0.99, 2.0


def endurance_s(load: float, fatigue: float, recovery: float) -> float:
    """Return how long a load (0 to 1) can be held."""
    active, tired, resting = 0.0, 0.0, 1.0
    dt, t = 0.05, 0.0
    while t < 6000.0:  # noqa: PLR2004 - longer than any published endurance
        missing = load - active
        drive = TRACKING_PER_S * (min(missing, resting) if missing > 0 else missing)
        d_active = drive - fatigue * active
        d_tired = fatigue * active - recovery * tired
        active += dt * d_active
        tired += dt * d_tired
        resting = 1.0 - active - tired
        t += dt
        if t > SETTLE_S and active < ENOUGH * load:
            break
    return t


def train_force(
    rate_hz: float, seconds: float, *, on_s: float = 1.0
) -> tuple[float, float]:
    """Return the first and the last peak force (N) of on-off trains.

    Ding, Wexler and Binder-Macleod's model, time in milliseconds.
    """
    tau_c, tau1, tau2, a, km = 20.0, 50.957, 60.0, 3.009, 0.103
    a0, tau10, km0, slow = a, tau1, km, 127_000.0
    calcium, force, dt = 0.0, 0.0, 0.5
    peaks: list[float] = []
    peak, rise, last = 0.0, 0.0, -1e9
    period = 1000.0 / rate_hz
    following = 0.0
    for k in range(round(seconds * 1000.0 / dt)):
        t = k * dt
        in_train = t % (2000.0 * on_s) < 1000.0 * on_s
        if t % (2000.0 * on_s) < dt:
            peaks.append(peak)
            peak, following, last = 0.0, t, -1e9
        if in_train and t >= following:
            fresh = last < 0
            gain = 1.0 if fresh else 1.0 + (km + 0.04) * np.exp(-(t - last) / tau_c)
            rise += gain
            last, following = t, following + period
        rise -= dt * rise / tau_c
        calcium += dt * (rise - calcium) / tau_c
        bound = calcium / (km + calcium)
        force += dt * (a * bound - force / (tau1 + tau2 * bound))
        a += dt * (-(a - a0) / slow - 4.0e-7 * force)
        tau1 += dt * (-(tau1 - tau10) / slow + 2.1e-5 * force)
        km += dt * (-(km - km0) / slow + 1.9e-8 * force)
        peak = max(peak, force)
    return float(peaks[1]), float(peaks[-1])


@dataclass(frozen=True)
class Plant:
    """Tone (%MVC) under stimulation: sigmoid recruitment, inhibition with a lag."""

    rest_pct: float = 2.0
    tense_pct: float = 12.0
    lag_s: float = 8.0
    gain: float = 1.0

    def run(self, law: Callable[[float, float], float], seconds: float = 240.0) -> F64:
        """Return the tone once per second; ``law(t, tone)`` gives the intensity."""
        inhibition, tone = 0.0, self.tense_pct
        tones = []
        for t in range(round(seconds)):
            ma = law(float(t), tone)
            reached = self.gain / (1.0 + np.exp(-(ma - 18.0) / 4.0))
            inhibition += (reached - inhibition) / self.lag_s
            target = self.rest_pct + (self.tense_pct - self.rest_pct) * (
                1.0 - inhibition
            )
            tone += (target - tone) / 3.0
            tones.append(tone)
        return np.array(tones)


def gp_predict(x: F64, y: F64, at: F64, length: float = 0.3) -> tuple[F64, F64]:
    """Return mean and deviation of a Gaussian process with small noise."""

    def kernel(a: F64, b: F64) -> F64:
        d = np.square(a[:, None, :] - b[None, :, :]).sum(axis=2)
        return np.asarray(np.exp(-0.5 * d / length**2))

    k = kernel(x, x) + 1e-3 * np.eye(len(x))
    ks = kernel(at, x)
    mean = ks @ np.linalg.solve(k, y)
    variance = 1.0 - np.einsum("ij,ji->i", ks, np.linalg.solve(k, ks.T))
    return np.asarray(mean), np.asarray(np.sqrt(np.maximum(variance, 1e-9)))
