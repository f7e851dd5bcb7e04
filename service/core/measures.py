"""Outcome measures that an operator enters, and which changes are more than chance."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from service.core.plans import AssessPlan, Measure

BEFORE, AFTER = "before", "after"

#: What each measure can be.
RANGES: Mapping[Measure, tuple[float, float]] = {
    Measure.RANGE_OF_MOTION_DEG: (0.0, 360.0),
    Measure.PAIN_NRS: (0.0, 10.0),
    Measure.PRESSURE_PAIN_THRESHOLD_KPA: (0.0, 2000.0),
}

#: Smaller changes are within the error of the measure. Pain: minimum detectable change
#: in the neck (Kovacs 2008, BMC Musculoskelet Disord 9:43). Range of motion: R, lateral
#: flexion of the neck. The threshold of pressure pain has none that we know of.
REAL_CHANGE: Mapping[Measure, float] = {
    Measure.RANGE_OF_MOTION_DEG: 5.0,
    Measure.PAIN_NRS: 4.0,
}


@dataclass(frozen=True, slots=True)
class Entered:
    """What an operator entered.

    Parameters
    ----------
    measure : Measure
        Which.
    when : str
        ``before`` or ``after``.
    value : float
        In the unit of the measure; NaN of notes.
    text : str
        Of notes.
    """

    measure: Measure
    when: str
    value: float = math.nan
    text: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure before and after.

    Parameters
    ----------
    measure : Measure
        Which.
    before, after : float
        NaN where nobody entered it.
    beyond_error : bool or None
        Whether the change is larger than the error of the measure; None if that is not
        known.
    """

    measure: Measure
    before: float
    after: float
    beyond_error: bool | None


def why_not(plan: AssessPlan, name: str, value: float | None, text: str) -> str:
    """Say why an entry cannot be taken.

    Parameters
    ----------
    plan : AssessPlan
        What is asked for.
    name : str
        Of the measure.
    value : float or None
        What was entered.
    text : str
        What was entered as notes.

    Returns
    -------
    str
        A sentence; empty when it can.
    """
    asked = [m for m in plan.measures if m is not Measure.TENSION_PCT_MVC]
    if name not in asked:
        known = ", ".join(asked) or "none: [assess] of this program asks for nothing"
        return f"measure: expected one of {known}, got {name!r}"
    if name == Measure.NOTES:
        return "" if text.strip() else "text: expected notes, got none"
    low, high = RANGES[Measure(name)]
    if value is None or not low <= value <= high:
        return f"value: expected {name} from {low:g} to {high:g}, got {value}"
    return ""


def entered(entries: tuple[Entered, ...], new: Entered) -> tuple[Entered, ...]:
    """Return the entries with a new one, which replaces an older of its kind.

    Parameters
    ----------
    entries : tuple of Entered
        So far.
    new : Entered
        The new one.

    Returns
    -------
    tuple of Entered
        At most one per measure and time.
    """
    kept = (e for e in entries if (e.measure, e.when) != (new.measure, new.when))
    return (*kept, new)


def missing(
    plan: AssessPlan, entries: tuple[Entered, ...], when: str
) -> tuple[Measure, ...]:
    """Return what nobody has entered yet.

    Parameters
    ----------
    plan : AssessPlan
        What is asked for.
    entries : tuple of Entered
        So far.
    when : str
        ``before`` or ``after``.

    Returns
    -------
    tuple of Measure
        Notes may always be left out.
    """
    done = {e.measure for e in entries if e.when == when}
    done |= {Measure.TENSION_PCT_MVC, Measure.NOTES}
    return tuple(measure for measure in plan.measures if measure not in done)


def compare(plan: AssessPlan, entries: tuple[Entered, ...]) -> tuple[Comparison, ...]:
    """Compare before and after.

    Parameters
    ----------
    plan : AssessPlan
        What is asked for.
    entries : tuple of Entered
        What was entered.

    Returns
    -------
    tuple of Comparison
        One per measure that is a number and was asked for.
    """
    values = {(e.measure, e.when): e.value for e in entries}
    found = []
    for measure in plan.measures:
        if measure in RANGES:
            before = values.get((measure, BEFORE), math.nan)
            after = values.get((measure, AFTER), math.nan)
            found.append(
                Comparison(measure, before, after, _beyond(measure, after - before))
            )
    return tuple(found)


def _beyond(measure: Measure, change: float) -> bool | None:
    least = REAL_CHANGE.get(measure)
    if least is None or not math.isfinite(change):
        return None
    return abs(change) >= least
