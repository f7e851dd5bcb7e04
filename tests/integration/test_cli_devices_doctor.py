"""The commands for somebody whose rig does not work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.doctor import foreign_owners
from tests.support.lsl_session import isolated_lsl

pytestmark = [pytest.mark.lsl, pytest.mark.slow]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


def unclench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", *arguments],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_devices_lists_streams_ports_and_outputs() -> None:
    lsl = isolated_lsl()
    info = lsl.StreamInfo("devices-test", "EMG", 4, 1000, lsl.cf_int16, "amp-7")
    outlet = lsl.StreamOutlet(info)

    text = unclench("devices", "--seconds", "1").stdout
    found = json.loads(unclench("devices", "--json", "--seconds", "1").stdout)

    assert outlet.channel_count == 4
    assert "devices-test  type EMG  4 ch  1000 Hz  int16" in text
    (stream,) = [s for s in found["streams"] if s["name"] == "devices-test"]
    assert stream["source_id"] == "amp-7"
    assert {"lsl", "simulated"} <= set(found["outputs"])
    assert isinstance(found["serial_ports"], list)


def test_doctor_finds_this_installation_sound() -> None:
    result = unclench("doctor")

    assert result.returncode == 0, result.stdout
    assert "ok   LSL discovery" in result.stdout
    assert "ok   LSL clock" in result.stdout


def test_doctor_names_what_is_wrong_with_a_rig(tmp_path: Path) -> None:
    wrong = tmp_path / "rig.toml"
    wrong.write_text("[rig]\nname = 'x'\n")

    result = unclench("doctor", "--config", str(wrong))

    assert result.returncode == 2
    assert "BAD  config" in result.stdout
    assert "missing key sources" in result.stdout


def test_no_other_distribution_owns_our_names() -> None:
    assert foreign_owners() == {}
