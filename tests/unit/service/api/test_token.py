"""A rig on a network takes orders only with its token; a stop from anybody."""

import asyncio
from pathlib import Path

import httpx
import pytest

from service.api.app import create_app
from service.api.models import rig_facts
from service.api.security import check_open
from service.bus import Endpoints
from service.config.load import load_toml
from service.config.programs import load_programs
from service.config.rig import RigConfig
from service.role import Snapshot

ROOT = Path(__file__).parents[4]
TOKEN = "correct horse"  # noqa: S105 - of this test


def ask(folder: Path, method: str, path: str, authorization: str = "") -> int:
    rig = load_toml(ROOT / "config/demo/rig.toml", RigConfig)
    snapshot = Snapshot(rig, load_programs(ROOT / "config/demo/programs"))
    facts, endpoints = rig_facts(snapshot, "0"), Endpoints.in_folder(folder)

    async def answer() -> int:
        app = create_app(facts, endpoints, lambda _s: [], "127.0.0.1", TOKEN)
        headers = {"authorization": authorization} if authorization else {}
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app),
                base_url="http://127.0.0.1/api/v1",
                headers=headers,
            ) as client,
        ):
            return (await client.request(method, path)).status_code

    return asyncio.run(answer())


@pytest.mark.parametrize(
    ("authorization", "status"),
    [("", 401), ("Bearer wrong", 401), (f"Basic {TOKEN}", 401)],
)
def test_without_the_token_nothing_is_opened(tmp_path, authorization, status) -> None:
    assert ask(tmp_path, "POST", "/sessions", authorization) == status


def test_with_the_token_the_engine_is_asked(tmp_path: Path) -> None:
    assert ask(tmp_path, "POST", "/sessions", f"Bearer {TOKEN}") == 504


def test_looking_and_stopping_need_none(tmp_path: Path) -> None:
    assert ask(tmp_path, "GET", "/programs") == 200
    assert ask(tmp_path, "POST", "/stop") == 503, "nobody was there to confirm it"


def test_a_network_without_a_token_is_refused() -> None:
    assert "UNCLENCH_API_TOKEN" in check_open("192.0.2.7", "")
    assert check_open("192.0.2.7", "x") == ""
    assert check_open("127.0.0.1", "") == ""
