"""The table that asks for a search of thresholds."""

import pytest
from pydantic import ValidationError

from service.config.programs import ProgramConfig, program_data
from service.core.plans import SearchPlan
from service.core.program import Program


def config(actuation=None, **search) -> ProgramConfig:
    data = program_data(Program())
    data["actuation"] = {**data["actuation"], **(actuation or {})}
    return ProgramConfig.model_validate({**data, "search": search})


def test_left_out_nothing_is_searched_for():
    assert ProgramConfig.from_core(Program()).to_core().search is None


def test_its_ceiling_is_that_of_the_program_unless_it_is_stated():
    assert config().to_core().search == SearchPlan(ceiling_ma=15.0)
    stated = config(ceiling_ma=8.0, step_ma=0.25).to_core()

    assert stated.search == SearchPlan(ceiling_ma=8.0, step_ma=0.25)
    assert ProgramConfig.from_core(stated).to_core() == stated


@pytest.mark.parametrize(
    "wrong",
    [
        {"ceiling_ma": 15.5},
        {"ceiling_ma": 2.0, "start_ma": 3.0},
        {"step_ma": 1.5},
        {"start_ma": 0.0},
        {"motor_ratio": 1.3},
        {"tolerance_ratio": 0.9},
        {"dwell_bouts": 0},
        {"m_wave_uv": 5.0},
    ],
)
def test_what_would_climb_too_fast_or_too_high_is_refused(wrong):
    with pytest.raises(ValidationError, match="search"):
        config(**wrong)


def test_without_pulses_there_is_nothing_to_search_for():
    data = program_data(Program())
    data["actuation"] = {"modality": "none"}
    for key in ("law", "bout", "response", "wean_ma_per_s"):
        del data[key]
    with pytest.raises(ValidationError, match="search"):
        ProgramConfig.model_validate({**data, "needling": {}, "search": {}})
