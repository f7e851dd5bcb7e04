"""What is said during a pressure release: by the person, or by who works on them."""

import math
from collections.abc import Callable, Mapping

from service.core.evolve import evolve
from service.core.model import Command, Note, Phase
from service.core.release import settle
from service.core.release_look import look_of, n_places, run_of, site_label
from service.core.release_run import PRESSING, Look, Release, ReleaseStep, Why
from service.core.release_steps import Ended, held, let_go, said, too_much
from service.core.state import Session, Step
from service.core.thresholds import TOLERANCE
from service.core.transitions import refuse

DISCOMFORT, ENOUGH, EASE, SITE = "discomfort", "enough", "ease", "site"

LARGEST_NRS = 10.0


def is_word(session: Session, text: str) -> bool:
    """Return whether a mark says something to a pressure release.

    Parameters
    ----------
    session : Session
        Any.
    text : str
        Of the mark.

    Returns
    -------
    bool
        True for ``discomfort:N``, ``enough``, ``ease``, ``tolerance`` and
        ``site:LABEL`` in a program of this kind.
    """
    known = session.setup.program.release is not None
    return known and text.partition(":")[0].strip() in _WORDS


def hear(session: Session, command: Command) -> Step:
    """Take in what was said.

    Parameters
    ----------
    session : Session
        In a program with a pressure release.
    command : Command
        A mark for which `is_word` is true.

    Returns
    -------
    session : Session
        With what follows at once: a ramp that stops, or pressure that is let go.
    notes : tuple of Note
        What was said and what it changed, or a refusal.
    """
    if session.phase is not Phase.TREATING or session.treatment is None:
        return refuse(session, command.verb, f"not possible while {session.phase}")
    word, _, rest = command.text.partition(":")
    run = run_of(session)
    look = look_of(session, run)
    answer = _WORDS[word.strip()](session, run, look, rest.strip())
    if isinstance(answer, str):
        return refuse(session, command.verb, answer)
    detail: dict[str, str | float | bool | None] = {
        "text": command.text,
        "step": run.step.value,
        "pressed_kpa": None if math.isnan(look.pressed_kpa) else look.pressed_kpa,
    }
    session, notes = settle(session, answer, look)
    return session, (Note("said", detail), *notes)


def _discomfort(session: Session, run: Release, look: Look, rest: str) -> Ended | str:
    plan = session.setup.program.release
    try:
        nrs = float(rest)
    except ValueError:
        nrs = math.nan
    if plan is None or not 0.0 <= nrs <= LARGEST_NRS:
        return f"expected discomfort:N with N from 0 to 10, got {rest!r}"
    return said(run, plan, look, nrs)


def _enough(_session: Session, run: Release, look: Look, _rest: str) -> Ended | str:
    if run.step is ReleaseStep.HOLD:
        return evolve(run, most_kpa=min(run.most_kpa, run.kpa)), Why.NOT_YET
    if run.step is not ReleaseStep.RAMP:
        return run, Why.NOT_YET
    return held(run, look, Why.ENOUGH)


def _ease(_session: Session, run: Release, look: Look, _rest: str) -> Ended | str:
    if run.step not in PRESSING:
        return run, Why.NOT_YET
    return let_go(run, look.now_s, Why.LET_GO)


def _tolerance(_session: Session, run: Release, look: Look, _rest: str) -> Ended | str:
    return too_much(run, look)


def _site(session: Session, run: Release, _look: Look, rest: str) -> Ended | str:
    if run.step is not ReleaseStep.SEEK:
        return f"a site is named while it is looked for, not in step {run.step}"
    places = range(n_places(session))
    names = {site_label(session, evolve(run, site=k)): k for k in places}
    if rest not in names:
        return f"site: expected one of {', '.join(names)}, got {rest!r}"
    named = evolve(run, site=names[rest], is_named=True, before_pct_mvc=math.nan)
    return named, Why.NOT_YET


_WORDS: Mapping[str, Callable[[Session, Release, Look, str], Ended | str]] = {
    DISCOMFORT: _discomfort,
    ENOUGH: _enough,
    EASE: _ease,
    TOLERANCE: _tolerance,
    SITE: _site,
}
