"""Needles, that the software only watches: local twitch responses, and what is left."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivers.subject.effect import Effect
from drivers.subject.stimulation import Stimulation

TWITCH_TAU_S = 0.15  # A: assumption
TWITCH_DELAY_S = 0.03  # A: assumption; a reflex through the spine
DECLINE = 0.6  # A: assumption; each of the first responses is so much of the last
#: The responses fall over the first three (Baraja-Vegas 2020, Pain Med 21:1224).
N_DECLINING = 3


@dataclass(frozen=True, slots=True)
class NeedleParams:
    """One person's local twitch responses.

    ``first_pct_mvc`` is the first of them (A: 60-100 %MVC), ``probability`` that of a
    response per insertion (A). ``resets`` chooses between two models: true for a tone
    that falls to rest with a response (a claim), false for an unchanged tone (resting
    RMS was 65.2 before and 61.0 after; Baraja-Vegas 2020, Pain Med 21:1224).
    """

    first_pct_mvc: float = 80.0
    probability: float = 0.7
    resets: bool = False


class Needle:
    """The needle of an operator; the level counts the insertions so far."""

    def __init__(
        self, params: NeedleParams, dt_s: float, rng: np.random.Generator
    ) -> None:
        self._params = params
        self._rng = rng
        self._keep = math.exp(-dt_s / TWITCH_TAU_S)
        self._delay = max(1, round(TWITCH_DELAY_S / dt_s))
        self._steps_left = 0
        self._n_inserted = 0.0
        self._n_twitches = 0
        self._twitch = 0.0

    def advance(
        self,
        felt: Sequence[Stimulation],
        tone_pct_mvc: float,  # noqa: ARG002
    ) -> Effect:
        """Advance one step; a count that rises is an insertion."""
        count = sum(site.level for site in felt)
        is_new = count > self._n_inserted
        self._n_inserted = max(self._n_inserted, count)
        self._twitch *= self._keep
        # Insertions that follow faster than a reflex share one response.
        if is_new and self._rng.random() < self._params.probability:
            self._steps_left = self._steps_left or self._delay + 1
        if self._steps_left != 1:
            self._steps_left = max(0, self._steps_left - 1)
            return Effect(reflex_pct_mvc=self._twitch)
        self._steps_left = 0
        size = DECLINE ** min(self._n_twitches, N_DECLINING)
        self._twitch += self._params.first_pct_mvc * size
        self._n_twitches += 1
        return Effect(0.0, self._twitch, 0.0, self._params.resets)
