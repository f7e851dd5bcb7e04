"""What a program file may say, and how a wrong one is refused."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

from service.config import program_schema
from service.config.laws import LAW_TABLES
from service.config.lines import key_lines, line_of
from service.config.load import TAGS, load_toml
from service.config.paths import shipped_config
from service.config.plans import MeasureName
from service.config.programs import ProgramConfig
from service.core.laws.mapping import LAWS
from service.core.plans import Measure
from service.core.program import Program
from service.errors import ConfigError

PLAIN = """\
name = "mine"
title = "A program of this lab"

[actuation]
max_amplitude_ma = 15.0
pulse_width_us = 200.0
frequency_hz = 4.0
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(tmp_path: Path, text: str) -> ProgramConfig:
    return load_toml(written(tmp_path, text), ProgramConfig)


@pytest.mark.parametrize("kind", sorted(LAWS))
def test_every_law_can_be_chosen_and_survives_the_way_there_and_back(
    kind: str, tmp_path: Path
) -> None:
    if kind == "safe_bayes":
        pytest.importorskip("sklearn", reason="the extra optimise is not installed")
    file = loaded(tmp_path, PLAIN + f'[law]\nkind = "{kind}"\nup_ma_per_s = 0.5\n')

    program = file.to_core()

    assert type(program.law) is LAWS[kind]
    assert program.law.up_ma_per_s == 0.5
    assert ProgramConfig.from_core(program) == file
    assert ProgramConfig.from_core(program).to_core() == program


def test_a_law_without_a_kind_is_the_integral(tmp_path: Path) -> None:
    file = loaded(tmp_path, PLAIN + "[law]\ngain_ma_per_s_per_pct = 0.02\n")

    assert file.law.kind == "integral"
    assert loaded(tmp_path, PLAIN).to_core().law == Program().law


@pytest.mark.parametrize("kind", sorted(LAWS))
def test_tables_have_the_ranges_and_defaults_of_their_laws(kind: str) -> None:
    properties = LAW_TABLES[kind].model_json_schema()["properties"]

    assert set(properties) == {"kind", *(f.name for f in fields(LAWS[kind]))}
    for declared in fields(LAWS[kind]):
        told = properties[declared.name]
        assert told["description"]
        if declared.metadata:
            assert told["default"] == declared.default
            assert told["minimum"] == declared.metadata["low"]
            assert told["maximum"] == declared.metadata["high"]


def test_no_tag_of_a_union_reaches_the_user() -> None:
    assert set(LAW_TABLES) <= TAGS
    assert set(MeasureName.__args__) == set(Measure)


TRIALS = """\
[law]
kind = "safe_bayes"
[[law.trials]]
amplitude_ma = 4.0
tone_ratio = 0.9
[[law.trials]]
amplitude_ma = 6.0
tone_ratio = "low"
"""

WRONG = [
    ('[law]\nkind = "fuzzy"\n', 9, "law.kind: expected 'dead_band', "),
    ('[law]\nkind = "pi"\ngain_ma = 0.5\n', 11, "unknown key law.gain_ma (a key carr"),
    ('[law]\nkind = "pi"\n\nintegral_s = 1\n', 12, "law.integral_s: input should be"),
    ('[law]\nkind="relay"\nmin_on_s = true\n', 11, "law.min_on_s: input should be a"),
    ('[law]\nkind="perturb"\nsettle_bouts=1.5\n', 11, "law.settle_bouts: input should"),
    (
        '[law]\nkind = "dead_band"\nrise_ratio = 1.0\nfall_ratio = 1.0\n',
        9,
        "law: law dead_band: fall_ratio 1 must be below rise_ratio",
    ),
    (TRIALS, 16, "law.trials.1.tone_ratio: input should be a valid number"),
    ("frequency_hz = 4.0\n", 9, "expected TOML, got: Cannot overwrite a value"),
    ("[bout]\non_s = 3\noff_s = 1\n", 9, "bout: on_fraction = 0.75 is beyond"),
    ("[bout]\non_s = 0\n", 10, "bout.on_s: input should be greater than 0, got 0"),
    (
        '[assess]\nmeasures = ["pain"]\n',
        10,
        "assess.measures.0: input should be 'tension_pct_mvc', 'range_of_motion_deg'",
    ),
    ('[assess]\nmeasures = ["notes"]\n', 9, "assess: measures: expected tension_pct"),
    ('[contraindications]\nadult = "grown"\n', 9, "contraindications: adult: always"),
    ('[contraindications]\nNo = "x"\n', 10, "contraindications.No"),
    ("[contraindication]\n", 9, "unknown key contraindication (did you mean contra"),
    ("[timing\n", 9, "expected TOML, got: Expected ']'"),
]


