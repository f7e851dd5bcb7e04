"""What is looked at while a session goes on: the truth beside what it says."""

import math
from collections import deque
from dataclasses import dataclass, field

from service.core.company import treatments_of
from service.core.model import STIMULATING_PHASES, Phase
from service.core.state import Session, Treatment
from service.trial.rig import CHUNK_SAMPLES, SAMPLE_RATE_HZ, TrialRig

CHUNK_S = CHUNK_SAMPLES / SAMPLE_RATE_HZ

#: What a tension may be off by under every disturbance: a goal of this project.
TENSION_ERROR_PCT_MVC = 1.0

#: An effort that was asked for is no tone; below this it is over. A.
EFFORT_PCT_MVC = 1.0

Tones = list[tuple[float, float]]
"""(t_s, tone) of every chunk."""


@dataclass(slots=True)
class Watch:
    """Looks at session and truth after every chunk.

    ``truth`` holds for each muscle the mean true tone of every chunk so far, with its
    time; chunks of an effort that was asked for are left out.
    """

    truth: list[Tones] = field(default_factory=list)
    updates: int = 0
    false_relaxed: int = 0
    grossly_false: int = 0
    missed_relaxed: int = 0
    measured: int = 0
    measured_false: int = 0
    tone_s: list[float] = field(default_factory=list)
    at_cap_s: float = 0.0
    end_s: float = math.nan

    def look(self, rig: TrialRig, session: Session) -> None:
        """Take one look."""
        newest = rig.source.truth[-1]
        tones = newest.tones_pct_mvc.mean(axis=0).tolist()
        if not self.truth:
            self.truth = [[] for _ in tones]
            self.tone_s = [-math.inf] * len(tones)
        if rig.person.voluntary_pct_mvc < EFFORT_PCT_MVC:
            for own, tone in zip(self.truth, tones, strict=True):
                own.append((newest.t_s, tone))
        treatments = treatments_of(session)
        if not treatments or session.phase not in STIMULATING_PHASES:
            return
        self.end_s = session.now_s
        for k, treatment in enumerate(treatments):
            self._compare(session, k, treatment, tones[k])

    def _compare(
        self, session: Session, k: int, treatment: Treatment, tone: float
    ) -> None:
        """Compare what a session says of one muscle with what is true."""
        self.updates += 1
        success = session.setup.program.success
        relaxed = treatment.relaxation.relaxed
        # The state has hysteresis: between threshold and exit level both are right.
        exit_pct_mvc = success.exit_ratio * success.threshold_pct_mvc
        false = relaxed and tone > exit_pct_mvc
        self.false_relaxed += false
        self.grossly_false += false and tone > exit_pct_mvc + TENSION_ERROR_PCT_MVC
        self.missed_relaxed += not relaxed and tone < success.threshold_pct_mvc
        if treatment.tone_s > self.tone_s[k]:
            self.tone_s[k] = treatment.tone_s
            self.measured += 1
            self.measured_false += false
        since_s = treatment.response.at_cap_since_s
        if since_s is not None and session.phase is Phase.TREATING:
            self.at_cap_s = max(self.at_cap_s, session.now_s - since_s)

    def baselines_pct_mvc(self, start_s: float, baseline_s: float) -> list[float]:
        """Return the mean true tone of each muscle before the treatment."""
        return [_mean_before(own, start_s, baseline_s) for own in self.truth]


def _mean_before(own: Tones, start_s: float, baseline_s: float) -> float:
    tones = [tone for t_s, tone in own if -baseline_s < t_s - start_s <= 0]
    return sum(tones) / len(tones)


def smoothed(tones: Tones, window_s: float) -> Tones:
    """Return means over the last ``window_s``, once there is that much."""
    n = max(1, round(window_s / CHUNK_S))
    recent: deque[float] = deque(maxlen=n)
    found = []
    for t_s, tone in tones:
        recent.append(tone)
        if len(recent) == n:
            found.append((t_s, sum(recent) / n))
    return found
