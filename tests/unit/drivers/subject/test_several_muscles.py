"""Several muscles of one subject: each its own, and none of them alone."""

from dataclasses import replace

import numpy as np
import pytest

from drivers.errors import DriverConfigError
from drivers.subject.artifact import ArtifactParams
from drivers.subject.contaminants import ContaminantParams
from drivers.subject.electrodes import ElectrodeParams
from drivers.subject.mixing import CROSSTALK, Crosstalk, spread_of_pulses
from drivers.subject.muscles import with_muscles
from drivers.subject.person import Task
from drivers.subject.preset_names import PRESET_NAMES
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import SILENCE, Modality, Stimulation
from drivers.subject.subject import SimulatedSubject
from drivers.subject.tone import BistableTone, TonicTone

FS = 2000.0
CLEAN = ContaminantParams(0.0, 0.0, 0.0, 50.0, 0.0, 70.0, 0.0, 0.0)
N = 3


def three(preset="responder", seed=1, **kinds):
    params = with_muscles(subject_params(preset, seed), N, seed, **kinds)
    return replace(params, contaminants=CLEAN, electrodes=ElectrodeParams())


def awake(params, n_channels=N, seed=1):
    """Return a subject after a maximal effort, with the tension that it leaves."""
    subject = SimulatedSubject(params, FS, n_channels, seed)
    subject.step(round(5 * FS), task=Task.MVC)
    subject.step(round(20 * FS))
    return subject


def pulses(k, amplitude_ma):
    """Return pulses from output k alone."""
    return (*(SILENCE,) * k, Stimulation(amplitude_ma, 4.0, 200.0))


def rms(x):
    return np.sqrt(np.mean(np.square(x), axis=0))


def test_one_muscle_is_the_subject_as_it_was():
    params = subject_params("responder", 3)
    assert with_muscles(params, 1, 9) == params


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_companions_are_drawn_within_their_ranges(preset):
    for seed in range(30):
        params = subject_params(preset, seed)
        mild, relaxed = with_muscles(params, N, seed).companions
        first = params.person.tone
        share = mild.person.tone.tense_pct_mvc / first.tense_pct_mvc
        assert 0.4 <= share <= 0.6 or mild.person.tone.tense_pct_mvc == 5.0
        assert type(mild.person.tone) is type(first)
        if isinstance(mild.person.tone, BistableTone):
            assert mild.person.tone.rest_pct_mvc < mild.person.tone.saddle_pct_mvc
        assert isinstance(relaxed.person.tone, TonicTone)
        assert relaxed.person.tone.tense_pct_mvc <= 2.0 * 1.1 * first.rest_pct_mvc
        for muscle in (mild, relaxed):
            assert 0.7 <= muscle.sigma_mvc_uv / params.sigma_mvc_uv <= 1.3
            nerves = muscle.person.recruitment
            assert nerves.sensory_ma < nerves.motor_ma <= nerves.tolerance_ma - 6.0
            ppt_kpa = muscle.person.body.contact.ppt_kpa
            assert ppt_kpa > params.person.body.contact.ppt_kpa


def test_a_muscle_is_the_same_however_many_there_are():
    params = subject_params("responder", 2)
    few, many = with_muscles(params, 2, 5), with_muscles(params, 6, 5)
    assert few.companions == many.companions[:1]
    assert with_muscles(params, 6, 5) == many
    assert with_muscles(params, 2, 6).companions != few.companions


def test_the_tensest_muscle_can_be_any_of_them():
    params = subject_params("responder", 2)
    plain, moved = with_muscles(params, N, 5), with_muscles(params, N, 5, tensest=2)
    assert moved.companions[1].person == params.person
    assert moved.companions[1].sigma_mvc_uv == params.sigma_mvc_uv
    assert moved.person == plain.companions[0].person
    assert moved.companions[0] == plain.companions[1]


@pytest.mark.parametrize(("n", "tensest"), [(0, 0), (2, 2), (2, -1)])
def test_muscles_that_do_not_exist_are_refused(n, tensest):
    with pytest.raises(DriverConfigError, match="tensest"):
        with_muscles(subject_params("null", 1), n, 1, tensest=tensest)


def test_a_companion_that_nothing_hurts_leaves_the_first_muscle_alone():
    """The first keeps its random numbers: its tone is that of the muscle alone."""
    params = three("adverse")
    alone = SimulatedSubject(replace(params, companions=()), FS, 2, 4)
    among = SimulatedSubject(params, FS, 2, 4)
    for task in (Task.REST, Task.MVC, Task.RELAX):
        x, y = alone.step(3000, task=task), among.step(3000, task=task)
        assert np.array_equal(x.tone_pct_mvc, y.tone_pct_mvc)
        assert y.tones_pct_mvc.shape == (3000, N)
        assert y.emg_uv.shape == (3000, 2)
        assert y.emg_uv.flags.c_contiguous


