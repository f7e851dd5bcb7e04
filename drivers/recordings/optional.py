"""Readers that come with the extra ``formats``."""

import importlib
from typing import Any

from drivers.errors import RecordingError

Untyped = Any
"""An object of a library without type hints."""


def require(module: str, what: str) -> Untyped:
    """Return an imported module, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        msg = (
            f"reading {what} needs the package {module.partition('.')[0]!r}; "
            "install the extra 'formats': pip install 'unclench[formats]'"
        )
        raise RecordingError(msg) from error


def reason(error: Exception) -> str:
    """Return what a reader complains about, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
