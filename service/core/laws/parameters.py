"""Parameters of a law: numbers with a range, checked when the law is built."""

import math
from dataclasses import dataclass, field, fields
from typing import Any

from service.core.limits import COMPILED, Quantity

#: Falls may be as fast as an actuator can; this only keeps the number sensible. A.
MAX_DOWN_MA_PER_S = 100.0
#: No law may ask for a faster rise than the compiled limit lets through.
MAX_UP_MA_PER_S = COMPILED[Quantity.SLEW_UP_MA_PER_S].absolute


class LawError(ValueError):
    """A parameter of a law is wrong: what was expected, what came, what to do."""


def number(default: float, low: float, high: float) -> float:
    """Declare a real parameter.

    Parameters
    ----------
    default : float
        Used when none is given.
    low, high : float
        Inclusive range.

    Returns
    -------
    float
        A dataclass field that carries the range.
    """
    made: float = field(default=default, metadata={"low": low, "high": high})
    return made


def whole(default: int, low: int, high: int) -> int:
    """Declare a parameter that counts something.

    Parameters
    ----------
    default : int
        Used when none is given.
    low, high : int
        Inclusive range.

    Returns
    -------
    int
        A dataclass field that carries the range.
    """
    made: int = field(default=default, metadata={"low": low, "high": high})
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class LawParameters:
    """What every law has: limits on the rate of change.

    Parameters
    ----------
    up_ma_per_s : float
        Largest rise per second. A: 0.5–1.
    down_ma_per_s : float
        Largest fall per second of the law's own; a falling cap is followed at once. A.

    Raises
    ------
    LawError
        If a number is not finite or outside of its range.
    """

    up_ma_per_s: float = number(0.8, 0.01, MAX_UP_MA_PER_S)
    down_ma_per_s: float = number(2.0, 0.01, MAX_DOWN_MA_PER_S)

    def __post_init__(self) -> None:
        for declared in fields(self):
            if declared.metadata:
                _check(
                    declared.name,
                    getattr(self, declared.name),
                    counted=declared.type is int,
                    **declared.metadata,
                )


def _check(name: str, value: Any, *, counted: bool, low: float, high: float) -> None:  # noqa: ANN401 - anything may come from a file
    wanted = "a whole number" if counted else "a number"
    kinds = int if counted else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        msg = f"{name} must be {wanted} from {low:g} to {high:g}, not {value!r}"
        raise LawError(msg)
    if not (math.isfinite(value) and low <= value <= high):
        msg = f"{name} must lie from {low:g} to {high:g}, not {value:g}"
        raise LawError(msg)
