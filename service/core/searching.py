"""The search of thresholds as a part of a treatment, and what the muscle answers."""

import math
from dataclasses import replace

from service.core.control import Level
from service.core.laws.protocol import ClosedBout
from service.core.model import Detail, MuscleResponse, Note, Phase
from service.core.program import Program
from service.core.search import COMPLETED, Search, SearchEnd, level_after
from service.core.stage import Stage
from service.core.state import Session, Setup, Step, Treatment
from service.core.thresholds import MOTOR, Thresholds


def begin_search(setup: Setup) -> Search | None:
    """Return the search that a treatment begins with.

    Parameters
    ----------
    setup : Setup
        Of the session.

    Returns
    -------
    Search or None
        None where the program asks for none, and where the loop may not raise a level.
    """
    wanted = setup.program.search is not None and setup.stage is Stage.CLOSED
    return Search() if wanted else None


def thresholds_of(program: Program) -> Thresholds:
    """Return thresholds that nobody knows yet, with what they will bound.

    Parameters
    ----------
    program : Program
        Whose search may say so.

    Returns
    -------
    Thresholds
        With the ratios and the ceiling of the search.
    """
    plan = program.search
    if plan is None:
        return Thresholds()
    return Thresholds(
        motor_ratio=plan.motor_ratio,
        tolerance_ratio=plan.tolerance_ratio,
        search_ma=plan.ceiling_ma,
    )


def see_response(session: Session, response: MuscleResponse) -> Step:
    """Take note of what the muscle answered.

    Parameters
    ----------
    session : Session
        Whatever it does.
    response : MuscleResponse
        Of the newest on part.

    Returns
    -------
    session : Session
        Knows it, and so does a search that is under way.
    notes : tuple of Note
        One of kind ``muscle_response``.
    """
    treatment = session.treatment
    if treatment is None:
        return session, ()
    search = treatment.search
    if search is not None and search.is_under_way:
        search = replace(search, seen=response)
    treatment = replace(treatment, muscle=response, search=search)
    told: Detail = {
        "m_wave_uv": _known(response.m_wave_uv),
        "scatter_uv": _known(response.scatter_uv),
        "median_frequency_hz": _known(response.median_frequency_hz),
        "amplitude_ma": response.amplitude_ma,
        "why": response.why,
    }
    note = Note("muscle_response", told)
    return replace(session, treatment=treatment), (note,)


def search_on(
    session: Session, treatment: Treatment, closed: ClosedBout | None, cap_ma: float
) -> tuple[Treatment, tuple[Note, ...]]:
    """Advance the search, if there is one.

    Parameters
    ----------
    session : Session
        Treating.
    treatment : Treatment
        Its treatment, after the newest sample.
    closed : ClosedBout or None
        The bout that has just ended, if one did.
    cap_ma : float
        The tightest bound on the level.

    Returns
    -------
    treatment : Treatment
        The level is that of the search while it is under way.
    notes : tuple of Note
        Kind ``search``: another amplitude, or the end; kind ``threshold``: what was
        found.
    """
    search, plan = treatment.search, session.setup.program.search
    if search is None or plan is None or not search.is_under_way:
        return treatment, ()
    if session.phase is not Phase.TREATING:
        return treatment, ()
    end = _end_from_outside(treatment)
    if end is not None:
        return _ended(session, treatment, replace(search, end=end))
    if closed is None:
        return treatment, ()
    reached_ma = search.amplitude_ma - session.setup.amplitude_step
    is_valid = treatment.peak >= reached_ma and math.isfinite(closed.tone_pct_mvc)
    judged = search.bout_over(plan, cap_ma, is_valid=is_valid)
    if not judged.is_under_way:
        return _ended(session, treatment, judged)
    level = Level(judged.amplitude_ma, session.now_s)
    treatment = replace(treatment, search=judged, level=level)
    if judged.amplitude_ma == search.amplitude_ma:
        return treatment, ()
    return treatment, (Note("search", {"amplitude_ma": judged.amplitude_ma}),)


def conclude_search(step: Step) -> Step:
    """End a search that the session has left behind.

    Parameters
    ----------
    step : tuple of Session and notes
        The session after an event.

    Returns
    -------
    session : Session
        Without a search under way unless it is treating.
    notes : tuple of Note
        With the end of the search.
    """
    session, notes = step
    treatment = session.treatment
    if treatment is None or session.phase is Phase.TREATING:
        return step
    search = treatment.search
    if search is None or not search.is_under_way:
        return step
    treatment = replace(treatment, search=replace(search, end=SearchEnd.INTERRUPTED))
    held = session.phase is Phase.HOLDING
    cause = session.hold_reason if held else session.cause
    note = _end_note(treatment, SearchEnd.INTERRUPTED, cause or session.phase.value)
    # Before the change of phase, which may close the journal.
    return replace(session, treatment=treatment), (note, *notes)


def _end_from_outside(treatment: Treatment) -> SearchEnd | None:
    marked = treatment.thresholds
    if treatment.response.strikes:
        return SearchEnd.ADVERSE
    if marked.tolerance_ma < math.inf:
        return SearchEnd.TOLERANCE
    return SearchEnd.MARKED if marked.motor_ma < math.inf else None


def _ended(
    session: Session, treatment: Treatment, search: Search
) -> tuple[Treatment, tuple[Note, ...]]:
    plan, end = session.setup.program.search, search.end
    thresholds, motor_ma = treatment.thresholds, search.motor_ma
    notes: tuple[Note, ...] = ()
    if motor_ma < math.inf:
        thresholds = thresholds.marked(MOTOR, motor_ma)
        found: Detail = {"which": MOTOR, "amplitude_ma": motor_ma, "by": "m_wave"}
        notes = (Note("threshold", found),)
    level_ma = treatment.level.amplitude
    if plan is not None and end in COMPLETED:
        level_ma = min(level_ma, level_after(plan, search, thresholds))
    treatment = replace(
        treatment,
        search=search,
        thresholds=thresholds,
        level=Level(level_ma, session.now_s),
    )
    return treatment, (*notes, _end_note(treatment, end or SearchEnd.INTERRUPTED))


def _end_note(treatment: Treatment, end: SearchEnd, why: str = "") -> Note:
    marked = treatment.thresholds
    return Note(
        "search",
        {
            "outcome": end.value,
            "why": why,
            "sensory_ma": _known(marked.sensory_ma),
            "motor_ma": _known(marked.motor_ma),
            "tolerance_ma": _known(marked.tolerance_ma),
            "level_ma": treatment.level.amplitude,
        },
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
