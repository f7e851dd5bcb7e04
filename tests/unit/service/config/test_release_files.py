"""The table of a pressure release: what is refused, and the way there and back."""

from dataclasses import fields
from pathlib import Path

import pytest

from service.config.load import load_toml
from service.config.programs import ProgramConfig
from service.config.release_table import ReleaseTable
from service.core.release_plan import ReleasePlan
from service.errors import ConfigError
from service.program_files import shipped_programs

HEAD = 'name = "mine"\ntitle = "A release"\n'
PRESSURE = '[actuation]\nmodality = "pressure"\nmax_amplitude_kpa = {kpa}\n'
HANDS = '[actuation]\nmodality = "none"\n'


def loaded(tmp_path: Path, text: str) -> ProgramConfig:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_toml(path, ProgramConfig)


@pytest.mark.parametrize("actuation", [PRESSURE.format(kpa=120.0), HANDS])
def test_a_release_survives_the_way_there_and_back(
    actuation: str, tmp_path: Path
) -> None:
    file = loaded(tmp_path, actuation + "[release]\nhold_max_s = 60.0\ncycles = 2\n")
    program = file.to_core()
    assert program.release == ReleasePlan(hold_max_s=60.0, cycles=2)
    assert program.has_muscles
    assert ProgramConfig.from_core(program).to_core() == program


@pytest.mark.parametrize("name", ["pressure-release", "pressure-release-hands"])
def test_the_shipped_ones_press_within_what_is_recommended(name: str) -> None:
    program = shipped_programs()[name]
    assert program.release is not None
    assert program.contraindications
    assert program.actuates == (name == "pressure-release")
    assert ProgramConfig.from_core(program).warnings() == []


def test_the_table_has_the_keys_and_defaults_of_the_plan() -> None:
    properties = ReleaseTable.model_json_schema()["properties"]
    assert set(properties) == {f.name for f in fields(ReleasePlan)}
    for key, told in properties.items():
        assert told["default"] == getattr(ReleasePlan(), key)
        assert told["description"]
        assert told["minimum"] <= told["default"] <= told["maximum"]


WRONG = [
    ("hold_min_s = 80.0\nhold_max_s = 60.0", "hold_min_s: expected at most hold_max_s"),
    ("effort_low_pct_mvc = 34.0", "effort_low_pct_mvc: expected at most effort_high"),
    ("effort_s = 12.0\neffort_patience_s = 8.0", "effort_s: expected at most effort_p"),
    ("discomfort_nrs = 8.0", "release.discomfort_nrs"),
    ("hold_max_s = 91.0", "release.hold_max_s"),
    ("cycles = 4", "release.cycles"),
    ("ppt_ratio = 1.3", "release.ppt_ratio"),
    ("ramp_kpa_per_s = 11.0", "release.ramp_kpa_per_s"),
    ("ramp_kpa_per_s = 2.0", "ramp to 120 kPa, hold_max_s and letting go last 155 s"),
]


@pytest.mark.parametrize(("keys", "reason"), WRONG)
def test_a_wrong_release_is_refused(keys: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, PRESSURE.format(kpa=120.0) + f"[release]\n{keys}\n")
    assert reason in str(caught.value)
    assert "line " in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PRESSURE.format(kpa=120.0), 'expected one of [release] with modality = "pre'),
        (PRESSURE.format(kpa=120.0) + "[release]\n[law]\n", "law: leave it out"),
        (PRESSURE.format(kpa=120.0) + "[release]\n[bout]\n", "bout: leave it out"),
        (HANDS + "[release]\n[law]\n", "law: leave it out"),
        (
            HANDS + "[release]\n[needling]\n",
            "expected one of [feedback] and",
        ),
        (HANDS + "[needling]\n[response]\n", "response: leave it out"),
    ],
)
def test_what_does_not_go_with_a_release_is_refused(
    text: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    assert reason in str(caught.value)


def test_hands_may_state_when_a_response_is_adverse(tmp_path: Path) -> None:
    text = HANDS + "[release]\n[response]\nstrikes = 1\n"
    assert loaded(tmp_path, text).to_core().response.strikes == 1


def test_current_is_no_pressure(tmp_path: Path) -> None:
    ems = "[actuation]\nmax_amplitude_ma = 5.0\npulse_width_us = 200.0\n"
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, ems + "frequency_hz = 4.0\n[release]\n")
    assert 'modality = "ems" goes with' in str(caught.value)
