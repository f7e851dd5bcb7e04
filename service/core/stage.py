"""Staged unlock: a person earns the closed loop one stage after the other."""

import enum


class Stage(enum.StrEnum):
    """What the loop may do with a person."""

    MONITOR = "monitor"
    OPEN_LOOP = "open_loop"
    DECREASE_ONLY = "decrease_only"
    CLOSED = "closed"


ORDER = tuple(Stage)

#: Stages in which the operator sets the level.
BY_HAND = frozenset({Stage.OPEN_LOOP, Stage.DECREASE_ONLY})

#: Completed sessions in a stage before the next can be unlocked. A.
SESSIONS_PER_STAGE = 1


def why_not_unlocked(now: Stage, wanted: Stage, completed: int) -> str:
    """Say why a stage cannot be unlocked.

    Parameters
    ----------
    now : Stage
        The stage so far.
    wanted : Stage
        The stage that is asked for; going back is always possible.
    completed : int
        Sessions in the stage so far that ended without a fault.

    Returns
    -------
    str
        A sentence; empty when it can.
    """
    step = ORDER.index(wanted) - ORDER.index(now)
    if step <= 0:
        return ""
    if step > 1:
        return f"expected {ORDER[ORDER.index(now) + 1]} after {now}, got {wanted}"
    if completed < SESSIONS_PER_STAGE:
        return (
            f"expected {SESSIONS_PER_STAGE} completed session in stage {now}, "
            f"got {completed}"
        )
    return ""
