"""A session of pressure release: sites, words, bounds, guards and how it ends."""

import itertools
from dataclasses import replace

import pytest

from service.core.model import Outcome, Phase, Verb
from service.core.release import ALL_DONE, GUARDED, NO_GAIN, NOTHING_FOUND
from service.core.release_look import SAID_LASTS_S
from service.core.stage import Stage
from service.core.treatment import CRAMP, NEVER_HELPED
from tests.support.pressed import (
    BASELINE,
    CEILING_KPA,
    PLAN,
    TICK_S,
    Couch,
    a_cycle,
    held,
    lying,
    treating,
)

# --- where to press -------------------------------------------------------------------


def test_with_one_muscle_and_one_site_it_is_that() -> None:
    couch = lying()
    couch.tick()
    assert (couch.run.step, couch.run.site) == ("ramp", 0)
    (told,) = couch.kinds("release")
    assert (told["why"], told["site"]) == ("site", "neck")


def test_a_muscle_that_is_relaxed_already_is_not_pressed() -> None:
    couch = lying()
    couch.tone = 2.0
    couch.until_over()
    assert couch.session.outcome is Outcome.REACHED
    assert max(decision.amplitude for _, decision in couch.decisions) == 0.0


def test_the_tensest_of_several_muscles_is_pressed_by_the_site_over_it() -> None:
    couch = lying(labels=("neck", "left", "right"), n_sites=3)
    couch.tone, couch.others = 5.0, (11.0, 7.0)
    couch.pass_time(5.0)
    assert couch.run.site == 1
    assert couch.kinds("release")[0]["site"] == "left"
    newest = couch.decisions[-1][1].drives
    assert [drive.amplitude > 0 for drive in newest] == [False, True, False]


def test_the_muscle_under_the_site_decides_once_it_is_chosen() -> None:
    couch = lying(labels=("neck", "left"), n_sites=2)
    couch.tone, couch.others = 5.0, (11.0,)
    couch.until("hold")
    couch.others = (4.0,)
    couch.until("ease", 31.0)
    assert couch.why()[-1] == "released"
    assert couch.session.treatment.tone_pct_mvc == pytest.approx(4.0)


def test_a_site_is_waited_for_where_the_channels_cannot_say() -> None:
    couch = lying(n_sites=3)
    couch.pass_time(5.0)
    assert couch.run.step == "seek"
    assert "expected one of pad 1, pad 2, pad 3" in couch.say("site:elbow")
    assert couch.say("site: pad 2") == ""
    couch.tick()
    assert (couch.run.step, couch.run.site) == ("ramp", 1)
    assert couch.why() == ["named"]
    assert "while it is looked for" in couch.say("site:pad 1")


def test_a_session_without_a_site_ends() -> None:
    couch = lying(n_sites=2)
    couch.until_over()
    assert couch.session.cause == NOTHING_FOUND
    assert couch.session.outcome is Outcome.NOT_REACHED
    assert couch.session.now_s == pytest.approx(PLAN.patience_s, abs=0.3)


def test_a_muscle_far_above_its_baseline_is_not_pressed() -> None:
    couch = lying()
    couch.tone = 1.3 * BASELINE
    couch.until_over()
    assert couch.session.cause == NOTHING_FOUND
    assert not any(decision.amplitude for _, decision in couch.decisions)


# --- how far --------------------------------------------------------------------------


def test_without_a_word_the_ramp_ends_at_the_start_ceiling() -> None:
    couch = held(lying())
    assert couch.pressed_kpa == pytest.approx(PLAN.start_kpa)
    ramp_s = couch.run.since_s - TICK_S
    assert ramp_s == pytest.approx(PLAN.start_kpa / PLAN.ramp_kpa_per_s, abs=0.4)


def test_without_a_word_the_ramp_ends_at_the_threshold_that_was_entered() -> None:
    assert held(lying(ppt_kpa=50.0)).pressed_kpa == pytest.approx(50.0)


def test_with_words_it_goes_on_to_the_ceiling_of_the_program() -> None:
    couch = lying()
    while couch.session.treatment.release is None or couch.run.step in {"seek", "ramp"}:
        couch.tick()
        if couch.run.step == "ramp":
            couch.say("discomfort:3")
    assert couch.pressed_kpa == pytest.approx(CEILING_KPA)


