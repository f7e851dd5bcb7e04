from dataclasses import replace

import numpy as np
import pytest

from drivers.subject.inhibition import Response, ResponseParams
from drivers.subject.person import Person, Task, effort_of
from drivers.subject.presets import subject_params
from drivers.subject.recruitment import NOTHING, Recruitment
from drivers.subject.stimulation import SILENCE, Stimulation

DT_S = 0.01
FLAT = ResponseParams(1.0, 10.0, 0.5, 0.0, 300.0, 0.0, 100.0, 0.0, 4.0, 2.0)


def response(params=FLAT, tolerance_ma=40.0):
    return Response(params, tolerance_ma, pain_gain=3.0, dt_s=DT_S)


def drive(body, recruitment, seconds):
    return [body.advance(recruitment) for _ in range(round(seconds / DT_S))]


def settled(body, amplitude_ma):
    """Make an amplitude familiar, so that it no longer startles."""
    drive(body, Recruitment(0.0, 0.0, amplitude_ma), 3.0)
    return body


def test_inhibition_waits_for_the_delay_and_then_lags():
    values = [w for w, _ in drive(response(), Recruitment(1.0, 1.0, 1.0), 60.0)]
    assert max(values[:50]) == 0.0
    assert values[50] > 0.0
    assert values[50 + 1000] == pytest.approx(1.0 - np.exp(-1.0), rel=5e-3)
    assert values[-1] == pytest.approx(1.0, rel=5e-3)


def test_habituation_takes_away_its_share():
    tired = replace(FLAT, habituation_max=0.4, habituation_tau_s=20.0)
    values = [w for w, _ in drive(response(tired), Recruitment(1.0, 1.0, 1.0), 200.0)]
    assert max(values) > values[-1]
    assert values[-1] == pytest.approx(0.6, rel=1e-2)


def test_analgesia_is_slow_and_stays_after_the_stimulation():
    slow = replace(FLAT, inhibition_gain=0.0, analgesia_gain=0.5)
    body = response(slow)
    drive(body, Recruitment(1.0, 1.0, 1.0), 100.0)
    assert body.inhibition == pytest.approx(0.5 * (1 - np.exp(-1.0)), rel=1e-2)
    drive(body, NOTHING, 10.0)
    assert body.inhibition > 0.27


def test_adverse_branch_excites_and_outlasts_the_stimulation():
    body = response(replace(FLAT, adverse_gain=8.0))
    assert drive(body, Recruitment(1.0, 1.0, 1.0), 60.0)[-1][1] == pytest.approx(8.0)
    assert 3.0 < drive(body, NOTHING, 3.0)[-1][1] < 8.0


def test_pain_begins_at_nine_tenths_of_the_tolerance():
    assert settled(response(), 35.9).advance(Recruitment(0, 0, 35.9))[1] == 0.0
    at_tolerance = settled(response(), 40.0).advance(Recruitment(0, 0, 40.0))[1]
    assert at_tolerance == pytest.approx(3.0)


def test_a_step_startles_for_a_second_and_its_repetition_does_not():
    body = response()
    jump = Recruitment(0.0, 0.0, 10.0)
    first = [v for _, v in drive(body, jump, 2.0)]
    assert first[0] == pytest.approx(2.0 * (10.0 - 2.0))
    assert first[98] > 0.0
    assert max(first[101:]) == 0.0
    drive(body, NOTHING, 2.0)
    assert max(v for _, v in drive(body, jump, 2.0)) == 0.0


def test_a_slow_rise_startles_nobody():
    body = response()
    ramp = [Recruitment(0.0, 0.0, 1.9 * DT_S * i) for i in range(1000)]
    assert max(body.advance(r)[1] for r in ramp) == 0.0


def person(preset="responder", seed=1):
    params = subject_params(preset, seed).person
    return Person(params, np.random.default_rng(seed), DT_S)


def follow(subject, task, seconds, stimulation=SILENCE):
    effort = effort_of(task)
    return [subject.advance(stimulation, effort) for _ in range(round(seconds / DT_S))]


@pytest.mark.parametrize("preset", ["responder", "responder-tonic"])
def test_rest_then_effort_then_tense(preset):
    subject = person(preset)
    tense = subject.params.tone.tense_pct_mvc
    assert max(follow(subject, Task.REST, 20.0)) < 1.0
    effort = np.array(follow(subject, Task.MVC, 5.0))
    assert effort[30] > 80.0
    assert effort[100:].mean() == pytest.approx(100.0, abs=6.0)
    assert 0.1 < effort[100:].std() < 6.0
    follow(subject, Task.REST, 3.0)
    after = np.array(follow(subject, Task.RELAX, 10.0))
    assert after.mean() == pytest.approx(tense, rel=0.15)


@pytest.mark.parametrize("seed", range(50))
def test_every_effort_of_three_seconds_leaves_tension(seed):
    subject = person("responder", seed)
    follow(subject, Task.MVC, 3.0)
    tones = follow(subject, Task.RELAX, 60.0)
    assert tones[-1] == pytest.approx(subject.params.tone.tense_pct_mvc, rel=0.15)


def test_startling_a_relaxed_person_hard_makes_them_tense():
    subject = person()
    assert follow(subject, Task.RELAX, 5.0)[-1] < 1.0
    startled = follow(subject, Task.RELAX, 2.0, Stimulation(30.0, 4.0, 200.0))
    assert max(startled) > subject.params.tone.saddle_pct_mvc
