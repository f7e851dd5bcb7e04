"""Thresholds of a simulated person, searched for by the true engine in virtual time.

A simulated muscle is recruited along a logistic curve, half of it at
``RecruitmentParams.motor_ma``. Its motor threshold is taken to be the amplitude from
which on the M-wave is as large as the program asks for.
"""

import math
from dataclasses import replace

import msgspec
import pytest

from drivers.ports import SourceLost
from drivers.subject.presets import subject_params
from drivers.subject.recruitment import MOTOR_SPREAD_MA
from service.core.plans import SearchPlan
from service.core.search import SearchEnd
from service.recorder.explain import explain_at, tell_story
from tests.support.virtual_rig import RigOptions, VirtualRig, demo_program, told

PLAN = SearchPlan(start_ma=7.0, step_ma=1.0, ceiling_ma=20.0, m_wave_uv=200.0)
#: EMG of a relaxed person: little hides the M-wave.
QUIET_UV = 200.0
FELT = 0.05


def person(seed: int, sigma_mvc_uv: float | None = None):
    params = subject_params("responder", seed)
    sigma = sigma_mvc_uv or params.sigma_mvc_uv
    return replace(params, sigma_mvc_uv=sigma)


def searching(params, seed=1, *, watched=False, **plan) -> VirtualRig:
    program = replace(demo_program(treatment_s=150.0), search=replace(PLAN, **plan))
    options = RigOptions(watched=watched)
    rig = VirtualRig(params, seed, program=program, options=options)
    rig.open()
    rig.run(lambda r: r.phase == "treating")
    return rig


def search_of(rig: VirtualRig):
    return rig.engine.session.treatment.search


def finish(rig: VirtualRig) -> None:
    rig.run(lambda r: not search_of(r).is_under_way)


def expected_ma(params) -> float:
    share = PLAN.m_wave_uv / (1000.0 * params.artifact.m_wave_mv)
    return params.person.recruitment.motor_ma + MOTOR_SPREAD_MA * math.log(
        share / (1.0 - share)
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_the_motor_threshold_is_found(seed):
    params = person(seed, QUIET_UV)
    rig = searching(params, seed, watched=True)
    finish(rig)

    assert search_of(rig).end is SearchEnd.FOUND
    found_ma = search_of(rig).motor_ma
    assert found_ma == pytest.approx(expected_ma(params), abs=2.0)
    (threshold,) = told(rig, "threshold")
    assert threshold == {"which": "motor", "amplitude_ma": found_ma, "by": "m_wave"}
    responses = [d for d in told(rig, "muscle_response") if d["m_wave_uv"] is not None]
    assert max(d["m_wave_uv"] for d in responses) > PLAN.m_wave_uv
    shown = rig.state.session
    assert shown.search.motor_ma == found_ma
    assert not shown.search.under_way
    assert shown.muscle_response.m_wave_uv > PLAN.m_wave_uv

    since_s = rig.clock.now_s()
    rig.pass_time(25.0)
    later = [a for t, (a,) in rig.device.history if t > since_s]
    assert 0.0 < max(later) <= 1.2 * found_ma


def test_what_the_person_feels_is_where_the_level_starts_from():
    rig = searching(person(1, QUIET_UV), start_share=0.0)

    def felt(r: VirtualRig) -> bool:
        return r.person.recruitment.sensory > FELT

    rig.run(felt)
    assert rig.ask("mark", text="sensory").refused == ""
    finish(rig)

    marks = {d["which"]: d["amplitude_ma"] for d in told(rig, "threshold")}
    assert marks["sensory"] < marks["motor"]
    end = told(rig, "search")[-1]
    assert end["sensory_ma"] == marks["sensory"]
    assert end["level_ma"] == pytest.approx(marks["sensory"])


def test_what_is_tolerated_is_never_approached_again():
    rig = searching(person(1), start_ma=6.0)
    rig.run(lambda r: max(r.role.state().amplitudes) >= 8.0)
    assert rig.ask("mark", text="tolerance").refused == ""
    marked_s = rig.clock.now_s()
    rig.pass_time(40.0)

    assert search_of(rig).end is SearchEnd.TOLERANCE
    (mark,) = told(rig, "threshold")
    later = [a for t, (a,) in rig.device.history if t > marked_s + 0.05]
    assert max(later) <= 0.85 * mark["amplitude_ma"]


def test_a_lost_signal_ends_the_search_and_the_stimulation():
    rig = searching(person(1))
    rig.run(lambda r: max(r.role.state().amplitudes) >= 7.0)
    lost = SourceLost("emg", "cable", rig.clock.now_s())
    rig.hear(lost)
    rig.step()

    assert search_of(rig).end is SearchEnd.INTERRUPTED
    assert rig.phase in {"holding", "fault"}
    assert max(rig.role.state().amplitudes) == 0.0
    assert told(rig, "search")[-1]["outcome"] == SearchEnd.INTERRUPTED.value


def test_the_journal_tells_of_the_search():
    rig = searching(person(1, QUIET_UV), watched=True, start_ma=9.0)
    rig.run(lambda r: max(r.role.state().amplitudes) >= 9.0)
    rig.ask("stop")
    rig.step()
    records = [msgspec.to_builtins(record) for record in rig.records]

    story = tell_story(records)
    assert "search: amplitude_ma 9" in story
    assert "search: outcome interrupted" in story
    length_s = records[-1]["t_s"] - records[0]["t_s"]
    assert "mA were permitted" in explain_at(records, length_s - 1.0)
