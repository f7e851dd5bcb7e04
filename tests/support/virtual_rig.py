"""The true engine and the true output role in one process, in virtual time."""

from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import SCRIPT, VirtualRig, demo_program

__all__ = [
    "SCRIPT",
    "UNWATCHED",
    "RigOptions",
    "VirtualRig",
    "WirelessRig",
    "demo_program",
    "told",
]

#: For whoever looks at the device, the session and the events: the same is decided
#: whether states and records are made or not (test_unwatched_engine), in half the time.
UNWATCHED = RigOptions(watched=False)


class WirelessRig(VirtualRig):
    """A rig whose amplifier sends every 100 ms, as wireless ones do.

    Engine and output look at the time as often as ever. It is for what comes of a whole
    session; how soon something happens is seen on a rig with chunks of 16 ms.
    """

    chunk_samples = 200
    sample_rate_hz = 2000.0


def told(rig: VirtualRig, kind: str) -> list[dict]:
    """Return the details of all events of a kind."""
    return [dict(event.detail) for event in rig.events if event.kind == kind]
