"""What is too much is too much in every step, and what fell stays where it fell to."""

from dataclasses import replace

import pytest

from service.core.release_plan import LET_GO_S, ReleasePlan
from service.core.release_run import Look, Release, ReleaseStep, Why
from service.core.release_steps import advance, said, too_much
from tests.support.pressed import PLAN, held, lying

EASING = Release(0.0, 0.0, ReleaseStep.EASE, site=0, kpa=80.0)


@pytest.mark.parametrize("word", ["discomfort:8", "tolerance"])
def test_pressure_that_is_still_falling_is_let_go_at_once(word: str) -> None:
    couch = held(lying())
    couch.say("ease")
    couch.pass_time(2.0)
    pressed = couch.pressed_kpa
    assert pressed > 0.0

    assert couch.say(word) == ""

    assert couch.pressed_kpa == 0.0
    ceiling = couch.session.treatment.thresholds.ceilings_ma()["threshold:tolerance"]
    assert ceiling == pytest.approx(0.85 * pressed, rel=0.05)


def test_what_has_fallen_to_zero_does_not_begin_to_ease_anew() -> None:
    look = Look(LET_GO_S + 1.0, pressed_kpa=0.0)

    assert said(EASING, ReleasePlan(), look, 9.0)[1] is Why.NOT_YET
    assert too_much(EASING, look)[1] is Why.NOT_YET


def test_a_stretch_that_is_too_much_ends_by_that_word_too() -> None:
    run, why = too_much(replace(EASING, step=ReleaseStep.STRETCH), Look(1.0))

    assert (run.step, why) == (ReleaseStep.CHECK, Why.TOO_MUCH)


def test_enough_in_the_hold_bounds_every_later_ramp() -> None:
    couch = held(lying())
    pressed = couch.pressed_kpa

    assert couch.say("enough") == ""

    assert couch.run.step == "hold"
    assert couch.run.most_kpa == pytest.approx(pressed)


def test_a_hold_that_was_lowered_stays_low() -> None:
    run = Release(0.0, 0.0, ReleaseStep.HOLD, site=0, kpa=80.0)

    ebbed, why = advance(run, PLAN, Look(1.5, pressed_kpa=30.0))
    again, _ = advance(ebbed, PLAN, Look(1.6, pressed_kpa=30.0))

    assert why is Why.NOT_YET
    assert again.wanted_kpa(PLAN, 1.6) == 30.0
    by_hands, _ = advance(run, PLAN, Look(1.5))
    assert by_hands.kpa == 80.0
