"""Whose turn it is: which of several tense muscles are stimulated in a bout.

A marks assumptions and engineering choices of this project.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.core.actuators import MAX_CURRENT_CHANNELS


@dataclass(frozen=True, slots=True)
class TargetedPlan:
    """Several muscles, each with its own loop.

    Parameters
    ----------
    at_once : int
        So many muscles are stimulated in one bout, at most `MAX_CURRENT_CHANNELS`.
    balance_pct_mvc : float
        Of muscles whose excess tone is as alike as this, the one that has had less
        charge goes first. A.
    longest_wait_bouts : int
        A tense muscle that has waited for so many bouts goes first. A.
    share_slack : float
        No muscle gets more of the session's charge than an equal share and this. A.
    coactivation_ratio, coactivation_sd : float
        A muscle that is not stimulated, with a tone above this multiple of its baseline
        and by so many standard deviations, is co-activated by those that are. A.
    """

    at_once: int = MAX_CURRENT_CHANNELS
    balance_pct_mvc: float = 2.0
    longest_wait_bouts: int = 4
    share_slack: float = 0.25
    coactivation_ratio: float = 1.25
    coactivation_sd: float = 3.0

    def __post_init__(self) -> None:
        if not 1 <= self.at_once <= MAX_CURRENT_CHANNELS:
            msg = f"at_once: expected 1 to {MAX_CURRENT_CHANNELS}, got {self.at_once}"
            raise ValueError(msg)

    def share(self, n_muscles: int) -> float:
        """Return the share of the session's charge that one muscle may have.

        Parameters
        ----------
        n_muscles : int
            How many there are.

        Returns
        -------
        float
            Between 0 and 1.
        """
        return min(1.0 / n_muscles + self.share_slack, 1.0)


@dataclass(frozen=True, slots=True)
class Turn:
    """What one of several muscles has had of the bouts.

    Parameters
    ----------
    picked : bool
        Whether it is stimulated in this bout, or was in the last.
    waited : int
        Bouts running in which it was tense and others were stimulated.
    ended : str
        Why it is not stimulated any more in this session; empty while it may be.
    beside_pct_mvc : tuple of float
        Median tone of the last two off-windows after bouts in which only others were
        stimulated.
    coactivations : int
        How often its tone rose while others were stimulated.
    """

    picked: bool = False
    waited: int = 0
    ended: str = ""
    beside_pct_mvc: tuple[float, ...] = ()
    coactivations: int = 0


@dataclass(frozen=True, slots=True)
class Need:
    """A muscle that could be stimulated in the next bout.

    Parameters
    ----------
    muscle : int
        Which.
    excess_pct_mvc : float
        Tone above the threshold.
    charge_uc : float
        What it has had.
    waited : int
        See `Turn`.
    is_tense : bool
        Whether it is above the threshold; else its level is on the way down.
    """

    muscle: int
    excess_pct_mvc: float
    charge_uc: float
    waited: int = 0
    is_tense: bool = True


def pick(needs: Sequence[Need], plan: TargetedPlan) -> tuple[int, ...]:
    """Choose the muscles of a bout.

    Parameters
    ----------
    needs : sequence of Need
        Muscles that may be stimulated.
    plan : TargetedPlan
        How many, and what is fair.

    Returns
    -------
    tuple of int
        At most `MAX_CURRENT_CHANNELS` muscles: those that have waited for too long,
        then those with the most excess tone (with less charge, where that is alike),
        then those that are relaxed but not weaned yet.
    """
    left, chosen = list(needs), list[int]()
    while left and len(chosen) < min(plan.at_once, MAX_CURRENT_CHANNELS):
        best = _next(left, plan)
        left.remove(best)
        chosen.append(best.muscle)
    return tuple(chosen)


def _next(needs: Sequence[Need], plan: TargetedPlan) -> Need:
    late = [n for n in needs if n.is_tense and n.waited >= plan.longest_wait_bouts]
    if late:
        return max(late, key=lambda n: (n.waited, n.excess_pct_mvc))
    tense = [n for n in needs if n.is_tense]
    if not tense:
        return min(needs, key=lambda n: n.charge_uc)
    most = max(n.excess_pct_mvc for n in tense)
    alike = [n for n in tense if most - n.excess_pct_mvc <= plan.balance_pct_mvc]
    return min(alike, key=lambda n: (n.charge_uc, -n.excess_pct_mvc))
