"""Only the monotonic clock decides; the wall clock dates what is kept, no more."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
WALL = re.compile(r"\bdatetime\.(now|utcnow|today)\b|\btime\.(time|time_ns)\(")
DATED = re.compile(r"\butc_now\b")

#: Who may know the date: the records of subjects and references, and who builds them.
CALENDARS = {
    "drivers/clock.py",
    "service/engine/references.py",
    "service/engine/run.py",
}


def sources() -> list[Path]:
    return [p for d in ("dsp", "drivers", "service") for p in (ROOT / d).rglob("*.py")]


def those_with(pattern: re.Pattern[str]) -> set[str]:
    found = (p for p in sources() if pattern.search(p.read_text(encoding="utf-8")))
    return {p.relative_to(ROOT).as_posix() for p in found}


def test_nobody_but_the_clock_reads_the_wall_clock() -> None:
    assert those_with(WALL) == {"drivers/clock.py"}


def test_the_date_is_for_calendars_only() -> None:
    assert those_with(DATED) <= CALENDARS
