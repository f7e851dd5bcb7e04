"""Recompute the published figures, compare with peers, and print it as JSON."""

import argparse
import json
import sys
from dataclasses import asdict

from bench.accuracy import (
    checks_contaminants,
    checks_estimation,
    checks_response,
    recordings,
    table,
)
from bench.accuracy.check import Check
from bench.accuracy.score import Score

MODULES = (checks_estimation, checks_contaminants, checks_response, recordings)


def run_checks() -> list[Check]:
    """Run all of them, in the order of their numbers."""
    found = [check() for module in MODULES for check in module.CHECKS]
    return sorted(found, key=lambda c: (c.id[0], int(c.id[1:])))


def report(*, quick: bool) -> tuple[list[Check], list[Score]]:
    """Return checks and table."""
    return run_checks(), table.scores(quick=quick)


def as_json(checks: list[Check], scores: list[Score]) -> dict[str, object]:
    """Return what is printed."""
    ours = [s for s in scores if s.method == table.OURS]
    return {
        "checks": [{**asdict(check), "passed": bool(check.passed)} for check in checks],
        "table": [asdict(score) for score in scores],
        "silent_errors": sum(score.silent for score in ours),
        "peers": sorted({s.method for s in scores} - table.OWN_METHODS),
    }


def main(arguments: list[str]) -> int:
    """Return 0 also where a figure was missed: the figures say so themselves."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.accuracy", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print nothing but JSON")
    parser.add_argument("--quick", action="store_true", help="synthetic mixtures only")
    parser.add_argument("--render", action="store_true", help="write docs/accuracy.md")
    options = parser.parse_args(arguments)
    checks, scores = report(quick=options.quick)
    if options.render:
        from bench.accuracy import render  # noqa: PLC0415 - needs matplotlib

        render.write(checks, scores)
    if not options.json:
        for check in checks:
            verdict = "passed" if check.passed else "FAILED"
            print(f"{check.id:4} {verdict}  {check.title}: {check.value}")
        for s in scores:
            errors = f"{s.bias_pct_mvc:9.3f} {s.nrmse:9.4f}"
            print(f"{s.mixture:30} {s.method:16} {errors} {s.flagged}")
    print(json.dumps(as_json(checks, scores), ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
