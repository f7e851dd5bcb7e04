"""What a person would say and show if asked: pain, pressure-pain threshold, range.

None of it is measured by electrodes; an operator would enter it. `Outcomes` are asked
before and after a treatment, a `Report` during it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivers.subject.contact import ContactParams
from drivers.subject.effect import WORST_NRS, discomfort_nrs
from drivers.subject.inhibition import PAIN_ONSET
from drivers.subject.mat import MatParams
from drivers.subject.recruitment import RecruitmentParams

#: SEM that a minimal detectable change of 4.0 implies (Kovacs 2008, BMC Musculoskelet
#: Disord 9:43).
PAIN_SD_NRS = 1.4
PPT_SD_KPA = 15.0  # A: assumption
RANGE_SD_DEG = 2.0  # A: assumption
PRESSED_NRS = 3.0  # A: assumption; pain of a pressure at the threshold
PRESSED_NRS_SLOPE = 15.0  # A: assumption; 6 at 1.2 of the threshold


@dataclass(frozen=True, slots=True)
class OutcomeParams:
    """One person's pain at the start, and what full analgesia does to it (A).

    ``ppt_gain_kpa`` is what manual treatment gave (28, 11-46 kPa; Geri 2022, J Clin
    Med 11:7243).
    """

    pain_nrs: float = 5.0
    relief_nrs: float = 2.5
    ppt_gain_kpa: float = 28.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Pain from 0 to 10, pressure-pain threshold, and range of motion."""

    pain_nrs: float
    ppt_kpa: float
    range_deg: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a person says about the treatment of one muscle while it goes on.

    ``discomfort_nrs`` is 0 to 10: 5 at the pain threshold of what is done, 7 at 1.2 of
    it (A), and half of that after 30 s of the same pressure (A). ``intolerable_zones``
    are those of the zones of a mat that this muscle feels that press beyond the
    tolerance, by their place in the order. The others are about pulses: whether they
    are felt, whether they move the muscle, and whether they are more than tolerable.
    """

    discomfort_nrs: float = 0.0
    intolerable_zones: tuple[int, ...] = ()
    feels_pulses: bool = False
    feels_contraction: bool = False
    exceeds_tolerance: bool = False


def said_now(
    nerves: RecruitmentParams,
    mat: MatParams,
    pulses_ma: float,
    zones_kpa: Sequence[float],
    touched_nrs: float,
) -> Report:
    """Return what is said under these pulses, on these zones of a mat.

    ``pulses_ma`` is the amplitude at the reference pulse width, ``touched_nrs`` the
    discomfort of everything that is not electrical.
    """
    pulsed_nrs = discomfort_nrs(pulses_ma / (PAIN_ONSET * nerves.tolerance_ma))
    hard = (k for k, kpa in enumerate(zones_kpa) if kpa > mat.tolerance_kpa)
    return Report(
        max(touched_nrs, pulsed_nrs),
        tuple(hard),
        feels_pulses=pulses_ma >= nerves.sensory_ma,
        feels_contraction=pulses_ma >= nerves.motor_ma,
        exceeds_tolerance=pulses_ma >= nerves.tolerance_ma,
    )


def true_outcomes(
    params: OutcomeParams,
    contact: ContactParams,
    *,
    analgesia: float,
    tone_pct_mvc: float,
    hurt: float,
    pressed: float,
) -> Outcomes:
    """Return what is the case, before anyone asks.

    ``hurt`` and ``pressed`` are what the treatment does now, as in `Effect`.
    """
    pain = params.pain_nrs - params.relief_nrs * analgesia + hurt
    if pressed > 0.0:
        pain = max(pain, PRESSED_NRS + PRESSED_NRS_SLOPE * (pressed - 1.0))
    return Outcomes(
        pain_nrs=min(WORST_NRS, max(0.0, pain)),
        ppt_kpa=contact.ppt_kpa + params.ppt_gain_kpa * analgesia,
        range_deg=contact.reflex_deg(tone_pct_mvc),
    )


def reported(truth: Outcomes, rng: np.random.Generator) -> Outcomes:
    """Return what an operator would write down."""
    pain = truth.pain_nrs + PAIN_SD_NRS * rng.standard_normal()
    return Outcomes(
        pain_nrs=float(min(WORST_NRS, max(0.0, pain))),
        ppt_kpa=max(0.0, truth.ppt_kpa + PPT_SD_KPA * rng.standard_normal()),
        range_deg=max(0.0, truth.range_deg + RANGE_SD_DEG * rng.standard_normal()),
    )
