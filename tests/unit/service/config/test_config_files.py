"""Rig files and programs: what is shipped is valid, what is wrong is named."""

import copy
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from service.config.load import check, load_toml
from service.config.programs import ProgramConfig, load_programs
from service.config.rig import RigConfig
from service.core.program import Program
from service.errors import ConfigError

ROOT = Path(__file__).parents[4]
RIG = tomllib.loads((ROOT / "config/rig.toml").read_text(encoding="utf-8"))
FOLDERS = [ROOT / "config/programs", ROOT / "config/demo/programs"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.parent.name)
def test_shipped_programs_survive_the_way_to_the_core_and_back(folder: Path) -> None:
    for program in load_programs(folder).values():
        assert ProgramConfig.from_core(program).to_core() == program


def test_the_shipped_flutter_program_is_the_one_of_the_core() -> None:
    shipped = load_programs(FOLDERS[0])["ems-flutter"]

    # What pushes at the ceiling is a choice of the program.
    assert replace(shipped.bout, push_s=0.0) == Program().bout
    assert shipped.success == Program().success
    assert shipped.response == Program().response


def _set(data: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for key in way:
        data = data[int(key)] if key.isdecimal() else data.setdefault(key, {})
    data[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("limits.amplitude", 3.0, "unknown key limits.amplitude (a key carries its"),
        ("limits.amplitude_ma", 99.0, "beyond the compiled ceiling of 40"),
        ("limits.amplitude_ma", "3 mA", "limits.amplitude_ma: input should be a valid"),
        ("limits.amplitude_ma", float("nan"), "limits.amplitude_ma: input should be a"),
        ("limits.amplitude_ma", True, "limits.amplitude_ma: input should be a valid"),
        ("sources.0.driver", "usb", "sources.0.driver: expected 'lsl', 'replay', 'sim"),
        ("sources.0.strem_name", "x", "sources.0.strem_name (did you mean stream_name"),
        ("sources.0.unit", "parsec", "sources.0: unit: expected uV, mV, V or nV, got"),
        ("sources.0.filter.mains_hz", 55, "sources.0.filter.mains_hz: input should be"),
        ("sources.0.filter.lower_edge_hz", 200.0, ""),
        ("sources.0.filter.upper_edge_hz", 20.0, "upper_edge_hz"),
        ("control.source", "other", "control.source: expected one of emg, got 'other'"),
        ("control.output_channel", "x", "control.output_channel: expected one of"),
        ("output.channels", [], "output.channels: list should have at least 1 item"),
        ("output.channels.0.max_amplitude_ma", 41.0, "less than or equal to 40"),
        ("markers", {}, "markers: expected stream_name or source_id"),
        ("markers", {"stream_name": "unclench-markers"}, "publishes itself"),
        ("api.port", 0, "api.port"),
        ("rig.name", "two words", "rig.name"),
    ],
)
def test_what_is_wrong_is_named(path: str, value: Any, message: str) -> None:
    data = copy.deepcopy(RIG)
    _set(data, path, value)

    if not message:
        check(data, RigConfig, "rig.toml")
        return
    with pytest.raises(ConfigError) as caught:
        check(data, RigConfig, "rig.toml")

    assert str(caught.value).startswith("rig.toml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_problem_is_told_at_once() -> None:
    data = copy.deepcopy(RIG)
    del data["output"]
    data["limits"]["amplitude"] = 1.0

    with pytest.raises(ConfigError, match=r"missing key output.*unknown key limits"):
        check(data, RigConfig, "rig.toml")


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_toml(tmp_path / "absent.toml", RigConfig)
    broken = tmp_path / "broken.toml"
    broken.write_text("[rig\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="expected TOML"):
        load_toml(broken, RigConfig)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="expected TOML"):
        load_toml(broken, RigConfig)
    with pytest.raises(ConfigError, match="found none"):
        load_programs(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("bout.off_s", 1.0, "beyond the compiled ceiling of 0.6"),
        ("bout", {"on_s": 1.0, "off_s": 1.0}, "tone is measured without stimulation"),
        ("actuation.frequency_hz", 80.0, "frequency_hz = 80 is beyond"),
        ("law.up_ma_per_s", 2.0, "law.up_ma_per_s: input should be less than"),
        ("timing.stale_s", 1.0, "timing.stale_s"),
    ],
)
def test_a_program_beyond_its_bounds_is_refused(
    path: str, value: Any, message: str
) -> None:
    text = (FOLDERS[0] / "ems-flutter.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    _set(data, path, value)

    with pytest.raises(ConfigError) as caught:
        check(data, ProgramConfig, "p.toml")

    assert message in str(caught.value)


def test_two_programs_of_one_name_are_refused(tmp_path: Path) -> None:
    text = (FOLDERS[0] / "ems-flutter.toml").read_text(encoding="utf-8")
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"b\.toml: there is a program"):
        load_programs(tmp_path)
