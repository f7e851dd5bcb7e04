"""The result of a demo: peaks in the unit of the program, and in words."""

import functools
import json

import pytest

from service.messages import State
from service.summary import summarise, to_json, to_text
from tests.support.hurried import hurried, script_of
from tests.support.virtual_rig import WirelessRig

KPA = "acupressure-mat"


@functools.cache
def state_of(name: str) -> State:
    program = hurried(name, 20.0)
    rig = WirelessRig("responder", 3, program=program)
    rig.open()
    rig.run(lambda r: r.phase == "done", 200, script=script_of(program))
    rig.pass_time(0.1)
    return rig.state


@pytest.mark.parametrize(
    ("name", "unit"), [(KPA, "kPa"), ("ems-flutter-demo", "mA"), ("biofeedback", "")]
)
def test_the_peak_is_told_in_the_unit_of_the_program(name: str, unit: str) -> None:
    summary = json.loads(to_json(summarise(state_of(name))))
    text = to_text(summary)

    assert summary["unit"] == unit
    assert ("mA" in text) is (unit == "mA")
    if not unit:
        assert summary["peak_level"] is None
        return
    assert summary["peak_level"] > 0
    assert (summary["peak_amplitude_ma"] == summary["peak_level"]) is (unit == "mA")
    assert f"{summary['peak_level']:.2f} {unit}" in text


def test_a_session_that_was_interrupted_says_where_it_was() -> None:
    summary = {**summarise(state_of(KPA)), "outcome": None, "phase": "calibrating"}

    assert "none, the session was calibrating" in to_text(summary)
