"""Where the configuration is that comes with the program."""

import sys
from pathlib import Path

from service.errors import ConfigError

SHARED = Path("share") / "unclench" / "config"


def shipped_config() -> Path:
    """Return the folder ``config`` of a checkout, or of an installation."""
    candidates = (Path(__file__).parents[2] / "config", Path(sys.prefix) / SHARED)
    for folder in candidates:
        if (folder / "programs").is_dir():
            return folder
    places = " or ".join(str(folder) for folder in candidates)
    msg = f"expected the configuration that comes with unclench in {places}; reinstall"
    raise ConfigError(msg)
