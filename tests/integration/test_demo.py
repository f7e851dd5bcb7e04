"""The closed loop as a newcomer sees it first: processes, real LSL, one session."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import free_port

pytestmark = [pytest.mark.slow, pytest.mark.lsl]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


def demo(*options: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service", "demo", "--port", str(free_port()), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.mark.timeout(300)
def test_the_tone_of_a_responder_falls_below_the_threshold_over_lsl() -> None:
    result = demo("--headless", "--json", "--seed", "2", timeout_s=280)

    assert result.returncode == 0, result.stderr
    (line,) = result.stdout.splitlines()
    summary = json.loads(line)
    assert summary["outcome"] == "reached", result.stderr
    assert summary["threshold_pct_mvc"] == 3.0
    assert summary["baseline_pct_mvc"] > 8.0
    assert summary["final_pct_mvc"] < summary["threshold_pct_mvc"]
    assert 0 < summary["time_to_threshold_s"] < 120
    assert 0 < summary["peak_amplitude_ma"] <= 30.0
    assert summary["dose_ma_s"] > 0
    assert summary["max_latency_ms"] > 0
    assert "Traceback" not in result.stderr


def test_a_treatment_that_is_too_short_does_not_reach() -> None:
    result = demo("--headless", "--json", "--seconds", "3", timeout_s=100)

    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
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
    result = demo("--headless", *options, timeout_s=30)

    assert result.returncode == 2
    assert part in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
