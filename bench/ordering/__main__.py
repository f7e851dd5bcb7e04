"""Compare loops with and without guards on the same people; print it, or write a page.

First on the equations of the people alone, a third of a second each, then through the
engine as in a trial, some four seconds each.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from bench.ordering import continuous
from bench.ordering.render import (
    PAGE,
    Compared,
    figures,
    missed,
    orders,
    page,
    persons,
)
from bench.ordering.runs import Cells, run


def main(arguments: list[str]) -> int:
    """Return 0 also where an order does not hold: that is a finding."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.ordering", description=__doc__
    )
    parser.add_argument("--people", type=int, default=60, help="of a cohort, alone")
    parser.add_argument("--subjects", type=int, default=30, help="of one, in sessions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder to go on in later")
    parser.add_argument("--json", action="store_true", help="print nothing but JSON")
    parser.add_argument("--render", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args(arguments)
    alone = continuous.run(options.people, options.seed, options.workers)
    sessions = run(options.subjects, options.seed, options.workers, options.out)
    if options.render:
        compared = Compared(
            alone,
            sessions,
            people=options.people,
            subjects=options.subjects,
            seed=options.seed,
        )
        PAGE.write_text(page(compared), "utf-8")
    if options.json:
        told = {"continuous": _people(alone), "sessions": _people(sessions)}
        print(json.dumps(told, ensure_ascii=False))
    else:
        tables = (figures(alone), orders(alone), figures(sessions), orders(sessions))
        print("\n\n".join((*tables, persons(sessions))))
    print("\n".join((*missed(alone), *missed(sessions))), file=sys.stderr)
    return 0


def _people(cells: Cells) -> list[dict[str, object]]:
    return [asdict(one) for cell in cells.values() for one in cell.values()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
