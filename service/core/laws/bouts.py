"""Collecting the tone of bouts: first let the muscle settle, then take the mean."""

import math
from dataclasses import dataclass

from service.core.laws.protocol import ClosedBout


@dataclass(frozen=True, slots=True)
class BoutWindow:
    """Bouts since the level was last changed on purpose.

    Parameters
    ----------
    settled : int
        Bouts that have passed, measured or not.
    tones_pct_mvc : tuple of float
        Tones of the bouts that count.
    """

    settled: int = 0
    tones_pct_mvc: tuple[float, ...] = ()

    def after(self, closed: ClosedBout, settle_bouts: int) -> "BoutWindow":
        """Return the window after one more bout.

        Parameters
        ----------
        closed : ClosedBout
            The bout.
        settle_bouts : int
            So many bouts at the beginning are not measured.

        Returns
        -------
        BoutWindow
            A bout without a measured tone does not count as measured.
        """
        if self.settled < settle_bouts:
            return BoutWindow(self.settled + 1, self.tones_pct_mvc)
        if not math.isfinite(closed.tone_pct_mvc):
            return self
        return BoutWindow(self.settled, (*self.tones_pct_mvc, closed.tone_pct_mvc))

    def mean_pct_mvc(self, measure_bouts: int) -> float:
        """Return the mean tone once enough bouts were measured.

        Parameters
        ----------
        measure_bouts : int
            How many are enough.

        Returns
        -------
        float
            In %MVC; NaN before.
        """
        if len(self.tones_pct_mvc) < measure_bouts:
            return math.nan
        return math.fsum(self.tones_pct_mvc) / len(self.tones_pct_mvc)
