"""Hands on the muscle: kneading, sustained pressure, and stretch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.subject.effect import NO_EFFECT, Effect, discomfort_nrs, over_sites
from drivers.subject.stimulation import Modality, Stimulation

KNEADING_HALF_KPA = 150.0  # A: assumption; half of the effect of kneading
DEEP_KPA = 100.0  # A: assumption; deeper than this is deep
WARM_UP_S = 60.0  # A: assumption; light contact that prepares for deep pressure
COOL_DOWN_S = 600.0  # A: assumption
#: Deep pressure before light raised the resting EMG by 235 %, light before deep did
#: not (Roberts 2011, Int J Ther Massage Bodywork).
DEEP_FIRST_RISE = 2.35
#: A: assumption; guarding is proportional to the tone of a muscle near rest only.
GUARDED_TONE_PCT_MVC = 5.0
RELEASE_TAU_S = 20.0  # A: assumption; sustained pressure and stretch act so slowly
PAINFUL_PPT = 1.3  # A: assumption; pressure hurts from here on, over the threshold
PAIN_SPAN_PPT = 0.1 / 0.9 * PAINFUL_PPT  # as for a current: from 0.9 of the tolerance
LIMB_TAU_S = 0.1  # A: assumption; a limb follows the hands with this lag
#: A: assumption; a pressure that is held feels half as bad after so long (R: in manual
#: treatment discomfort falls within a hold of 30-90 s).
HELD_HALF_S = 30.0
GUIDED_DEG_S = 5.0  # A: assumption; how slowly people stretch when they are asked to
#: A: assumption; of the reflex threshold of a relaxed muscle: in a muscle that is at
#: 5 %MVC or more, the same stretch wakes the reflex.
GUIDED_SHARE = 0.92
STRETCHED_SHARE = 0.5  # A: assumption; of the reflex threshold; less is no stretch


@dataclass(frozen=True, slots=True)
class ContactParams:
    """How one person answers to hands.

    ``ppt_kpa`` is the pressure-pain threshold of the tense site: 245 ± 69 kPa in a
    healthy upper trapezius (R), 105 kPa lower over a trigger point (Geri 2022, J Clin
    Med 11:7243). ``site_weights`` says how much each actuator of a row matters.
    ``stretch_deg`` is where the stretch reflex of a relaxed muscle begins.
    """

    ppt_kpa: float = 140.0
    site_weights: tuple[float, ...] = (1.0,)
    stretch_deg: float = 42.0
    stretch_lead_s: float = 0.2
    stretch_gain_pct_per_deg: float = 0.5
    stretch_loss_deg_per_pct: float = 0.5

    def reflex_deg(self, tone_pct_mvc: float) -> float:
        """Return where the stretch reflex begins now: earlier in a tense muscle."""
        return self.stretch_deg - self.stretch_loss_deg_per_pct * tone_pct_mvc


def pressure_hurt(pressure_kpa: float, ppt_kpa: float) -> float:
    """Return how much a pressure hurts: 0 up to 1.3 of the threshold, then rising."""
    return max(0.0, (pressure_kpa / ppt_kpa - PAINFUL_PPT) / PAIN_SPAN_PPT)


class Massage:
    """Kneading and stroking: relaxes during the contact, if light came before deep.

    The duty of a stroke is in the level, that comes and goes. A stroke that is deep
    before `WARM_UP_S` of light contact makes the muscle guard.
    """

    def __init__(self, params: ContactParams, dt_s: float) -> None:
        self._params = params
        self._dt_s = dt_s
        self._warmth = 0.0

    def advance(self, felt: Sequence[Stimulation], tone_pct_mvc: float) -> Effect:
        """Advance one step under a row of actuators."""
        deepest = max((site.level for site in felt), default=0.0)
        if deepest <= 0.0:
            self._warmth -= self._warmth * self._dt_s / COOL_DOWN_S
            return NO_EFFECT
        relaxing = over_sites(
            [site.level / (site.level + KNEADING_HALF_KPA) for site in felt],
            self._params.site_weights,
        )
        if deepest <= DEEP_KPA:
            self._warmth = min(1.0, self._warmth + self._dt_s / WARM_UP_S)
            guarding = 0.0
        else:
            guarded = min(tone_pct_mvc, GUARDED_TONE_PCT_MVC)
            guarding = DEEP_FIRST_RISE * guarded * (1.0 - self._warmth)
        hurt = pressure_hurt(deepest, self._params.ppt_kpa)
        pressed = deepest / self._params.ppt_kpa
        nrs = discomfort_nrs(pressed)
        return Effect(relaxing, guarding, hurt, pressed=pressed, discomfort_nrs=nrs)


class Pressure:
    """Sustained pressure: releases slowly while it is held near the threshold.

    Discomfort fades while a pressure is held, and is new when it rises.
    """

    def __init__(self, params: ContactParams, dt_s: float) -> None:
        self._params = params
        self._step = min(1.0, dt_s / RELEASE_TAU_S)
        self._fade = 1.0 - 0.5 ** (dt_s / HELD_HALF_S)
        self._release = 0.0
        self._faded_nrs = 0.0

    def advance(
        self,
        felt: Sequence[Stimulation],
        tone_pct_mvc: float,  # noqa: ARG002
    ) -> Effect:
        """Advance one step under one or more thumbs; the hardest counts."""
        kpa = max((site.level for site in felt), default=0.0)
        pressed = kpa / self._params.ppt_kpa
        nrs = discomfort_nrs(pressed)
        self._faded_nrs += (nrs - self._faded_nrs) * self._fade
        if kpa <= 0.0:
            self._release = 0.0
            return NO_EFFECT
        self._release += (min(1.0, pressed) - self._release) * self._step
        hurt = pressure_hurt(kpa, self._params.ppt_kpa)
        left_nrs = max(0.0, nrs - self._faded_nrs)
        return Effect(
            self._release, 0.0, hurt, pressed=pressed, discomfort_nrs=left_nrs
        )


class Stretch:
    """A stretch: releases slowly when slow, and wakes the stretch reflex when fast.

    The reflex is ``G max(0, x + mu x' - lambda)`` (after Feng and Mak's model of a
    spastic elbow), with lambda lower in a tense muscle.
    """

    def __init__(self, params: ContactParams, dt_s: float) -> None:
        self._params = params
        self._follow = -math.expm1(-dt_s / LIMB_TAU_S)
        self._step = min(1.0, dt_s / RELEASE_TAU_S)
        self._at_deg = 0.0
        self._release = 0.0

    def advance(self, felt: Sequence[Stimulation], tone_pct_mvc: float) -> Effect:
        """Advance one step towards the angle to which the limb is taken."""
        params = self._params
        target_deg = max((site.level for site in felt), default=0.0)
        speed_deg_s = (target_deg - self._at_deg) / LIMB_TAU_S
        self._at_deg += (target_deg - self._at_deg) * self._follow
        is_stretched = self._at_deg > STRETCHED_SHARE * params.stretch_deg
        if is_stretched:
            self._release += (1.0 - self._release) * self._step
        else:
            self._release = 0.0
        felt_deg = self._at_deg + params.stretch_lead_s * max(0.0, speed_deg_s)
        beyond_deg = max(0.0, felt_deg - params.reflex_deg(tone_pct_mvc))
        return Effect(self._release, params.stretch_gain_pct_per_deg * beyond_deg)


class GuidedStretch:
    """A stretch that a person does slowly while asked to, and undoes as slowly."""

    def __init__(self, params: ContactParams, dt_s: float) -> None:
        self._stretch = Stretch(params, dt_s)
        self._goal_deg = GUIDED_SHARE * params.stretch_deg
        self._step_deg = GUIDED_DEG_S * dt_s
        self._at_deg = 0.0
        self.is_asked = False

    def advance(
        self,
        felt: Sequence[Stimulation],  # noqa: ARG002
        tone_pct_mvc: float,
    ) -> Effect:
        """Advance one step; nothing but the prompt moves the limb."""
        if self.is_asked:
            self._at_deg = min(self._goal_deg, self._at_deg + self._step_deg)
        else:
            self._at_deg = max(0.0, self._at_deg - self._step_deg)
        limb = Stimulation(self._at_deg, modality=Modality.STRETCH)
        return self._stretch.advance((limb,), tone_pct_mvc)
