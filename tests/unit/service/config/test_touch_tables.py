"""Programs that touch: what a file may say, and what is refused with the reason."""

from pathlib import Path

import pytest

from service.config.load import load_toml
from service.config.programs import ProgramConfig, program_data
from service.core.patterns import Pattern
from service.errors import ConfigError
from service.program_files import shipped_programs

HEAD = 'name = "mine"\ntitle = "Mine"\n'
ROW = '[actuation]\nmodality = "massage"\nmax_amplitude_kpa = 150.0\n'
SHAKER = (
    '[actuation]\nmodality = "vibration"\nmax_amplitude_mm = 0.5\nfrequency_hz = {hz}\n'
)
SPIKES = '[actuation]\nmodality = "mat"\nmax_amplitude_kpa = 14.0\n'
BOUT = "[bout]\non_s = 20.0\noff_s = 9.0\n"


def loaded(tmp_path: Path, text: str) -> ProgramConfig:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return load_toml(path, ProgramConfig)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            ROW + BOUT + "[massage]\nlight_kpa = 60.0\ndeep_kpa = 50.0\n",
            "light before deep",
        ),
        (
            ROW + BOUT + "[massage]\nlight_kpa = 70.0\nmoderate_kpa = 90.0\n",
            "light first stage, of at most 60",
        ),
        (
            SHAKER.format(hz=30.0)
            + BOUT
            + "[percussion]\nlight_mm = 0.35\nmoderate_mm = 0.38\n",
            "light first stage, of at most 0.3",
        ),
        (SHAKER.format(hz=100.0) + BOUT + "[percussion]\n", "verified = true"),
        (SHAKER.format(hz=10.0) + BOUT + "[percussion]\n", "start_hz"),
        (ROW + BOUT, "expected one of [massage]"),
        (SPIKES, "expected one of [mat]"),
        (ROW + BOUT + "[mat]\n", 'modality = "massage" goes with [massage]'),
        ('[law]\nkind = "relay"\n' + SPIKES + "[mat]\n", "law: leave it out"),
        (SPIKES + "[bout]\non_s = 2.0\n[mat]\n", "bout: leave it out"),
        (ROW + "[bout]\non_s = 50.0\noff_s = 5.0\n[massage]\n", "on_fraction"),
        (SPIKES + "[mat]\nramp_s = 10.0\n", "greater than or equal to 30"),
        (SPIKES + "[mat]\ndiscomfort_pct_mvc = 8.0\n", "less than or equal to 3"),
    ],
)
def test_a_wrong_one_is_refused_with_the_reason(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)

    assert why in str(caught.value)


def test_verified_percussion_begins_slowly_all_the_same(tmp_path: Path) -> None:
    text = SHAKER.format(hz=100.0) + BOUT + "[percussion]\nverified = true\n"
    program = loaded(tmp_path, text).to_core()

    assert program.frequency_hz == 100.0
    assert program.massage.start_hz == 20.0
    assert program.massage.pattern is Pattern.PERCUSSION
    assert ProgramConfig.from_core(program).to_core() == program


def test_a_row_may_stroke(tmp_path: Path) -> None:
    text = ROW + BOUT + '[massage]\npattern = "stroking"\nrate_hz = 0.2\n'
    program = loaded(tmp_path, text).to_core()

    assert program.massage.pattern is Pattern.STROKING
    assert program.massage.rate_hz == 0.2


@pytest.mark.parametrize("name", ["massage", "massage-percussion", "acupressure-mat"])
def test_shipped_ones_are_below_every_recommended_tier(name: str) -> None:
    program = shipped_programs()[name]
    file = ProgramConfig.from_core(program)

    assert file.warnings() == []
    assert file.to_core() == program
    assert "law" not in program_data(program)
    assert program.contraindications
