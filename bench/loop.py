"""From the newest sample to the permit: the whole service, over LSL on loopback."""

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.timing import Row
from drivers.clock import SystemClock
from drivers.liblsl import LOOPBACK_CONFIG
from service.config.load import check
from service.config.programs import load_programs
from service.config.rig import RigConfig
from service.demo import Operator, Stored
from service.messages import State
from service.role import Snapshot
from service.states import LatencyState
from service.supervisor import Extra, Supervisor

PROGRAMS = Path(__file__).parents[1] / "config/demo/programs"
MEASURE_S = 20.0
N_VIEWERS = 20
MEDIAN_MAX_MS = 1.5
P99_MAX_MS = 8.0
VIEWERS_MAX_RATIO = 1.5
#: Stored values, so that no contraction is asked of noise.
NOISE_UV, MVC_UV = 1.0, 500.0
PROGRAM = "ems-flutter-demo"
STOP_TIMEOUT_S = 5.0


def run() -> list[Row]:
    """Measure alone and under viewers, in one run of the service."""
    with service() as (supervisor, port):
        bench = _Bench(supervisor)
        supervisor.run(lambda: bench.step(port))
    alone, watched = bench.measured
    median_ms, p99_ms = _figures(alone)
    watched_median_ms, watched_p99_ms = _figures(watched)
    ratio, ratio_p99 = watched_median_ms / median_ms, watched_p99_ms / p99_ms
    return [
        _row("median", median_ms, "ms", MEDIAN_MAX_MS, alone),
        _row("p99", p99_ms, "ms", P99_MAX_MS, alone),
        _row("median, 20 viewers", ratio, "x ", VIEWERS_MAX_RATIO, watched),
        _row("p99, 20 viewers", ratio_p99, "x ", VIEWERS_MAX_RATIO, watched),
    ]


def _figures(state: LatencyState) -> tuple[float, float]:
    if state.median_ms is None or state.p99_ms is None:
        msg = "the session was armed, but no permit went out"
        raise RuntimeError(msg)
    return state.median_ms, state.p99_ms


def _row(case: str, value: float, unit: str, most: float, state: LatencyState) -> Row:
    detail = (
        f"median {state.median_ms:.2f} p99 {state.p99_ms:.2f} max {state.max_ms:.2f} "
        f"ms of {state.n}"
    )
    return Row("loop", case, value, unit, most, value <= most, detail)


@contextmanager
def service() -> Iterator[tuple[Supervisor, int]]:
    """Return a supervisor, not yet started, of a rig over LSL, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    name = f"bench-{port}"
    rig = check(
        {
            "rig": {"name": "bench"},
            "sources": [{"name": "emg", "driver": "lsl", "stream_name": name}],
            "control": {"source": "emg", "program": PROGRAM},
            "output": {
                "driver": "lsl",
                "name": f"stimulation-{port}",
                "channels": [
                    {
                        "label": "a",
                        "max_amplitude_ma": 30.0,
                        "pad_area_cm2": 25.0,
                        "site": "deltoid",
                    }
                ],
            },
            "safety": {"staged_unlock": False},
            "outlets": {
                "markers_name": f"markers-{port}",
                "tension_name": f"tension-{port}",
            },
            "api": {"port": port},
        },
        RigConfig,
        "bench",
    )
    sender = Extra("sender", ("-m", "bench.sender", name))
    supervisor = Supervisor(Snapshot(rig, load_programs(PROGRAMS)), (sender,))
    config = supervisor.folder / "lsl_api.cfg"
    config.write_text(LOOPBACK_CONFIG, encoding="utf-8")
    supervisor.environment = {"LSLAPICFG": str(config)}
    yield supervisor, port


class _Bench:
    """Two sessions, each kept armed for a while: the second one is watched."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._operator = armed_operator(supervisor)
        self._armed_s: float | None = None
        self._stack = ExitStack()
        self.measured: list[LatencyState] = []

    def step(self, port: int) -> bool:
        self._operator.step()
        state = self._operator.state
        if state is not None and state.session is not None:
            self._look(state, state.session.phase, port)
        done = len(self.measured) == 2  # noqa: PLR2004 - alone and watched
        if done:
            self._stack.close()
        return not done

    def _look(self, state: State, phase: str, port: int) -> None:
        if phase == "ready":
            self._armed_s = None
        if phase != "armed":
            return
        self._armed_s = self._armed_s or state.t_s
        if state.t_s - self._armed_s >= MEASURE_S:
            self.measured.append(state.latency)
            self._armed_s = None
            # From armed the next press of the button is refused: stop, and begin anew.
            stop_by_http(port)
            self._operator.begin_another()
            self._stack.enter_context(_viewers(port))


def armed_operator(supervisor: Supervisor) -> Operator:
    """Return an operator who arms and then stays, without starting a treatment."""
    stored = Stored(NOISE_UV, MVC_UV)
    operator = Operator(supervisor, PROGRAM, lambda _text: None, stored)
    del operator.script["armed"]
    return operator


def stop_by_http(port: int) -> float:
    """Stop as a dashboard does; return the seconds until zero was confirmed."""
    clock = SystemClock()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STOP_TIMEOUT_S)
    began_s = clock.now_s()
    connection.request("POST", "/api/v1/stop", headers={"content-length": "0"})
    answer = connection.getresponse()
    body = json.loads(answer.read())
    took_s = clock.now_s() - began_s
    connection.close()
    if not body.get("stopped"):
        msg = f"the stop was not confirmed: {body}"
        raise RuntimeError(msg)
    return took_s


@contextmanager
def _viewers(port: int) -> Iterator[None]:
    url = f"ws://127.0.0.1:{port}/api/v1/live"
    viewers = subprocess.Popen(  # noqa: S603 - this program, its own modules
        [sys.executable, "-m", "bench.viewers", url, str(N_VIEWERS)],
        stdin=subprocess.PIPE,
    )
    try:
        yield
    finally:
        viewers.communicate(timeout=10)
