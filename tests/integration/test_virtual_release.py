"""Pressure release against simulated people, engine and all."""

from dataclasses import replace

import pytest

from drivers.subject.presets import subject_params
from drivers.subject.subject import SubjectParams
from service.core.arming import Safety
from service.rehearsal.virtual import UNARMED_SCRIPT
from tests.support.hurried import bodies, hurried, script_of
from tests.support.virtual_rig import RigOptions, VirtualRig, WirelessRig, told

PRESSURE, HANDS = "pressure-release", "pressure-release-hands"


def sensitive(preset: str, seed: int, ppt_kpa: float) -> SubjectParams:
    params = subject_params(preset, seed)
    body = params.person.body
    contact = replace(body.contact, ppt_kpa=ppt_kpa)
    body = replace(body, contact=contact)
    return replace(params, person=replace(params.person, body=body))


def played(
    name: str, preset, seed: int, *, speaks: bool = True, watched: bool = False
) -> VirtualRig:
    program = hurried(name, 400.0)
    options = RigOptions(speaks=speaks, watched=watched)
    rig = WirelessRig(preset, seed, program=program, options=options)
    rig.open()
    rig.run(lambda r: r.phase in {"done", "fault"}, 900, script=script_of(program))
    return rig


def steps(rig: VirtualRig) -> list[tuple[str, str]]:
    return [(body["step"], body["why"]) for body in told(rig, "release")]


@pytest.fixture(scope="module")
def responder() -> VirtualRig:
    return played(PRESSURE, "responder", 1)


def test_a_person_who_says_how_it_feels_is_pressed_to_the_agreed_discomfort(
    responder: VirtualRig,
) -> None:
    ppt_kpa = responder.person.params.body.contact.ppt_kpa
    highest = max(a for _, (a,) in responder.device.history)
    assert 0.9 * ppt_kpa < highest < 1.2 * ppt_kpa
    assert ("hold", "agreed_discomfort") in steps(responder)
    assert highest <= responder.program.max_amplitude


def test_a_responder_lets_go_and_stays_relaxed_off_pressure(
    responder: VirtualRig,
) -> None:
    session = responder.engine.session
    assert session.outcome == "reached"
    assert session.final_pct_mvc < 3.0
    assert [step for step, _ in steps(responder)][:7] == [
        "ramp",
        "hold",
        "ease",
        "effort",
        "settle",
        "stretch",
        "check",
    ]
    assert ("ease", "released") in steps(responder)
    assert ("settle", "done") in steps(responder)


def test_nothing_is_pressed_outside_of_the_press(responder: VirtualRig) -> None:
    at = {e.detail["step"]: e.t_s for e in responder.events if e.kind == "release"}
    for t_s, (kpa,) in responder.device.history:
        if kpa > 0.0:
            assert at["ramp"] <= t_s <= at["ease"] + 5.1


def test_the_effort_is_paced_by_the_emg(responder: VirtualRig) -> None:
    paces = told(responder, "pace")
    assert len(paces) >= 8
    assert not paces[0]["in_band"]
    assert paces[-1]["in_band"]
    assert all(20.0 <= p["level_pct_mvc"] <= 30.0 for p in paces if p["in_band"])


def test_the_state_shows_step_site_and_pressure() -> None:
    rig = VirtualRig(program=hurried(PRESSURE, 60.0), recorded=True)
    rig.open()
    rig.run(lambda r: r.phase == "treating")
    rig.pass_time(5.0)
    shown = rig.state.session.release
    assert (shown.step, shown.cycle, shown.site) == ("ramp", 1, "trapezius_r")
    assert 0.0 < shown.pressed_kpa <= 40.0
    assert shown.left_s == pytest.approx(55.0, abs=0.5)
    assert shown.sound_hz == 0.0
    assert rig.state.session.task == "press"
    assert rig.state.session.unit == "kPa"
    rig.stop()
    rig.pass_time(0.2)
    assert rig.state.session.release is None
    assert rig.device.history[-1][1] == (0.0,)


def test_who_guards_is_eased_at_once_and_the_session_is_adverse() -> None:
    rig = played(PRESSURE, sensitive("null", 3, 30.0), 3, speaks=False)
    (strike,) = told(rig, "strike")
    assert strike["why"] == "guarding"
    assert rig.engine.session.outcome == "adverse"
    struck_s = next(e.t_s for e in rig.events if e.kind == "strike")
    zero_s = next(t for t, (a,) in rig.device.history if a == 0.0 and t >= struck_s)
    assert zero_s - struck_s < 0.1
    assert not any(a for t, (a,) in rig.device.history if t > zero_s)


def test_a_muscle_that_does_not_answer_ends_after_one_cycle() -> None:
    rig = played(PRESSURE, "null", 1)
    session = rig.engine.session
    assert (session.outcome, session.cause) == (
        "not_reached",
        "the last cycle brought no gain",
    )
    assert ("ease", "time") in steps(rig) or ("ease", "discomfort_halved") in steps(rig)
    assert ("check", "tense") in steps(rig), "a tense muscle is not stretched"


def test_hands_reach_a_responder_without_a_permit() -> None:
    rig = played(HANDS, "responder", 2, watched=True)
    session = rig.engine.session
    assert session.outcome == "reached"
    assert session.final_pct_mvc < 3.0
    assert rig.permits == []
    assert rig.device.history == []
    assert {d["permit"] for d in bodies(rig, "decision")} == {None}


def test_what_hands_must_not_press_is_confirmed_with_the_start() -> None:
    strict = RigOptions(Safety(ceremony=True, presence=True, site="trapezius_upper"))
    program = hurried(HANDS)
    rig = VirtualRig(program=program, options=strict)
    rig.open()
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})
    rig.pass_time(5.1)
    keys = [key for key, _ in program.contraindications]
    assert "not confirmed" in rig.ask("start", operator="B", confirmed=keys[1:]).refused
    assert rig.ask("start", operator="B", confirmed=keys).refused == ""


def test_a_hold_lets_go_and_the_cycle_begins_anew() -> None:
    rig = VirtualRig(program=hurried(PRESSURE, 120.0), recorded=True)
    rig.open()
    rig.run(lambda r: r.phase == "treating")
    rig.pass_time(8.0)
    assert max(rig.role.state().amplitudes) > 30.0
    assert rig.ask("hold").refused == ""
    rig.pass_time(1.0)
    assert max(rig.role.state().amplitudes) == 0.0
    assert rig.ask("start").refused == ""
    rig.pass_time(1.0)
    assert max(rig.role.state().amplitudes) < 15.0
    assert rig.phase == "treating"


def test_a_therapist_is_asked_to_start_not_to_arm() -> None:
    assert script_of(hurried(HANDS)) == UNARMED_SCRIPT
