"""``[targeted]``: what is accepted, and what is refused with the reason."""

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.config.paths import shipped_config
from service.config.programs import ProgramConfig, program_data
from service.core.turns import TargetedPlan


@pytest.fixture
def data() -> dict:
    path: Path = shipped_config() / "programs" / "ems-targeted.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def test_the_shipped_program_says_what_the_core_takes_for_granted(data) -> None:
    program = ProgramConfig.model_validate(data).to_core()

    assert program.targeted == TargetedPlan()
    assert program.has_muscles
    assert ProgramConfig.model_validate(program_data(program)).to_core() == program


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("at_once", 3),
        ("at_once", 0),
        ("balance_pct_mvc", -1.0),
        ("longest_wait_bouts", 0),
        ("share_slack", 1.5),
        ("coactivation_ratio", 1.0),
        ("coactivation_sd", -0.1),
        ("muscles", 2),
    ],
)
def test_what_makes_no_sense_is_refused(data, key: str, value: float) -> None:
    data["targeted"][key] = value

    with pytest.raises(ValidationError, match=rf"targeted\.{key}"):
        ProgramConfig.model_validate(data)


def test_several_muscles_are_refused_without_current(data) -> None:
    data["actuation"] = {"modality": "massage", "max_amplitude_kpa": 50.0}
    data["bout"] = {"on_s": 3.0, "off_s": 2.0}

    with pytest.raises(ValidationError, match='modality = "ems" with it, got massage'):
        ProgramConfig.model_validate(data)


def test_a_search_is_refused_because_it_looks_at_one_muscle(data) -> None:
    data["search"] = {"start_ma": 1.0}

    with pytest.raises(ValidationError, match="in one muscle only"):
        ProgramConfig.model_validate(data)


def test_pushes_are_bounded_as_in_one_muscle(data) -> None:
    pushes = {"push_s": 20.0, "rest_s": 4.0, "touches": 5, "touch_s": 1.0}
    data["bout"] |= pushes
    assert ProgramConfig.model_validate(data).bout.push_s == pushes["push_s"]
    data["bout"] |= {"push_s": 35.0}

    with pytest.raises(ValidationError, match="of any minute on"):
        ProgramConfig.model_validate(data)
