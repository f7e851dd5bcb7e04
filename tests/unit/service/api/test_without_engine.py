"""The API before, without and after the loop: it says so and never pretends."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from service.api.app import create_app
from service.api.models import rig_facts
from service.api.problems import problem_response
from service.bus import Endpoints
from service.config.load import load_toml
from service.config.programs import load_programs
from service.config.rig import RigConfig
from service.role import Snapshot

ROOT = Path(__file__).parents[4]


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    rig = load_toml(ROOT / "config/demo/rig.toml", RigConfig)
    snapshot = Snapshot(rig, load_programs(ROOT / "config/demo/programs"))
    facts = rig_facts(snapshot, "0")
    endpoints = Endpoints.in_folder(tmp_path)

    async def answer(method: str, path: str) -> httpx.Response:
        app = create_app(facts, endpoints, lambda _timeout_s: [], "127.0.0.1")
        transport = httpx.ASGITransport(app)
        base = "http://127.0.0.1/api/v1"
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=base) as client,
        ):
            return await client.request(method, path)

    return lambda method, path: asyncio.run(answer(method, path))


def test_a_loop_that_is_dead_is_a_problem_of_503(ask: Ask) -> None:
    answer = ask("GET", "/health")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == 503
    assert body["state_age_ms"] is None
    assert "silent" in body["detail"]


def test_a_stop_that_nobody_confirms_is_told_as_failed(ask: Ask) -> None:
    answer = ask("POST", "/stop")

    assert answer.status_code == 503
    assert answer.json()["stopped"] is False
    assert "stop of the device itself" in answer.json()["detail"]


def test_the_checklist_and_the_sites_can_be_read(ask: Ask) -> None:
    body = ask("GET", "/checklist").json()

    assert "pacemaker" in body["items"]["no_active_implant"]
    assert "trapezius_upper" in body["sites"]
    assert not {"chest", "neck_anterior", "head"} & set(body["sites"])


def test_details_cannot_hide_what_a_problem_is() -> None:
    response = problem_response(503, "dead", {"status": "ok", "age_ms": 1})

    assert b'"status":503' in response.body
    assert b'"age_ms":1' in response.body


def test_the_checklist_is_that_of_a_program(ask: Ask) -> None:
    plain = ask("GET", "/checklist")
    named = ask("GET", "/checklist?program=ems-flutter-demo")

    assert plain.status_code == named.status_code == 200
    assert plain.json() == named.json()
    assert ask("GET", "/checklist?program=nonesuch").status_code == 404
