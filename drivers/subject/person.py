"""One person without electrodes: prompts and stimulation in, tone out."""

import enum
import math
from dataclasses import dataclass, field

import numpy as np

from drivers.subject.body import BodyParams, mechanism
from drivers.subject.contact import GuidedStretch
from drivers.subject.cramp import Cramp, cramp_hazard
from drivers.subject.effect import Effect, Mechanism
from drivers.subject.fatigue import MotorUnits
from drivers.subject.inhibition import PAIN_GAIN, Response, ResponseParams
from drivers.subject.outcomes import Outcomes, Report, said_now, true_outcomes
from drivers.subject.recruitment import NOTHING, RecruitmentParams, recruit
from drivers.subject.stimulation import (
    SILENCE,
    Modality,
    Stimulation,
    Stimulations,
    each,
)
from drivers.subject.tone import MAX_TONE_PCT_MVC, ToneParams, advance_tone

EFFORT_PCT_MVC = 100.0
ISOMETRIC_PCT_MVC = 25.0  # A: assumption; guided efforts are 20-30 %
LOAD_PCT_MVC = 15.0  # A: assumption; what a reference load asks of a muscle
EFFORT_SPREAD = 0.03  # A: assumption; slow wobble of a maximal effort
EFFORT_TAU_S = 1.0  # A: assumption
STRONG_CONTRACTION_PCT_MVC = 30.0  # A: assumption; from here on a muscle can cramp up
#: A: assumption; 1/s, excitation per %MVC of strong contraction while the tone is low.
CRAMP_GAIN = 0.25
PERCENT = 100.0
RNG_BLOCK = 1024  # even: deviates are drawn by twos


class Task(enum.StrEnum):
    """What a person was asked to do."""

    REST = "rest"
    MVC = "mvc"
    RVC = "rvc"
    RELAX = "relax"
    ISOMETRIC = "isometric"
    STRETCH = "stretch"


EFFORTS_PCT_MVC = {
    Task.MVC: EFFORT_PCT_MVC,
    Task.RVC: LOAD_PCT_MVC,
    Task.ISOMETRIC: ISOMETRIC_PCT_MVC,
}


@dataclass(frozen=True, slots=True)
class PersonParams:
    """One person: muscle tone, nerve thresholds, response and the rest of the body.

    ``effort_scale`` is how much of a maximal effort this person gives when asked.
    """

    tone: ToneParams
    recruitment: RecruitmentParams
    response: ResponseParams
    body: BodyParams = field(default_factory=BodyParams)
    effort_scale: float = 1.0


