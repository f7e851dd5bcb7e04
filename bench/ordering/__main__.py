"""Compare loops with and without guards on the same people; print it, or write a page.

Every session goes through the engine, as in a trial: about five seconds each.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from bench.ordering.render import PAGE, figures, missed, orders, page, persons
from bench.ordering.runs import run


def main(arguments: list[str]) -> int:
    """Return 0 also where an order does not hold: that is a finding."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.ordering", description=__doc__
    )
    parser.add_argument("--subjects", type=int, default=10, help="people of a cohort")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder to go on in later")
    parser.add_argument("--json", action="store_true", help="print nothing but JSON")
    parser.add_argument("--render", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args(arguments)
    cells = run(options.subjects, options.seed, options.workers, options.out)
    if options.render:
        PAGE.write_text(page(cells, options.subjects, options.seed), "utf-8")
    if options.json:
        people = [one for cell in cells.values() for one in cell.values()]
        print(json.dumps([asdict(one) for one in people], ensure_ascii=False))
    else:
        print("\n\n".join(table(cells) for table in (figures, orders, persons)))
    print("\n".join(missed(cells)), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
