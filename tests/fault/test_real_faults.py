"""Faults among the real processes: the stimulator is at zero in time, and why is told.

What is measured is the stimulator's own history, by the stamps of what it was sent.
Time in which this host stood still as a whole is measured and granted; nothing else is.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.lsl_session import isolated_lsl

pytestmark = [pytest.mark.slow, pytest.mark.lsl, pytest.mark.timeout(430)]

ROOT = Path(__file__).parents[2]
LONGEST_S = 400
STOP_MS = 1000.0
FIGURES = {"S17: too late", "S28: too late"}

#: So many rigs run side by side, each in a campaign of its own.
AT_ONCE = 3

#: Each group has rigs of its own, one after the other.
GROUPS = {
    "signal and permits": (
        *("stall", "nan", "clip", "lead-off", "drop", "duplicate", "rate"),
        *("late-permit", "lost-permit", "clock-jump"),
    ),
    "device, disk, requests": (
        *("lost-readback", "device-fault", "stop", "request-flood", "disk-full"),
    ),
    "processes": (
        *("kill-engine", "stop-engine", "kill-output", "stop-output", "stop-subject"),
    ),
}

#: What is no part of the loop. Whoever kills it ends everything, whoever stops it too,
#: after 5 s: each needs a rig of its own, so they run when another is through.
BESIDE_THE_LOOP = (
    ("kill-outlets", "kill-subject"),
    ("stop-api",),
)
#: When a hung role was missed is a figure of the host; that it was, by name, is not.
MISSED = {"S25: too late"}


class Campaigns:
    """All campaigns, so many at once; the first ones begin first."""

    def __init__(self, pool: Executor) -> None:
        self._processes: list[subprocess.Popen[str]] = []
        kinds = (*GROUPS.values(), *BESIDE_THE_LOOP)
        self._told = {own: pool.submit(self._live, own) for own in kinds}

    def told(self, kinds: tuple[str, ...]) -> tuple[int, str, str]:
        """Wait for a campaign; return its code, its report and its messages."""
        return self._told[kinds].result(LONGEST_S)

    def _live(self, kinds: tuple[str, ...]) -> tuple[int, str, str]:
        with campaign(kinds) as process:
            self._processes.append(process)
            told, messages = process.communicate()
        return process.returncode, told, messages

    def end(self) -> None:
        """Begin no other, and end those that still run."""
        for one in self._told.values():
            one.cancel()
        for process in self._processes:
            process.terminate()


@pytest.fixture(scope="module")
def campaigns() -> Iterator[Campaigns]:
    isolated_lsl()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = Campaigns(pool)
        yield started
        started.end()


def campaign(kinds: tuple[str, ...]) -> "subprocess.Popen[str]":
    options = [word for kind in kinds for word in ("--kind", kind)]
    n = str(len(kinds))
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "service", "faults", "--json"),
            *("--runs", n, "--real", n, *options),
        ],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(campaigns: Campaigns, kinds: tuple[str, ...], figures: set[str]) -> dict:
    """Wait for a campaign; nothing must have happened but for what is a figure."""
    code, told, messages = campaigns.told(kinds)

    assert told, messages
    report = json.loads(told)
    found = [v for v in report["violations"] if v["rule"] not in figures]
    assert not found, f"{found}\n{messages}"
    assert code in {0, 1}, messages
    assert report["real_runs"] == len(kinds)
    assert set(report["by_kind"]) == set(kinds)
    assert "Traceback" not in messages
    return report


@pytest.mark.parametrize("group", GROUPS)
def test_every_fault_ends_at_zero_in_time_and_is_explained(campaigns, group) -> None:
    report = finished(campaigns, GROUPS[group], FIGURES)

    # How fast a stop over HTTP is, with a flood or without, is a figure of the host and
    # measured elsewhere; that it gets through is not.
    for kind in ("stop", "request-flood"):
        assert report["worst_time_to_zero_ms"].get(kind, 0.0) < STOP_MS


@pytest.mark.parametrize("kinds", BESIDE_THE_LOOP, ids="-".join)
def test_outlets_api_and_subject_that_are_gone_end_at_zero_by_name(
    campaigns, kinds: tuple[str, ...]
) -> None:
    report = finished(campaigns, kinds, MISSED)

    assert set(report["worst_time_to_zero_ms"]) == set(kinds)
