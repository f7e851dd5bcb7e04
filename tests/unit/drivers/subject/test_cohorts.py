"""Cohorts: their names, their distributions, and what sets each of them apart."""

from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from drivers.errors import DriverConfigError
from drivers.subject.cohorts import COHORTS, draw_subject
from drivers.subject.electrodes import ElectrodeFaultKind
from drivers.subject.person import Person
from drivers.subject.population import needed_inhibition
from drivers.subject.preset_names import COHORT_NAMES
from drivers.subject.stimulation import SILENCE, Modality, Stimulation
from drivers.subject.tone import BistableTone, TonicTone

N = 400
DT_S = 0.05
TARGET_PCT_MVC = 3.0
DRAWN = {name: [draw_subject(name, seed) for seed in range(N)] for name in COHORTS}
#: Of any seed, the same whatever the cohort.
PEOPLE = DRAWN["responder-spasm"]


def numbers(value):
    """Return every number in a tree of parameters."""
    if is_dataclass(value):
        return [n for f in fields(value) for n in numbers(getattr(value, f.name))]
    if isinstance(value, tuple):
        return [n for part in value for n in numbers(part)]
    return [value] if isinstance(value, int | float) else []


def column(people, get):
    return np.array([get(subject) for subject in people])


def gains(cohort, name="inhibition_gain"):
    return column(
        DRAWN[cohort],
        lambda s: getattr(s.person.response, name) / needed_inhibition(s.person.tone),
    )


def test_there_are_seventeen_and_their_names_are_known():
    assert len(COHORT_NAMES) == 17
    assert tuple(COHORTS) == COHORT_NAMES


@pytest.mark.parametrize("cohort", COHORT_NAMES)
def test_a_seed_is_a_person_with_finite_numbers(cohort):
    for seed in (0, 1, 399):
        assert draw_subject(cohort, seed) == DRAWN[cohort][seed]
        assert DRAWN[cohort][seed].preset == cohort
    assert DRAWN[cohort][0] != DRAWN[cohort][1]
    for subject in DRAWN[cohort]:
        assert np.all(np.isfinite(numbers(subject)))


#: Mean and SD of a clipped normal or a uniform distribution, and what both are of.
NORMAL = {
    "tense level": (lambda s: s.person.tone.tense_pct_mvc, 18.0, 3.95),
    "sensory": (lambda s: s.person.recruitment.sensory_ma, 7.0, 1.0),
    "motor": (lambda s: s.person.recruitment.motor_ma, 23.5, 3.0),
    "tolerance": (lambda s: s.person.recruitment.tolerance_ma, 43.0, 3.5),
    "cramp": (lambda s: s.person.body.cramp.threshold_hz, 25.0, 7.7),
}
UNIFORM = {
    "saddle": (
        lambda s: s.person.tone.saddle_pct_mvc / s.person.tone.tense_pct_mvc,
        (0.30, 0.45),
    ),
    "tau": (lambda s: s.person.tone.tau_s, (2.0, 5.0)),
    "chronaxie": (lambda s: s.person.recruitment.chronaxie_us, (150.0, 300.0)),
    "fast lag": (lambda s: s.person.response.inhibition_tau_s, (5.0, 20.0)),
    "delay": (lambda s: s.person.response.delay_s, (0.2, 1.0)),
    "habituation": (lambda s: s.person.response.habituation_max, (0.1, 0.4)),
    "its lag": (lambda s: s.person.response.habituation_tau_s, (120.0, 600.0)),
    "analgesia lag": (lambda s: s.person.response.analgesia_tau_s, (60.0, 300.0)),
    "startle": (lambda s: s.person.response.startle_gain, (1.0, 3.0)),
    "touch lag": (lambda s: s.person.response.touch_tau_s, (1.0, 3.0)),
    "vibration": (lambda s: s.person.body.vibration.reflex_pct_mvc, (2.0, 8.0)),
    "its rise": (lambda s: s.person.body.vibration.rise_s, (5.0, 20.0)),
    "mat": (lambda s: s.person.body.mat.discomfort_pct_mvc, (1.0, 3.0)),
    "twitch": (lambda s: s.person.body.needle.first_pct_mvc, (60.0, 100.0)),
    "EMG of a maximum": (lambda s: s.sigma_mvc_uv, (300.0, 1000.0)),
}


@pytest.mark.parametrize("name", NORMAL)
def test_normal_numbers_have_their_mean_and_spread(name):
    get, mean, sd = NORMAL[name]
    drawn = column(PEOPLE, get)
    assert drawn.mean() == pytest.approx(mean, abs=3.5 * sd / np.sqrt(N))
    assert drawn.std() == pytest.approx(sd, rel=0.12)


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_numbers_fill_their_range(name):
    get, (low, high) = UNIFORM[name]
    drawn = column(PEOPLE, get)
    spread = (high - low) / np.sqrt(12.0)
    assert np.all((drawn >= low) & (drawn <= high))
    assert drawn.mean() == pytest.approx((low + high) / 2, abs=3.5 * spread / 20.0)
    assert drawn.std() == pytest.approx(spread, rel=0.1)


