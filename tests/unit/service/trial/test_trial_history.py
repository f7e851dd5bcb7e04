import pytest

from service.core.limits import Quantity, compiled_limits
from service.core.program import Program
from service.trial.history import Bounds, dose_ma_s, violations

TREATING = [(0.0, "treating")]


def bounds(**program: float) -> Bounds:
    limits = {q: bound.value for q, bound in compiled_limits().items()}
    return Bounds({**limits, Quantity.AMPLITUDE_MA: 20.0}, Program(**program))


def ramp(rate_ma_per_s: float, top_ma: float, from_s: float = 0.0) -> list:
    n = round(top_ma / 0.5)
    return [(from_s + 0.5 * k / rate_ma_per_s, 0.5 * k) for k in range(1, n + 1)]


def test_dose_is_amplitude_times_time_up_to_the_end() -> None:
    assert dose_ma_s([(1.0, 2.0), (3.0, 0.0), (4.0, 1.0)], 6.0) == pytest.approx(6.0)
    assert dose_ma_s([], 6.0) == 0.0


def test_a_slow_rise_within_the_limits_is_none() -> None:
    history = [*ramp(0.9, 12.0), (14.0, 0.0)]
    assert violations(history, TREATING, 20.0, bounds()) == []


def test_a_quick_return_to_what_was_felt_is_none() -> None:
    history = [*ramp(0.9, 12.0), (14.0, 0.0), *ramp(20.0, 12.0, 16.0), (18.0, 0.0)]
    assert violations(history, TREATING, 20.0, bounds()) == []


def test_a_brief_break_in_what_is_felt_for_long_is_none() -> None:
    ended = [(33.0, 0.0), *ramp(20.0, 12.0, 33.3), (35.0, 0.0)]
    assert violations([*ramp(0.9, 12.0), *ended], TREATING, 60.0, bounds()) == []


def test_a_rise_that_is_too_fast_is_found() -> None:
    found = violations([*ramp(2.0, 12.0), (7.0, 0.0)], TREATING, 20.0, bounds())
    assert [one.split(":")[0] for one in found] == ["slew"]


def test_a_quick_return_to_what_was_forgotten_is_found() -> None:
    history = [*ramp(0.9, 12.0), (14.0, 0.0), *ramp(20.0, 12.0, 40.0), (42.0, 0.0)]
    found = violations(history, TREATING, 60.0, bounds())
    assert [one.split(":")[0] for one in found] == ["slew"]


def test_an_amplitude_above_the_limit_is_found() -> None:
    found = violations([*ramp(0.9, 20.5), (24.0, 0.0)], TREATING, 25.0, bounds())
    assert [one.split(":")[0] for one in found] == ["S11"]


def test_current_outside_of_a_treatment_is_found() -> None:
    phases = [(0.0, "treating"), (2.0, "reassessing")]
    found = violations([(1.0, 0.5), (8.0, 0.0)], phases, 10.0, bounds())
    assert [one.split(":")[0] for one in found] == ["S15"]


def test_too_much_on_time_is_found() -> None:
    found = violations([(0.0, 0.5), (37.0, 0.0)], TREATING, 60.0, bounds())
    assert [one.split(":")[0] for one in found] == ["on-time"]
    assert violations([(0.0, 0.5), (36.0, 0.0)], TREATING, 60.0, bounds()) == []


def test_too_much_charge_is_found() -> None:
    # 1 mA for 10 s at 300 us and 50 Hz is 0.15 mC; 40 of them are 6 mC.
    low = bounds(pulse_width_us=300.0, frequency_hz=50.0)
    limits = {**low.limits, Quantity.SESSION_CHARGE_MC: 5.0}
    history = [(20.0 * k + d, ma) for k in range(40) for d, ma in ((0, 1.0), (10, 0.0))]
    found = violations(history, TREATING, 800.0, Bounds(limits, low.program))
    assert [one.split(":")[0] for one in found] == ["charge"]
    assert violations(history, TREATING, 800.0, low) == []
