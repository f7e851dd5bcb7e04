"""Two sessions of one subject: what the first measures, the second may use."""

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.clock import ManualClock
from service.engine.references import ReferenceDesk
from service.recorder.recorder import Recorder
from service.references import ReferenceStore
from tests.support.virtual_rig import RigOptions, VirtualRig, demo_program

HOUR_S = 3600.0
MUSCLE = "trapezius_r"


class Lab:
    """A rig, a folder and a calendar."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unix_s = 1_700_000_000.0
        self.store = ReferenceStore(folder / "references")

    def rig(self, program=None, **more) -> VirtualRig:
        desk = ReferenceDesk(self.store, lambda: self.unix_s, 24 * HOUR_S)
        return VirtualRig(program=program, options=RigOptions(references=desk), **more)

    def calibrated(self, subject: str, program=None) -> VirtualRig:
        rig = self.rig(program)
        rig.open(subject=subject)
        rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})
        recorder = Recorder(self.folder, {}, ManualClock(), min_free_bytes=0)
        for record in rig.records:
            recorder.take(record)
        recorder.close()
        assert recorder.state().ok, recorder.state().why
        return rig


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def mvc_trials(rig: VirtualRig) -> int:
    return sum(e.kind == "prompt" and e.detail["task"] == "mvc" for e in rig.events)


def test_a_stored_reference_spares_rest_and_contraction(lab: Lab) -> None:
    first = lab.calibrated("S1")
    lab.unix_s += HOUR_S
    second = lab.rig()
    second.open(subject="S1", reference="stored")
    second.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})

    taken, used = (r.state.session.calibration for r in (first, second))
    assert (taken.origin, used.origin) == ("measured", "stored")
    assert used.mvc_uv == pytest.approx(taken.mvc_uv)
    assert used.noise_uv == pytest.approx(taken.noise_uv)
    assert used.warnings[0] == "MVC stored 1.0 h ago"
    assert second.state.session.reference == "MVC stored 1.0 h ago"
    assert (mvc_trials(first), mvc_trials(second)) == (1, 0)
    channel = second.state.channels[0]
    assert channel.unit == "pct_mvc"
    assert channel.tension == channel.tension_pct_mvc


def test_one_that_is_too_old_is_refused_and_the_tension_is_in_microvolt(lab) -> None:
    lab.calibrated("S1")
    lab.unix_s += 25 * HOUR_S
    rig = lab.rig()
    rig.open(subject="S1", reference="stored")
    rig.run(lambda r: not r.state.channels[0].quality and r.clock.now_s() > 8, 20)

    reply = rig.ask("calibrate")

    assert reply.kind == "refused"
    assert "25.0 h old" in reply.refused
    assert "reference = measured" in reply.refused
    assert "25.0 h old" in rig.state.session.reference
    channel = rig.state.channels[0]
    assert (channel.unit, channel.tension_pct_mvc) == ("uv", None)
    assert channel.tension == channel.envelope_uv
    assert not rig.ask("calibrate", reference="measured").refused


def test_another_subject_filter_or_rig_has_no_reference(lab: Lab) -> None:
    lab.calibrated("S1")
    for request, words in (
        ({"subject": "S2"}, "is stored for S2"),
        ({}, "open the session with one"),
    ):
        rig = lab.rig()
        rig.open(reference="stored", **request)
        assert words in rig.state.session.reference
    rig = VirtualRig()
    rig.open(subject="S1", reference="stored")
    assert "keeps no references" in rig.ask("calibrate").refused
    assert "expected stored or measured" in rig.ask("calibrate", reference="x").refused


def test_who_is_nobody_leaves_no_reference(lab: Lab) -> None:
    lab.calibrated("")

    assert not (lab.folder / "references").exists()


def test_a_load_is_stored_as_a_load(lab: Lab) -> None:
    plain = demo_program()
    plan = replace(plain.calibration, reference="rvc", mvc_trials=2, pause_s=5.0)
    program = replace(plain, calibration=plan)
    first = lab.calibrated("S1", program)
    second = lab.rig(program)
    second.open(subject="S1", reference="stored")
    second.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})

    assert lab.store.load("S1", MUSCLE).rvc_pct_mvc == 15.0
    taken, used = (r.state.session.calibration for r in (first, second))
    assert used.mvc_uv == pytest.approx(taken.mvc_uv)
    assert used.kind == "rvc"
    assert second.state.channels[0].unit == "pct_mvc_from_rvc"
    assert taken.mvc_uv == pytest.approx(615, rel=0.15), "the load is 15 % of the MVC"


def test_the_state_guides_through_the_trials(lab: Lab) -> None:
    plain = demo_program()
    plan = replace(plain.calibration, mvc_trials=3, pause_s=6.0)
    rig = lab.rig(replace(plain, calibration=plan))
    rig.open(subject="S1")
    seen = []

    def note(r: VirtualRig) -> bool:
        progress = r.state.session.calibrating
        if progress is not None:
            seen.append(progress)
        return r.phase == "ready"

    rig.run(note, script={"checking": "calibrate"})

    mvc = [p for p in seen if p.step == "mvc"]
    assert {(p.trial, p.n_trials) for p in mvc} == {(1, 3), (2, 3), (3, 3)}
    assert all(0 <= p.remaining_s <= p.duration_s for p in seen)
    assert max(p.achieved_uv or 0 for p in mvc) > 300
    assert [t.trial for t in seen[-1].trials] == [1, 2, 3]
    assert not any(t.rejected for t in seen[-1].trials)
    assert rig.state.session.calibrating is None
    said = [e.detail["text"] for e in rig.events if e.kind == "cue"]
    assert said.count("three") == said.count("one") == 3
