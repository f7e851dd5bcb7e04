"""liblsl, loaded only by those who use it: everything else runs without it."""

import functools
import importlib
import os
from pathlib import Path
from types import ModuleType
from typing import Any

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

#: Seconds of samples that liblsl keeps for a receiver that does not read.
OUTLET_BUFFER_S = 60


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


def open_outlet(lsl: ModuleType, info: object, what: str) -> Any:  # noqa: ANN401
    """Publish a stream; raise `ConnectError`, saying ``what`` it was, if that fails."""
    try:
        return lsl.StreamOutlet(info, max_buffered=OUTLET_BUFFER_S)
    except RuntimeError as error:
        msg = f"{what}: liblsl cannot publish it: {error}"
        raise ConnectError(msg) from error


def is_configured() -> bool:
    """Whether the user has a configuration of liblsl, which then holds."""
    files = (path.expanduser() for path in CONFIG_FILES)
    return CONFIG_VARIABLE in os.environ or any(path.is_file() for path in files)
