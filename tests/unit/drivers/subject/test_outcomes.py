"""Pain, pressure-pain threshold and range of motion, as an operator would note them."""

import numpy as np
import pytest

from drivers.subject.contact import ContactParams
from drivers.subject.outcomes import OutcomeParams, Outcomes, reported, true_outcomes
from drivers.subject.person import Person
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import Modality, Stimulation

CONTACT = ContactParams(ppt_kpa=140.0, stretch_deg=42.0)


def outcomes(analgesia=0.0, tone=18.0, hurt=0.0, pressed=0.0):
    return true_outcomes(
        OutcomeParams(pain_nrs=5.0),
        CONTACT,
        analgesia=analgesia,
        tone_pct_mvc=tone,
        hurt=hurt,
        pressed=pressed,
    )


def test_analgesia_relieves_and_raises_the_threshold_by_28_kpa():
    assert outcomes(0.0).pain_nrs - outcomes(1.0).pain_nrs == pytest.approx(2.5)
    assert outcomes(1.0).ppt_kpa - outcomes(0.0).ppt_kpa == pytest.approx(28.0)


def test_a_relaxed_muscle_moves_further():
    gain_deg = outcomes(tone=1.0).range_deg - outcomes(tone=18.0).range_deg
    assert 5.0 <= gain_deg <= 10.0


def test_pressing_is_uncomfortable_at_the_threshold_and_painful_beyond():
    pain = [outcomes(1.0, pressed=p).pain_nrs for p in (0.5, 1.0, 1.2, 2.0)]
    assert pain == pytest.approx([2.5, 3.0, 6.0, 10.0])
    assert outcomes(hurt=3.0).pain_nrs == pytest.approx(8.0)


def test_reports_scatter_around_the_truth_within_their_scale():
    rng = np.random.default_rng(0)
    truth = Outcomes(5.0, 140.0, 35.0)
    said = [reported(truth, rng) for _ in range(2000)]
    pain = np.array([one.pain_nrs for one in said])
    assert pain.mean() == pytest.approx(5.0, abs=0.1)
    # A minimal detectable change of 4.0 is 1.96 sqrt(2) standard errors.
    assert 1.96 * np.sqrt(2.0) * pain.std() == pytest.approx(4.0, abs=0.2)
    low = [reported(Outcomes(0.0, 0.0, 0.0), rng) for _ in range(50)]
    assert min(min(one.pain_nrs, one.ppt_kpa, one.range_deg) for one in low) == 0.0
    assert max(one.pain_nrs for one in low) <= 10.0


def test_a_thumb_hurts_while_it_presses():
    person = Person(
        subject_params("responder", 2).person, np.random.default_rng(2), 0.05
    )
    before = person.outcomes().pain_nrs
    ppt_kpa = person.params.body.contact.ppt_kpa
    person.advance(Stimulation(1.2 * ppt_kpa, modality=Modality.PRESSURE), 0.0)
    assert person.outcomes().pain_nrs == pytest.approx(6.0)
    person.advance((), 0.0)
    assert person.outcomes().pain_nrs == pytest.approx(before)
