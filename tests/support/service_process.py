"""``unclench serve`` as a user starts it, and its children as the kernel sees them."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO_PROGRAMS = ROOT / "config/demo/programs"

RIG = """\
[rig]
name = "test"
[[sources]]
name = "emg"
driver = "simulated"
[control]
source = "emg"
program = "{program}"
[output]
driver = "simulated"
name = "stim"
[[output.channels]]
label = "trapezius"
max_amplitude_ma = 30.0
pad_area_cm2 = 25.0
[outlets]
markers_name = "markers-{port}"
tension_name = "tension-{port}"
[data]
folder = "{data}"
[api]
port = {port}
"""


#: What only patience would be needed for, in calibrations and after a treatment.
HURRIED = {"relax_s": 1.0, "baseline_s": 3.0, "reassess_s": 2.0}


def hurried_copy(shipped: Path, folder: Path, waits: Mapping[str, float]) -> Path:
    """Write a program with other waits, and nothing else changed; return its folder."""
    text = shipped.read_text("utf-8")
    for key, seconds in waits.items():
        text, n = re.subn(rf"(?m)^{key} = \S+", f"{key} = {seconds}", text)
        assert n == 1, key
    folder.mkdir()
    (folder / shipped.name).write_text(text, "utf-8")
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def await_true(
    is_true: Callable[[], object], longest_s: float = 20.0, what: str = ""
) -> None:
    """Wait for something that must come, looking often; fail if it does not."""
    end_s = time.monotonic() + longest_s
    while not is_true():
        assert time.monotonic() < end_s, f"never came: {what or is_true}"
        time.sleep(0.005)


class ServiceProcess:
    """A command of unclench, its messages, and its children by role."""

    def __init__(self, *arguments: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service", *arguments],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    @property
    def told(self) -> str:
        return "\n".join(self.lines)

    def await_line(self, part: str, longest_s: float = 30.0) -> None:
        def came() -> bool:
            assert self.process.poll() is None or part in self.told, self.told
            return part in self.told

        await_true(came, longest_s, part)

    def children(self) -> dict[str, int]:
        """Return the process id of every child, by the name of its role."""
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                stat = (folder / "stat").read_text()
                if int(stat.rsplit(")", 1)[1].split()[1]) != self.process.pid:
                    continue
                words = (folder / "cmdline").read_bytes().decode().split("\0")
                module = words.index("-m") + 1
                name = words[module]
                role = words[module + 1] if name == "service.role" else name
                found[role] = int(folder.name)
        return found

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, longest_s: float = 15.0) -> int:
        code = self.process.wait(longest_s)
        self._reader.join(5)
        return code

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._reader.join(5)
        self.process.stdout.close()
        self.process.stderr.close()


@contextlib.contextmanager
def serving(
    folder: Path,
    *,
    program: str = "ems-flutter-demo",
    rig: str = RIG,
    programs: Path = DEMO_PROGRAMS,
    waits: Mapping[str, float] = HURRIED,
) -> Iterator[tuple[ServiceProcess, int]]:
    """Run a service without hardware, its program in a hurry; yield it and its port."""
    port = free_port()
    hurried = hurried_copy(programs / f"{program}.toml", folder / "programs", waits)
    path = folder / "rig.toml"
    path.write_text(
        rig.format(port=port, program=program, data=folder / "data"), encoding="utf-8"
    )
    service = ServiceProcess("serve", "--config", str(path), "--programs", str(hurried))
    try:
        service.await_line("http://127.0.0.1")
        yield service, port
    except Exception:
        sys.stderr.write(service.told)
        raise
    finally:
        service.end()


def is_alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"
