"""The API of a running service, as scripts, dashboards and attackers use it."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator

import httpx
import msgspec
import pytest
import websockets

from tests.support.api_client import Api
from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import await_true, serving

pytestmark = [pytest.mark.slow, pytest.mark.lsl]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    isolated_lsl()
    with serving(tmp_path_factory.mktemp("api")) as (service, port):
        api = Api(service, port)
        await_true(lambda: api.http.get("/state").status_code == 200, 10)
        yield api
        api.http.close()


def problem(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    return body["detail"]


def test_health_says_that_the_loop_is_alive(api: Api) -> None:
    body = api.http.get("/health").json()

    assert body["status"] == "ok"
    assert body["state_age_ms"] >= 0
    assert body["output_age_ms"] >= 0


def test_programs_outputs_and_streams(api: Api) -> None:
    (program,) = api.http.get("/programs").json()
    (output,) = api.http.get("/outputs").json()
    streams = api.http.get("/streams").json()

    assert program["name"] == "ems-flutter-demo"
    assert program["max_amplitude_ma"] == 30.0
    assert output["channels"][0]["label"] == "trapezius"
    assert {"Markers", "Tension"} <= {stream["type"] for stream in streams}


def test_a_session_from_opening_to_treatment_and_stop(api: Api) -> None:
    session_id = api.open(subject="S7", limits={"amplitude_ma": 35.0})
    assert api.http.get(f"/sessions/{session_id}").json()["session"]["subject"] == "S7"
    assert "not possible while" in problem(api.act(session_id, "arm"), 409)

    api.prepare(session_id)
    api.arm(session_id)
    assert api.act(session_id, "start").is_success
    api.await_phase("treating")
    await_true(lambda: api.state()["output"]["active"], 10, "an active output")
    assert api.act(session_id, "hold").is_success
    api.await_phase("holding")

    stopped = api.act(session_id, "stop").json()

    assert stopped["stopped"] is True
    assert stopped["engine"] == "stopped"
    state = api.state()
    assert state["session"]["outcome"] == "stopped"
    assert not any(state["output"]["amplitudes"])
    assert api.http.post("/stop").json()["stopped"] is True, "stop may be repeated"


def test_bounds_levels_and_stages_by_rest(api: Api) -> None:
    session_id = api.open(subject="S8")

    assert api.act(session_id, "limit", amplitude_ma=2.0).is_success
    assert "greater than or equal to 0" in problem(
        api.act(session_id, "limit", amplitude_ma=-1.0), 422
    )
    assert "the loop sets the level" in problem(
        api.act(session_id, "level", amplitude_ma=2.0), 409
    )
    assert api.act(session_id, "present").json()["done"] == "present"
    assert "not possible while" in problem(
        api.http.post(f"/sessions/{session_id}/arm/press"), 409
    )
    unlock = {"stage": "closed", "operator": "Dr A"}
    assert "expected open_loop after monitor" in problem(
        api.http.post("/subjects/S8/stage", json=unlock), 409
    )
    assert "expected one of monitor" in problem(
        api.http.post("/subjects/S8/stage", json={**unlock, "stage": "all"}), 422
    )


def test_limits_above_the_recommended_are_warned_about(api: Api) -> None:
    api.http.post("/stop")
    answer = api.http.post("/sessions", json={"limits": {"amplitude_ma": 35.0}})

    assert "above the recommended 30" in answer.json()["warnings"][0]
    assert answer.headers["location"].endswith(answer.json()["session_id"])


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"program": "none"}, "expected one of ems-flutter-demo"),
        ({"channel": "nose"}, "channel: expected one of"),
        ({"limits": {"volts": 3.0}}, "limits: expected"),
        ({"limits": {"amplitude_ma": -1.0}}, "limits.amplitude_ma"),
        ({"limits": {"amplitude_ma": "3"}}, "limits.amplitude_ma"),
        ({"surprise": 1}, "surprise"),
        ({"subject": "x" * 1000}, "subject"),
        ([], "body"),
    ],
)
def test_a_wrong_session_is_named(api: Api, body, part: str) -> None:
    api.http.post("/stop")

    assert part in problem(api.http.post("/sessions", json=body), 422)


def test_what_is_not_json_is_named(api: Api) -> None:
    headers = {"content-type": "application/json"}
    for body in (b"{", b"\xff\xfe", b'{"limits": {"amplitude_ma": NaN}}'):
        answer = api.http.post("/sessions", content=body, headers=headers)
        assert "body" in problem(answer, 422)
    large = api.http.post("/sessions", content=b"x" * 10**6)
    assert "at most 65536 bytes" in problem(large, 413)


def test_one_session_at_a_time(api: Api) -> None:
    session_id = api.open()

    detail = problem(api.http.post("/sessions", json={}), 409)

    assert session_id in detail
    problem(api.act("other", "hold"), 404)
    problem(api.http.get("/sessions/other"), 404)


def test_unknown_paths_and_methods(api: Api) -> None:
    assert "GET /api/v1/nothing" in problem(api.http.get("/nothing"), 404)
    assert "GET /api/v1/stop" in problem(api.http.get("/stop"), 405)
    problem(api.http.delete("/sessions"), 405)
    problem(httpx.get(f"http://{api.host}/static/../app.py"), 404)
    problem(httpx.get(f"http://{api.host}/static/%2e%2e/app.py"), 404)


def test_pages_of_others_may_stop_but_nothing_else(api: Api) -> None:
    foreign = {"origin": "https://example.org"}
    own = {"origin": f"http://{api.host}"}

    assert "may not control" in problem(
        api.http.post("/sessions", json={}, headers=foreign), 403
    )
    assert api.http.post("/stop", headers=foreign).json()["stopped"] is True
    assert api.http.post("/stop", headers=own).is_success
    assert "is not this rig" in problem(
        api.http.get("/state", headers={"host": "evil.example"}), 403
    )


def test_answers_carry_security_headers(api: Api) -> None:
    page = httpx.get(f"http://{api.host}/")

    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


def test_the_openapi_document_describes_states_and_units(api: Api) -> None:
    document = httpx.get(f"http://{api.host}/openapi.json").json()

    assert "/api/v1/stop" in document["paths"]
    schemas = document["components"]["schemas"]
    assert "age_ms" in schemas["State"]["properties"]
    assert "tone_pct_mvc" in schemas["SessionState"]["properties"]


# --- websocket -------------------------------------------------------------------


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def test_viewers_get_states_at_their_rate_in_their_format(api: Api) -> None:
    async def watch(query: str, decode) -> list[dict]:
        async with websockets.connect(api.url(query)) as viewer:
            end_s = time.monotonic() + 2
            seen = []
            while time.monotonic() < end_s:
                seen.append(decode(await viewer.recv()))
            return [m for m in seen if m["type"] == "state"]

    async def both():
        return await asyncio.gather(
            watch("", msgspec.msgpack.decode),
            watch("?format=json&rate_hz=5", json.loads),
        )

    fast, slow = run(both())
    assert 20 <= len(fast) <= 42
    assert 8 <= len(slow) <= 11
    assert fast[0].keys() == slow[0].keys()
    assert not slow[-1]["stale"]
    assert slow[-1]["t_s"] - slow[0]["t_s"] == pytest.approx(2, abs=0.4)


def test_viewers_hear_of_events(api: Api) -> None:
    async def watch() -> str:
        async with websockets.connect(api.url("?format=json")) as viewer:
            await viewer.recv()
            await asyncio.to_thread(api.open)
            while True:
                message = json.loads(await viewer.recv())
                if message["type"] == "event" and message["kind"] == "phase":
                    return message["detail"]["to"]

    assert run(watch()) == "connecting"


def test_a_viewer_can_stop(api: Api) -> None:
    async def stop() -> dict:
        async with websockets.connect(api.url("?format=json")) as viewer:
            await viewer.send('{"type": "stop"}')
            while True:
                message = json.loads(await viewer.recv())
                if message["type"] == "stopped":
                    return message

    assert run(stop())["stopped"] is True


@pytest.mark.parametrize(
    "message", ["", "{", "[" * 100_000, '{"type": "start"}', b"\xc1", b"", "null"]
)
def test_a_viewer_that_talks_nonsense_is_told_so(api: Api, message) -> None:
    async def talk() -> dict:
        async with websockets.connect(api.url("?format=json")) as viewer:
            await viewer.send(message)
            while True:
                answer = json.loads(await viewer.recv())
                if answer["type"] == "problem":
                    return answer

    assert run(talk())["status"] == 422


@pytest.mark.parametrize("query", ["?format=xml", "?rate_hz=0", "?rate_hz=1e9"])
def test_a_viewer_that_asks_for_nonsense_is_refused(api: Api, query: str) -> None:
    async def connect() -> None:
        async with websockets.connect(api.url(query)):
            pass

    with pytest.raises(websockets.InvalidStatus):
        run(connect())


def test_a_foreign_page_may_not_watch(api: Api) -> None:
    async def connect() -> None:
        async with websockets.connect(api.url(), origin="https://example.org"):
            pass

    with pytest.raises(websockets.InvalidStatus):
        run(connect())


def test_viewers_that_do_not_read_disturb_nobody(api: Api) -> None:
    async def watch() -> int:
        async with asyncio.TaskGroup():
            idle = [
                await websockets.connect(api.url("?rate_hz=50"), max_queue=1)
                for _ in range(20)
            ]
            n, end_s = 0, time.monotonic() + 3
            async with websockets.connect(api.url("?rate_hz=20")) as viewer:
                while time.monotonic() < end_s:
                    await viewer.recv()
                    n += 1
            for viewer in idle:
                viewer.transport.abort()
            return n

    assert run(watch()) >= 30
    assert api.http.get("/health").is_success


# --- while the engine hangs: these end the service and come last --------------------


def test_stop_works_while_the_engine_hangs(api: Api) -> None:
    engine = api.service.children()["engine"]
    os.kill(engine, signal.SIGSTOP)

    stopped = api.http.post("/stop")
    detail = problem(api.http.post("/sessions", json={}), 504)

    assert stopped.json()["stopped"] is True
    assert stopped.json()["engine"] == "no_answer"
    assert "does not answer" in detail
