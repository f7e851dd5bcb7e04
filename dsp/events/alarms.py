"""Cramp and spasm: a muscle that contracts and was not asked to."""

import math
from collections import deque

import numpy as np

from dsp.errors import DesignError

#: A cramp: at least this tension, and so many times the rest, for so long.
CRAMP_PCT_MVC = 20.0  # A: assumption
CRAMP_REST_RATIO = 10.0  # A: assumption
CRAMP_S = 3.0  # A: assumption
#: A spasm: so many times the session's rest, so steady, for so long.
SPASM_REST_RATIO = 3.0  # A: assumption
SPASM_S = 30.0  # A: assumption
SPASM_CV = 0.25  # A: assumption
#: Rest is never taken for less than this.
MIN_REST_PCT_MVC = 0.1  # A: assumption


class CrampDetector:
    """Strong activity with the stimulator off and no request to contract.

    Parameters
    ----------
    rest_pct_mvc : float
        Tension at rest in percent of MVC.

    Notes
    -----
    Stop the stimulation on True. What to do next is not decided here.
    """

    def __init__(self, rest_pct_mvc: float) -> None:
        rest = max(rest_pct_mvc, MIN_REST_PCT_MVC)
        self._limit = max(CRAMP_PCT_MVC, CRAMP_REST_RATIO * rest)
        self._since_s = math.inf

    def push(self, t_s: float, tension_pct_mvc: float, *, expected: bool) -> bool:
        """Take one value of the tension.

        Parameters
        ----------
        t_s : float
            Time in second, rising.
        tension_pct_mvc : float
            Tension without stimulation; NaN proves nothing and starts anew.
        expected : bool
            Whether the stimulator is on, or a contraction was asked for.

        Returns
        -------
        bool
            True while a cramp lasts.
        """
        if expected or not tension_pct_mvc > self._limit:
            self._since_s = math.inf
            return False
        self._since_s = min(self._since_s, t_s)
        return t_s - self._since_s >= CRAMP_S


class SpasmDetector:
    """Steady activity well above rest that does not let go.

    Parameters
    ----------
    rest_pct_mvc : float
        Tension at rest in percent of MVC.
    update_s : float
        Time between two values in second.

    Raises
    ------
    DesignError
        If ``update_s`` is not above zero.
    """

    def __init__(self, rest_pct_mvc: float, update_s: float) -> None:
        if not update_s > 0:
            msg = f"spasm: expected update_s above 0, got {update_s!r}"
            raise DesignError(msg)
        rest = max(rest_pct_mvc, MIN_REST_PCT_MVC)
        self._limit = SPASM_REST_RATIO * rest
        self._values: deque[float] = deque(maxlen=math.ceil(SPASM_S / update_s))

    def push(self, tension_pct_mvc: float, *, moving: bool = False) -> bool:
        """Take one value of the tension over 1 s.

        Parameters
        ----------
        tension_pct_mvc : float
            Tension; NaN starts anew.
        moving : bool
            Whether motion was seen, which explains activity.

        Returns
        -------
        bool
            True while a spasm lasts.
        """
        if moving or not tension_pct_mvc > self._limit:
            self._values.clear()
            return False
        self._values.append(tension_pct_mvc)
        if len(self._values) < (self._values.maxlen or 0):
            return False
        values = np.array(self._values)
        return bool(values.std() < SPASM_CV * values.mean())
