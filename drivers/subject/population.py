"""The population that all cohorts are drawn from (A: assumptions unless a source).

Inhibition gains are stated relative to what is needed: the critical inhibition of a
spasm, or what brings a steady tone down to `TONIC_TARGET_PCT_MVC`.
"""

from dataclasses import dataclass

import numpy as np

from drivers.subject.artifact import ArtifactParams
from drivers.subject.body import BodyParams
from drivers.subject.contact import ContactParams
from drivers.subject.contaminants import ContaminantParams
from drivers.subject.cramp import CrampParams
from drivers.subject.draws import (
    Range,
    clipped_lognormal,
    clipped_normal,
    shares,
    uniform,
)
from drivers.subject.electrodes import ElectrodeParams
from drivers.subject.fatigue import RESTING_JOINTS
from drivers.subject.inhibition import ResponseParams
from drivers.subject.learning import LearningParams
from drivers.subject.mat import MatParams
from drivers.subject.needle import NeedleParams
from drivers.subject.outcomes import OutcomeParams
from drivers.subject.recruitment import RecruitmentParams
from drivers.subject.tone import BistableTone, ToneParams, TonicTone
from drivers.subject.vibration import VibrationParams

#: A tonic person's inhibition is stated relative to what brings the tone down to here.
TONIC_TARGET_PCT_MVC = 3.0
STATE_NOISE = 0.02  # A: assumption; 1/sqrt(s), a few % of slow variability
TAU_S = (2.0, 5.0)  # A: assumption
SADDLE_SHARE = (0.30, 0.45)  # A: assumption; of the tense level
#: A: assumption; no current hurts before it moves the muscle.
TOLERANCE_ABOVE_MOTOR_MA = 6.0
N_ZONES = 4  # neck, upper back, middle, loins
KPA_PER_KG_CM2 = 98.0665
TRIGGER_POINT_KPA = 105.0  # lower than healthy (Geri 2022, J Clin Med 11:7243)
SENSITIVE_PPT_KPA = 60.0  # A: assumption; nobody's threshold is drawn below


@dataclass(frozen=True, slots=True)
class Reaction:
    """What makes one cohort answer differently from another.

    Gains are ranges relative to what is needed; ``adverse_gain`` is an excitation in
    units of the tense level per tau.
    """

    gain: Range
    analgesia: Range = (0.0, 0.5)
    habituation: Range = (0.1, 0.4)
    habituation_tau_s: Range = (120.0, 600.0)
    adverse_gain: float = 0.0


RESPONDER = Reaction((1.5, 4.0))
#: Less analgesia than a responder, or a weak one would get there in the end.
WEAK = Reaction((0.3, 0.8), analgesia=(0.0, 0.1))
NULL = Reaction((0.0, 0.3), analgesia=(0.0, 0.0))


def draw_spasm(rng: np.random.Generator) -> BistableTone:
    """Draw a tone that holds itself up."""
    tense = clipped_normal(rng, 18.0, 4.0, (9.0, 30.0))
    return BistableTone(
        rest_pct_mvc=clipped_lognormal(rng, 0.6, 0.4, (0.2, 1.5)),
        saddle_pct_mvc=uniform(rng, SADDLE_SHARE) * tense,
        tense_pct_mvc=tense,
        tau_s=uniform(rng, TAU_S),
        noise=STATE_NOISE,
    )


def draw_tonic(rng: np.random.Generator) -> TonicTone:
    """Draw a tone that steady drive holds up, with the levels of a spasm."""
    spasm = draw_spasm(rng)
    return TonicTone(spasm.rest_pct_mvc, spasm.tense_pct_mvc, spasm.tau_s, spasm.noise)


def needed_inhibition(tone: ToneParams) -> float:
    """Return the inhibition in 1/s that a successful treatment needs."""
    if isinstance(tone, BistableTone):
        return tone.critical_inhibition()
    return tone.inhibition_for(TONIC_TARGET_PCT_MVC)


def draw_recruitment(rng: np.random.Generator) -> RecruitmentParams:
    """Draw thresholds of adults (Eur J Integr Med 5:279, 2013)."""
    motor = clipped_normal(rng, 23.5, 3.0, (14.0, 32.0))
    tolerance = float(rng.normal(43.0, 3.5))
    return RecruitmentParams(
        sensory_ma=clipped_normal(rng, 7.0, 1.0, (3.0, 11.0)),
        motor_ma=motor,
        tolerance_ma=max(tolerance, motor + TOLERANCE_ABOVE_MOTOR_MA),
        chronaxie_us=uniform(rng, (150.0, 300.0)),
    )


