"""The service for a rig, as the command line starts it."""

from collections.abc import Callable
from pathlib import Path

from service.config.load import load_toml
from service.config.paths import shipped_config
from service.config.programs import load_programs
from service.config.rig import RigConfig
from service.core.limits import above_recommended
from service.errors import ExitCode
from service.role import Snapshot
from service.supervisor import Supervisor


def load_rig(config: Path, programs: Path | None) -> Snapshot:
    """Return the checked configuration; raise `ConfigError` naming what is wrong."""
    rig = load_toml(config, RigConfig)
    folder = programs if programs is not None else shipped_config() / "programs"
    return Snapshot(rig, load_programs(folder))


def run_service(
    config: Path, programs: Path | None, say: Callable[[str], None]
) -> ExitCode:
    """Serve a rig until a signal; return the exit code."""
    snapshot = load_rig(config, programs)
    rig = snapshot.rig
    for warning in above_recommended(rig.limits.bounds()):
        say(f"{config}: limits: {warning}")
    supervisor = Supervisor(snapshot)
    supervisor.say = say
    welcomed = False

    def serve() -> bool:
        nonlocal welcomed
        if not welcomed:
            say(f"rig {rig.rig.name} is at http://{rig.api.host}:{rig.api.port}")
            welcomed = True
        return True

    return supervisor.run(serve)
