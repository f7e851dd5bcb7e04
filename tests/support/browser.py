"""A Chromium for browser tests, or the reason why there is none."""

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium_path() -> str:
    """Return the path of a Chromium that is installed on this machine."""
    path = os.environ.get("UNCLENCH_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), ""
    )
    if not path:
        pytest.skip("no Chromium: install one, or name it in UNCLENCH_CHROMIUM")
    return path


@contextlib.contextmanager
def chromium() -> Iterator:
    """Yield a headless browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = chromium_path()
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
