"""The search of thresholds, one bout after the other, in exact numbers."""

import math
from dataclasses import replace

import pytest

from service.core.control import Level
from service.core.laws.protocol import ClosedBout
from service.core.limits import compiled_limits
from service.core.model import Command, MuscleResponse, Phase, Verb
from service.core.plans import SearchPlan
from service.core.program import Program
from service.core.search import STUCK_BOUTS, Search, SearchEnd, level_after
from service.core.searching import begin_search, search_on, thresholds_of
from service.core.session import reduce
from service.core.slew import Established
from service.core.stage import Stage
from service.core.state import Session, Setup, Site, SiteMemory, Treatment
from service.core.thresholds import Thresholds
from service.core.tone import Calibration
from service.rehearsal.fittings import WIRING

PLAN = SearchPlan(start_ma=1.0, step_ma=1.0, ceiling_ma=6.0, m_wave_uv=50.0)
PROGRAM = Program(search=PLAN)


def answer(m_wave_uv: float, scatter_uv: float = 10.0, at_ma: float = 9.0):
    return MuscleResponse(0.0, at_ma, m_wave_uv, scatter_uv)


def after(search: Search, *waves_uv: float, plan=PLAN, ceiling_ma=99.0, **more):
    """Return the search after bouts with these M-waves."""
    for wave_uv in waves_uv:
        seen = replace(search, seen=answer(wave_uv, **more))
        search = seen.bout_over(plan, ceiling_ma, is_valid=True)
    return search


BEGUN = Search().bout_over(PLAN, 99.0, is_valid=False)


def test_it_climbs_one_bout_at_a_time_and_says_when_it_found_nothing():
    steps, search = [], BEGUN
    while search.is_under_way:
        steps.append(search.amplitude_ma)
        search = after(search, 0.0)

    assert steps == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert search.end is SearchEnd.NOT_FOUND
    assert search.motor_ma == math.inf


def test_a_tighter_bound_ends_it_earlier():
    search = after(BEGUN, 0.0, 0.0, ceiling_ma=2.5)
    assert search.amplitude_ma == 2.5

    assert after(search, 0.0, ceiling_ma=2.5).end is SearchEnd.NOT_FOUND
    begun = Search().bout_over(PLAN, 0.5, is_valid=False)
    assert begun.amplitude_ma == 0.5


def test_it_dwells_as_long_as_the_plan_says():
    patient = replace(PLAN, dwell_bouts=3)

    assert after(BEGUN, 0.0, 0.0, plan=patient).amplitude_ma == 1.0
    assert after(BEGUN, 0.0, 0.0, 0.0, plan=patient).amplitude_ma == 2.0


def test_two_answers_in_a_row_at_one_amplitude_are_the_motor_threshold():
    once = after(BEGUN, 0.0, 0.0, 60.0)
    assert (once.amplitude_ma, once.above, once.end) == (3.0, 1, None)

    found = after(once, 60.0)
    assert (found.end, found.motor_ma) == (SearchEnd.FOUND, 3.0)


def test_one_answer_alone_is_not():
    search = after(BEGUN, 0.0, 0.0, 60.0, 0.0)

    assert (search.amplitude_ma, search.above, search.end) == (4.0, 0, None)
    assert after(search, 60.0).end is None


def test_an_answer_has_to_be_above_the_scatter_below():
    noisy = after(BEGUN, 0.0, 0.0, scatter_uv=40.0)
    assert noisy.bar_uv(PLAN, answer(0.0)) == 120.0

    assert after(noisy, 119.0, 119.0).above == 0
    assert after(noisy, 121.0, 121.0).end is SearchEnd.FOUND
    assert BEGUN.bar_uv(PLAN, answer(0.0, 30.0)) == 90.0
    assert BEGUN.bar_uv(PLAN, answer(0.0, 5.0)) == 50.0


def test_what_was_really_on_counts_if_it_was_less():
    found = after(BEGUN, 0.0, 0.0, 60.0, 60.0, at_ma=2.5)

    assert found.motor_ma == 2.5


def test_a_muscle_that_cannot_be_measured_is_told():
    search = BEGUN
    while search.is_under_way:
        search = after(search, math.nan)

    assert search.end is SearchEnd.UNMEASURED
    assert BEGUN.bout_over(PLAN, 99.0, is_valid=True).amplitude_ma == 2.0


def test_bouts_that_say_nothing_are_repeated_and_end_it():
    search = BEGUN
    for _ in range(STUCK_BOUTS - 1):
        search = search.bout_over(PLAN, 99.0, is_valid=False)
    assert (search.amplitude_ma, search.end) == (1.0, None)

    assert after(search, 0.0).stuck == 0
    ended = search.bout_over(PLAN, 99.0, is_valid=False)
    assert ended.end is SearchEnd.HELD_BACK


@pytest.mark.parametrize(
    ("share", "sensory_ma", "motor_ma", "tolerance_ma", "level_ma"),
    [
        (0.0, 4.0, 8.0, math.inf, 4.0),
        (0.5, 4.0, 8.0, math.inf, 6.0),
        (1.0, 4.0, 8.0, math.inf, 8.0),
        (0.5, math.inf, 8.0, math.inf, 4.5),
        (1.0, 4.0, math.inf, 8.0, 0.85 * 8.0),
        (0.5, 9.0, 8.0, math.inf, 8.0),
    ],
)
def test_the_level_starts_between_the_thresholds(
    share, sensory_ma, motor_ma, tolerance_ma, level_ma
):
    plan = replace(PLAN, start_share=share)
    marked = Thresholds(sensory_ma, motor_ma, tolerance_ma)

    assert level_after(plan, Search(8.0), marked) == pytest.approx(level_ma)


