"""Where the real recordings are, if this machine has them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_data(path: str) -> Path:
    """Return a shared recording, or skip the test with the reason."""
    folder = Path(os.environ.get("UNCLENCH_DATA") or ROOT / ".." / "shared" / "data")
    found = folder / path
    if not found.exists():
        pytest.skip(
            f"no shared recording {path} in {folder}; set UNCLENCH_DATA to its folder"
        )
    return found


def facts(path: str) -> dict[str, Any]:
    """Return what public tools measured in a shared recording."""
    known: dict[str, Any] = json.loads(shared_data("facts.json").read_text("utf-8"))
    return dict(known[path])
