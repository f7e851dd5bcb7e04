"""Seventeen cohorts of people, drawn by a seed from stated distributions.

Unlike a preset, a cohort promises nothing about an individual: its numbers are drawn
from the ranges of a population. A name may end in ``-spasm`` or ``-tonic``: the same
cohort with that kind of tone; needle sequences may also end in ``-reset``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from drivers.errors import DriverConfigError
from drivers.subject.draws import clipped_normal, uniform
from drivers.subject.electrodes import ElectrodeFault, ElectrodeFaultKind
from drivers.subject.person import PersonParams
from drivers.subject.population import (
    NULL,
    ORDINARY_ELECTRODES,
    RESPONDER,
    WEAK,
    Reaction,
    draw_artifact,
    draw_body,
    draw_contaminants,
    draw_recruitment,
    draw_response,
    draw_spasm,
    draw_tonic,
)
from drivers.subject.preset_names import COHORT_NAMES, TONE_VARIANTS
from drivers.subject.subject import StreamStall, SubjectParams

RESET_SUFFIX = "-reset"
#: A: assumption; nothing that inhibits stands against what excites.
ADVERSE = replace(NULL, gain=(0.0, 0.05), adverse_gain=1.2)
#: A: assumption; habituates almost completely within a minute.
HABITUATING = Reaction(
    (1.5, 4.0),
    analgesia=(0.0, 0.1),
    habituation=(0.7, 0.9),
    habituation_tau_s=(30.0, 60.0),
)
FAULT_AT_S = (90.0, 240.0)  # A: assumption; in the middle of a session
LEAD_OFF_LASTS_S = (10.0, 30.0)  # A: assumption
STALL_LASTS_S = (4.0, 10.0)  # A: assumption; longer than any loop waits

Draw = Callable[[np.random.Generator, SubjectParams], SubjectParams]


@dataclass(frozen=True, slots=True)
class Cohort:
    """Its reaction, its kind of tone, and what else sets it apart."""

    reaction: Reaction
    change: Draw | None = None
    is_tonic: bool = False


def _vibration(rng: np.random.Generator, subject: SubjectParams) -> SubjectParams:
    """Give a strong tonic vibration reflex that does not habituate."""
    body = subject.person.body
    reflex = replace(
        body.vibration,
        reflex_pct_mvc=uniform(rng, (8.0, 12.0)),
        habituation_share=0.0,
    )
    return _with_body(subject, vibration=reflex)


def _cramp(rng: np.random.Generator, subject: SubjectParams) -> SubjectParams:
    threshold_hz = clipped_normal(rng, 15.0, 4.0, (8.0, 30.0))
    body = subject.person.body
    return _with_body(subject, cramp=replace(body.cramp, threshold_hz=threshold_hz))


def _mat(rng: np.random.Generator, subject: SubjectParams) -> SubjectParams:
    tolerance_kpa = uniform(rng, (2.0, 5.0))  # A: assumption
    body = subject.person.body
    return _with_body(subject, mat=replace(body.mat, tolerance_kpa=tolerance_kpa))


def _with_body(subject: SubjectParams, **parts: object) -> SubjectParams:
    body = replace(subject.person.body, **parts)  # type: ignore[arg-type]
    return replace(subject, person=replace(subject.person, body=body))


def _dirt(**levels: tuple[float, float]) -> Draw:
    """Return a draw of contaminants at these levels."""

    def change(rng: np.random.Generator, subject: SubjectParams) -> SubjectParams:
        drawn = {name: uniform(rng, bounds) for name, bounds in levels.items()}
        return replace(subject, contaminants=replace(subject.contaminants, **drawn))

    return change


def _lead_off(rng: np.random.Generator, subject: SubjectParams) -> SubjectParams:
    fault = ElectrodeFault(
        ElectrodeFaultKind.LEAD_OFF,
        at_s=uniform(rng, FAULT_AT_S),
        duration_s=uniform(rng, LEAD_OFF_LASTS_S),
    )
    return replace(subject, electrodes=replace(subject.electrodes, faults=(fault,)))


def _stall(rng: np.random.Generator, subject: SubjectParams) -> SubjectParams:
    stall = StreamStall(uniform(rng, FAULT_AT_S), uniform(rng, STALL_LASTS_S))
    return replace(subject, stalls=(stall,))


def _mvc_error(rng: np.random.Generator, subject: SubjectParams) -> SubjectParams:
    """Make the maximal effort read 30 % too low or 50 % too high, either as likely."""
    if rng.random() < 0.5:  # noqa: PLR2004 - a coin
        return replace(subject, person=replace(subject.person, effort_scale=0.7))
    return replace(subject, effort_crosstalk=0.5)


def _leak(rng: np.random.Generator, subject: SubjectParams) -> SubjectParams:
    """Let the artifact last so long that blanking leaves some of it (A)."""
    artifact = replace(
        subject.artifact,
        tail_mv_per_ma=uniform(rng, (0.4, 0.5)),
        slow_tau_s=uniform(rng, (0.020, 0.030)),
    )
    return replace(subject, artifact=artifact)


COHORTS: dict[str, Cohort] = {
    "responder-spasm": Cohort(RESPONDER),
    "responder-tonic": Cohort(RESPONDER, is_tonic=True),
    "weak": Cohort(WEAK),
    "null": Cohort(NULL),
    "adverse-ems": Cohort(ADVERSE),
    "adverse-vibration": Cohort(NULL, _vibration),
    "cramp-prone": Cohort(RESPONDER, _cramp),
    "fast-habituating": Cohort(HABITUATING),
    "needle-sequence": Cohort(NULL),
    "mat-intolerant": Cohort(RESPONDER, _mat),
    "low-snr": Cohort(RESPONDER, _dirt(noise_uv=(3.0, 3.0), drift_uv=(20.0, 30.0))),
    "ecg-heavy": Cohort(RESPONDER, _dirt(ecg_uv=(50.0, 100.0))),
    "mains-heavy": Cohort(RESPONDER, _dirt(mains_uv=(15.0, 20.0))),
    "lead-off": Cohort(RESPONDER, _lead_off),
    "lsl-stall": Cohort(RESPONDER, _stall),
    "mvc-error": Cohort(RESPONDER, _mvc_error),
    "artifact-leak": Cohort(replace(NULL, gain=(0.0, 0.0)), _leak),
}


def draw_subject(cohort: str, seed: int) -> SubjectParams:
    """Draw one individual of a cohort; the same seed is always the same person.

    Cohorts are paired by seed: number 5 behind a heavy ECG is number 5 of the
    responders, electrodes apart. The name is one of `COHORT_NAMES`, or one of them
    with ``-spasm`` or ``-tonic``.
    """
    name, resets = cohort.removesuffix(RESET_SUFFIX), cohort.endswith(RESET_SUFFIX)
    base, is_tonic = _parse(name)
    if base not in COHORTS or (resets and base != "needle-sequence"):
        known = ", ".join(COHORT_NAMES)
        variants = " or ".join(f"-{kind}" for kind in TONE_VARIANTS)
        msg = (
            f"cohort: expected one of {known}, also with {variants}, or "
            f"needle-sequence{RESET_SUFFIX}; got {cohort!r}"
        )
        raise DriverConfigError(msg)
    subject = _draw(np.random.default_rng(seed), COHORTS[base], is_tonic=is_tonic)
    if resets:
        needle = replace(subject.person.body.needle, resets=True)
        subject = _with_body(subject, needle=needle)
    return replace(subject, preset=cohort)


def _parse(name: str) -> tuple[str, bool | None]:
    """Return the cohort, and whether its tone is tonic (None: as usual for it)."""
    if name in COHORTS:
        return name, None
    base, _, variant = name.rpartition("-")
    if variant not in TONE_VARIANTS or base.startswith("responder-"):
        return name, None
    return base, variant == "tonic"


def _draw(
    rng: np.random.Generator, cohort: Cohort, *, is_tonic: bool | None
) -> SubjectParams:
    tonic = cohort.is_tonic if is_tonic is None else is_tonic
    tone = draw_tonic(rng) if tonic else draw_spasm(rng)
    person = PersonParams(
        tone,
        draw_recruitment(rng),
        draw_response(rng, tone, cohort.reaction),
        draw_body(rng),
    )
    subject = SubjectParams(
        preset="",
        person=person,
        sigma_mvc_uv=uniform(rng, (300.0, 1000.0)),
        artifact=draw_artifact(rng),
        contaminants=draw_contaminants(rng),
        electrodes=ORDINARY_ELECTRODES,
    )
    return cohort.change(rng, subject) if cohort.change else subject
