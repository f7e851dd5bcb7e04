"""Guards on what the muscle does: cramp, and tone that follows the stimulation."""

import itertools
import math
from dataclasses import dataclass

#: Tone above this without stimulation, unasked for, is suspected of being a cramp. A.
CRAMP_PCT_MVC = 20.0

#: And above this multiple of the tone before the treatment. A: who comes with a spasm
#: above the first bar is not cramping for that.
CRAMP_RATIO = 1.5

#: For so long. A.
CRAMP_S = 3.0

#: No stimulation after a cramp for this long. A.
CRAMP_LOCK_S = 300.0

#: Tone above this multiple of the rest for so long, with so little variation, is
#: locked. A: all three; the last from 1 s windows.
LOCK_RATIO = 3.0
LOCK_S = 30.0
LOCK_CV = 0.25

#: Tone is measured in pauses: the oldest value may be older by one bout. A.
LOCK_GAP_S = 10.0

#: Off-windows in which tone follows the level up by this share are paradoxical. A.
PARADOX_RISE = 0.2
PARADOX_STEPS = 3
PARADOX_R = 0.8
PARADOX_S = 20.0

#: A correlation of fewer windows says nothing. A.
PARADOX_WINDOWS = 5

#: Windows that are remembered.
MAX_WINDOWS = 13


@dataclass(frozen=True, slots=True)
class CrampWatch:
    """Tone that stays high without stimulation.

    Parameters
    ----------
    since_s : float or None
        Since when tone without stimulation has been above the bar.
    newest_s : float
        Time of the newest tone.
    """

    since_s: float | None = None
    newest_s: float = -math.inf

    def measured(
        self, t_s: float, tone_pct_mvc: float, baseline_pct_mvc: float
    ) -> "CrampWatch":
        """Take in a tone that was measured without stimulation.

        Parameters
        ----------
        t_s : float
            When.
        tone_pct_mvc : float
            The tone.
        baseline_pct_mvc : float
            Tone before the treatment.

        Returns
        -------
        CrampWatch
            Suspecting a cramp while tone is above the bar.
        """
        bar = max(CRAMP_PCT_MVC, CRAMP_RATIO * baseline_pct_mvc)
        if not tone_pct_mvc > bar:
            return CrampWatch(None, t_s)
        return CrampWatch(t_s if self.since_s is None else self.since_s, t_s)

    @property
    def is_suspected(self) -> bool:
        """Whether stimulation must wait until tone has been looked at longer."""
        return self.since_s is not None

    @property
    def is_cramp(self) -> bool:
        """Whether tone has been high for long enough."""
        return self.since_s is not None and self.newest_s - self.since_s >= CRAMP_S


@dataclass(frozen=True, slots=True)
class ToneLock:
    """Whether the muscle is locked in a steady tone, as in a spasm.

    Parameters
    ----------
    tones : tuple of (float, float)
        Time and tone of the last `LOCK_S`, measured without stimulation or motion.
    """

    tones: tuple[tuple[float, float], ...] = ()

    def measured(
        self, t_s: float, tone_pct_mvc: float, bar_pct_mvc: float
    ) -> "ToneLock":
        """Take in a tone that was measured without stimulation.

        Parameters
        ----------
        t_s : float
            When.
        tone_pct_mvc : float
            The tone.
        bar_pct_mvc : float
            A tone up to this ends the lock.

        Returns
        -------
        ToneLock
            Empty while tone is low.
        """
        if not tone_pct_mvc > bar_pct_mvc:
            return ToneLock()
        longest_s = LOCK_S + LOCK_GAP_S
        kept = [pair for pair in self.tones if t_s - pair[0] <= longest_s]
        return ToneLock((*kept, (t_s, tone_pct_mvc)))

    @property
    def is_locked(self) -> bool:
        """Whether tone has been high and steady for long enough."""
        if not self.tones or self.tones[-1][0] - self.tones[0][0] < LOCK_S:
            return False
        n = len(self.tones)
        mean = math.fsum([tone for _, tone in self.tones]) / n
        squares = math.fsum([(tone - mean) ** 2 for _, tone in self.tones])
        return math.sqrt(squares / n) < LOCK_CV * mean


@dataclass(frozen=True, slots=True)
class Window:
    """One off-window: when it ended, the level before it, and its median tone.

    ``level`` is in the unit of the actuator, ``step`` is the part of the rhythm that
    came before it.
    """

    t_s: float
    level: float
    tone_pct_mvc: float
    step: int = 0


def is_paradoxical(windows: tuple[Window, ...]) -> bool:
    """Say whether tone follows the stimulation up.

    Parameters
    ----------
    windows : tuple of Window
        Off-windows after stimulation, oldest first.

    Returns
    -------
    bool
        True when the last 3 rises of the level each raised the tone, by more than
        20 % together, or when tone and level of the last 20 s are correlated with
        r > 0.8 and tone has risen by more than 20 %. A: reading as tension what is an
        effect of the stimulation is the positive feedback that runs away.
    """
    steps = windows[-(PARADOX_STEPS + 1) :]
    if len(steps) > PARADOX_STEPS and _has_risen(steps):
        pairs = list(itertools.pairwise(steps))
        if all(b.level > a.level and b.tone_pct_mvc > a.tone_pct_mvc for a, b in pairs):
            return True
    if not windows:
        return False
    recent = tuple(w for w in windows if windows[-1].t_s - w.t_s <= PARADOX_S)
    if len(recent) < PARADOX_WINDOWS or not _has_risen(recent):
        return False
    return correlation(recent) > PARADOX_R


def correlation(windows: tuple[Window, ...]) -> float:
    """Return the correlation of level and tone.

    Parameters
    ----------
    windows : tuple of Window
        At least two.

    Returns
    -------
    float
        Pearson's r; 0 when either does not vary.
    """
    n = len(windows)
    level = math.fsum(w.level for w in windows) / n
    tone = math.fsum(w.tone_pct_mvc for w in windows) / n
    both = math.fsum((w.level - level) * (w.tone_pct_mvc - tone) for w in windows)
    spread = math.sqrt(
        math.fsum((w.level - level) ** 2 for w in windows)
        * math.fsum((w.tone_pct_mvc - tone) ** 2 for w in windows)
    )
    return both / spread if spread > 0 else 0.0


def _has_risen(windows: tuple[Window, ...]) -> bool:
    first, last = windows[0], windows[-1]
    return (
        last.level > first.level
        and last.tone_pct_mvc > (1.0 + PARADOX_RISE) * first.tone_pct_mvc
    )
