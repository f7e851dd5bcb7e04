"""The peers' estimates, computed by `bench.accuracy.peer_worker` in their own place."""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bench.accuracy import signals
from bench.accuracy.methods import Estimate, from_levels
from bench.accuracy.mixtures import Mixture

WORKER = Path(__file__).with_name("peer_worker.py")
TIMEOUT_S = 900.0


def peers_python() -> Path | None:
    """Return the interpreter that has the peers: `make accuracy` puts it there."""
    named = os.environ.get("UNCLENCH_PEERS")
    path = Path(named) if named else signals.ROOT / ".venv-peers" / "bin" / "python"
    return path if path.exists() else None


def peer_estimates(mixtures: list[Mixture]) -> dict[str, list[Estimate]]:
    """Return the estimates of every peer; nothing where there are no peers."""
    python = peers_python()
    if python is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        content = {"fs": np.array(signals.FS_HZ)}
        for k, mixture in enumerate(mixtures):
            content[f"{k}|emg"] = mixture.emg_uv.astype(np.float32)
            content[f"{k}|mvc"] = mixture.mvc_uv.astype(np.float32)
        np.savez(source, **content)  # type: ignore[arg-type] # the stubs know no names
        command = [str(python), "-P", str(WORKER), str(source), str(target)]
        subprocess.run(  # noqa: S603 - our own script
            command, check=True, timeout=TIMEOUT_S, cwd=folder, capture_output=True
        )
        with np.load(target) as levels:
            methods = dict.fromkeys(name.split("|")[0] for name in levels.files)
            return {
                method: [
                    from_levels(
                        levels[f"{method}|{k}|emg"].astype(np.float64),
                        levels[f"{method}|{k}|mvc"].astype(np.float64),
                    )
                    for k in range(len(mixtures))
                ]
                for method in methods
            }
