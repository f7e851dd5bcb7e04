"""liblsl, loaded only by those who use it: everything else runs without it."""

import functools
import importlib
import os
from pathlib import Path
from types import ModuleType

from drivers.errors import ConnectError

#: Configuration of liblsl that keeps streams on this host: found by programs on it and
#: by nobody else. Without multicast only streams on ports of the range are found, and
#: every inlet and resolver takes a port of it as well: 32, the default, are used up by
#: three services on one host.
LOOPBACK_CONFIG = """\
[ports]
IPv6 = disable
PortRange = 256
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {127.0.0.1}
[log]
level = -3
"""


#: Where liblsl looks for a configuration, and the variable that names one.
CONFIG_VARIABLE = "LSLAPICFG"
CONFIG_FILES = (
    Path("lsl_api.cfg"),
    Path("~/lsl_api/lsl_api.cfg"),
    Path("/etc/lsl_api/lsl_api.cfg"),
)

#: Errors only: its notices go to standard error between the messages for the user.
QUIET = "[log]\nlevel = -2\n"


@functools.cache
def load_pylsl() -> ModuleType:
    """Return pylsl; raise `ConnectError` where liblsl cannot be loaded."""
    try:
        lsl = importlib.import_module("pylsl")
    except (ImportError, OSError, RuntimeError) as error:
        msg = f"expected pylsl with liblsl, got: {error}; run 'unclench doctor'"
        raise ConnectError(msg) from error
    if not is_configured():
        lsl.set_config_content(QUIET)
    return lsl


def is_configured() -> bool:
    """Whether the user has a configuration of liblsl, which then holds."""
    files = (path.expanduser() for path in CONFIG_FILES)
    return CONFIG_VARIABLE in os.environ or any(path.is_file() for path in files)
