"""The service as processes: whatever dies, everything ends and says why."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import (
    RIG,
    ROOT,
    ServiceProcess,
    await_true,
    free_port,
    is_alive,
    serving,
)

pytestmark = [pytest.mark.slow, pytest.mark.lsl]

ROLES = {"engine": 71, "output": 72, "api": 73, "outlets": 74, "recorder": 76}


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


@pytest.mark.parametrize("role", ROLES)
def test_the_death_of_a_role_ends_everything_and_is_named(
    role: str, tmp_path: Path
) -> None:
    with serving(tmp_path) as (service, _port):
        children = service.children()
        assert set(children) == set(ROLES)

        os.kill(children[role], signal.SIGKILL)

        assert service.wait() == ROLES[role]
        assert f"{role} was ended by signal 9" in service.told
        assert not any(is_alive(pid) for pid in children.values())


@pytest.mark.parametrize("role", ["engine", "output"])
def test_a_role_that_hangs_counts_as_dead(role: str, tmp_path: Path) -> None:
    with serving(tmp_path) as (service, _port):
        children = service.children()

        os.kill(children[role], signal.SIGSTOP)

        assert service.wait() == ROLES[role]
        assert f"{role} has been silent" in service.told
        assert not any(is_alive(pid) for pid in children.values())


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signals_end_it_cleanly(number: int, code: int, tmp_path: Path) -> None:
    with serving(tmp_path) as (service, _port):
        children = service.children()

        service.signal(number)

        assert service.wait() == code
        assert not any(is_alive(pid) for pid in children.values())


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as (service, _port):
        children = service.children()

        service.signal(signal.SIGKILL)
        service.wait()

        await_true(
            lambda: not any(is_alive(pid) for pid in children.values()),
            5,
            "the end of the children",
        )
        assert len(children) == len(ROLES)


def run_to_end(*arguments: str) -> tuple[int, str]:
    service = ServiceProcess(*arguments)
    try:
        return service.wait(40), service.told
    finally:
        service.end()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[rig]", "[rigg]"), "unknown key rigg"),
        (("max_amplitude_ma = 30.0", "max_amplitude = 30.0"), "carries its unit"),
        (('driver = "simulated"\n[control]', 'driver = "lsl"\n[control]'), "emg"),
        (
            (
                'driver = "simulated"\n[control]',
                'driver = "replay"\nfile = "absent.xdf"\n[control]',
            ),
            "absent.xdf",
        ),
        (('source = "emg"', 'source = "emg"\nchannel = "nose"'), "'nose'"),
        (('program = "', 'program = "no-'), "control.program: expected one of"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    text = RIG.format(
        port=free_port(), program="ems-flutter-demo", data=tmp_path / "data"
    )
    assert change[0] in text
    path = tmp_path / "rig.toml"
    path.write_text(text.replace(*change), encoding="utf-8")
    programs = str(ROOT / "config/demo/programs")

    code, told = run_to_end("serve", "--config", str(path), "--programs", programs)

    assert code == 2, told
    assert message in told
    # A busy host takes its time to come to the mistake, and says so.
    lines = [line for line in told.splitlines() if not line.startswith("starting for")]
    assert len(lines) == 1
    assert "Traceback" not in told


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with serving(tmp_path) as (_service, port):
        code, told = run_to_end(
            "serve",
            "--config",
            str(tmp_path / "rig.toml"),
            "--programs",
            str(ROOT / "config/demo/programs"),
        )

        assert code == 2
        assert f"expected a free port on 127.0.0.1, got {port}" in told


def test_an_interrupted_start_is_one_message(tmp_path: Path) -> None:
    port, data = str(free_port()), str(tmp_path)
    service = ServiceProcess("demo", "--headless", "--port", port, "--data", data)
    try:
        await_true(lambda: set(ROLES) <= set(service.children()))
        children = service.children()

        # As a terminal does: everybody at once, in the middle of their imports.
        for pid in (service.process.pid, *children.values()):
            os.kill(pid, signal.SIGINT)

        assert service.wait() == 130
        assert service.lines[-1:] == [
            "unclench demo: interrupted before it had started"
        ]
        assert "Traceback" not in service.told
        assert not any(is_alive(pid) for pid in children.values())
    finally:
        service.end()
