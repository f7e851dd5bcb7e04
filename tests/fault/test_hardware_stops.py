"""The stop button and the stop line, on pseudo-terminals, with the whole service."""

import os
import pty
import select
import signal
import tty
from collections.abc import Iterator

import httpx
import pytest

from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import RIG, await_true, serving

pytestmark = [pytest.mark.slow, pytest.mark.lsl]
STORED = {"noise_uv": 3.0, "mvc_uv": 600.0}


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    near, far = pty.openpty()
    tty.setraw(near)
    yield near, os.ttyname(far)
    os.close(far)
    os.close(near)


def state(client: httpx.Client) -> dict:
    return client.get("/state").json()


def treat(client: httpx.Client) -> None:
    own = client.post("/sessions", json={}).json()["session_id"]
    does = {"checking": "calibrate", "ready": "arm", "armed": "start"}

    def is_active() -> bool:
        now = state(client)
        verb = does.get(now["session"]["phase"])
        if verb:
            body = STORED if verb == "calibrate" else None
            client.post(f"/sessions/{own}/{verb}", json=body)
        return now["session"]["phase"] == "treating" and now["output"]["active"]

    await_true(is_active, 90, "an active output")


def test_a_button_stops_and_a_broken_one_keeps_stopping(line, tmp_path) -> None:
    near, path = line
    rig = RIG + f'[stop_input]\ndriver = "serial"\nport = "{path}"\n'
    with (
        serving(tmp_path, rig=rig) as (_service, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=5) as client,
    ):
        treat(client)

        os.write(near, b"!")

        await_true(lambda: state(client)["session"]["phase"] == "done", 10, "done")
        now = state(client)
        assert not now["output"]["active"]
        assert now["output"]["stopped_by"] == "the stop line said stop"
        assert now["session"]["outcome"] == "stopped"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_supervisor_stops_the_device_when_the_output_role_is_gone(
    number: int, line, tmp_path
) -> None:
    near, path = line
    rig = RIG + f'[stop_line]\nport = "{path}"\nframe_hex = "02ff03"\n'
    with serving(tmp_path, rig=rig) as (service, _port):
        os.kill(service.children()["output"], number)

        ready, _, _ = select.select([near], [], [], 10)
        assert ready, "no frame came"
        assert service.wait() == 72
        assert os.read(near, 100) == b"\x02\xff\x03" * 2


def test_a_line_that_cannot_be_opened_starts_nothing(tmp_path) -> None:
    rig = RIG + '[stop_line]\nport = "/dev/nothing"\nframe_hex = "00"\n'

    with (
        pytest.raises(AssertionError, match="stop line: cannot open /dev/nothing"),
        serving(tmp_path, rig=rig),
    ):
        pass


@pytest.mark.parametrize(
    "stop",
    [
        '[stop_line]\nport = "/dev/x"\nframe_hex = "0g"\n',
        '[stop_input]\ndriver = "button"\n',
        '[stop_input]\ndriver = "serial"\nport = ""\n',
    ],
)
def test_nonsense_in_the_rig_file_is_refused(stop: str, tmp_path) -> None:
    with (
        pytest.raises(AssertionError, match=r"stop_(line|input)"),
        serving(tmp_path, rig=RIG + stop),
    ):
        pass
