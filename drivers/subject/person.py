"""One person without electrodes: prompts and stimulation in, tone out."""

import enum
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from drivers.subject.inhibition import PAIN_GAIN, Response, ResponseParams
from drivers.subject.recruitment import NOTHING, RecruitmentParams, recruit
from drivers.subject.stimulation import Stimulation
from drivers.subject.tone import ToneParams, advance_tone

#: A: assumption; 10-90 % rise of 0.3 s, which a first-order lag reaches in 2.2 tau.
VOLUNTARY_TAU_S = 0.3 / 2.2
EFFORT_PCT_MVC = 100.0
LOAD_PCT_MVC = 15.0  # A: assumption; what a reference load asks of a muscle
EFFORT_SPREAD = 0.03  # A: assumption; slow wobble of a maximal effort
EFFORT_TAU_S = 1.0  # A: assumption
STRONG_CONTRACTION_PCT_MVC = 30.0  # A: assumption; from here on a muscle can cramp up
#: A: assumption; 1/s, excitation per %MVC of strong contraction while the tone is low.
CRAMP_GAIN = 0.25
RNG_BLOCK = 1024


class Task(enum.StrEnum):
    """What a person was asked to do."""

    REST = "rest"
    MVC = "mvc"
    RVC = "rvc"
    RELAX = "relax"


EFFORTS_PCT_MVC = {Task.MVC: EFFORT_PCT_MVC, Task.RVC: LOAD_PCT_MVC}


@dataclass(frozen=True, slots=True)
class PersonParams:
    """One person: muscle tone, nerve thresholds and response."""

    tone: ToneParams
    recruitment: RecruitmentParams
    response: ResponseParams


def _normals(rng: np.random.Generator) -> Iterator[float]:
    for _ in repeat(None):
        yield from rng.standard_normal(RNG_BLOCK).tolist()


class Person:
    """The state of one person, advanced by steps of ``dt_s``.

    A voluntary contraction and the involuntary tone share one pool of motor neurons:
    the stronger is what the muscle does. A strong contraction excites the tone, and a
    bistable or tonic person stays tense afterwards.
    """

    def __init__(
        self, params: PersonParams, rng: np.random.Generator, dt_s: float
    ) -> None:
        tone = params.tone
        pain_gain = PAIN_GAIN * tone.tense_pct_mvc / tone.tau_s
        self.params = params
        self.recruitment = NOTHING
        self._dt_s = dt_s
        self._tone = tone.rest_pct_mvc
        self._provoked = False
        self._voluntary = 0.0
        self._wobble = 0.0
        self._normal = _normals(rng)
        self._response = Response(
            params.response, params.recruitment.tolerance_ma, pain_gain, dt_s
        )

    @property
    def tone_pct_mvc(self) -> float:
        """What the muscle does now."""
        return max(self._tone, self._voluntary)

    @property
    def inhibition(self) -> float:
        """Inhibition of the tone in 1/s."""
        return self._response.inhibition

    def tense_up(self) -> None:
        """Begin in the tense state, as after a strong contraction."""
        self._provoked = True
        self._tone = self.params.tone.tense_pct_mvc

    def advance(self, stimulation: Stimulation, effort_pct_mvc: float) -> float:
        """Advance one step; return the tone in %MVC."""
        self.recruitment = recruit(self.params.recruitment, stimulation)
        self._contract(effort_pct_mvc)
        inhibition, excitation = self._response.advance(self.recruitment)
        cramping = self._cramping()
        self._provoked = self._provoked or cramping > 0.0
        self._tone = advance_tone(
            self.params.tone,
            self._tone,
            inhibition,
            excitation + cramping,
            next(self._normal),
            dt_s=self._dt_s,
            provoked=self._provoked,
        )
        return self.tone_pct_mvc

    def _cramping(self) -> float:
        """Return the excitation by a strong contraction: up to the tense level only."""
        strong = max(0.0, self._voluntary - STRONG_CONTRACTION_PCT_MVC)
        room = 1.0 - self._tone / self.params.tone.tense_pct_mvc
        return CRAMP_GAIN * strong * max(0.0, room)

    def _contract(self, effort_pct_mvc: float) -> None:
        keep = math.exp(-self._dt_s / EFFORT_TAU_S)
        fresh = EFFORT_SPREAD * math.sqrt(1.0 - keep * keep)
        self._wobble = keep * self._wobble + fresh * next(self._normal)
        target = effort_pct_mvc * (1.0 + self._wobble)
        step = -math.expm1(-self._dt_s / VOLUNTARY_TAU_S)
        self._voluntary += (target - self._voluntary) * step


def effort_of(task: Task) -> float:
    """Return the effort in %MVC with which a person follows a prompt."""
    return EFFORTS_PCT_MVC.get(task, 0.0)
