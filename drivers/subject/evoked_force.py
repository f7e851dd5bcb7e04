"""Force and fatigue of a muscle that pulses drive (Ding, Wexler, Binder-Macleod).

Time is in milliseconds, force in newton::

    CN' = S / tau_c - CN / tau_c,            S = sum of R_i exp(-(t - t_i) / tau_c)
    F'  = A x - F / (tau_1 + tau_2 x),       x = CN / (Km + CN)
    A'  = -(A - A_0) / tau_f + a_A F         and in the same way tau_1 and Km

with R_1 = 1 and R_i = 1 + (R_0 - 1) exp(-(t_i - t_(i-1)) / tau_c), R_0 = Km + 1.04.
"""

import math
from dataclasses import dataclass

#: Longest step: calcium is exact for any, the force within 1 % for this one.
STEP_MS = 10.0
R0_OFFSET = 1.04
#: By then neither calcium nor force is left, and only the recovery goes on.
FORGOTTEN_MS = 500.0


@dataclass(frozen=True, slots=True)
class ForceParams:
    """Parameters of the quadriceps.

    ``km_per_ms_n`` is 1.9e-8: printed copies in these units say 1.9e-5, with which the
    force of any train collapses. ``tau2_ms`` is 60 or 100 in different copies (R).
    """

    tau_c_ms: float = 20.0
    tau1_ms: float = 50.957
    tau2_ms: float = 60.0
    scale_n_per_ms: float = 3.009
    km: float = 0.103
    recovery_ms: float = 127_000.0
    scale_per_ms2: float = -4.0e-7
    tau1_per_n: float = 2.1e-5
    km_per_ms_n: float = 1.9e-8


QUADRICEPS = ForceParams()


class EvokedForce:
    """One muscle between and under pulses."""

    __slots__ = (
        "_calcium",
        "_params",
        "_released",
        "_since_pulse_ms",
        "force_n",
        "km",
        "scale_n_per_ms",
        "tau1_ms",
    )

    def __init__(self, params: ForceParams = QUADRICEPS) -> None:
        self._params = params
        self.scale_n_per_ms = params.scale_n_per_ms
        self.tau1_ms = params.tau1_ms
        self.km = params.km
        self.force_n = 0.0
        self._calcium = 0.0
        self._released = 0.0
        self._since_pulse_ms = FORGOTTEN_MS

    @property
    def freshness(self) -> float:
        """What is left of the force scale A, 1 when rested."""
        return self.scale_n_per_ms / self._params.scale_n_per_ms

    def pulse(self) -> None:
        """Let one pulse act now."""
        params = self._params
        gain = 1.0
        if self._since_pulse_ms < FORGOTTEN_MS:
            decay = math.exp(-self._since_pulse_ms / params.tau_c_ms)
            gain += (self.km + R0_OFFSET - 1.0) * decay
        self._released += gain
        self._since_pulse_ms = 0.0

    def advance(self, duration_ms: float, recruited: float = 1.0) -> float:
        """Let time pass after the last pulse; return the highest force on the way.

        ``recruited`` is the share of the fibres that the pulses reach: force and
        fatigue are those of the fibres that take part (A: assumption).
        """
        busy_ms = min(duration_ms, max(0.0, FORGOTTEN_MS - self._since_pulse_ms))
        highest = self.force_n
        n_steps = math.ceil(busy_ms / STEP_MS)
        if n_steps:
            h_ms = busy_ms / n_steps
            half = math.exp(-0.5 * h_ms / self._params.tau_c_ms)
            keep = math.exp(-h_ms / self._params.recovery_ms)
        for _ in range(n_steps):
            self._step(h_ms, half, keep, recruited)
            highest = max(highest, self.force_n)
        rest_ms = duration_ms - busy_ms
        if rest_ms > 0.0:
            self._recover(math.exp(-rest_ms / self._params.recovery_ms))
        self._since_pulse_ms += duration_ms
        return highest

    def _step(self, h_ms: float, half: float, keep: float, recruited: float) -> None:
        """Advance by ``h_ms``, with what calcium keeps in half of it, and fatigue."""
        params = self._params
        middle = (self._calcium + self._released * 0.5 * h_ms / params.tau_c_ms) * half
        self._calcium = (
            self._calcium + self._released * h_ms / params.tau_c_ms
        ) * half**2
        self._released *= half**2
        bound = middle / (self.km + middle)
        tau_ms = self.tau1_ms + params.tau2_ms * bound
        end_n = self.scale_n_per_ms * bound * tau_ms
        before_n = self.force_n
        self.force_n = end_n + (before_n - end_n) * math.exp(-h_ms / tau_ms)
        load = 0.5 * (before_n + self.force_n) * h_ms * recruited
        self._recover(keep)
        self.scale_n_per_ms = max(
            0.0, self.scale_n_per_ms + params.scale_per_ms2 * load
        )
        self.tau1_ms += params.tau1_per_n * load
        self.km += params.km_per_ms_n * load

    def _recover(self, keep: float) -> None:
        params = self._params
        rested = params.scale_n_per_ms
        self.scale_n_per_ms = rested + (self.scale_n_per_ms - rested) * keep
        self.tau1_ms = params.tau1_ms + (self.tau1_ms - params.tau1_ms) * keep
        self.km = params.km + (self.km - params.km) * keep