def draw_response(
    rng: np.random.Generator, tone: ToneParams, reaction: Reaction
) -> ResponseParams:
    """Draw how a person with this tone answers."""
    needed = needed_inhibition(tone)
    adverse = reaction.adverse_gain * tone.tense_pct_mvc / tone.tau_s
    return ResponseParams(
        inhibition_gain=uniform(rng, reaction.gain) * needed,
        inhibition_tau_s=uniform(rng, (5.0, 20.0)),
        delay_s=uniform(rng, (0.2, 1.0)),
        habituation_max=uniform(rng, reaction.habituation),
        habituation_tau_s=uniform(rng, reaction.habituation_tau_s),
        analgesia_gain=uniform(rng, reaction.analgesia) * needed,
        analgesia_tau_s=uniform(rng, (60.0, 300.0)),
        adverse_gain=adverse,
        guarding_tau_s=uniform(rng, (3.0, 6.0)),
        startle_gain=uniform(rng, (1.0, 3.0)),
        touch_tau_s=uniform(rng, (1.0, 3.0)),
    )


def draw_body(rng: np.random.Generator) -> BodyParams:
    """Draw the answers to every other modality."""
    healthy_kpa = rng.normal(2.5, 0.7) * KPA_PER_KG_CM2  # R: upper trapezius
    return BodyParams(
        contact=ContactParams(
            ppt_kpa=max(SENSITIVE_PPT_KPA, float(healthy_kpa) - TRIGGER_POINT_KPA),
            site_weights=shares(rng, N_ZONES),
            stretch_deg=clipped_normal(rng, 42.0, 5.0, (30.0, 55.0)),
            stretch_lead_s=uniform(rng, (0.1, 0.3)),
            stretch_gain_pct_per_deg=uniform(rng, (0.3, 0.7)),
        ),
        vibration=VibrationParams(
            reflex_pct_mvc=uniform(rng, (2.0, 8.0)), rise_s=uniform(rng, (5.0, 20.0))
        ),
        mat=MatParams(
            discomfort_pct_mvc=uniform(rng, (1.0, 3.0)),
            zone_weights=shares(rng, N_ZONES),
        ),
        needle=NeedleParams(first_pct_mvc=uniform(rng, (60.0, 100.0))),
        learning=LearningParams(
            skill=uniform(rng, (0.1, 0.2)),
            rate_per_s=1.0 / uniform(rng, (120.0, 300.0)),
        ),
        cramp=CrampParams(clipped_normal(rng, 25.0, 8.0, (10.0, 50.0))),
        fatigue=RESTING_JOINTS["shoulder"],
        outcome=OutcomeParams(pain_nrs=uniform(rng, (3.0, 7.0))),
    )


def draw_artifact(rng: np.random.Generator) -> ArtifactParams:
    """Draw what pulses leave in the EMG."""
    return ArtifactParams(
        tail_mv_per_ma=uniform(rng, (0.05, 0.5)),
        fast_tau_s=uniform(rng, (0.001, 0.003)),
        slow_tau_s=uniform(rng, (0.005, 0.010)),
        m_wave_mv=uniform(rng, (1.0, 10.0)),
        m_latency_s=uniform(rng, (0.008, 0.012)),
        m_width_s=uniform(rng, (0.0025, 0.0040)),
        m_jitter=uniform(rng, (0.01, 0.03)),
    )


def draw_contaminants(rng: np.random.Generator) -> ContaminantParams:
    """Draw the dirt of an ordinary recording."""
    return ContaminantParams(
        noise_uv=uniform(rng, (1.0, 2.0)),
        drift_uv=uniform(rng, (3.0, 10.0)),
        mains_uv=uniform(rng, (1.0, 3.0)),
        ecg_uv=uniform(rng, (5.0, 15.0)),
        heart_bpm=uniform(rng, (60.0, 90.0)),
        motion_uv=uniform(rng, (10.0, 40.0)),
        motion_per_min=uniform(rng, (0.25, 0.5)),
    )


#: A: assumption; an electrode that settles by a tenth and wanders by half as much.
ORDINARY_ELECTRODES = ElectrodeParams(settling=0.1, wander=0.05)