def test_a_maximal_effort_contracts_all_each_with_its_own_wobble():
    subject = SimulatedSubject(three(), FS, N, 1)
    subject.step(round(FS), task=Task.MVC)
    chunk = subject.step(round(3 * FS), task=Task.MVC)
    assert np.all(chunk.tones_pct_mvc > 80.0)
    correlation = np.corrcoef(chunk.tones_pct_mvc.T)
    assert np.all(np.abs(correlation[np.triu_indices(N, 1)]) < 0.95)
    assert np.all(rms(chunk.emg_uv) > 200.0)


def test_after_an_effort_one_is_tense_one_mildly_and_one_relaxed():
    tense, mild, relaxed = awake(three()).step(round(5 * FS)).tones_pct_mvc.mean(0)
    assert tense > 12.0
    assert 0.3 * tense < mild < 0.7 * tense
    assert relaxed < 1.5


@pytest.mark.parametrize("preset", ["responder", "responder-tonic"])
def test_pulses_of_an_output_relax_its_own_muscle_only(preset):
    subject = awake(three(preset))
    before = subject.step(round(5 * FS)).tones_pct_mvc.mean(axis=0)
    limit_ma = subject.params.companions[0].person.recruitment.motor_ma + 6.0
    for second in range(90):
        felt = pulses(1, min(limit_ma, 0.8 * second))
        chunk = subject.step(round(FS), felt)
    after = chunk.tones_pct_mvc.mean(axis=0)
    assert after[1] < 0.3 * before[1]
    assert after[0] == pytest.approx(before[0], rel=0.15)
    assert after[2] == pytest.approx(before[2], rel=0.2)


def test_pulses_beyond_the_last_muscle_reach_nobody():
    left, right = (SimulatedSubject(three(), FS, N, 1) for _ in range(2))
    x, y = left.step(4000), right.step(4000, pulses(N, 25.0))
    assert np.array_equal(x.emg_uv, y.emg_uv)


@pytest.mark.parametrize("k", range(N))
def test_artifact_and_m_wave_of_one_muscle_show_in_all_channels(k):
    rails = ArtifactParams(rail_mv=1000.0)
    params = replace(three("null"), artifact=rails)
    quiet, treated = (SimulatedSubject(params, FS, 4, 1) for _ in range(2))
    x, y = quiet.step(500).emg_uv, treated.step(500, pulses(k, 20.0)).emg_uv
    seen_uv = np.abs(y - x)[:100].max(axis=0)
    assert np.argmax(seen_uv) == k
    assert np.all(seen_uv > 100.0)
    for channel in range(4):
        away = abs(channel - k)
        if away:
            share = seen_uv[channel] / seen_uv[k]
            assert 0.19 / away <= share <= 0.51 / away


def test_own_channel_sees_pulses_whole_and_distance_weakens_them():
    spread = spread_of_pulses(3, 5, np.random.default_rng(2))
    assert np.all(np.diag(spread) == 1.0)
    away = np.abs(np.arange(3)[:, None] - np.arange(5))
    beside = spread[away > 0] * away[away > 0]
    assert np.all((beside >= 0.2) & (beside <= 0.5))


@pytest.mark.parametrize("seed", range(5))
def test_crosstalk_is_5_to_15_percent_of_the_neighbour(seed):
    """Regress the channel of a relaxed muscle on that of the tense one beside it."""
    subject = awake(three(seed=seed, tensest=1), seed=seed)
    _, tense_uv, relaxed_uv = subject.step(round(60 * FS)).emg_uv.T
    share = tense_uv @ relaxed_uv / (tense_uv @ tense_uv)
    assert CROSSTALK[0] - 0.003 < share < CROSSTALK[1] + 0.003


def test_a_muscle_two_channels_away_is_not_seen():
    subject = awake(three())
    tense_uv, _, relaxed_uv = subject.step(round(60 * FS)).emg_uv.T
    share = tense_uv @ relaxed_uv / (tense_uv @ tense_uv)
    assert abs(share) < 0.02


