"""Several muscles of one simulated person, from calibration to the end."""

from dataclasses import replace

import pytest

from service.core.company import treatments_of
from service.core.program import Program
from service.recorder.explain import explain_at, tell_story
from tests.support.hurried import bodies, hurried
from tests.support.virtual_rig import (
    SCRIPT,
    RigOptions,
    VirtualRig,
    WirelessRig,
    demo_program,
)


def quick(treatment_s: float = 200.0) -> Program:
    """Return the shipped program with the law of the demo, which is in a hurry."""
    demo, program = demo_program(), hurried("ems-targeted", treatment_s)
    return replace(
        program,
        law=demo.law,
        wean_ma_per_s=demo.wean_ma_per_s,
        bout=demo.bout,
        window_s=demo.window_s,
    )


def opened(
    n_muscles: int,
    seed: int = 1,
    preset: str = "responder",
    *,
    kind: type[VirtualRig] = WirelessRig,
    watched: bool = False,
) -> VirtualRig:
    options = RigOptions(watched=watched)
    rig = kind(preset, seed, program=quick(), n_channels=n_muscles, options=options)
    rig.open()
    return rig


def finished(rig: VirtualRig) -> VirtualRig:
    rig.run(lambda r: r.phase in {"done", "fault"}, 600, script=SCRIPT)
    return rig


@pytest.fixture(scope="module")
def three() -> VirtualRig:
    return finished(opened(3, watched=True))


def test_three_muscles_relax_and_the_relaxed_one_is_never_stimulated(three) -> None:
    session = three.engine.session

    assert session.outcome == "reached", session.cause
    tense, mild, relaxed = (c.baseline_pct_mvc for c in calibrations(session))
    assert tense > mild > 3.0 > relaxed
    assert session.final_pct_mvc < 3.75
    assert all(member.final_pct_mvc < 3.75 for member in session.company)
    most = [max(put[k] for _, put in three.device.history) for k in range(3)]
    assert most[0] > 1.0
    assert most[1] > 1.0
    assert most[2] == 0.0


def calibrations(session) -> list:
    return [session.calibration, *(member.calibration for member in session.company)]


def test_the_device_never_gives_to_three_at_once(three) -> None:
    on = [sum(a > 0 for a in put) for _, put in three.device.history]

    assert max(on) == 2
    assert not any(three.role.state().amplitudes)


def test_the_journal_tells_who_was_calibrated_and_picked(three) -> None:
    assert [b["muscle"] for b in bodies(three, "company")] == list(
        three.engine.session.setup.muscles[1:]
    )
    turns = [b["muscles"] for b in bodies(three, "picked")]
    assert turns[0] == ", ".join(three.engine.session.setup.muscles[:2])
    records = [{"t_s": r.t_s, "kind": r.kind, "body": r.body} for r in three.records]
    assert "picked: muscles" in tell_story(records)
    start_s = records[0]["t_s"]
    picked_s = next(r["t_s"] for r in records if r["kind"] == "picked") - start_s
    third = three.engine.session.setup.muscles[2]
    told = explain_at(records, picked_s + 1.0).splitlines()
    turns = [line.rsplit(", ", 1)[1] for line in told if ": tone " in line]
    assert turns == ["picked.", "picked.", "not picked."]
    assert any(line.startswith(f"{third}: tone ") for line in told)


def test_the_state_says_it_of_each_muscle(three) -> None:
    states = three.state.session.targeted

    assert [one.label for one in states] == list(three.engine.session.setup.muscles)
    assert all(one.final_pct_mvc < 3.75 for one in states)
    assert [one.charge_share > 0 for one in states] == [True, True, False]
    assert sum(one.charge_share for one in states) == pytest.approx(
        three.state.session.charge_mc / 50.0, rel=0.01
    )


def test_every_calibrated_channel_is_shown_in_percent(three) -> None:
    assert {one.unit for one in three.state.channels} == {"pct_mvc"}
    assert all(one.tension_pct_mvc is not None for one in three.state.channels)


def test_two_muscles_are_treated_to_the_end() -> None:
    rig = finished(opened(2, 3))

    session = rig.engine.session
    assert rig.phase == "done"
    assert session.outcome == "reached", session.cause
    assert len(treatments_of(session)) == 2


def test_bad_emg_of_any_muscle_holds_all_and_a_stop_is_zero_at_once() -> None:
    rig = opened(3, 2, kind=VirtualRig)
    rig.run(lambda r: any(r.role.state().amplitudes), 100, script=SCRIPT)
    rig.signal_fault = OneFlat(2)
    rig.run(lambda r: r.phase == "holding", 10, script={})
    assert rig.engine.session.hold_reason == "quality"
    assert all(t.level.amplitude == 0.0 for t in treatments_of(rig.engine.session))
    rig.pass_time(0.1)
    assert not any(rig.role.state().amplitudes)
    rig.signal_fault = None
    rig.run(lambda r: any(r.role.state().amplitudes), 30, script={})
    rig.stop()
    assert not any(rig.role.state().amplitudes)
    rig.pass_time(0.2)
    assert rig.engine.session.outcome == "stopped"


class OneFlat:
    """An electrode of one muscle is off: its channel shows one value."""

    def __init__(self, channel: int) -> None:
        self._channel = channel

    def pushes(self, emg_uv, end_s: float) -> list:
        flat = emg_uv.copy()
        flat[:, self._channel] = 0.0
        return [(flat, end_s)]


def test_a_person_who_answers_adversely_ends_adverse() -> None:
    rig = finished(opened(2, 1, "adverse"))

    assert rig.engine.session.outcome == "adverse"
    ended_s = [e.t_s for e in rig.events if e.kind == "muscle_ended"]
    last_s = max(t for t, put in rig.device.history if any(put))
    assert last_s < ended_s[0] + 0.1
