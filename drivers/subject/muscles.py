"""Further muscles for one subject, drawn by a seed (all ranges A: assumptions).

They are of the same person: what is not drawn here is that of the first muscle. In turn
they are mildly tense and relaxed.
"""

from dataclasses import replace

import numpy as np

from drivers.errors import DriverConfigError
from drivers.subject.draws import Range, uniform
from drivers.subject.muscle import Companion
from drivers.subject.person import PersonParams
from drivers.subject.population import (
    TOLERANCE_ABOVE_MOTOR_MA,
    TRIGGER_POINT_KPA,
    needed_inhibition,
)
from drivers.subject.recruitment import RecruitmentParams
from drivers.subject.subject import SubjectParams
from drivers.subject.tone import BistableTone, ToneParams, TonicTone

#: By how much muscles of one person differ in what they have in common.
ALIKE: Range = (0.9, 1.1)
SIGMA_SHARE: Range = (0.7, 1.3)  # of the first muscle's EMG at 100 %MVC
MILD_SHARE: Range = (0.4, 0.6)  # of the first muscle's tense level
LEAST_MILD_PCT_MVC = 5.0
#: A relaxed muscle after an effort, over its rest: it has no spasm to fall into.
RELAXED_OVER_REST: Range = (1.2, 2.0)
REST_BELOW_SADDLE = 0.5
#: Pain at the start, and how far the pressure-pain threshold is towards healthy.
MILD_PAIN, RELAXED_PAIN = 0.5, 0.0
MILD_HEALTH, RELAXED_HEALTH = 0.5, 1.0


def with_muscles(
    params: SubjectParams, n: int, seed: int, *, tensest: int = 0
) -> SubjectParams:
    """Return the same subject with n muscles; the same seed gives the same ones.

    The muscle that ``params`` has is the tensest, and becomes number ``tensest``: the
    others move up. Muscle k is the same whatever n is.
    """
    if not (n >= 1 and 0 <= tensest < n):
        expected = "n >= 1 muscles, the tensest of them from 0 to n - 1"
        msg = f"muscles: expected {expected}, got n={n}, tensest={tensest}"
        raise DriverConfigError(msg)
    muscles = [
        _companion(params, np.random.default_rng((seed, k)), is_mild=k % 2 == 1)
        for k in range(1, n)
    ]
    muscles.insert(tensest, Companion(params.person, params.sigma_mvc_uv))
    first, *others = muscles
    return replace(
        params,
        person=first.person,
        sigma_mvc_uv=first.sigma_mvc_uv,
        companions=tuple(others),
    )


def _companion(
    params: SubjectParams, rng: np.random.Generator, *, is_mild: bool
) -> Companion:
    person = params.person
    tone = _mild(person.tone, rng) if is_mild else _relaxed(person.tone, rng)
    changed = replace(
        _with_answer(person, tone, rng),
        tone=tone,
        recruitment=_nerves(person.recruitment, rng),
    )
    if is_mild:
        changed = _with_soreness(changed, rng, MILD_PAIN, MILD_HEALTH)
    else:
        changed = _with_soreness(changed, rng, RELAXED_PAIN, RELAXED_HEALTH)
    return Companion(changed, params.sigma_mvc_uv * uniform(rng, SIGMA_SHARE))


def _mild(first: ToneParams, rng: np.random.Generator) -> ToneParams:
    """Draw the same kind of tone at a lower tense level."""
    share = uniform(rng, MILD_SHARE) * first.tense_pct_mvc
    tense = min(first.tense_pct_mvc, max(LEAST_MILD_PCT_MVC, share))
    rest = first.rest_pct_mvc * uniform(rng, ALIKE)
    tau_s = first.tau_s * uniform(rng, ALIKE)
    if isinstance(first, TonicTone):
        return TonicTone(rest, tense, tau_s, first.noise)
    saddle = first.saddle_pct_mvc / first.tense_pct_mvc * tense
    rest = min(rest, REST_BELOW_SADDLE * saddle)
    return BistableTone(rest, saddle, tense, tau_s, first.noise)


def _relaxed(first: ToneParams, rng: np.random.Generator) -> TonicTone:
    rest = first.rest_pct_mvc * uniform(rng, ALIKE)
    level = rest * uniform(rng, RELAXED_OVER_REST)
    return TonicTone(rest, level, first.tau_s * uniform(rng, ALIKE), first.noise)


def _with_answer(
    person: PersonParams, tone: ToneParams, rng: np.random.Generator
) -> PersonParams:
    """Scale what inhibits to what this tone needs, what excites to its level.

    A relaxed muscle needs none, and can be inhibited like the first.
    """
    response, first = person.response, person.tone
    needed, needed_first = needed_inhibition(tone), needed_inhibition(first)
    inhibition = needed / needed_first if min(needed, needed_first) > 0.0 else 1.0
    level = tone.tense_pct_mvc / first.tense_pct_mvc
    changed = replace(
        response,
        inhibition_gain=response.inhibition_gain * inhibition * uniform(rng, ALIKE),
        inhibition_tau_s=response.inhibition_tau_s * uniform(rng, ALIKE),
        analgesia_gain=response.analgesia_gain * inhibition,
        adverse_gain=response.adverse_gain * level * first.tau_s / tone.tau_s,
        startle_gain=response.startle_gain * level,
    )
    return replace(person, response=changed)


def _nerves(first: RecruitmentParams, rng: np.random.Generator) -> RecruitmentParams:
    motor = first.motor_ma * uniform(rng, ALIKE)
    tolerance = first.tolerance_ma * uniform(rng, ALIKE)
    return replace(
        first,
        sensory_ma=first.sensory_ma * uniform(rng, ALIKE),
        motor_ma=motor,
        tolerance_ma=max(tolerance, motor + TOLERANCE_ABOVE_MOTOR_MA),
    )


def _with_soreness(
    person: PersonParams, rng: np.random.Generator, pain: float, health: float
) -> PersonParams:
    """Raise the pressure-pain threshold towards that of a muscle without a knot."""
    body = person.body
    ppt_kpa = body.contact.ppt_kpa + health * TRIGGER_POINT_KPA
    contact = replace(body.contact, ppt_kpa=ppt_kpa * uniform(rng, ALIKE))
    outcome = replace(body.outcome, pain_nrs=body.outcome.pain_nrs * pain)
    return replace(person, body=replace(body, contact=contact, outcome=outcome))
