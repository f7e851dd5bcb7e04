"""``unclench doctor``: what is wrong with this installation, host or rig file."""

import importlib.metadata
import os
import sys
import tempfile
import time
from pathlib import Path

from drivers.errors import ConnectError
from drivers.lsl_doctor import (
    Finding,
    check_clock,
    check_discovery,
    check_liblsl,
    check_streams,
)
from drivers.streams import visible_streams
from service.bus import Endpoints
from service.errors import ServiceError
from service.serve import load_rig
from service.supervisor import check_port

OWN_NAMES = ("service", "dsp", "drivers")
DISTRIBUTION = "unclench"
STREAMS_TIMEOUT_S = 1.0
OLDEST_PYTHON = (3, 11)
MAX_RESOLUTION_S = 1e-4
#: A wall clock before this has never been set. A.
EARLIEST_YEAR = 2025
#: Longest path of a Unix socket on Linux, less the longest name of ours.
MAX_SOCKET_PATH = 107


def diagnose(config: Path | None) -> list[Finding]:
    """Return every finding, in the order in which to mend them."""
    findings = [_python(), _names(), _clocks(), _sockets()]
    liblsl, lsl = check_liblsl()
    findings.append(liblsl)
    if lsl is not None:
        findings += [check_clock(lsl), check_discovery(lsl)]
        findings += check_streams(visible_streams(STREAMS_TIMEOUT_S))
    if config is not None:
        findings += _config(config)
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    advice = "install Python 3.11 or newer"
    return Finding("Python", sys.version_info >= OLDEST_PYTHON, version, advice)


def foreign_owners() -> dict[str, list[str]]:
    """Return other distributions that own one of our import names."""
    owners = importlib.metadata.packages_distributions()
    foreign = {
        name: sorted(set(owners.get(name, ())) - {DISTRIBUTION}) for name in OWN_NAMES
    }
    return {name: others for name, others in foreign.items() if others}


def _names() -> Finding:
    foreign = foreign_owners()
    text = "; ".join(f"{name} is also of {o}" for name, o in foreign.items())
    return Finding(
        "import names",
        not foreign,
        text or f"{', '.join(OWN_NAMES)} are ours",
        "uninstall the other one, or give unclench an environment of its own",
    )


def _clocks() -> Finding:
    resolution_s = time.get_clock_info("monotonic").resolution
    year = time.gmtime().tm_year
    ok = resolution_s <= MAX_RESOLUTION_S and year >= EARLIEST_YEAR
    text = f"monotonic to {resolution_s * 1e9:g} ns, year {year}"
    return Finding("clocks", ok, text, "set the date; recordings will carry it")


def _sockets() -> Finding:
    with tempfile.TemporaryDirectory(prefix="unclench-") as folder:
        endpoints = Endpoints.in_folder(Path(folder))
        length = len(endpoints.heartbeats.removeprefix("ipc://"))
    ok = os.name != "posix" or length <= MAX_SOCKET_PATH
    return Finding(
        "sockets",
        ok,
        f"{endpoints.heartbeats.partition(':')[0]} in {tempfile.gettempdir()}",
        "set TMPDIR to a folder with a shorter path",
    )


def _config(config: Path) -> list[Finding]:
    try:
        snapshot = load_rig(config, None)
    except (ServiceError, ConnectError) as error:
        return [Finding("config", ok=False, text=str(error), advice="correct it")]
    api = snapshot.rig.api
    name = snapshot.rig.control.program
    findings = [
        Finding("config", ok=True, text=f"{config} is valid"),
        Finding(
            "program",
            name in snapshot.programs,
            name,
            f"choose one of {', '.join(snapshot.programs)}",
        ),
    ]
    try:
        check_port(api.host, api.port)
    except ServiceError as error:
        return [*findings, Finding("port", ok=False, text=str(error))]
    return [*findings, Finding("port", ok=True, text=f"{api.host}:{api.port} is free")]


def to_text(finding: Finding) -> str:
    """Return a finding as one line, with advice if it needs any."""
    sign = "ok " if finding.ok else "BAD" if finding.needed else "-- "
    advice = f"\n      {finding.advice}" if finding.advice and not finding.ok else ""
    return f"{sign}  {finding.name}: {finding.text}{advice}"
