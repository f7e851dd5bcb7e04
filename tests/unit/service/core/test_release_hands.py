"""Pressure release without a machine: an effort that is paced, and hands that press."""

import pytest

from service.core.model import Outcome
from service.core.release import NOT_PRESSED
from tests.support.pressed import (
    BASELINE,
    PLAN,
    Couch,
    a_cycle,
    held,
    lying,
    program_of,
    treating,
)


def test_the_effort_is_paced_once_a_second() -> None:
    couch = held(lying())
    couch.tone = 5.0
    couch.until("effort")
    couch.tone = 40.0
    couch.pass_time(4.0)
    couch.tone = 10.0
    couch.pass_time(3.0)
    couch.tone = 25.0
    couch.until("settle")
    paces = couch.kinds("pace")
    assert len(paces) == pytest.approx(15, abs=1)
    high, low, right = paces[3], paces[6], paces[-1]
    assert high["sound_hz"] > right["sound_hz"] > low["sound_hz"] > 0
    assert [one["in_band"] for one in (high, low, right)] == [False, False, True]
    assert right["in_band_s"] == pytest.approx(PLAN.effort_s, abs=1.1)


# --- hands ----------------------------------------------------------------------------


def test_hands_are_prompted_and_nothing_is_actuated() -> None:
    couch = Couch(treating(program_of(hands=True)))
    couch.until("ramp")
    couch.pass_time(20.0)
    assert couch.run.step == "ramp", "hands press until somebody says so"
    couch.say("enough")
    a_cycle(couch, tone_after=1.0)
    couch.until_over(30.0)
    assert couch.session.outcome is Outcome.REACHED
    assert not any(decision.active for _, decision in couch.decisions)
    tasks = [p["task"] for p in couch.kinds("prompt")]
    assert tasks[:7] == [
        "press",
        "hold",
        "ease",
        "isometric",
        "relax",
        "stretch",
        "relax",
    ]


def test_hands_that_never_say_so_end_it() -> None:
    couch = Couch(treating(program_of(hands=True)))
    couch.until_over()
    assert couch.session.cause == NOT_PRESSED


def test_guarding_under_hands_is_a_strike_as_well() -> None:
    couch = Couch(treating(program_of(hands=True)))
    couch.until("ramp")
    couch.say("enough")
    couch.tone = 1.4 * BASELINE
    couch.pass_time(3.3)
    assert couch.session.outcome is Outcome.ADVERSE
    assert couch.kinds("strike")[0]["cap_kpa"] is None
