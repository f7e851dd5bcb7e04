"""Events and indices of the controlled muscle, in states and events."""

import pytest

from drivers.subject.person import Task
from service.config.treatment import DisturbanceConfig
from tests.support.virtual_rig import RigOptions, VirtualRig

CALIBRATE = {"checking": "calibrate"}


@pytest.fixture(params=[None, DisturbanceConfig()], ids=["plain", "accurate"])
def rig(request) -> VirtualRig:
    rig = VirtualRig("responder-tonic", options=RigOptions(treatment=request.param))
    rig.open()
    return rig


def pass_s(rig: VirtualRig, seconds: float) -> None:
    end_s = rig.clock.now_s() + seconds
    rig.run(lambda r: r.clock.now_s() >= end_s, script={})


def test_a_contraction_in_readiness_is_told_and_counted(rig: VirtualRig) -> None:
    rig.run(lambda r: r.phase == "ready", script=CALIBRATE)
    assert rig.state.activity is None or rig.state.activity.n_contractions == 0
    pass_s(rig, 6.0)
    rig.events.clear()

    asked_s = rig.clock.now_s()
    rig.source.prompt(Task.MVC)
    pass_s(rig, 2.0)
    rig.source.prompt(Task.RELAX)
    pass_s(rig, 4.0)

    told = [e for e in rig.events if e.kind in {"onset", "offset"}]
    assert told[0].kind == "onset"
    assert told[0].detail["at_s"] == pytest.approx(asked_s, abs=0.4)
    activity = rig.state.activity
    assert activity is not None
    assert activity.n_contractions >= 1
    assert activity.peak_pct_mvc > 50
    assert activity.observed_s == pytest.approx(12.0, abs=1.5)
    kinds = [r.kind for r in rig.records]
    assert {"onset", "offset"} <= set(kinds), "the journal has them too"


def test_stimulated_time_does_not_count(rig: VirtualRig) -> None:
    rig.run(lambda r: r.phase == "treating")
    began_s, before = rig.clock.now_s(), rig.state.activity.observed_s
    pass_s(rig, 30.0)
    elapsed_s = rig.clock.now_s() - began_s

    heard_s = rig.state.activity.observed_s - before

    # 2 of 5 s are off, less settling and readback.
    assert 0.2 * elapsed_s < heard_s < 0.45 * elapsed_s
    assert rig.state.activity.peak_pct_mvc < 30, "no artifact is taken for load"


def test_the_indices_are_renewed_twice_a_second(rig: VirtualRig) -> None:
    rig.run(lambda r: r.phase == "ready", script=CALIBRATE)
    seen = []
    end_s = rig.clock.now_s() + 5.0

    def note(r: VirtualRig) -> bool:
        if r.state.activity is not None:
            seen.append(r.state.activity.observed_s)
        return r.clock.now_s() >= end_s

    rig.run(note, script={})

    assert 8 <= len(set(seen)) <= 12