def test_but_never_beyond_twelve_tenths_of_the_threshold() -> None:
    couch = lying(ppt_kpa=100.0)
    couch.tick()
    while couch.run.step == "ramp":
        couch.say("discomfort:1")
        couch.tick()
    assert couch.pressed_kpa == pytest.approx(120.0)


def test_who_falls_silent_beyond_the_start_ceiling_is_pressed_no_further() -> None:
    couch = lying()
    couch.pass_time(10.0)
    couch.say("discomfort:1")
    couch.until("hold")
    stopped_s = couch.session.now_s
    assert stopped_s == pytest.approx(10.0 + SAID_LASTS_S, abs=0.4)
    assert PLAN.start_kpa < couch.pressed_kpa < CEILING_KPA


def test_the_agreed_discomfort_stops_the_ramp_where_it_is() -> None:
    couch = lying()
    couch.pass_time(5.0)
    pressed = couch.pressed_kpa
    assert couch.say("discomfort:5") == ""
    couch.pass_time(20.0)
    assert couch.run.step == "hold"
    assert couch.pressed_kpa == pressed


def test_enough_bounds_every_later_ramp() -> None:
    couch = lying()
    couch.pass_time(5.0)
    couch.say("enough")
    enough = couch.pressed_kpa
    couch.tone = 6.0
    a_cycle(couch, tone_after=5.0)
    couch.until("ramp", 300.0)
    couch.say("discomfort:1")
    couch.until("hold")
    assert couch.run.cycle == 2
    assert couch.pressed_kpa == pytest.approx(enough, abs=1.0)


@pytest.mark.parametrize("word", ["discomfort:7", "discomfort:9.5", "tolerance"])
def test_too_much_is_zero_in_one_step_and_a_lower_bound_from_then_on(word: str) -> None:
    couch = held(lying())
    pressed = couch.pressed_kpa
    assert couch.say(word) == ""
    assert couch.pressed_kpa == 0.0
    assert couch.run.step == "ease"
    ceiling = couch.session.treatment.thresholds.ceilings_ma()["threshold:tolerance"]
    assert ceiling == pytest.approx(0.85 * pressed)


def test_whoever_presses_may_let_go_earlier() -> None:
    couch = held(lying())
    assert couch.say("ease") == ""
    couch.pass_time(2.5)
    assert 0.0 < couch.pressed_kpa < PLAN.start_kpa
    couch.pass_time(3.0)
    assert couch.pressed_kpa == 0.0


@pytest.mark.parametrize("word", ["discomfort:", "discomfort:eleven", "discomfort:11"])
def test_what_is_no_number_from_0_to_10_is_refused(word: str) -> None:
    couch = held(lying())
    assert "from 0 to 10" in couch.say(word)
    assert couch.run.step == "hold"


def test_other_marks_are_noted_as_ever() -> None:
    couch = held(lying())
    assert couch.say("coughed") == ""
    assert couch.kinds("mark")[-1]["text"] == "coughed"


def test_an_operators_bound_holds() -> None:
    couch = Couch(treating())
    couch.ask(Verb.LIMIT, amplitude_kpa=30.0)
    assert held(couch).pressed_kpa == pytest.approx(30.0)


def test_where_the_operator_sets_the_level_nothing_is_pressed_beyond_it() -> None:
    session = treating()
    setup = replace(session.setup, stage=Stage.OPEN_LOOP)
    couch = Couch(replace(session, setup=setup))
    couch.pass_time(10.0)
    assert couch.pressed_kpa == 0.0
    couch.ask(Verb.LEVEL, amplitude_kpa=20.0)
    couch.pass_time(10.0)
    assert couch.pressed_kpa == pytest.approx(20.0)
    rises = itertools.pairwise(d.amplitude for _, d in couch.decisions)
    assert max(b - a for a, b in rises) <= PLAN.ramp_kpa_per_s + 1.0


# --- guards ---------------------------------------------------------------------------


def test_guarding_before_anything_helped_is_adverse() -> None:
    couch = held(lying())
    couch.tone = 1.3 * BASELINE
    couch.pass_time(3.2)
    assert couch.pressed_kpa == 0.0
    assert couch.session.phase is Phase.REASSESSING
    assert (couch.session.outcome, couch.session.cause) == (
        Outcome.ADVERSE,
        NEVER_HELPED,
    )
    (strike,) = couch.kinds("strike")
    assert strike["cap_kpa"] == pytest.approx(0.7 * PLAN.start_kpa)


