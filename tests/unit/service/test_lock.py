"""Who owns an output."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.config.rig import OutputConfig
from service.errors import StartError
from service.lock import OutputLock

ROOT = Path(__file__).parents[3]


def output(name: str = "stim", driver: str = "lsl") -> OutputConfig:
    channel = {"label": "a", "max_amplitude_ma": 10.0, "pad_area_cm2": 25.0}
    return OutputConfig.model_validate(
        {"driver": driver, "name": name, "channels": [channel]}
    )


def test_a_second_owner_is_refused_by_the_number_of_the_first(tmp_path: Path) -> None:
    first = OutputLock(output(), tmp_path)

    with pytest.raises(StartError, match=r"another service owns it \(process \d+\)"):
        OutputLock(output(), tmp_path)

    OutputLock(output("another"), tmp_path).release()
    first.release()
    OutputLock(output(), tmp_path).release()


def test_an_owner_that_was_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    program = (
        "import fcntl, os, sys, time\n"
        f"fd = os.open({str(tmp_path / 'unclench-output-lsl-stim.lock')!r}, "
        "os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "time.sleep(60)\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(StartError):
        OutputLock(output("stim"), tmp_path)

    holder.kill()
    holder.wait()
    holder.stdout.close()

    OutputLock(output("stim"), tmp_path).release()


def test_devices_in_memory_have_no_second_owner(tmp_path: Path) -> None:
    OutputLock(output(driver="simulated"), tmp_path)
    OutputLock(output(driver="simulated"), tmp_path)

    assert list(tmp_path.iterdir()) == []
