"""Compute published tables of physiology again; print them, or write the page."""

import argparse
import json
import sys
from dataclasses import asdict

from bench.physiology.render import PAGE, grids, page


def main(arguments: list[str]) -> int:
    """Return 1 where a figure is further off than is accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.physiology", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print nothing but JSON")
    parser.add_argument("--render", action="store_true", help=f"write {PAGE.name}")
    options = parser.parse_args(arguments)
    found = grids()
    if options.render:
        PAGE.write_text(page(found), "utf-8")
    if options.json:
        print(json.dumps([asdict(grid) for grid in found.values()], ensure_ascii=False))
    else:
        for grid in found.values():
            print(f"{grid.name}\n{grid.to_markdown()}\n")
    missed = [line for grid in found.values() for line in grid.missed()]
    print("\n".join(missed), file=sys.stderr, end="\n" if missed else "")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
