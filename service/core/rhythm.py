"""The rhythm of bouts: usual ones while the level rises, long ones once it cannot.

Inhibition follows stimulation with a lag of seconds to tens of seconds, so that bouts
of 3 s never bring more of it than their share of the time. Where the level may rise no
further, the same share of the time in one long on-part, a push, brings more at its end.
Before and after it is a rest, so that no minute has more on-time than another.
"""

import math
from dataclasses import dataclass

from service.core.dose import ON_WINDOW_S
from service.core.program import Bout

#: Where a long on-part is divided by one off-part, so that tone is measured near its
#: end. A: what is left is long enough for a hold to be confirmed after it.
SPLIT = 0.7


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Which on-part of the rhythm this is, or the last one was.

    Parameters
    ----------
    step : int
        0 is a usual bout, 1 a push, 2 what is left of a divided one.
    near : bool
        Whether this push is divided.
    """

    step: int = 0
    near: bool = False

    def on_s(self, bout: Bout) -> float:
        """Return how long the on-part is.

        Parameters
        ----------
        bout : Bout
            The program's rhythm.

        Returns
        -------
        float
            In second.
        """
        if self.step == 0:
            return bout.on_s
        if not self.near:
            return bout.push_s
        return bout.push_s * (SPLIT if self.step == 1 else 1.0 - SPLIT)

    def off_s(self, bout: Bout, *, pushes: bool) -> float:
        """Return how long the off-part after it is.

        Parameters
        ----------
        bout : Bout
            The program's rhythm.
        pushes : bool
            Whether a push is wanted.

        Returns
        -------
        float
            In second: usual, or a rest.
        """
        is_divided = self.near and self.step == 1
        rests = (self.step > 0 or pushes) and not is_divided
        return bout.rest_s if rests else bout.off_s

    def after(self, *, pushes: bool, near: bool) -> "Rhythm":
        """Return the next on-part.

        Parameters
        ----------
        pushes : bool
            Whether a push is wanted.
        near : bool
            Whether tone is near the threshold, so that the push is divided.

        Returns
        -------
        Rhythm
            What comes after the off-part.
        """
        if self.near and self.step == 1:
            return Rhythm(2, near=True)
        return Rhythm(1, near) if pushes else Rhythm()

    @property
    def is_push(self) -> bool:
        """Whether this is a push or a part of one."""
        return self.step > 0


def longest_on_s(bout: Bout) -> float:
    """Return the longest on-time within any minute of a rhythm.

    Parameters
    ----------
    bout : Bout
        The rhythm.

    Returns
    -------
    float
        In second, with usual bouts before and after two pushes.
    """
    n = math.ceil(ON_WINDOW_S / (bout.on_s + bout.off_s))
    usual = [(bout.on_s, bout.off_s)] * n
    parts = usual
    if bout.push_s > 0:
        push = (bout.push_s, bout.rest_s)
        parts = [*usual, (bout.on_s, bout.rest_s), push, push, *usual]
    spans = []
    t_s = 0.0
    for on_s, off_s in parts:
        spans.append((t_s, t_s + on_s))
        t_s += on_s + off_s
    return max(
        math.fsum(
            max(0.0, min(end, last_s) - max(begin, last_s - ON_WINDOW_S))
            for begin, end in spans
        )
        for _, last_s in spans
    )
