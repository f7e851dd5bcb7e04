"""Named kinds of subjects, and individuals drawn from them by a seed.

Ranges are narrower than those of a population (`drivers.subject.cohorts`), so that
every individual keeps the promise of the preset's name. They are A: assumptions unless
a source is given.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from drivers.errors import DriverConfigError
from drivers.subject.artifact import ArtifactParams
from drivers.subject.cohorts import draw_subject
from drivers.subject.contaminants import ContaminantParams
from drivers.subject.draws import Range, clipped_normal
from drivers.subject.inhibition import ResponseParams
from drivers.subject.person import PersonParams
from drivers.subject.population import STATE_NOISE, needed_inhibition
from drivers.subject.preset_names import COHORT_NAMES, DEFAULT_PRESET, PRESET_NAMES
from drivers.subject.recruitment import RecruitmentParams
from drivers.subject.subject import SubjectParams
from drivers.subject.tone import BistableTone, TonicTone


def _draw_bistable(rng: np.random.Generator) -> BistableTone:
    tense = clipped_normal(rng, 18.0, 4.0, (12.0, 25.0))
    return BistableTone(
        rest_pct_mvc=float(rng.uniform(0.3, 0.6)),
        saddle_pct_mvc=float(rng.uniform(0.30, 0.45)) * tense,
        tense_pct_mvc=tense,
        tau_s=float(rng.uniform(2.0, 5.0)),
        noise=STATE_NOISE,
    )


def _draw_tonic(rng: np.random.Generator) -> TonicTone:
    return TonicTone(
        rest_pct_mvc=float(rng.uniform(0.3, 0.6)),
        tense_pct_mvc=clipped_normal(rng, 12.0, 2.0, (9.0, 16.0)),
        tau_s=float(rng.uniform(2.0, 5.0)),
        noise=STATE_NOISE,
    )


def _draw_recruitment(rng: np.random.Generator) -> RecruitmentParams:
    """Draw thresholds; the motor threshold from the easily excited end of adults."""
    motor = clipped_normal(rng, 16.0, 1.5, (13.0, 18.0))
    tolerance = clipped_normal(rng, 43.0, 3.5, (36.0, 50.0))
    return RecruitmentParams(
        sensory_ma=clipped_normal(rng, 7.0, 1.0, (5.0, 9.0)),
        motor_ma=motor,
        tolerance_ma=tolerance,
        chronaxie_us=float(rng.uniform(150.0, 300.0)),
    )


def _draw_response(
    rng: np.random.Generator, unit: float, gain: Range, analgesia: Range
) -> ResponseParams:
    """Draw a response whose gains are in units of the inhibition that is needed."""
    return ResponseParams(
        inhibition_gain=float(rng.uniform(*gain)) * unit,
        inhibition_tau_s=float(rng.uniform(5.0, 8.0)),
        delay_s=float(rng.uniform(0.2, 1.0)),
        habituation_max=float(rng.uniform(0.1, 0.25)),
        habituation_tau_s=float(rng.uniform(120.0, 600.0)),
        analgesia_gain=float(rng.uniform(*analgesia)) * unit,
        analgesia_tau_s=float(rng.uniform(60.0, 300.0)),
        adverse_gain=0.0,
        guarding_tau_s=float(rng.uniform(3.0, 6.0)),
        startle_gain=float(rng.uniform(1.0, 3.0)),
    )


def _subject(
    rng: np.random.Generator,
    tone: BistableTone | TonicTone,
    gain: Range,
    analgesia: Range,
) -> SubjectParams:
    unit = needed_inhibition(tone)
    person = PersonParams(
        tone, _draw_recruitment(rng), _draw_response(rng, unit, gain, analgesia)
    )
    return SubjectParams(
        preset="",
        person=person,
        sigma_mvc_uv=float(rng.uniform(400.0, 1000.0)),
        artifact=ArtifactParams(
            tail_mv_per_ma=float(rng.uniform(0.05, 0.3)),
            fast_tau_s=float(rng.uniform(0.001, 0.003)),
            slow_tau_s=float(rng.uniform(0.005, 0.010)),
            m_wave_mv=float(rng.uniform(1.0, 6.0)),
            m_latency_s=float(rng.uniform(0.008, 0.012)),
            m_width_s=float(rng.uniform(0.0025, 0.0040)),
            m_jitter=float(rng.uniform(0.01, 0.03)),
        ),
        contaminants=ContaminantParams(heart_bpm=float(rng.uniform(60.0, 90.0))),
    )


def _responder(rng: np.random.Generator) -> SubjectParams:
    return _subject(rng, _draw_bistable(rng), (3.4, 4.0), (0.0, 0.5))


def _responder_tonic(rng: np.random.Generator) -> SubjectParams:
    return _subject(rng, _draw_tonic(rng), (3.2, 4.0), (0.0, 0.5))


def _weak(rng: np.random.Generator) -> SubjectParams:
    return _subject(rng, _draw_bistable(rng), (0.5, 0.8), (0.0, 0.1))


def _null(rng: np.random.Generator) -> SubjectParams:
    return _subject(rng, _draw_bistable(rng), (0.0, 0.1), (0.0, 0.0))


def _adverse(rng: np.random.Generator) -> SubjectParams:
    subject = _subject(rng, _draw_bistable(rng), (0.0, 0.1), (0.0, 0.0))
    person = subject.person
    gain = float(rng.uniform(2.0, 3.0)) * person.tone.tense_pct_mvc / person.tone.tau_s
    response = replace(person.response, adverse_gain=gain)
    return replace(subject, person=replace(person, response=response))


def _with(contaminants: dict[str, float]) -> Callable[..., SubjectParams]:
    def draw(rng: np.random.Generator) -> SubjectParams:
        subject = _responder(rng)
        worse = replace(subject.contaminants, **contaminants)
        return replace(subject, contaminants=worse)

    return draw


PRESETS: dict[str, Callable[[np.random.Generator], SubjectParams]] = {
    DEFAULT_PRESET: _responder,
    "responder-tonic": _responder_tonic,
    "weak": _weak,
    "null": _null,
    "adverse": _adverse,
    "low-snr": _with({"noise_uv": 6.0, "drift_uv": 30.0}),
    "ecg-heavy": _with({"ecg_uv": 100.0}),
    "mains-heavy": _with({"mains_uv": 20.0}),
}


def subject_params(preset: str, seed: int) -> SubjectParams:
    """Draw one individual of a preset; the same seed is always the same person.

    A cohort that has no preset of its name is drawn from its population.
    """
    if preset in COHORT_NAMES and preset not in PRESETS:
        return draw_subject(preset, seed)
    if preset not in PRESETS:
        known = ", ".join(PRESET_NAMES)
        msg = f"subject preset: expected one of {known}; got {preset!r}"
        raise DriverConfigError(msg)
    rng = np.random.default_rng(seed)
    return replace(PRESETS[preset](rng), preset=preset)
