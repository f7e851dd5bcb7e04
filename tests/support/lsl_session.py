"""Keeps the LSL streams of this test run on this host and to themselves."""

import functools
import os
import tempfile
import uuid
from pathlib import Path

import pytest

from drivers.liblsl import LOOPBACK_CONFIG

CONFIG = LOOPBACK_CONFIG.replace("[lab]\n", "[lab]\nSessionID = {session_id}\n")


@functools.cache
def isolated_lsl():
    """Return pylsl, in a session of its own that child processes inherit."""
    session_id = f"unclench-test-{uuid.uuid4().hex}"
    path = Path(tempfile.mkdtemp(prefix="unclench-lsl-")) / "lsl_api.cfg"
    path.write_text(CONFIG.replace("{session_id}", session_id), encoding="utf-8")
    os.environ["LSLAPICFG"] = str(path)
    return pytest.importorskip("pylsl", exc_type=(ImportError, RuntimeError))
