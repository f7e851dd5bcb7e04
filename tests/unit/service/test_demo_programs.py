"""What the demo changes about a shipped program, and what it does not."""

import dataclasses

import pytest

from service.demo import DemoParams, demo_program_of, demo_supervisor
from service.demo_programs import demo_program, subject_of
from service.errors import ConfigError
from service.program_files import shipped_programs
from service.role import Snapshot

HURRIED = {"timing", "calibration", "assess"}


@pytest.mark.parametrize("name", sorted(shipped_programs()))
def test_only_waiting_is_shortened(name: str) -> None:
    shipped, shown = shipped_programs()[name], demo_program(name, 33.0)

    for field in dataclasses.fields(shipped):
        if field.name not in HURRIED:
            assert getattr(shown, field.name) == getattr(shipped, field.name)
    assert shown.timing.treatment_s == 33.0
    assert shown.calibration.reference == shipped.calibration.reference
    assert shown.assess.measures == shipped.assess.measures


def test_an_unknown_program_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="expected one of acupressure-mat, biofeedback"
    ):
        demo_program("nonesuch", 10.0)


def test_the_demo_runs_what_was_asked_for(tmp_path) -> None:
    name = "needling-observation"
    params = DemoParams(20.0, 1, subject_of(name), 8123, tmp_path, program=name)
    supervisor = demo_supervisor(params)
    supervisor.end()

    assert demo_program_of(supervisor).name == name
    assert supervisor.snapshot.rig.control.program == name
    snapshot = Snapshot.from_json(supervisor.snapshot.to_json())
    assert snapshot.programs == supervisor.snapshot.programs
    assert subject_of(name) == "needle-sequence"
    assert subject_of("ems-flutter-demo") == "responder"
