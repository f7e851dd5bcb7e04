"""A small person of one lag and one dead time, and a law that treats it in bouts."""

import math
import statistics
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from service.core.laws.protocol import ClosedBout, Observation
from service.core.program import ResponsePlan
from service.core.response import Response
from service.core.tone import Calibration

DT_S = 0.1
ON_S, OFF_S, MEASURED_S = 3.0, 2.0, 0.7
THRESHOLD_PCT_MVC = 3.0


class Person:
    """First order with dead time, stepped by its own exact recursion."""

    def __init__(
        self, gain, lag_s=8.0, delay_s=1.0, tone=12.0, noise=0.0, seed=0
    ) -> None:
        self.gain, self.tone = gain, tone
        self.keep = math.exp(-DT_S / lag_s)
        self.line = deque([0.0] * round(delay_s / DT_S))
        self.answer, self.noise = 0.0, noise
        self.rng = np.random.default_rng(seed)

    def step(self, level_ma: float) -> float:
        self.line.append(level_ma)
        late_ma = self.line.popleft()
        self.answer = self.keep * self.answer + (1 - self.keep) * self.gain * late_ma
        return max(0.0, self.tone + self.answer)

    def measured(self) -> float:
        true = max(0.0, self.tone + self.answer)
        return max(0.0, true + self.noise * self.rng.standard_normal())


@dataclass
class Course:
    """What happened."""

    t_s: list = field(default_factory=list)
    level_ma: list = field(default_factory=list)
    true_pct_mvc: list = field(default_factory=list)
    reasons: list = field(default_factory=list)
    strikes: int = 0
    state: object = None

    @property
    def peak_ma(self) -> float:
        return max(self.level_ma)

    @property
    def dose_ma_s(self) -> float:
        return sum(self.level_ma) * DT_S

    def last(self, seconds: float) -> np.ndarray:
        return np.array(self.true_pct_mvc[-round(seconds / DT_S) :])


def treat_in_bouts(law, person, duration_s, cap_ma=15.0, *, guarded=False) -> Course:
    """Run a law; with `guarded` under the strikes of the real response plan."""
    course, state, level, level_t_s = Course(), law.start(), 0.0, 0.0
    tone, window = math.nan, []
    plan = ResponsePlan()
    baseline = Calibration(1.0, 400.0, person.tone, 0.05 * person.tone)
    response = Response()
    for k in range(round(duration_s / DT_S)):
        t_s = k * DT_S
        in_bout_s = t_s % (ON_S + OFF_S)
        if in_bout_s >= ON_S + OFF_S - MEASURED_S - 1e-9:
            tone = person.measured()
            window.append(tone)
            response = response.measured(tone)
        closed = None
        if k and round(in_bout_s / DT_S) % round((ON_S + OFF_S) / DT_S) == 0:
            closed = ClosedBout(statistics.fmean(window) if window else math.nan, level)
            window = []
            before = response.strikes
            response = response.window_closed(plan, baseline, t_s, level)
            if guarded and response.strikes > before:
                level = level * 0.5
        if guarded and response.strikes >= plan.strikes:
            break
        observation = Observation(
            t_s=t_s,
            level_ma=level,
            level_t_s=level_t_s,
            tone_pct_mvc=tone,
            threshold_pct_mvc=THRESHOLD_PCT_MVC,
            cap_ma=min(cap_ma, response.cap) if guarded else cap_ma,
            quiet=guarded and t_s < response.quiet_until_s,
            closed=closed,
        )
        state, level, reason = law.step(state, observation)
        level_t_s = t_s
        course.t_s.append(t_s)
        course.level_ma.append(level)
        course.true_pct_mvc.append(person.step(level))
        course.reasons.append(reason)
    course.strikes, course.state = response.strikes, state
    return course
