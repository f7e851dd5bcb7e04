"""The closed loop as a newcomer sees it first: processes, real LSL, one session."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import free_port

pytestmark = [pytest.mark.slow, pytest.mark.lsl]
ROOT = Path(__file__).parents[2]
#: Seed of a person who is relaxed after a minute of treatment.
RELAXES_SOON = "4"


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


def demo(*options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "service", "demo", "--headless"]
    return subprocess.Popen(
        [*command, "--port", str(free_port()), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process: "subprocess.Popen[str]", longest_s: float) -> dict:
    """Wait for a demo that must end well; return its summary."""
    told, messages = process.communicate(timeout=longest_s)

    assert process.returncode == 0, messages
    assert "Traceback" not in messages
    (line,) = told.splitlines()
    return json.loads(line)


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Iterator["subprocess.Popen[str]"]:
    """A demo that runs beside the other one: how fast either is, is not asked."""
    isolated_lsl()
    data = str(tmp_path_factory.mktemp("short"))
    with demo("--json", "--seconds", "3", "--data", data) as process:
        yield process
        process.terminate()


@pytest.mark.timeout(300)
def test_the_tone_of_a_responder_falls_below_the_threshold_over_lsl(
    short, tmp_path: Path
) -> None:
    data = str(tmp_path)
    with demo("--json", "--seed", RELAXES_SOON, "--data", data) as process:
        try:
            summary = finished(process, 280)
        finally:
            process.terminate()

    assert summary["outcome"] == "reached", summary
    assert summary["threshold_pct_mvc"] == 3.0
    assert summary["baseline_pct_mvc"] > 8.0
    assert summary["final_pct_mvc"] < summary["threshold_pct_mvc"]
    assert 0 < summary["time_to_threshold_s"] < 120
    assert 0 < summary["peak_amplitude_ma"] <= 30.0
    assert summary["dose_ma_s"] > 0
    assert summary["max_latency_ms"] > 0


def test_a_treatment_that_is_too_short_does_not_reach(short) -> None:
    summary = finished(short, 100)

    assert summary["outcome"] == "not_reached"
    assert summary["time_to_threshold_s"] is None
    assert summary["treatment_s"] < 20


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--subject", "nobody"), "--subject: expected one of responder"),
        (("--seconds", "-1"), "--seconds: expected above 0"),
        (("--seconds", "nan"), "--seconds: expected above 0"),
        (("--port", "0"), "--port: expected 1 to 65535"),
        (("--port", "99999"), "--port: expected 1 to 65535"),
        (("--seed", "-3"), "--seed: expected 0 or more"),
    ],
)
def test_bad_options_are_one_message_and_exit_code_2(options, part: str) -> None:
    with demo(*options) as process:
        told, messages = process.communicate(timeout=30)

    assert process.returncode == 2
    assert part in messages
    assert len(messages.splitlines()) == 1
    assert told == ""
