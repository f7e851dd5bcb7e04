"""Thresholds that an operator marks bound what the loop may ask for."""

import math

import pytest

from service.core.thresholds import Thresholds
from tests.support.virtual_rig import VirtualRig, demo_program


def rising_to(amplitude_ma: float) -> VirtualRig:
    rig = VirtualRig("null", program=demo_program(treatment_s=200.0), recorded=True)
    rig.open()
    rig.run(lambda r: max(r.role.state().amplitudes) >= amplitude_ma)
    return rig


def highest_after(rig: VirtualRig, duration_s: float) -> float:
    since_s = rig.clock.now_s()
    rig.pass_time(duration_s)
    return max(a for t, (a,) in rig.device.history if t > since_s + 0.02)


def test_a_mark_never_raises_a_bound() -> None:
    marked = Thresholds().marked("motor", 10.0).marked("motor", 14.0)

    assert marked.motor_ma == 10.0
    assert marked.ceilings_ma()["threshold:motor"] == pytest.approx(12.0)
    assert marked.ceilings_ma()["threshold:tolerance"] == math.inf


def test_the_motor_threshold_bounds_the_search_from_above() -> None:
    rig = rising_to(5.0)
    assert rig.ask("mark", text="sensory").refused == ""
    assert highest_after(rig, 12.0) > 7.0
    assert rig.ask("mark", text="motor").refused == ""
    (sensory, motor) = (r.body for r in rig.records if r.kind == "threshold")

    assert (sensory["which"], motor["which"]) == ("sensory", "motor")
    bound_ma = 1.2 * motor["amplitude_ma"]
    reached_ma = highest_after(rig, 40.0)
    assert bound_ma - 1.0 < reached_ma <= bound_ma
    limits = {r.body["most_limiting"] for r in rig.records if r.kind == "decision"}
    assert "threshold:motor" in limits


def test_what_is_too_much_is_lowered_at_once() -> None:
    rig = rising_to(6.0)
    assert rig.ask("mark", text="tolerance").refused == ""
    rig.step()

    assert 0.0 < max(rig.role.state().amplitudes) <= 0.85 * 6.5
    assert highest_after(rig, 20.0) <= 0.85 * 6.5


def test_nothing_is_marked_while_nothing_is_on() -> None:
    rig = VirtualRig(program=demo_program())
    rig.open()
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})
    assert "not possible" in rig.ask("mark", text="motor").refused
    rig.run(lambda r: r.phase == "treating")

    assert "nothing has been on yet" in rig.ask("mark", text="motor").refused
