"""Outcome measures: what can be entered, and which changes are more than chance."""

import math

import pytest

from service.core.measures import AFTER, BEFORE, Entered, compare, entered, missing
from service.core.measures import why_not as why_not_entered
from service.core.plans import AssessPlan, Measure

PAIN, NOTES = Measure.PAIN_NRS, Measure.NOTES
MOTION, PRESSURE = Measure.RANGE_OF_MOTION_DEG, Measure.PRESSURE_PAIN_THRESHOLD_KPA
PLAN = AssessPlan((Measure.TENSION_PCT_MVC, PAIN, MOTION, PRESSURE, NOTES))


@pytest.mark.parametrize(
    ("name", "value", "text", "why"),
    [
        ("pain_nrs", 7.0, "", ""),
        ("pain_nrs", 0, "", ""),
        ("pain_nrs", 10.5, "", "value: expected pain_nrs from 0 to 10, got 10.5"),
        ("pain_nrs", math.nan, "", "value: expected pain_nrs"),
        ("pain_nrs", None, "much", "value: expected pain_nrs"),
        ("notes", None, "slept badly", ""),
        ("notes", None, "  ", "text: expected notes"),
        ("tension_pct_mvc", 3.0, "", "measure: expected one of pain_nrs"),
        ("mood", 3.0, "", "measure: expected one of pain_nrs, range_of_motion_deg"),
    ],
)
def test_only_what_is_asked_for_can_be_entered(name, value, text, why) -> None:
    told = why_not_entered(PLAN, name, value, text)

    assert told.startswith(why) if why else told == ""


def test_a_program_that_asks_for_nothing_says_so() -> None:
    assert "asks for nothing" in why_not_entered(AssessPlan(), "pain_nrs", 3.0, "")


def test_an_entry_replaces_the_older_one_of_its_time() -> None:
    entries = entered((), Entered(PAIN, BEFORE, 6.0))
    entries = entered(entries, Entered(PAIN, AFTER, 5.0))
    entries = entered(entries, Entered(PAIN, AFTER, 2.0))

    assert entries == (Entered(PAIN, BEFORE, 6.0), Entered(PAIN, AFTER, 2.0))
    assert missing(PLAN, entries, AFTER) == (MOTION, PRESSURE)


@pytest.mark.parametrize(
    ("measure", "before", "after", "beyond"),
    [
        (PAIN, 7.0, 3.0, True),
        (PAIN, 3.0, 7.0, True),
        (PAIN, 7.0, 3.5, False),
        (MOTION, 30.0, 34.0, False),
        (MOTION, 30.0, 36.0, True),
        (PRESSURE, 150.0, 300.0, None),
    ],
)
def test_a_change_within_the_error_of_the_measure_is_not_called_one(
    measure, before, after, beyond
) -> None:
    entries = (Entered(measure, BEFORE, before), Entered(measure, AFTER, after))

    (one,) = (c for c in compare(PLAN, entries) if c.measure is measure)

    assert (one.before, one.after, one.beyond_error) == (before, after, beyond)


def test_what_was_not_entered_is_not_compared() -> None:
    compared = compare(PLAN, (Entered(PAIN, BEFORE, 6.0),))

    assert [c.measure for c in compared] == [PAIN, MOTION, PRESSURE]
    assert all(c.beyond_error is None for c in compared)
