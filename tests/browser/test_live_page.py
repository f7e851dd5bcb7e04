"""The live page in a real browser, over a running service."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import chromium
from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import ServiceProcess, serving

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.lsl]


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[tuple[ServiceProcess, int]]:
    isolated_lsl()
    with serving(tmp_path_factory.mktemp("page")) as running:
        yield running


@pytest.fixture
def page(service) -> Iterator:
    _process, port = service
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                page.errors.append(message.text) if message.type == "error" else None
            ),
        )
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("#link[data-link=live]").wait_for()
        yield page


def text(page, element: str) -> str:
    return page.locator(f"#{element}").inner_text()


def await_text(
    page, element: str, wanted: str | re.Pattern[str], longest_ms: int = 20_000
) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    expect(page.locator(f"#{element}")).to_contain_text(wanted, timeout=longest_ms)


def stop(page, key: str) -> None:
    """Press a stop key, again where a busy host did not answer within 100 ms."""
    for _ in range(5):
        page.keyboard.press(key)
        await_text(page, "answer", re.compile("confirm"))
        if "zero confirmed" in text(page, "answer"):
            return
    raise AssertionError(text(page, "answer"))


def painted(page, canvas: str) -> int:
    """Return how many pixels of a canvas carry something."""
    return page.evaluate(
        """id => {
            const c = document.getElementById(id);
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let n = 0;
            for (let k = 3; k < d.length; k += 4) n += d[k] > 0;
            return n;
        }""",
        canvas,
    )


def test_values_move_and_the_envelope_is_drawn(page, tmp_path: Path) -> None:
    before = {text(page, "tension")}
    while len(before) == 1:
        before.add(text(page, "tension"))
    first = painted(page, "envelope")
    page.wait_for_timeout(1500)

    assert painted(page, "envelope") > first
    assert text(page, "rig") == "test"
    assert "trapezius_r" in text(page, "signal")
    shot = tmp_path / "live.png"
    page.screenshot(path=shot, full_page=True)
    assert shot.stat().st_size > 20_000
    assert page.errors == []


def test_buttons_lead_through_a_session_and_the_keyboard_stops_it(page) -> None:
    stop(page, "Escape")
    page.get_by_role("button", name="New session").click()
    await_text(page, "phase", "checking")
    button = page.get_by_role("button", name="Calibrate")
    for _ in range(20):
        button.click()
        page.wait_for_timeout(500)
        if "calibrating" in text(page, "phase"):
            break
    await_text(page, "phase", "calibrating")
    await_text(page, "task", "Rest")
    assert page.get_by_role("button", name="Arm").is_disabled()

    stop(page, "Space")

    await_text(page, "phase", "done")
    await_text(page, "cause", "stopped")
    refusals = [e for e in page.errors if "409" not in e]
    assert refusals == []


def test_the_stop_button_is_always_in_sight(page) -> None:
    for width, height in ((1280, 800), (390, 700)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        box = page.locator("#stop").bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= height
        assert box["x"] + box["width"] <= width


def test_a_silent_engine_is_shown(service, page) -> None:
    """Comes last: the supervisor ends a service whose engine hangs."""
    process, _port = service
    os.kill(process.children()["engine"], signal.SIGSTOP)

    page.locator("body.stale").wait_for(timeout=5000)
    assert page.locator("#link").get_attribute("data-link") in {"stale", "lost"}

    await_text(page, "link", "old")
