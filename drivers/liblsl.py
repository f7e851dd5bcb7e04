"""liblsl, loaded only by those who use it: everything else runs without it."""

import importlib
from types import ModuleType

from drivers.errors import ConnectError

#: Configuration of liblsl that keeps streams on this host: found by programs on it,
#: whatever their own configuration, and by nobody else.
LOOPBACK_CONFIG = """\
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {127.0.0.1}
[log]
level = -3
"""


def load_pylsl() -> ModuleType:
    """Return pylsl; raise `ConnectError` where liblsl cannot be loaded."""
    try:
        return importlib.import_module("pylsl")
    except (ImportError, OSError, RuntimeError) as error:
        msg = f"expected pylsl with liblsl, got: {error}; run 'unclench doctor'"
        raise ConnectError(msg) from error