def test_crosstalk_adds_the_neighbours_on_either_side():
    rng = np.random.default_rng(1)
    for n_muscles, n_channels in ((3, 3), (3, 2), (3, 5), (2, 1), (4, 2)):
        mixer = Crosstalk(n_muscles, n_channels, rng)
        n_sources = max(n_muscles, n_channels)
        for k in range(n_sources):
            sources = np.zeros((4, n_sources))
            sources[:, k] = 100.0
            seen = mixer.mix(sources)
            assert seen.shape == (4, n_channels)
            for channel in range(n_channels):
                got = seen[0, channel] / 100.0
                if channel == k:
                    assert got == 1.0
                elif abs(channel - k) == 1 and k < n_muscles:
                    assert CROSSTALK[0] <= got <= CROSSTALK[1]
                else:
                    assert got == 0.0


def test_emg_of_each_muscle_is_proportional_to_its_own_tone():
    subject = awake(three())
    chunk = subject.step(round(60 * FS))
    sigma = [subject.params.sigma_mvc_uv]
    sigma += [muscle.sigma_mvc_uv for muscle in subject.params.companions]
    own_uv = rms(chunk.tones_pct_mvc) / 100.0 * np.array(sigma)
    seen_uv = rms(chunk.emg_uv)
    assert seen_uv[0] == pytest.approx(own_uv[0], rel=0.04)
    assert own_uv[1] * 0.97 < seen_uv[1] < np.hypot(own_uv[1], 0.16 * own_uv[0]) * 1.03
    assert own_uv[2] * 0.97 < seen_uv[2] < np.hypot(own_uv[2], 0.16 * own_uv[1]) * 1.03


def test_channels_after_the_muscles_follow_the_first_more_weakly():
    subject = awake(three(), n_channels=6)
    seen_uv = rms(subject.step(round(20 * FS)).emg_uv)
    assert np.all(seen_uv[4:] < 0.6 * seen_uv[0])
    assert np.all(seen_uv[4:] > 0.15 * seen_uv[0])


def test_what_forces_one_muscle_excites_those_beside_it_a_little():
    """An adverse muscle is stimulated; its neighbours tense up, by less."""
    quiet, treated = (awake(three("adverse")) for _ in range(2))
    for second in range(30):
        rising = pulses(0, min(25.0, 1.5 * second))
        x = quiet.step(round(FS)).tones_pct_mvc.mean(axis=0)
        y = treated.step(round(FS), rising).tones_pct_mvc.mean(axis=0)
    rise = y - x
    assert rise[0] > 3.0
    assert 0.3 < rise[1] < 0.6 * rise[0]
    assert rise[2] == pytest.approx(0.0, abs=0.2)  # two muscles away


def test_pain_in_one_muscle_excites_its_neighbour():
    quiet, hurt = (awake(three("null")) for _ in range(2))
    ppt_kpa = hurt.params.person.body.contact.ppt_kpa
    press = Stimulation(2.0 * ppt_kpa, modality=Modality.PRESSURE)
    for _ in range(20):
        x = quiet.step(round(FS))
        y = hurt.step(round(FS), (press,))
    assert hurt.persons[0].excitation > 0.0
    spilled = hurt.persons[1].spilled_pct_mvc_s
    assert spilled == pytest.approx(0.05 * hurt.persons[0].excitation, rel=0.05)
    assert y.tones_pct_mvc[:, 1].mean() > x.tones_pct_mvc[:, 1].mean()


def test_pressure_on_a_site_acts_on_its_muscle_and_little_beside_it():
    subject = awake(three("responder-tonic"))
    before = subject.step(round(5 * FS)).tones_pct_mvc.mean(axis=0)
    kpa = 0.9 * subject.params.companions[0].person.body.contact.ppt_kpa
    off = Stimulation(0.0, modality=Modality.PRESSURE)
    for _ in range(90):
        site = (off, Stimulation(kpa, modality=Modality.PRESSURE), off)
        chunk = subject.step(round(FS), site)
    after = chunk.tones_pct_mvc.mean(axis=0)
    assert after[1] < 0.6 * before[1]
    assert after[1] / before[1] < after[0] / before[0] < 0.99
    reports = subject.reports()
    assert reports[1].discomfort_nrs > reports[0].discomfort_nrs == 0.0


def test_a_vibrator_shakes_the_channel_over_it_most():
    subject = SimulatedSubject(three("null"), FS, N, 1)
    off = Stimulation(0.0, 90.0, modality=Modality.VIBRATION)
    buzz = replace(off, level=3.0)
    seen_uv = rms(subject.step(round(4 * FS), (off, off, buzz)).emg_uv)
    assert np.argmax(seen_uv) == 2
    assert seen_uv[2] > 2.0 * seen_uv[1]
