"""What an independent simulation came to, and whether its orders are found here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bench.ordering.runs import (
    ADVERSE,
    ADVERSE_TONIC,
    GUARDED,
    RESPONDERS,
    STEP,
    WEAK,
    Cells,
)
from service.trial.arms import NAIVE, NAIVE_OPEN_LOOP
from service.trial.outcome import P50, P95, flow
from service.trial.result import Result

REACHED, TIME, PEAK = "reached", "median s to it", "peak / baseline (p95)"
DOSE, ABORT, RESIDUAL = "median dose, mA·s", "let go", "left on, mA (mean)"
MEASURES = (REACHED, TIME, PEAK, DOSE, ABORT, RESIDUAL)

Values = Mapping[str, float | None]

#: C: 60 people a cell, continuous stimulation up to 0.85 of the tolerance with guards
#: and up to the tolerance without, ten minutes, 3 %MVC for 10 s.
EXPECTED: Mapping[tuple[str, str], Values] = {
    key: dict(zip(MEASURES, values, strict=True))
    for key, values in {
        (RESPONDERS, NAIVE_OPEN_LOOP): (0.95, 41.0, 1.05, 15680.0, None, 26.0),
        (RESPONDERS, NAIVE): (0.90, 66.0, 1.07, 7675.0, None, 4.0),
        (RESPONDERS, STEP): (1.0, 164.0, 1.08, 4195.0, None, 0.0),
        (RESPONDERS, GUARDED): (1.0, 98.0, 1.08, 5184.0, 0.0, 0.0),
        (WEAK, NAIVE): (0.0, None, 1.17, 24635.0, None, 44.0),
        (WEAK, GUARDED): (0.0, None, 1.10, 5883.0, 1.0, 0.0),
        (ADVERSE, NAIVE): (0.0, None, 1.58, 24896.0, None, 44.0),
        (ADVERSE, GUARDED): (0.0, None, 1.35, 1232.0, 1.0, 0.0),
        (ADVERSE_TONIC, NAIVE): (0.0, None, 2.60, 24983.0, None, 44.0),
        (ADVERSE_TONIC, GUARDED): (0.0, None, 1.43, 1078.0, 1.0, 0.0),
    }.items()
}

_OF_ONE: Mapping[str, Callable[[Result], float | None]] = {
    REACHED: lambda one: float(one.reached_s is not None),
    TIME: lambda one: one.reached_s,
    PEAK: lambda one: one.peak_tone_ratio,
    DOSE: lambda one: one.dose,
    ABORT: lambda one: float(sum(flow([one])["stopped_by_guard"].values())),
    RESIDUAL: lambda one: one.residual_amplitude,
}


def measured(people: Mapping[int, Result]) -> dict[str, float | None]:
    """Return what came of the people of one cell."""
    found: dict[str, float | None] = {}
    for name in MEASURES:
        known = [v for v in map(_OF_ONE[name], people.values()) if v is not None]
        found[name] = _together(name, known)
    return found


def _together(name: str, known: list[float]) -> float | None:
    if not known:
        return None
    if name in {REACHED, ABORT, RESIDUAL}:
        return float(np.mean(known))
    return float(np.percentile(known, P95 if name == PEAK else P50))


@dataclass(frozen=True, slots=True)
class Order:
    """One arm has more of something than another, by a factor if one is stated."""

    cohort: str
    measure: str
    more: str
    less: str
    factor: float = 1.0
    or_equal: bool = False

    def text(self) -> str:
        """Return it in words."""
        sign = "≥" if self.or_equal else ">"
        times = f"{self.factor:g} × " if self.factor != 1.0 else ""
        return f"{self.measure}: {self.more} {sign} {times}{self.less}"

    def values(self, cells: Cells) -> tuple[float | None, float | None]:
        """Return what came out of both arms."""
        more, less = (measured(people) for people in self._both(cells))
        return more[self.measure], less[self.measure]

    def holds(self, cells: Cells) -> bool:
        """Return whether it came out so."""
        more, less = self.values(cells)
        if more is None or less is None:
            return False
        bar = self.factor * less
        return more > bar or (self.or_equal and more == bar)

    def people(self, cells: Cells) -> tuple[int, int, int]:
        """Return in how many people there was more, as much, and less of it."""
        of_one = _OF_ONE[self.measure]
        first, second = self._both(cells)
        pairs = [(of_one(first[k]), of_one(second[k])) for k in first if k in second]
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        more, less = sum(a > b for a, b in known), sum(a < b for a, b in known)
        return more, len(known) - more - less, less

    def _both(self, cells: Cells) -> tuple[Mapping[int, Result], Mapping[int, Result]]:
        nobody: dict[int, Result] = {}
        return (
            cells.get((self.cohort, self.more), nobody),
            cells.get((self.cohort, self.less), nobody),
        )


@dataclass(frozen=True, slots=True)
class Exactly:
    """An arm has just so much of something in everybody."""

    cohort: str
    measure: str
    arm: str
    expected: float

    def text(self) -> str:
        """Return it in words."""
        return f"{self.measure}: {self.arm} = {self.expected:g} in everybody"

    def counts(self, cells: Cells) -> tuple[int, int]:
        """Return in how many people it is so, and in how many not."""
        people = cells.get((self.cohort, self.arm), {})
        right = sum(
            _OF_ONE[self.measure](one) == self.expected for one in people.values()
        )
        return right, len(people) - right

    def holds(self, cells: Cells) -> bool:
        """Return whether it came out so."""
        right, wrong = self.counts(cells)
        return right > 0 and wrong == 0


def _harm(cohort: str, factor: float) -> tuple[Order | Exactly, ...]:
    return (
        Order(cohort, DOSE, NAIVE, GUARDED, factor),
        Order(cohort, PEAK, NAIVE, GUARDED),
        Exactly(cohort, ABORT, GUARDED, 1.0),
        Exactly(cohort, RESIDUAL, GUARDED, 0.0),
    )


ORDERS: tuple[Order | Exactly, ...] = (
    Order(RESPONDERS, REACHED, GUARDED, NAIVE_OPEN_LOOP, or_equal=True),
    Order(RESPONDERS, REACHED, STEP, NAIVE_OPEN_LOOP, or_equal=True),
    Order(RESPONDERS, REACHED, GUARDED, NAIVE, or_equal=True),
    Order(RESPONDERS, REACHED, NAIVE_OPEN_LOOP, NAIVE, or_equal=True),
    Order(RESPONDERS, TIME, NAIVE, NAIVE_OPEN_LOOP),
    Order(RESPONDERS, TIME, GUARDED, NAIVE),
    Order(RESPONDERS, TIME, STEP, GUARDED),
    Order(RESPONDERS, DOSE, NAIVE_OPEN_LOOP, NAIVE),
    Order(RESPONDERS, DOSE, NAIVE, GUARDED),
    Order(RESPONDERS, DOSE, GUARDED, STEP),
    Order(RESPONDERS, RESIDUAL, NAIVE_OPEN_LOOP, NAIVE),
    Order(RESPONDERS, RESIDUAL, NAIVE, GUARDED),
    Exactly(RESPONDERS, RESIDUAL, GUARDED, 0.0),
    Exactly(RESPONDERS, RESIDUAL, STEP, 0.0),
    Exactly(RESPONDERS, ABORT, GUARDED, 0.0),
    *_harm(WEAK, 4.0),
    *_harm(ADVERSE, 20.0),
    *_harm(ADVERSE_TONIC, 20.0),
)