def test_rest_is_lognormal_around_0_6():
    drawn = column(PEOPLE, lambda s: s.person.tone.rest_pct_mvc)
    inner = drawn[(drawn > 0.2) & (drawn < 1.5)]
    assert np.median(drawn) == pytest.approx(0.6, rel=0.07)
    assert np.log(inner).std() == pytest.approx(0.39, rel=0.12)
    assert drawn.min() >= 0.2
    assert drawn.max() <= 1.5


def test_thresholds_are_in_order_in_every_cohort():
    for cohort in COHORT_NAMES:
        for subject in DRAWN[cohort]:
            nerves, tone = subject.person.recruitment, subject.person.tone
            assert nerves.sensory_ma < nerves.motor_ma
            assert nerves.tolerance_ma - nerves.motor_ma > 6.0 - 1e-9
            assert 14.0 <= nerves.motor_ma <= 32.0
            assert tone.rest_pct_mvc < tone.tense_pct_mvc
            if isinstance(tone, BistableTone):
                assert tone.rest_pct_mvc < tone.saddle_pct_mvc < tone.tense_pct_mvc


@pytest.mark.parametrize(
    ("cohort", "low", "high"),
    [
        ("responder-spasm", 1.5, 4.0),
        ("responder-tonic", 1.5, 4.0),
        ("weak", 0.3, 0.8),
        ("null", 0.0, 0.3),
        ("adverse-ems", 0.0, 0.05),
        ("artifact-leak", 0.0, 0.0),
    ],
)
def test_gains_relative_to_what_is_needed(cohort, low, high):
    drawn = gains(cohort)
    assert np.all((drawn >= low - 1e-9) & (drawn <= high + 1e-9))
    assert drawn.mean() == pytest.approx((low + high) / 2, abs=0.06 * (high - low))


def test_a_weak_person_never_has_what_a_spasm_needs():
    both = gains("weak") + gains("weak", "analgesia_gain")
    assert both.max() < 1.0


def test_cramp_thresholds_of_prone_people_and_controls():
    """Miller and Knight 2009: 14.9 ± 1.3 and 25.5 ± 1.6 Hz."""

    def threshold(s):
        return s.person.body.cramp.threshold_hz

    prone, control = (
        column(DRAWN[name], threshold) for name in ("cramp-prone", "responder-spasm")
    )
    assert prone.mean() == pytest.approx(14.9, abs=1.3)
    assert control.mean() == pytest.approx(25.5, abs=1.6)
    assert prone.std() == pytest.approx(4.0, rel=0.15)


def test_variants_differ_in_the_tone_only():
    for base in ("weak", "null", "adverse-ems", "cramp-prone", "low-snr"):
        spasm, tonic = (
            draw_subject(f"{base}-{kind}", 5) for kind in ("spasm", "tonic")
        )
        assert isinstance(spasm.person.tone, BistableTone)
        assert isinstance(tonic.person.tone, TonicTone)
        assert spasm.person.recruitment == tonic.person.recruitment
        assert spasm.contaminants == tonic.contaminants
        assert draw_subject(base, 5).person == spasm.person


def test_needles_come_in_both_models():
    plain, reset = (draw_subject(f"needle-sequence{s}", 2) for s in ("", "-reset"))
    assert not plain.person.body.needle.resets
    assert reset.person.body.needle.resets
    assert plain.person.tone == reset.person.tone
    assert isinstance(
        draw_subject("needle-sequence-tonic-reset", 2).person.tone, TonicTone
    )


@pytest.mark.parametrize(
    "name",
    ["superman", "", "weak-limp", "responder-spasm-tonic", "weak-reset", "spasm"],
)
def test_unknown_cohorts_are_refused_with_the_known_ones(name):
    with pytest.raises(DriverConfigError, match="fast-habituating"):
        draw_subject(name, 1)


@pytest.mark.parametrize(
    ("cohort", "level", "low", "high"),
    [
        ("low-snr", "noise_uv", 3.0, 3.0),
        ("ecg-heavy", "ecg_uv", 50.0, 100.0),
        ("mains-heavy", "mains_uv", 15.0, 20.0),
    ],
)
def test_heavy_contaminants_leave_the_person_alone(cohort, level, low, high):
    for heavy, plain in zip(DRAWN[cohort], PEOPLE, strict=True):
        assert heavy.person == plain.person
        assert low <= getattr(heavy.contaminants, level) <= high
        assert getattr(heavy.contaminants, level) > getattr(plain.contaminants, level)


