"""Whatever is said, felt and done: pressure stays within what was agreed on."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.limits import COMPILED, Quantity
from service.core.model import Phase, Verb
from service.core.release_plan import MAX_PPT_RATIO
from service.core.release_run import PRESSING, ReleaseStep
from tests.support.pressed import CEILING_KPA, PLAN, TICK_S, Couch, program_of, treating

WORDS = ["enough", "ease", "tolerance", "site:neck", "site:pad 1", "cough"]
SAID = st.one_of(
    st.sampled_from(WORDS),
    st.floats(0, 10).map(lambda nrs: f"discomfort:{nrs:.1f}"),
)
TONES = st.sampled_from([0.5, 2.5, 5.0, 12.0, 25.0, 40.0])
ACTS = st.sampled_from([Verb.HOLD, Verb.START, Verb.LIMIT])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("time"), st.floats(0.1, 20.0)),
        st.tuples(st.just("tone"), TONES),
        st.tuples(st.just("say"), SAID),
        st.tuples(st.just("do"), ACTS),
    ),
    max_size=14,
)

#: The grid of the device.
GRID_KPA = 1.0
SLEW_KPA_PER_S = COMPILED[Quantity.PRESSURE_KPA_PER_S].absolute


def play(couch: Couch, events: list):
    """Let the events happen; yield the step and the pressure of each decision."""
    for kind, value in events:
        before = len(couch.decisions)
        if kind == "time":
            couch.pass_time(value)
        elif kind == "tone":
            couch.tone = value
        elif kind == "say":
            couch.say(value)
        else:
            couch.ask(value, amplitude_kpa=50.0)
        if couch.session.phase is Phase.REASSESSING:
            couch.pass_time(1.0)
        yield kind, value, couch.decisions[before:]


@settings(max_examples=25)
@given(EVENTS, st.none() | st.floats(10, 300))
def test_pressure_stays_within_every_bound(events: list, ppt_kpa: float | None) -> None:
    couch = Couch(treating(ppt_kpa=ppt_kpa))
    most = CEILING_KPA if ppt_kpa is None else MAX_PPT_RATIO * ppt_kpa
    for _ in play(couch, events):
        pass
    for _, decision in couch.decisions:
        assert 0.0 <= decision.amplitude <= most
    for (t0, a), (t1, b) in itertools.pairwise(couch.decisions):
        dt_s = min(t1 - t0, TICK_S + 1e-9)
        # Back to what was felt a moment ago is a ramp of half a second.
        back = max(d.amplitude for t, d in couch.decisions if t <= t0 and t0 - t <= 10)
        rise = max(SLEW_KPA_PER_S * dt_s, 2.0 * back * dt_s)
        assert b.amplitude - a.amplitude <= rise + GRID_KPA


@settings(max_examples=25)
@given(EVENTS)
def test_nothing_is_pressed_outside_of_ramp_hold_and_letting_go(events: list) -> None:
    couch = Couch(treating())
    couch.tick()
    allowed = PRESSING | {ReleaseStep.EASE}
    for _, _, decisions in play(couch, events):
        if couch.session.phase is not Phase.TREATING:
            assert decisions == [] or decisions[-1][1].amplitude == 0.0
        elif couch.run.step not in allowed:
            assert couch.decisions[-1][1].amplitude == 0.0


@settings(max_examples=30)
@given(
    st.floats(1.0, 11.0),
    st.sampled_from(["enough", "discomfort:5", "discomfort:7", "discomfort:10"]),
    st.lists(st.tuples(TONES, SAID | st.none()), max_size=6),
)
def test_after_a_word_the_pressure_never_rises_in_this_press(
    ramp_s: float, word: str, after: list
) -> None:
    couch = Couch(treating())
    couch.pass_time(ramp_s)
    assert couch.run.step is ReleaseStep.RAMP
    pressed = couch.pressed_kpa
    couch.say(word)
    too_much = word in {"discomfort:7", "discomfort:10"}
    assert couch.pressed_kpa <= (0.0 if too_much else pressed)
    for tone, said in after:
        couch.tone = tone
        if said is not None:
            couch.say(said)
        began = len(couch.decisions)
        couch.pass_time(5.0)
        if couch.session.phase is not Phase.TREATING:
            break
        if couch.run.step is ReleaseStep.SEEK or couch.run.cycle > 1:
            break
        assert all(d.amplitude <= pressed for _, d in couch.decisions[began:])
        pressed = couch.pressed_kpa


@settings(max_examples=30)
@given(EVENTS)
def test_hands_never_make_a_permit(events: list) -> None:
    couch = Couch(treating(program_of(hands=True)))
    for _ in play(couch, events):
        pass
    assert not any(decision.active for _, decision in couch.decisions)
    assert couch.run.cycle <= PLAN.cycles if couch.session.treatment.release else True
