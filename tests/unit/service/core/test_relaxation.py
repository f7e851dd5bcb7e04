"""When relaxed is said, and when no longer."""

import pytest

from service.core.program import Success
from service.core.tone import LEAVING_RATIO, Relaxation

SUCCESS = Success()
THRESHOLD = SUCCESS.threshold_pct_mvc
EXIT = SUCCESS.exit_ratio * THRESHOLD


def said(*tones: float) -> Relaxation:
    relaxation = Relaxation()
    for k, tone in enumerate(tones):
        relaxation = relaxation.after(0.1 * k, tone, SUCCESS)
    return relaxation


def test_relaxed_is_entered_below_the_threshold_only() -> None:
    assert said(0.99 * THRESHOLD).relaxed
    assert not said(1.01 * THRESHOLD).relaxed


@pytest.mark.parametrize(
    ("tone", "relaxed"),
    [(1.05 * THRESHOLD, True), (0.89 * EXIT, True), (0.91 * EXIT, False)],
)
def test_relaxed_is_left_before_the_exit_level(tone: float, relaxed: bool) -> None:
    assert 0.89 < LEAVING_RATIO < 0.91
    assert said(0.5 * THRESHOLD, tone).relaxed is relaxed


def test_a_relapse_is_a_tone_above_the_exit_level_itself() -> None:
    above, below = 1.01 * EXIT, 0.99 * EXIT
    lasts = round(SUCCESS.exit_s / 0.1) + 1
    t_s = 0.1 * lasts
    assert said(0.5 * THRESHOLD, *[above] * lasts).lost(t_s, SUCCESS)
    assert not said(0.5 * THRESHOLD, *[below] * lasts).lost(t_s, SUCCESS)