class _Normals:
    """Normal deviates by twos; unlike a generator it can be copied mid-way."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._block: list[float] = []

    def draw(self) -> tuple[float, float]:
        """Return the next two: what one step takes."""
        block = self._block
        if not block:
            block = self._block = self._rng.standard_normal(RNG_BLOCK).tolist()[::-1]
        return block.pop(), block.pop()


class Person:
    """The state of one person, advanced by steps of ``dt_s``.

    A voluntary contraction and the involuntary activity share one pool of motor
    neurons: the stronger is what the muscle does. Involuntary activity is the tone
    plus whatever reflexes and cramps add. A strong contraction excites the tone, and a
    bistable or tonic person stays tense afterwards.

    Only voluntary contractions tire the muscle: the three-compartment model allows no
    contraction of 18 %MVC for more than some minutes, but tense people have one for
    hours (A: assumption).

    ``excitation`` is what pain, force and fright add to the tone now, in %MVC/s, and
    ``spilled_pct_mvc_s`` what comes on top of it from the muscles beside this one;
    ``voluntary_pct_mvc`` is what the person does on purpose.
    """

    def __init__(
        self, params: PersonParams, rng: np.random.Generator, dt_s: float
    ) -> None:
        tone = params.tone
        pain_gain = PAIN_GAIN * tone.tense_pct_mvc / tone.tau_s
        cramp_rng, self._needle_rng = rng.spawn(2)
        self.params = params
        self.pulses = SILENCE
        self.shaking = SILENCE
        self.recruitment = NOTHING
        self.motor_units = MotorUnits(params.body.fatigue)
        self.cramp = Cramp(cramp_rng, dt_s)
        self.excitation = 0.0
        self.spilled_pct_mvc_s = 0.0
        self._hurt = 0.0
        self._pressed = 0.0
        self._discomfort_nrs = 0.0
        self._dt_s = dt_s
        self._tone = tone.rest_pct_mvc
        self._provoked = False
        self.voluntary_pct_mvc = 0.0
        self._reflex = 0.0
        self._wobble = 0.0
        self._wobble_keep = math.exp(-dt_s / EFFORT_TAU_S)
        self._wobble_fresh = EFFORT_SPREAD * math.sqrt(1.0 - self._wobble_keep**2)
        self._normals = _Normals(rng)
        self._response = Response(
            params.response, params.recruitment.tolerance_ma, pain_gain, dt_s
        )
        self._hazard = 0.0
        self._heard: Stimulations = SILENCE
        self._mechanisms: dict[Modality, Mechanism] = {}
        self._felt: list[tuple[Mechanism, list[Stimulation]]] = []
        self._guided: GuidedStretch | None = None

    @property
    def tone_pct_mvc(self) -> float:
        """What the muscle does now."""
        tone = self._tone + self._reflex
        tone = tone if tone < MAX_TONE_PCT_MVC else MAX_TONE_PCT_MVC
        return tone if tone > self.voluntary_pct_mvc else self.voluntary_pct_mvc

    @property
    def resting_tone_pct_mvc(self) -> float:
        """The involuntary tone without reflexes and cramps."""
        return self._tone

    @property
    def inhibition(self) -> float:
        """Inhibition of the tone in 1/s."""
        return self._response.inhibition

    @property
    def analgesia(self) -> float:
        """Slow analgesia, 0 to 1."""
        return self._response.analgesia

    @property
    def contact(self) -> float:
        """Relaxing drive of touch that has arrived at the reflexes, 0 to 1."""
        return self._response.contact

    def outcomes(self) -> Outcomes:
        """Return what this person would say and show now, if asked well."""
        body = self.params.body
        return true_outcomes(
            body.outcome,
            body.contact,
            analgesia=self.analgesia,
            tone_pct_mvc=self._tone,
            hurt=self._hurt,
            pressed=self._pressed,
        )

    def report(self) -> Report:
        """Return what this person says now, if an operator asks."""
        return said_now(
            self.params.recruitment,
            self.params.body.mat,
            self.recruitment.equivalent_ma,
            [one.level for one in each(self._heard) if one.modality is Modality.MAT],
            self._discomfort_nrs,
        )

    def tense_up(self) -> None:
        """Begin in the tense state, as after a strong contraction."""
        self._provoked = True
        self._tone = self.params.tone.tense_pct_mvc

    def advance(self, stimulations: Stimulations, effort_pct_mvc: float) -> float:
        """Advance one step; return the tone in %MVC."""
        if stimulations is not self._heard:
            self.hear(stimulations)
        effect = self._feel() if self._felt else None
        wobbling, xi = self._normals.draw()
        self._contract(effort_pct_mvc, wobbling)
        if effect is None:
            inhibition, excitation = self._response.advance(self.recruitment)
        else:
            inhibition, excitation = self._response.advance(
                self.recruitment, min(1.0, effect.relaxing), effect.hurt
            )
        self.excitation = excitation
        excitation += self.spilled_pct_mvc_s
        if self.voluntary_pct_mvc > STRONG_CONTRACTION_PCT_MVC:
            excitation += self._tensing()
            self._provoked = True
        self._tone = advance_tone(
            self.params.tone,
            self._tone,
            inhibition,
            excitation,
            xi,
            dt_s=self._dt_s,
            provoked=self._provoked,
        )
        cramp = self.cramp
        is_cramping = self._hazard > 0.0 or cramp.level_pct_mvc > 0.0
        self._reflex = cramp.advance(self._hazard) if is_cramping else 0.0
        if effect is not None:
            self._reflex += effect.reflex_pct_mvc
            if effect.resets:
                self._reset()
        return self.tone_pct_mvc

    def ask(self, task: Task) -> None:
        """Let a prompt begin: a stretch is done slowly, and undone after it."""
        if self._guided is None:
            if task is not Task.STRETCH:
                return
            self._guided = GuidedStretch(self.params.body.contact, self._dt_s)
            self._felt.append((self._guided, []))
        self._guided.is_asked = task is Task.STRETCH

    def hear(self, stimulations: Stimulations) -> None:
        """Sort what comes by what actuates; only the first pulses reach this muscle."""
        is_known = stimulations == self._heard
        self._heard = stimulations
        if is_known:
            return
        by_modality: dict[Modality, list[Stimulation]] = {}
        for one in each(stimulations):
            by_modality.setdefault(one.modality, []).append(one)
        self.pulses = by_modality.pop(Modality.EMS, [SILENCE])[0]
        self.recruitment = recruit(self.params.recruitment, self.pulses)
        body = self.params.body
        self._hazard = cramp_hazard(body.cramp, self.pulses, self.recruitment.motor)
        vibrators = by_modality.get(Modality.VIBRATION, [SILENCE])
        self.shaking = max(vibrators, key=lambda one: one.level)
        for modality in by_modality:
            if modality not in self._mechanisms:
                self._mechanisms[modality] = mechanism(
                    modality, body, self._dt_s, self._needle_rng
                )
        self._felt = [
            (acting, by_modality.get(modality, []))
            for modality, acting in self._mechanisms.items()
        ]
        if self._guided is not None:
            self._felt.append((self._guided, []))

    def _feel(self) -> Effect:
        relaxing = reflex = hurt = pressed = discomfort = 0.0
        resets = False
        for acting, felt in self._felt:
            effect = acting.advance(felt, self._tone)
            relaxing += effect.relaxing
            reflex += effect.reflex_pct_mvc
            hurt += effect.hurt
            resets = resets or effect.resets
            pressed = max(pressed, effect.pressed)
            discomfort = max(discomfort, effect.discomfort_nrs)
        self._hurt, self._pressed = hurt, pressed
        self._discomfort_nrs = discomfort
        return Effect(relaxing, reflex, hurt, resets)

    def _reset(self) -> None:
        self._provoked = False
        self._tone = min(self._tone, self.params.tone.rest_pct_mvc)

    def _tensing(self) -> float:
        """Return the excitation by a strong contraction: up to the tense level only."""
        strong = self.voluntary_pct_mvc - STRONG_CONTRACTION_PCT_MVC
        room = 1.0 - self._tone / self.params.tone.tense_pct_mvc
        return CRAMP_GAIN * strong * max(0.0, room)

    def _contract(self, effort_pct_mvc: float, xi: float) -> None:
        self._wobble = self._wobble_keep * self._wobble + self._wobble_fresh * xi
        units = self.motor_units
        if effort_pct_mvc > 0.0 or units.active > 0.0 or units.fatigued > 0.0:
            load = effort_pct_mvc / PERCENT * self.params.effort_scale
            active = units.advance(min(1.0, load), self._dt_s)
            wanted = PERCENT * active * (1.0 + self._wobble)
            self.voluntary_pct_mvc = (
                wanted if wanted < MAX_TONE_PCT_MVC else MAX_TONE_PCT_MVC
            )


def task_of(word: str) -> Task:
    """Return what a person does when asked for this: nothing, if it is not for them."""
    return Task(word) if word in list(Task) else Task.RELAX


def effort_of(task: Task) -> float:
    """Return the effort in %MVC with which a person follows a prompt."""
    return EFFORTS_PCT_MVC.get(task, 0.0)