def setup(program=PROGRAM, stage=Stage.CLOSED) -> Setup:
    return Setup("s", program, compiled_limits(), (Site(WIRING),), stage=stage)


def treating(search=BEGUN, **more) -> Session:
    treatment = Treatment(
        10.0,
        10.0,
        level=Level(search.amplitude_ma, 12.0),
        search=search,
        thresholds=thresholds_of(PROGRAM),
        peak=search.amplitude_ma,
        law_state=PROGRAM.law.start(),
    )
    return Session(
        setup(),
        phase=Phase.TREATING,
        now_s=20.0,
        calibration=Calibration(3.0, 600.0, 8.0, 1.0),
        sites=(SiteMemory(Established(20.0, 3.0, 3.0, 20.0)),),
        treatment=replace(treatment, **more),
    )


def step(session: Session, tone_pct_mvc=8.0, cap_ma=99.0):
    treatment = session.treatment
    closed = ClosedBout(tone_pct_mvc, treatment.level.amplitude)
    return search_on(session, treatment, closed, cap_ma)


def test_only_a_loop_that_may_raise_the_level_searches():
    assert begin_search(setup()) == Search()
    assert begin_search(setup(Program())) is None
    for stage in (Stage.MONITOR, Stage.OPEN_LOOP, Stage.DECREASE_ONLY):
        assert begin_search(setup(stage=stage)) is None


def test_what_is_searched_for_bounds_what_follows():
    plan = replace(PLAN, motor_ratio=1.1, tolerance_ratio=0.7)
    marked = thresholds_of(Program(search=plan)).marked("motor", 4.0)

    assert marked.marked("tolerance", 10.0).ceilings_ma() == {
        "threshold:motor": pytest.approx(4.4),
        "threshold:tolerance": pytest.approx(7.0),
        "threshold:search": 6.0,
    }
    assert thresholds_of(Program()) == Thresholds()


def test_a_bout_counts_if_it_was_reached_and_tone_was_measured_after_it():
    session = treating()
    higher, (note,) = step(session)
    assert (higher.search.amplitude_ma, higher.level.amplitude) == (2.0, 2.0)
    assert (note.kind, note.detail) == ("search", {"amplitude_ma": 2.0})

    unknown, _ = step(session, tone_pct_mvc=math.nan)
    lower, _ = step(treating(peak=0.4))
    assert unknown.search.stuck == lower.search.stuck == 1
    assert unknown.level.amplitude == lower.level.amplitude == 1.0


def test_a_muscle_that_answers_is_told_and_bounds_the_level():
    once = replace(BEGUN, amplitude_ma=3.0, above=1)
    session, (told,) = reduce(treating(once), answer(80.0, at_ma=3.0))
    assert told.kind == "muscle_response"
    assert told.detail["m_wave_uv"] == 80.0
    assert told.detail["median_frequency_hz"] is None

    treatment, (threshold, ended) = step(session)
    assert threshold.detail == {"which": "motor", "amplitude_ma": 3.0, "by": "m_wave"}
    assert ended.detail["outcome"] == SearchEnd.FOUND.value
    assert treatment.thresholds.motor_ma == 3.0
    assert treatment.level.amplitude == 2.0
    assert step(replace(session, treatment=treatment)) == (treatment, ())


@pytest.mark.parametrize(
    ("name", "end"),
    [("motor", SearchEnd.MARKED), ("tolerance", SearchEnd.TOLERANCE)],
)
def test_an_operators_mark_ends_it(name, end):
    command = Command(21.0, Verb.MARK, text=name)
    marked, notes = reduce(treating(replace(BEGUN, amplitude_ma=3.0)), command)
    assert [note.kind for note in notes] == ["threshold"]

    treatment, (told,) = search_on(marked, marked.treatment, None, 99.0)
    assert treatment.search.end is end
    assert told.detail[f"{name}_ma"] == 3.0
    assert treatment.level.amplitude < 3.0


def test_what_is_felt_does_not_end_it():
    command = Command(21.0, Verb.MARK, text="sensory")
    marked, _ = reduce(treating(), command)

    treatment, notes = search_on(marked, marked.treatment, None, 99.0)
    assert treatment.search.is_under_way
    assert notes == ()
    assert treatment.thresholds.sensory_ma == 3.0


def test_an_adverse_response_ends_it_where_the_strike_left_the_level():
    session = treating(replace(BEGUN, amplitude_ma=4.0))
    struck = replace(session.treatment.response, strikes=1)
    treatment = replace(session.treatment, response=struck, level=Level(2.0, 20.0))

    ended, (told,) = search_on(session, treatment, None, 99.0)
    assert ended.search.end is SearchEnd.ADVERSE
    assert ended.level.amplitude == 2.0
    assert told.detail["motor_ma"] is None


@pytest.mark.parametrize(
    ("verb", "phase"), [(Verb.HOLD, Phase.HOLDING), (Verb.STOP, Phase.DONE)]
)
def test_hold_and_stop_end_it_at_once(verb, phase):
    session, notes = reduce(treating(), Command(21.0, verb))

    assert session.phase is phase
    assert session.treatment.search.end is SearchEnd.INTERRUPTED
    told = [note for note in notes if note.kind == "search"]
    assert [note.detail["why"] for note in told] == ["operator"]
    again, notes = reduce(session, Command(22.0, Verb.STOP))
    assert not [note for note in notes if note.kind == "search"]
    assert again.treatment.search.end is SearchEnd.INTERRUPTED


def test_an_answer_without_a_treatment_is_nothing():
    session = replace(treating(), treatment=None)

    assert reduce(session, answer(80.0))[1] == ()
