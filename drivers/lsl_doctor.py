"""Is Lab Streaming Layer in order on this host? One finding per question."""

import uuid
from dataclasses import dataclass
from types import ModuleType

from drivers.clock import SystemClock
from drivers.errors import ConnectError
from drivers.liblsl import load_pylsl
from drivers.streams import VisibleStream

RESOLVE_TIMEOUT_S = 3.0
MAX_CLOCK_DIFFERENCE_S = 1e-3


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question; ``advice`` says what to do about a bad one.

    A finding that is not ``needed`` is a hint: things may work without it.
    """

    name: str
    ok: bool
    text: str
    advice: str = ""
    needed: bool = True


def check_liblsl() -> tuple[Finding, ModuleType | None]:
    """Return whether liblsl loads, and the module if it does."""
    try:
        lsl = load_pylsl()
    except ConnectError as error:
        advice = "reinstall pylsl: its wheels bring liblsl"
        return Finding("liblsl", ok=False, text=str(error), advice=advice), None
    version = lsl.library_version()
    text = (
        f"version {version // 100}.{version % 100}, protocol {lsl.protocol_version()}"
    )
    return Finding("liblsl", ok=True, text=text), lsl


def check_clock(lsl: ModuleType) -> Finding:
    """Return whether LSL's clock is the monotonic clock of the permits."""
    clock = SystemClock()
    difference_s = min(
        (abs(lsl.local_clock() - clock.now_s()) for _ in range(5)), default=0.0
    )
    return Finding(
        "LSL clock",
        ok=difference_s < MAX_CLOCK_DIFFERENCE_S,
        text=f"differs from the monotonic clock by {difference_s * 1e6:.0f} us",
        advice="use the liblsl that comes with pylsl: another one counts otherwise",
    )


def check_discovery(lsl: ModuleType) -> Finding:
    """Publish a stream and find it again, as any other program would."""
    name = f"unclench-doctor-{uuid.uuid4().hex[:8]}"
    info = lsl.StreamInfo(name, "Doctor", 1, 0, lsl.cf_string, name)
    try:
        outlet = lsl.StreamOutlet(info)
    except RuntimeError as error:
        return Finding(
            "LSL discovery",
            ok=False,
            text=f"cannot publish a stream: {error}",
            advice="end other LSL programs, or set PortRange = 256 in lsl_api.cfg",
        )
    clock = SystemClock()
    began_s = clock.now_s()
    found = lsl.resolve_byprop("source_id", name, 1, RESOLVE_TIMEOUT_S)
    took_ms = (clock.now_s() - began_s) * 1e3
    del outlet
    text = f"own stream found in {took_ms:.0f} ms" if found else "own stream not found"
    return Finding(
        "LSL discovery",
        ok=bool(found),
        text=text,
        advice=(
            "is the loopback interface up, and UDP port 16571 free in the firewall? "
            "without multicast set KnownPeers = {127.0.0.1} in lsl_api.cfg"
        ),
    )


def check_streams(streams: tuple[VisibleStream, ...]) -> list[Finding]:
    """Return hints about the streams that are visible."""
    emg = [stream for stream in streams if stream.type.casefold() == "emg"]
    names = ", ".join(f"{s.name} ({s.nominal_rate_hz:g} Hz)" for s in emg)
    findings = [
        Finding(
            "EMG streams",
            ok=bool(emg),
            text=names or "none is visible now",
            advice="start the amplifier's LSL app; on another host check the firewall",
            needed=False,
        )
    ]
    anonymous = [stream.name for stream in emg if not stream.source_id]
    if anonymous:
        text = f"{', '.join(anonymous)} without source_id"
        advice = "after a loss such a stream is found again by its name only"
        findings.append(
            Finding("stream identity", ok=False, text=text, advice=advice, needed=False)
        )
    return findings
