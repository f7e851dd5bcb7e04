import math
from dataclasses import replace

import pytest

from service.core.guards import is_paradoxical
from service.core.program import ResponsePlan
from service.core.response import Response
from service.core.tone import Calibration

PLAN = ResponsePlan()
BASELINE = 20.0
CALIBRATION = Calibration(1.0, 500.0, BASELINE, 0.5)
BOUT_S = 5.0
CAP_MA = 30.0


def window(
    response: Response, t_s: float, tone: float, level_ma: float = CAP_MA
) -> Response:
    measured = response.measured(tone).at_level(t_s, level_ma, CAP_MA)
    return measured.window_closed(PLAN, CALIBRATION, t_s, level_ma)


def follow(tones: list[float], level_ma: float = CAP_MA) -> tuple[Response, float]:
    response, t_s = Response(), 0.0
    for tone in tones:
        t_s += BOUT_S
        response = window(response, t_s, tone, level_ma)
    return response, t_s


def alternating(level: float, n: int) -> list[float]:
    return [level * (0.93, 1.07)[k % 2] for k in range(n)]


def test_noise_is_no_benefit() -> None:
    response, t_s = follow([*alternating(BASELINE, 24), 0.8 * BASELINE])
    assert response.useless(PLAN, t_s)


def test_a_fall_that_goes_on_is_a_benefit() -> None:
    response, t_s = follow([BASELINE * (1 - 0.006 * k) for k in range(25)])
    assert not response.useless(PLAN, t_s)


def test_a_fall_that_has_stopped_above_the_threshold_is_given_up() -> None:
    response, t_s = follow([*[BASELINE] * 3, *alternating(0.7 * BASELINE, 21)])
    assert not response.useless(PLAN, t_s)
    for _ in range(6):
        t_s += BOUT_S
        response = window(response, t_s, 0.7 * BASELINE)
    assert response.useless(PLAN, t_s)
    assert t_s <= PLAN.useless_s + 30.0


def test_patience_begins_at_the_cap() -> None:
    response, t_s = follow([BASELINE] * 40, level_ma=0.5 * CAP_MA)
    assert not response.useless(PLAN, t_s)
    assert response.at_cap == ()


def test_leaving_the_cap_forgets_the_time_at_it() -> None:
    response, t_s = follow([BASELINE] * 25)
    assert response.useless(PLAN, t_s)
    left = response.at_level(t_s + 1.0, 10.0, CAP_MA)
    back = left.at_level(t_s + 2.0, CAP_MA, CAP_MA)
    assert not back.useless(PLAN, t_s + 3.0)
    assert back.at_cap == ()


def test_memory_of_the_cap_is_bounded() -> None:
    response, _ = follow([BASELINE] * 400)
    assert len(response.at_cap) <= PLAN.useless_s / BOUT_S + 1


def rising(from_pct: float) -> Response:
    """Tone that goes up with the level, 5 % a bout."""
    response = Response()
    for k in range(1, 8):
        response = window(response, k * BOUT_S, from_pct * 1.05**k, level_ma=2.0 * k)
    return response


def test_tone_that_follows_the_level_up_above_the_baseline_is_paradoxical() -> None:
    assert rising(BASELINE / 1.05**3).strikes == 1
    assert rising(BASELINE / 1.05**3).struck_for == "paradoxical"


def test_tone_that_wanders_about_its_baseline_is_not_paradoxical() -> None:
    drifting = [0.90, 0.92, 0.97, 1.05, 1.10, 1.15]
    response = Response()
    for k, share in enumerate(drifting, 1):
        response = window(response, k * BOUT_S, share * BASELINE, level_ma=2.0 * k)
    assert is_paradoxical(response.windows)
    assert response.strikes == 0


@pytest.mark.parametrize(
    ("shares", "strikes"),
    [
        ((1.12, 1.30), 1),
        ((1.30, 1.12), 1),
        ((1.12, 1.20), 0),
        ((1.60, 1.05), 0),
        ((0.95, 1.60), 0),
    ],
)
def test_two_raised_windows_are_adverse_by_their_mean(
    shares: tuple[float, float], strikes: int
) -> None:
    response, _ = follow([share * BASELINE for share in shares])
    assert response.strikes == strikes


@pytest.mark.parametrize("share", [0.1, 0.5, 0.75])
def test_tone_that_comes_back_below_the_baseline_is_not(share: float) -> None:
    assert rising(share * BASELINE).strikes == 0


def test_one_low_window_has_not_helped_but_a_few_together_have() -> None:
    low = 0.85 * BASELINE
    assert not follow([BASELINE, BASELINE, low, BASELINE])[0].has_helped
    helped = follow([BASELINE, low, low, low])[0]
    assert helped.has_helped
    assert window(helped, 40.0, 1.2 * BASELINE).has_helped
    assert replace(helped, strikes=1).struck(PLAN, 50.0, 20.0, "adverse").has_helped


def test_a_benefit_that_is_gone_is_none_any_more() -> None:
    low, high = 0.85 * BASELINE, 1.15 * BASELINE
    helped = [BASELINE, low, low, low]
    assert follow([*helped, BASELINE, BASELINE, BASELINE])[0].has_helped
    assert follow([*helped, high, high])[0].has_helped
    assert not follow([*helped, high, high, high])[0].has_helped
    # From then on the smaller rise counts.
    assert follow([*helped, high, high, high, 1.23 * BASELINE])[0].strikes == 1
    raised = [0.9 * BASELINE, high, 1.23 * BASELINE]
    assert follow([*helped, *raised])[0].strikes == 0


def test_the_tone_of_the_last_push_is_known_until_the_ceiling_is_left() -> None:
    response = Response().at_level(0.0, CAP_MA, CAP_MA)
    assert response.pushed_pct_mvc == math.inf
    for t_s, tone, step in ((5.0, 4.0, 1), (10.0, 9.0, 0)):
        measured = response.measured(tone)
        response = measured.window_closed(PLAN, CALIBRATION, t_s, CAP_MA, step)
    assert response.pushed_pct_mvc == 4.0
    left = response.at_level(15.0, 0.5 * CAP_MA, CAP_MA)
    assert left.pushed_pct_mvc == math.inf