def test_guarding_after_a_release_is_a_strike_and_lowers_the_next_ramp() -> None:
    couch = lying()
    a_cycle(couch, tone_after=10.0)
    couch.until("hold")
    couch.tone = 1.3 * BASELINE
    couch.until("ease")
    assert couch.pressed_kpa == 0.0
    assert couch.session.treatment.response.strikes == 1
    couch.tone = 8.0
    couch.until("effort")
    couch.tone = 25.0
    couch.until("settle")
    couch.tone = 8.0
    couch.until("hold")
    assert couch.run.cycle == 3
    assert couch.pressed_kpa == pytest.approx(0.7 * PLAN.start_kpa, abs=1.0)


def test_a_third_strike_is_the_last() -> None:
    couch = Couch(treating())
    couch.tick()
    treatment = couch.session.treatment
    response = replace(treatment.response, strikes=2, has_helped=True)
    treatment = replace(treatment, response=response)
    couch.session = replace(couch.session, treatment=treatment)
    held(couch)
    couch.tone = 1.3 * BASELINE
    couch.pass_time(3.3)
    assert (couch.session.outcome, couch.session.cause) == (Outcome.ADVERSE, GUARDED)


def test_the_effort_is_no_cramp_but_a_cramp_after_it_is_found() -> None:
    couch = held(lying())
    couch.tone = 4.0
    couch.until("effort")
    couch.tone = 38.0
    couch.until("settle")
    assert couch.session.phase is Phase.TREATING
    couch.pass_time(1.5)
    assert not couch.session.treatment.cramp.is_suspected
    couch.pass_time(4.0)
    assert (couch.session.outcome, couch.session.cause) == (Outcome.ADVERSE, CRAMP)


def test_relaxed_under_pressure_is_no_success() -> None:
    couch = held(lying())
    couch.tone = 1.0
    couch.until("effort")
    assert couch.session.treatment.reached_s is None
    assert couch.session.treatment.relaxation.history == ()


def test_an_interruption_begins_the_cycle_anew_from_zero() -> None:
    couch = held(lying())
    couch.ask(Verb.HOLD)
    assert couch.pressed_kpa == 0.0
    couch.pass_time(100.0)
    assert couch.session.phase is Phase.HOLDING
    n_prompts = len(couch.kinds("prompt"))
    couch.ask(Verb.START)
    assert couch.pressed_kpa == 0.0
    couch.tick()
    assert couch.run.step in {"seek", "ramp"}
    assert couch.pressed_kpa <= 1.0
    assert len(couch.kinds("prompt")) == n_prompts + 1


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.HOLD, Verb.FINISH])
def test_zero_follows_at_once(verb: Verb) -> None:
    couch = held(lying())
    assert couch.pressed_kpa > 0.0
    couch.ask(verb)
    assert couch.pressed_kpa == 0.0


# --- cycles and ends ------------------------------------------------------------------


def test_a_cycle_without_gain_is_the_last() -> None:
    couch = lying()
    a_cycle(couch, tone_after=11.5)
    couch.until_over(30.0)
    assert (couch.session.outcome, couch.session.cause) == (
        Outcome.NOT_REACHED,
        NO_GAIN,
    )


def test_three_cycles_with_gain_are_all() -> None:
    couch = lying()
    for tone in (10.0, 8.0, 6.0):
        a_cycle(couch, tone_after=tone)
    couch.until_over(30.0)
    assert couch.session.cause == ALL_DONE
    assert couch.run.cycle == 3
    assert [p["cycle"] for p in couch.kinds("prompt") if p.get("step") == "hold"] == [
        1,
        2,
        3,
    ]


def test_a_relaxed_muscle_ends_it_with_success() -> None:
    couch = lying()
    a_cycle(couch, tone_after=1.0)
    assert "stretch" in [p.get("step") for p in couch.kinds("prompt")]
    couch.until_over(30.0)
    assert couch.session.outcome is Outcome.REACHED
    assert couch.session.treatment.reached_s > couch.run.since_s


def test_the_actuator_rests_between_two_presses() -> None:
    couch = lying()
    couch.until("effort")
    assert "time" in couch.why(), "held for as long as it may be"
    couch.tone = 25.0
    couch.until("settle")
    couch.tone = 10.0
    couch.until("ease", 400.0)
    reasons = {why for _, d in couch.decisions for why in d.reasons}
    assert not any("on_fraction" in why for why in reasons)