def test_faults_come_in_the_middle_of_a_session():
    for off, stalled in zip(DRAWN["lead-off"], DRAWN["lsl-stall"], strict=True):
        (fault,), (stall,) = off.electrodes.faults, stalled.stalls
        assert fault.kind is ElectrodeFaultKind.LEAD_OFF
        assert 90.0 <= fault.at_s <= 240.0
        assert 90.0 <= stall.at_s <= 240.0
        assert stall.duration_s > 3.0


def test_maximal_efforts_read_30_percent_low_or_50_percent_high():
    low = column(DRAWN["mvc-error"], lambda s: s.person.effort_scale == 0.7)
    high = column(DRAWN["mvc-error"], lambda s: s.effort_crosstalk == 0.5)
    assert np.all(low ^ high)
    assert low.mean() == pytest.approx(0.5, abs=0.1)


def ratio_after(cohort, seed, stimulation, seconds=90.0):
    """Return tone over the tense level at the end of a steady treatment."""
    params = draw_subject(cohort, seed).person
    person = Person(params, np.random.default_rng(seed), DT_S)
    person.tense_up()
    tones = [person.advance(stimulation, 0.0) for _ in range(round(seconds / DT_S))]
    return np.mean(tones[-200:]) / params.tone.tense_pct_mvc


PULSES = Stimulation(34.0, 4.0, 200.0)
BUZZ = Stimulation(1.0, 120.0, modality=Modality.VIBRATION)
SPIKES = Stimulation(10.0, modality=Modality.MAT)
THUMB = Stimulation(70.0, modality=Modality.PRESSURE)


@pytest.mark.parametrize(
    ("cohort", "stimulation", "least", "most"),
    [
        ("responder-spasm", SILENCE, 0.8, 1.15),
        ("responder-tonic", PULSES, 0.0, 0.5),
        ("null", PULSES, 0.4, 1.2),
        ("null", SPIKES, 0.8, 1.15),
        ("adverse-ems", PULSES, 1.3, 1.8),
        ("adverse-ems-tonic", PULSES, 1.5, 2.6),
        ("adverse-vibration", BUZZ, 1.25, 2.5),
        ("adverse-vibration", PULSES, 0.4, 1.2),
        ("mat-intolerant", SPIKES, 1.04, 2.0),
        ("artifact-leak", PULSES, 0.8, 1.2),
    ],
)
def test_each_cohort_answers_as_its_name_says(cohort, stimulation, least, most):
    ratios = [ratio_after(cohort, seed, stimulation) for seed in range(12)]
    assert least < min(ratios)
    assert max(ratios) < most


def test_responders_answer_to_touch_and_feedback_too():
    for stimulation in (
        SPIKES,
        THUMB,
        Stimulation(60.0, modality=Modality.BIOFEEDBACK),
    ):
        treated = [ratio_after("responder-tonic", s, stimulation) for s in range(12)]
        assert np.median(treated) < 0.5


def test_who_habituates_fast_comes_back_under_treatment():
    early = [ratio_after("fast-habituating-tonic", s, PULSES, 30.0) for s in range(12)]
    late = [ratio_after("fast-habituating-tonic", s, PULSES, 240.0) for s in range(12)]
    assert np.median(late) > 1.2 * np.median(early)


def test_cramps_need_a_high_rate_and_come_to_the_prone():
    def n_cramps(cohort, hz):
        n = 0
        for seed in range(20):
            params = draw_subject(cohort, seed).person
            person = Person(params, np.random.default_rng(seed), DT_S)
            pulses = Stimulation(40.0, hz, 200.0)
            n += any(
                person.advance(pulses, 0.0) and person.cramp.is_on for _ in range(2400)
            )
        return n

    assert n_cramps("cramp-prone", 5.0) == 0
    assert n_cramps("cramp-prone", 30.0) >= 12
    assert n_cramps("responder-spasm", 30.0) < n_cramps("cramp-prone", 30.0)


@pytest.mark.parametrize("model", ["", "-reset"])
def test_tone_after_needles_is_unchanged_or_at_rest(model):
    """Baraja-Vegas 2020: resting RMS 65.2 before and 61.0 after; or the claim."""
    ratios = []
    for seed in range(12):
        params = draw_subject(f"needle-sequence{model}", seed).person
        person = Person(params, np.random.default_rng(seed), DT_S)
        person.tense_up()
        for step in range(1200):
            count = float(min(step // 100, 6))
            needle = Stimulation(count, modality=Modality.NEEDLE)
            person.advance(needle, 0.0)
        ratios.append(person.resting_tone_pct_mvc / params.tone.tense_pct_mvc)
    if model:
        assert max(ratios) < 0.2
    else:
        assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)
