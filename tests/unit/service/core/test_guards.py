"""What the muscle does under stimulation, and when that is a reason to stop."""

import math

from service.core.ebb import QUALITY_HOLD_S, RAMP_S, Ebb
from service.core.guards import (
    CrampWatch,
    ToneLock,
    Window,
    correlation,
    is_paradoxical,
)
from service.core.stage import Stage, why_not_unlocked


def windows(*pairs: tuple[float, float], every_s: float = 5.0) -> tuple[Window, ...]:
    return tuple(Window(every_s * k, a, b) for k, (a, b) in enumerate(pairs))


def test_three_rises_that_each_raise_the_tone_are_paradoxical() -> None:
    assert is_paradoxical(windows((1, 10.0), (2, 11.0), (3, 12.0), (4, 13.0)))


def test_less_than_a_fifth_is_not() -> None:
    assert not is_paradoxical(windows((1, 10.0), (2, 10.5), (3, 11.0), (4, 11.9)))


def test_a_muscle_that_relaxes_is_not() -> None:
    assert not is_paradoxical(windows((1, 16.0), (2, 14.0), (3, 9.0), (4, 4.0)))


def test_tone_that_follows_the_level_is_found_by_its_correlation() -> None:
    wavy = windows((1, 10.0), (3, 12.5), (2, 11.0), (4, 13.5), (5, 14.0))

    assert correlation(wavy) > 0.9
    assert is_paradoxical(wavy)


def test_an_old_correlation_is_forgotten() -> None:
    old = windows((1, 10.0), (3, 12.5), (2, 11.0), (4, 13.5), (5, 14.0), every_s=30.0)

    assert not is_paradoxical(old)


def test_a_level_that_stands_still_has_no_correlation() -> None:
    assert correlation(windows((2, 10.0), (2, 14.0))) == 0.0


def test_a_cramp_takes_three_seconds_of_high_tone_without_stimulation() -> None:
    watch = CrampWatch()
    for k in range(30):
        watch = watch.measured(0.1 * k, 25.0, 8.0)
        assert watch.is_suspected
        assert not watch.is_cramp
    assert watch.measured(3.0, 25.0, 8.0).is_cramp


def test_a_low_tone_ends_the_suspicion() -> None:
    watch = CrampWatch().measured(0.0, 25.0, 8.0).measured(1.0, 15.0, 8.0)

    assert not watch.is_suspected


def test_who_came_with_a_spasm_is_not_cramping_for_that() -> None:
    assert not CrampWatch().measured(0.0, 25.0, 22.0).is_suspected
    assert CrampWatch().measured(0.0, 34.0, 22.0).is_suspected
    assert not CrampWatch().measured(0.0, math.nan, 22.0).is_suspected


def test_an_ebb_holds_ramps_and_is_over() -> None:
    ebb = Ebb("quality", 10.0, 8.0, QUALITY_HOLD_S)

    assert ebb.ceiling(10.9) == 8.0
    assert 3.9 < ebb.ceiling(11.5) < 4.1
    assert ebb.ceiling(10.0 + QUALITY_HOLD_S + RAMP_S) == 0.0
    assert not ebb.is_over(11.9)
    assert ebb.is_over(12.0)


def test_stages_are_earned_one_after_the_other() -> None:
    assert "expected open_loop after monitor" in why_not_unlocked(
        Stage.MONITOR, Stage.CLOSED, 9
    )
    assert "expected 1 completed" in why_not_unlocked(Stage.MONITOR, Stage.OPEN_LOOP, 0)
    assert why_not_unlocked(Stage.MONITOR, Stage.OPEN_LOOP, 1) == ""
    assert why_not_unlocked(Stage.CLOSED, Stage.MONITOR, 0) == ""


def tones(values, every_s: float = 1.0, bar: float = 3.0) -> ToneLock:
    lock = ToneLock()
    for k, value in enumerate(values):
        lock = lock.measured(every_s * k, value, bar)
    return lock


def test_a_high_and_steady_tone_is_locked_after_thirty_seconds() -> None:
    steady = [10.0, 11.0] * 16

    assert not tones(steady[:30]).is_locked
    assert tones(steady).is_locked


def test_one_low_tone_ends_the_lock_and_a_wild_one_is_none() -> None:
    assert not tones([10.0] * 40 + [2.0]).is_locked
    assert not tones([4.0, 16.0] * 20).is_locked


def test_the_lock_remembers_no_more_than_it_needs() -> None:
    assert len(tones([10.0] * 500).tones) <= 42
