"""What is taken away from a loop that nothing guards, and what is not."""

from dataclasses import replace

import pytest

from service.core.program import ResponsePlan, Success
from service.core.response import Response
from service.core.tone import Calibration, Relaxation
from service.trial.unguarded import NoJudgement, NoWeaning

PLAN, SUCCESS = ResponsePlan(), Success(3.0, 10.0)
CALIBRATION = Calibration(1.0, 400.0, baseline_pct_mvc=10.0, baseline_sd_pct_mvc=0.1)


def after_windows(response: Response, tone_pct_mvc: float, n: int = 40) -> Response:
    """Let off-windows of one tone go by at the ceiling."""
    response = response.at_level(0.0, 30.0, 30.0)
    for k in range(n):
        measured = response.measured(tone_pct_mvc)
        response = measured.window_closed(PLAN, CALIBRATION, 5.0 * (k + 1), 30.0)
    return response


@pytest.mark.parametrize("tone_pct_mvc", [10.0, 20.0])
def test_nothing_strikes_and_nothing_is_pointless(tone_pct_mvc: float) -> None:
    judged = after_windows(Response(), tone_pct_mvc)
    assert judged.strikes or judged.useless(PLAN, 200.0)
    bare = after_windows(NoJudgement(), tone_pct_mvc)
    assert isinstance(bare, NoJudgement)
    assert bare.strikes == 0
    assert not bare.useless(PLAN, 200.0)
    assert not bare.overdue(PLAN, 1e4)


def test_what_the_rhythm_depends_on_is_remembered() -> None:
    guarded, bare = (after_windows(r, 8.0, 5) for r in (Response(), NoJudgement()))
    assert bare.medians_pct_mvc == guarded.medians_pct_mvc == (8.0, 8.0)
    assert bare.at_cap == guarded.at_cap
    assert len(bare.at_cap) == 5
    assert bare.at_cap_since_s == guarded.at_cap_since_s == 0.0


def test_a_hold_is_seen_and_ends_nothing() -> None:
    held, bare = Relaxation(), NoWeaning()
    for k in range(120):
        held = held.after(0.1 * k, 1.0, SUCCESS)
        bare = bare.after(0.1 * k, 1.0, SUCCESS)
    assert held.reached(SUCCESS)
    assert not bare.reached(SUCCESS)
    assert Relaxation.reached(bare, SUCCESS)
    assert bare.relaxed
    assert bare.history == held.history
    assert isinstance(replace(bare, relaxed=False), NoWeaning)
