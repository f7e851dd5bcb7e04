"""Choices before a session measures, on the live page: subject, reference, leak."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from drivers.clock import utc_now
from dsp.normalise import Reference, ReferenceKind
from service.references import Montage, ReferenceStore, StoredReference
from tests.support.browser import chromium
from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import HURRIED, await_true, serving
from tests.support.virtual_rig import VirtualRig

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.lsl]
#: So long that a browser sees it as the task of the moment.
RELAXING = {**HURRIED, "relax_s": 5.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("setup")


@pytest.fixture(scope="module")
def api(folder: Path) -> Iterator[httpx.Client]:
    isolated_lsl()
    with (
        serving(folder, waits=RELAXING) as (_service, port),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client,
    ):
        yield client


@pytest.fixture
def page(api) -> Iterator:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.goto(str(api.base_url))
        page.locator("#link[data-link=live]").wait_for()
        yield page


def session(api: httpx.Client) -> dict:
    return api.get("/api/v1/state").json()["session"] or {}


def calibrate(api: httpx.Client, page) -> None:
    """Press the button until the EMG has been good for long enough."""

    def began() -> bool:
        if session(api)["phase"] == "checking":
            page.get_by_role("button", name="Calibrate").click()
            page.wait_for_timeout(300)
        return session(api)["phase"] == "calibrating"

    await_true(began, 20, "calibrating")


def store_reference(api: httpx.Client, folder: Path, subject: str) -> None:
    """Write what an earlier session of this subject would have left."""
    label = api.get("/api/v1/state").json()["channels"][0]["label"]
    rate_hz = api.get("/api/v1/state").json()["sources"][0]["sample_rate_hz"]
    reference = Reference(
        subject=subject,
        muscle=label,
        kind=ReferenceKind.MVC,
        reference_uv=610.0,
        noise_uv=3.0,
        band_hz=VirtualRig().feed.band_hz,
        taken_at_s=utc_now().timestamp() - 3600.0,
    )
    montage = Montage("emg", label, rate_hz)
    store = ReferenceStore(folder / "data" / "references")
    store.save(StoredReference(reference, montage))


def open_session(api: httpx.Client, page, subject: str) -> None:
    page.locator("#subject").fill(subject)
    page.get_by_role("button", name="New session").click()
    await_true(lambda: session(api).get("phase") == "checking", 10, "checking")
    assert session(api)["subject"] == subject


def test_a_stored_reference_is_chosen_on_the_page(
    api, page, folder: Path, tmp_path: Path
) -> None:
    choice, which = page.locator("#reference-field"), page.locator("#reference")
    assert not choice.is_visible(), "there is no session yet"

    open_session(api, page, "P 7")
    choice.wait_for()
    assert "P 7" in choice.inner_text()

    which.select_option("stored")
    page.get_by_role("button", name="Calibrate").click()
    page.locator("#answer.refused", has_text="calibrate with reference").wait_for()
    assert session(api)["phase"] == "checking", "nothing is stored yet"

    which.select_option("measured")
    calibrate(api, page)
    assert session(api)["task"] == "rest", "noise and contraction come first"
    assert not choice.is_visible()
    page.keyboard.press("Escape")
    await_true(lambda: session(api)["phase"] == "done", 10, "done")

    store_reference(api, folder, "P 7")
    open_session(api, page, "P 7")
    choice.wait_for()
    assert which.input_value() == "", "not carried over"
    which.select_option("stored")
    calibrate(api, page)
    assert session(api)["task"] == "relax", "only the baseline is recorded"
    await_true(lambda: session(api)["phase"] == "ready", 60, "ready")

    used = session(api)["calibration"]
    assert used["origin"] == "stored"
    assert used["mvc_uv"] == pytest.approx(610.0)
    page.locator("#why", has_text="MVC stored 1.0 h ago").wait_for()
    page.screenshot(path=tmp_path / "setup.png", full_page=True)
    assert page.errors == []


def test_the_leak_is_measured_from_the_page_and_hold_ends_it(api, page) -> None:
    """Goes on with the session of the test before."""
    page.get_by_role("button", name="Arm").click()
    page.get_by_role("button", name="Measure leak").click()
    page.locator("#phase", has_text="measuring the leak").wait_for()
    page.locator("#task", has_text="step 0 of 4").wait_for()

    page.get_by_role("button", name="Hold").click()

    page.locator("#phase", has_text="armed").wait_for()
    page.locator("#why", has_text="leak: operator").wait_for()
    assert session(api)["leak"]["tone_from"] == "off_windows"
    assert page.errors == []
