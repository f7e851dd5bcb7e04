"""What the live page says of each program: real states of its session, a real browser.

The states come from a session in virtual time, so that no clock decides what is seen.
"""

import functools
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.browser import chromium
from tests.support.hurried import SHIPPED, hurried, n_muscles, script_of
from tests.support.virtual_rig import VirtualRig, WirelessRig

pytestmark = pytest.mark.browser
STATIC = Path(__file__).parents[2] / "service/api/static"
HOST = "http://page.test"
#: Long enough that something has gone out by then.
TREATED_S = 12.0
WIDTHS = (1280, 390)


@functools.cache
def state_of(name: str) -> dict:
    """Return the state of a session in the middle of its treatment, most of it on."""
    program = hurried(name, 40.0)
    n = n_muscles(program)
    rig = WirelessRig("responder", 3, program=program, n_channels=n)
    rig.open()

    def is_seen(rig: VirtualRig) -> bool:
        session = rig.state.session
        treated_s = session.treatment_s if session else None
        is_on = not program.actuates or (session and session.permitted > 0)
        return bool((treated_s or 0.0) > TREATED_S and is_on)

    rig.run(is_seen, 300, script=script_of(program))
    rig.pass_time(0.1)
    state = msgspec.to_builtins(rig.state)
    return json.loads(json.dumps({**state, "type": "state", "stale": False}))


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with chromium() as opened:
        yield opened


def serve_file(route) -> None:
    path = route.request.url.removeprefix(HOST)
    if path.startswith("/api/"):
        route.fulfill(json={"items": {}})
        return
    name = path.removeprefix("/static/").strip("/") or "live.html"
    route.fulfill(path=STATIC / name)


def opened(browser, state: dict, width: int = 1280):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.route("**/*", serve_file)
    page.route_web_socket("**/live?*", lambda ws: ws.send(json.dumps(state)))
    page.goto(f"{HOST}/")
    page.locator("#program", has_text=state["session"]["program"]).wait_for()
    return page


@pytest.mark.parametrize("name", SHIPPED)
def test_each_program_is_shown_in_its_own_unit(browser, name: str) -> None:
    state = state_of(name)
    session = state["session"]
    page = opened(browser, state)
    seen = page.locator("body").inner_text()

    assert page.errors == []
    for wrong in ("NaN", "undefined", "null", "[object"):
        assert wrong not in seen
    units = {unit for unit in ("mA", "kPa", "mm") if f" {unit}" in seen}
    assert units == ({session["unit"]} if session["unit"] else set())
    assert page.locator("#permitted-box").is_visible() is session["actuates"]
    assert page.locator("#intensity-box").is_visible() is session["actuates"]
    page.close()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_actuator_says_what_the_device_gives(browser, name: str) -> None:
    state = state_of(name)
    page = opened(browser, state)
    cards = page.locator("#actuators li").all_inner_texts()
    amplitudes = state["output"]["amplitudes"]
    actuators = state["session"]["actuators"]
    labels = [one["label"] for one in state["session"]["targeted"] or actuators]

    assert len(cards) == len(actuators)
    for card, label, one in zip(cards, labels, actuators, strict=True):
        digits = 2 if one["unit"] == "mm" else 1
        assert label in card
        assert f"{amplitudes[one['channel']]:.{digits}f} {one['unit']}" in card
    assert not actuators or max(amplitudes) > 0
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SHIPPED)
def test_nothing_is_wider_than_the_page(browser, name: str, width: int) -> None:
    page = opened(browser, state_of(name), width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("massage", "kneading, light"),
        ("acupressure-mat", "of 4 zones press"),
        ("pressure-release", "cycle 1 of 3, pressed"),
        ("pressure-release-hands", "E enough, L let go"),
        ("biofeedback", "trial 1 with feedback"),
        ("needling-observation", "insertions answered by a twitch"),
    ],
)
def test_a_line_says_where_a_program_is(browser, name: str, part: str) -> None:
    page = opened(browser, state_of(name))

    assert part in page.locator("#doing").inner_text()
    page.close()


def test_what_the_person_says_is_a_press_away(browser) -> None:
    state = state_of("pressure-release-hands")
    page = opened(browser, state, width=390)
    said = []
    page.route(
        "**/mark",
        lambda route: (
            said.append(route.request.post_data_json),
            route.fulfill(json={}),
        ),
    )
    page.get_by_role("button", name="10", exact=True).click()
    page.get_by_role("button", name="Enough").click()
    page.locator("#answer", has_text="enough").wait_for()
    page.keyboard.press("4")
    page.locator("#answer", has_text="discomfort:4").wait_for()

    assert said == [
        {"text": "discomfort:10"},
        {"text": "enough"},
        {"text": "discomfort:4"},
    ]
    page.close()


def test_a_pressure_at_the_device_is_shown_where_nothing_should_be(browser) -> None:
    state = json.loads(json.dumps(state_of("biofeedback")))
    state["output"] = {**state["output"], "amplitudes": [1.5]}
    page = opened(browser, state)

    assert page.locator("#confirmed").inner_text() == "1.5"
    page.close()
