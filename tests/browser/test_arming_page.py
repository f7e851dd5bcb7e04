"""Arming on the live page: the form, the held button, and a tab that is closed."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.browser import chromium
from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import RIG, await_true, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.lsl]

STRICT = RIG.replace(
    "pad_area_cm2 = 25.0\n",
    'pad_area_cm2 = 25.0\nsite = "trapezius_upper"\n'
    "[safety]\nceremony = true\npresence = true\n",
)


@pytest.fixture(scope="module")
def api(tmp_path_factory) -> Iterator[httpx.Client]:
    isolated_lsl()
    with (
        serving(tmp_path_factory.mktemp("arming"), rig=STRICT) as (_service, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client,
    ):
        yield client


def session(api: httpx.Client) -> dict:
    return api.get("/api/v1/state").json()["session"] or {}


def make_ready(api: httpx.Client) -> None:
    api.post("/api/v1/stop")
    own = api.post("/api/v1/sessions", json={"subject": "P1"}).json()["session_id"]
    stored = {"noise_uv": 3.0, "mvc_uv": 600.0}

    def is_ready() -> bool:
        if session(api).get("phase") == "checking":
            api.post(f"/api/v1/sessions/{own}/calibrate", json=stored)
        return session(api).get("phase") == "ready"

    await_true(is_ready, 60, "ready")


def hold_arm(page, seconds: float) -> None:
    button = page.get_by_role("button", name="Arm")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.wait_for_timeout(seconds * 1000)
    page.mouse.up()


def test_arming_takes_the_form_and_the_button_and_somebody_who_stays(api) -> None:
    make_ready(api)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(str(api.base_url))
        page.locator("#ceremony").wait_for()
        assert "electrodes at trapezius_upper" in page.locator("#ceremony").inner_text()

        hold_arm(page, 1.0)
        assert session(api)["phase"] == "ready", "a short press arms nothing"

        hold_arm(page, 7.0)
        page.locator("#answer.refused", has_text="name of the operator").wait_for()

        page.locator("#operator").fill("Dr A B")
        for box in page.locator("#ceremony input[type=checkbox]").all():
            box.check()
        hold_arm(page, 7.0)
        await_true(lambda: session(api)["phase"] == "armed", 10, "armed")
        assert session(api)["operator"] == "Dr A B"

        page.get_by_role("button", name="Start").click()
        await_true(lambda: session(api)["phase"] == "treating", 10, "treating")
        page.wait_for_timeout(3000)
        assert session(api)["operator_present"]

    await_true(lambda: session(api)["phase"] == "holding", 10, "holding")
    assert session(api)["hold_reason"] == "operator_gone"
    assert not any(api.get("/api/v1/state").json()["output"]["amplitudes"])
