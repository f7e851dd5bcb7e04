"""liblsl, loaded only by those who use it: everything else runs without it."""

import importlib
from types import ModuleType

from drivers.errors import ConnectError


def load_pylsl() -> ModuleType:
    """Return pylsl; raise `ConnectError` where liblsl cannot be loaded."""
    try:
        return importlib.import_module("pylsl")
    except (ImportError, OSError, RuntimeError) as error:
        msg = f"expected pylsl with liblsl, got: {error}; run 'unclench doctor'"
        raise ConnectError(msg) from error