@pytest.mark.parametrize(("text", "line", "reason"), WRONG)
def test_a_wrong_file_is_refused_with_file_line_and_reason(
    text: str, line: int, reason: str, tmp_path: Path
) -> None:
    path = written(tmp_path, PLAIN + "\n" + text)

    with pytest.raises(ConfigError) as caught:
        load_toml(path, ProgramConfig)

    told = str(caught.value)
    assert told.startswith(f"{path}: ")
    assert reason in told
    assert f"line {line}" in told, told


def test_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = PLAIN.replace("frequency_hz = 4.0", "frequency_khz = 4.0")
    text = text.replace('"mine"', '"two words"') + "[timing]\nlost_s = -1\n"

    with pytest.raises(ConfigError) as caught:
        load_toml(written(tmp_path, text), ProgramConfig)

    parts = str(caught.value).split("line ")[1:]
    assert [int(part.split(":")[0]) for part in parts] == [1, 4, 7, 9]


@pytest.mark.parametrize(
    ("key", "value", "warning"),
    [
        ("max_amplitude_ma", 35.0, "actuation: amplitude_ma = 35 is above the recom"),
        ("pulse_width_us", 280.0, "actuation: pulse_width_us = 280 is above"),
        ("frequency_hz", 12.0, "actuation: frequency_hz = 12 is above the recommen"),
    ],
)
def test_above_the_recommended_tier_is_a_warning(
    key: str, value: float, warning: str
) -> None:
    numbers = {"max_amplitude_ma": 15.0, "pulse_width_us": 200.0, "frequency_hz": 4.0}
    file = ProgramConfig.model_validate(
        {"name": "a", "title": "b", "actuation": {**numbers, key: value}}
    )

    assert any(told.startswith(warning) for told in file.warnings()), file.warnings()


def test_beyond_the_compiled_tier_is_a_refusal(tmp_path: Path) -> None:
    text = PLAIN.replace("= 15.0", "= 40.5").replace("200.0", "300.0")

    with pytest.raises(ConfigError, match=r"line 4: actuation: amplitude_ma = 40.5 is"):
        loaded(tmp_path, text)
    with pytest.raises(ConfigError, match=r"charge_uc = 12.15 is beyond"):
        loaded(tmp_path, text)


def test_the_lines_of_keys_are_found_whatever_the_style() -> None:
    text = (
        'a = """\n[not.a.table]\nb = 1\n"""\n'
        "c.d = 1  # dotted\n"
        "[ e . 'f g' ]\nh = [\n  1,\n  2]\n"
        "[[t]]\nx = 1\n[[t]]\nx = 2\n[t.u]\ny = {z = 1}\n"
    )
    lines = key_lines(text)

    assert lines["a",] == 1
    assert ("b",) not in lines
    assert lines["c", "d"] == 5
    assert lines["e", "f g", "h"] == 7
    assert (lines["t", 0, "x"], lines["t", 1, "x"]) == (11, 13)
    assert lines["t", 1, "u", "y"] == 15
    assert line_of(lines, ("t", 1, "u", "y", "z")) == 15
    assert line_of(lines, ("nowhere",)) is None


def test_the_schema_of_the_documentation_is_up_to_date() -> None:
    root = Path(__file__).parents[4]
    kept = (root / "docs/reference/program.schema.json").read_text(encoding="utf-8")

    assert kept == program_schema.render(), "run: make docs"


def test_every_key_of_the_schema_says_what_it_means() -> None:
    document = json.loads(program_schema.render())

    silent = [
        f"{name}.{key}"
        for name, table in {"": document, **document["$defs"]}.items()
        for key, field in table.get("properties", {}).items()
        if not field.get("description") and "$ref" not in field
    ]
    assert silent == []


def test_a_table_that_is_called_as_what_is_actuated_has_lines(tmp_path: Path) -> None:
    shipped = shipped_config() / "programs" / "massage.toml"
    text = shipped.read_text(encoding="utf-8")
    lines = key_lines(text)
    wrong = text.replace("light_kpa = 40.0", 'light_kpa = "much"')
    spans = text.replace("light_kpa = 40.0", "light_kpa = 90.0")

    with pytest.raises(ConfigError) as one:
        load_toml(written(tmp_path, wrong), ProgramConfig)
    with pytest.raises(ConfigError) as several:
        load_toml(written(tmp_path, spans), ProgramConfig)

    where = f"line {lines['massage', 'light_kpa']}: massage.light_kpa: input should"
    assert where in str(one.value)
    table = f"line {lines['massage',]}: massage: expected light before deep"
    assert table in str(several.value)


def test_what_spans_tables_is_told_with_a_line_of_it(tmp_path: Path) -> None:
    text = PLAIN + "\n[bout]\non_s = 1.0\noff_s = 1.0\n"

    with pytest.raises(ConfigError, match=r"line 11: expected bout.off_s of at least"):
        load_toml(written(tmp_path, text), ProgramConfig)
