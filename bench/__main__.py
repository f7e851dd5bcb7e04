"""Run benchmarks and print a table of ratios, then the same as one JSON object."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

import bench.dsp
import bench.loop
import bench.stop
import bench.trial
from bench.timing import Row

#: Every bench: its name and what runs it.
BENCHES: dict[str, Callable[[], list[Row]]] = {
    "dsp": bench.dsp.run,
    "loop": bench.loop.run,
    "stop": bench.stop.run,
    "trial": bench.trial.run,
}


def main(arguments: list[str]) -> int:
    """Run what was asked for; return 0 also where a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=sorted(BENCHES), help="run one bench")
    parser.add_argument("--json", action="store_true", help="print nothing but JSON")
    options = parser.parse_args(arguments)
    names = [options.only] if options.only else list(BENCHES)
    rows = [row for name in names for row in BENCHES[name]()]
    if not options.json:
        print(_table(rows))
    print(json.dumps({"rows": [asdict(row) for row in rows]}, ensure_ascii=False))
    return 0


def _table(rows: list[Row]) -> str:
    width = max(len(row.case) for row in rows)
    lines = [f"{'bench':6} {'case':{width}} {'value':>9} {'target':>9}"]
    for row in rows:
        verdict = "reached" if row.reached else "MISSED"
        lines.append(
            f"{row.bench:6} {row.case:{width}} {row.value:>7.2f} {row.unit} "
            f"{row.target:>7.2f} {row.unit}  {verdict}  {row.detail}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
