"""`docs/explanation/what-guards-do.md` from the sessions of one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.ordering.orders import (
    ABORT,
    EXPECTED,
    MEASURES,
    ORDERS,
    PEAK,
    REACHED,
    Exactly,
    Order,
    measured,
)
from bench.ordering.runs import GUARDED, PARTS, RESPONDERS, ROOT, STEP, Cells
from service.trial.arms import NAIVE, NAIVE_OPEN_LOOP
from service.trial.result import Result

PAGE = ROOT / "docs" / "explanation" / "what-guards-do.md"
DIGITS = {REACHED: 2, ABORT: 2, PEAK: 2}
ARMS = (NAIVE_OPEN_LOOP, NAIVE, STEP, GUARDED)


@dataclass(frozen=True, slots=True)
class Compared:
    """What came out of the equations alone, and of sessions, with one seed.

    ``people`` and ``subjects`` are how many of a cohort went through either.
    """

    alone: Cells
    sessions: Cells
    people: int
    subjects: int
    seed: int


def figures(cells: Cells) -> str:
    """Return what came out of every cell beside what is expected."""
    lines = [
        f"| cohort | arm | n | {' | '.join(MEASURES)} |",
        f"|---|---|--:|{'--:|' * len(MEASURES)}",
    ]
    for (cohort, arm), expected in EXPECTED.items():
        people = cells.get((cohort, arm), {})
        ours = measured(people)
        values = [f"{_text(m, ours[m])} / {_text(m, expected[m])}" for m in MEASURES]
        lines.append(f"| `{cohort}` | {arm} | {len(people)} | {' | '.join(values)} |")
    return "\n".join(lines)


def orders(cells: Cells) -> str:
    """Return every stated order, what came out, and in how many people."""
    lines = ["| cohort | order | ours | people | holds |", "|---|---|--:|---|---|"]
    for one in ORDERS:
        ours, people = _found(one, cells)
        verdict = "yes" if one.holds(cells) else "**no**"
        lines.append(
            f"| `{one.cohort}` | {one.text()} | {ours} | {people} | {verdict} |"
        )
    return "\n".join(lines)


def persons(cells: Cells) -> str:
    """Return who of the responders was reached when, or what it ended for."""
    lines = [
        f"| person | within reach | {' | '.join(ARMS)} |",
        f"|--:|---|{'---|' * len(ARMS)}",
    ]
    found = {arm: cells.get((RESPONDERS, arm), {}) for arm in ARMS}
    for subject, one in found[GUARDED].items():
        told = [_ending(found[arm].get(subject)) for arm in ARMS]
        within = "yes" if one.treatable else "no"
        lines.append(f"| {subject} | {within} | {' | '.join(told)} |")
    return "\n".join(lines)


def page(compared: Compared) -> str:
    """Return the page."""
    template = Path(__file__).with_name("page.md").read_text("utf-8")
    alone, sessions = compared.alone, compared.sessions
    subjects, seed = compared.subjects, compared.seed
    return template.format(
        alone_figures=figures(alone),
        alone_orders=orders(alone),
        alone_held=held(alone),
        figures=figures(sessions),
        orders=orders(sessions),
        held=held(sessions),
        persons=persons(sessions),
        commands="\n".join(part.command(subjects, seed) for part in PARTS),
        people=compared.people,
        subjects=subjects,
        seed=seed,
        n_orders=len(ORDERS),
    )


def held(cells: Cells) -> int:
    """Return how many orders came out as expected."""
    return sum(one.holds(cells) for one in ORDERS)


def missed(cells: Cells) -> Sequence[str]:
    """Return every order that did not come out so."""
    return [
        f"{one.cohort}, {one.text()}: got {_found(one, cells)[0]}"
        for one in ORDERS
        if not one.holds(cells)
    ]


def _found(one: Order | Exactly, cells: Cells) -> tuple[str, str]:
    if isinstance(one, Exactly):
        right, wrong = one.counts(cells)
        return f"{right} of {right + wrong}", ""
    more, less = one.values(cells)
    ours = f"{_text(one.measure, more)} / {_text(one.measure, less)}"
    if more and less and one.factor != 1.0:
        ours += f" = {more / less:.1f} ×"
    above, alike, below = one.people(cells)
    return ours, f"{above} more, {alike} alike, {below} less"


def _ending(one: Result | None) -> str:
    if one is None:
        return "–"
    if one.reached_s is not None:
        return f"{one.reached_s:.0f} s"
    return f"{one.reason}, {one.treated_s:.0f} s"


def _text(measure: str, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.{DIGITS.get(measure, 0)}f}"
