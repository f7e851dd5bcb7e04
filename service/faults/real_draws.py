"""Which fault meets which real rig, and when."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from service.faults.kinds import (
    ALL_KINDS,
    ARGUMENTS,
    DISK_KINDS,
    FLOOD_KINDS,
    PROCESS_KINDS,
)

#: Kinds of the campaign: what the demo can be told, and a stop over HTTP.
STOP = "stop"
REAL_KINDS = (*ALL_KINDS, STOP)

#: Where a fault meets a session; most of them while something is felt.
REAL_PHASES = ("treating-on", "treating-on", "treating-off", "holding")

#: A fault comes so long after its phase has begun, at most.
LEAD_S = 0.6


@dataclass(frozen=True, slots=True)
class RealDraw:
    """One fault to rehearse."""

    kind: str
    phase: str
    argument: float
    lead_s: float


def draw_all_real(
    rng: random.Random, known: Sequence[str], n_runs: int
) -> list[RealDraw]:
    """Choose faults and their moments: every kind once before any comes twice."""
    kinds: list[str] = []
    while len(kinds) < n_runs:
        kinds += rng.sample(known, len(known))
    return [draw_real(rng, kind) for kind in kinds[:n_runs]]


def draw_real(rng: random.Random, kind: str) -> RealDraw:
    """Choose the moment of a fault of this kind."""
    _, argument = ARGUMENTS.get(kind, ("", 0.0))
    # A flood asks whether a stop gets through: there must be something to stop.
    needs_current = kind in {*FLOOD_KINDS, STOP}
    phase = "treating-on" if needs_current else rng.choice(REAL_PHASES)
    return RealDraw(kind, phase, argument, rng.uniform(0.0, LEAD_S))


def by_rig(draws: Sequence[RealDraw]) -> list[list[RealDraw]]:
    """Return the faults in groups that one rig can suffer one after the other.

    Faults of a process end it, and a journal that broke stays so until a restart.
    """
    groups: list[list[RealDraw]] = [[]]
    # Clocks that jumped once jump back with the next fault of the signal.
    for drawn in sorted(draws, key=lambda drawn: drawn.kind == "clock-jump"):
        if drawn.kind in PROCESS_KINDS or drawn.kind in DISK_KINDS:
            groups.append([drawn])
        else:
            groups[0].append(drawn)
    return [group for group in groups if group]
