import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.actuators import ACTUATORS
from service.core.limits import Quantity, compiled_limits
from service.core.plans import Modality
from service.core.program import Program
from service.core.slew import Established
from service.trial.history import Bounds, dose_of, sites_of
from service.trial.history import violations as violations_of_row

TREATING = [(0.0, "treating")]
PERMIT_S = 0.05


def bounds(**program: float) -> Bounds:
    limits = {q: bound.value for q, bound in compiled_limits().items()}
    return Bounds({**limits, Quantity.AMPLITUDE_MA: 20.0}, Program(**program), 0.5)


def of(modality: Modality) -> Bounds:
    limits = {q: bound.value for q, bound in compiled_limits().items()}
    return Bounds(limits, Program(modality=modality), 0.0)


def violations(history: list, phases: list, end_s: float, bounds: Bounds) -> list[str]:
    """Judge a device with one actuator."""
    rows = [(t_s, (amplitude,)) for t_s, amplitude in history]
    return violations_of_row(rows, phases, end_s, bounds)


def rules(found: list[str]) -> list[str]:
    return [one.split(":")[0] for one in found]


def ramp(rate_ma_per_s: float, top_ma: float, from_s: float = 0.0) -> list:
    n = round(top_ma / 0.5)
    return [(from_s + 0.5 * k / rate_ma_per_s, 0.5 * k) for k in range(1, n + 1)]


def test_dose_is_amplitude_times_time_up_to_the_end() -> None:
    assert dose_of([(1.0, 2.0), (3.0, 0.0), (4.0, 1.0)], 6.0) == pytest.approx(6.0)
    assert dose_of([], 6.0) == 0.0


def test_a_slow_rise_within_the_limits_is_none() -> None:
    history = [*ramp(0.9, 12.0), (14.0, 0.0)]
    assert violations(history, TREATING, 20.0, bounds()) == []


def test_a_quick_return_to_what_was_felt_is_none() -> None:
    history = [*ramp(0.9, 12.0), (14.0, 0.0), *ramp(20.0, 12.0, 16.0), (18.0, 0.0)]
    assert violations(history, TREATING, 20.0, bounds()) == []


def test_a_brief_break_in_what_is_felt_for_long_is_none() -> None:
    ended = [(33.0, 0.0), *ramp(20.0, 12.0, 33.3), (35.0, 0.0)]
    assert violations([*ramp(0.9, 12.0), *ended], TREATING, 60.0, bounds()) == []


def test_a_quick_return_after_a_rest_is_found() -> None:
    back = [*ramp(20.0, 12.0, 38.0), (40.0, 0.0)]
    found = violations([*ramp(0.9, 12.0), (14.0, 0.0), *back], TREATING, 60.0, bounds())
    assert rules(found) == ["slew"]


@given(st.lists(st.tuples(st.floats(0.5, 8.0), st.floats(0.5, 30.0)), max_size=25))
def test_what_the_memory_of_a_gate_lets_through_is_none(
    parts: list[tuple[float, float]],
) -> None:
    memory, t_s, history = Established(), 0.0, []
    for on_s, off_s in parts:
        for k in range(round((on_s + off_s) / PERMIT_S)):
            t_s += PERMIT_S
            wanted = 12.0 if k * PERMIT_S < on_s else 0.0
            memory = memory.after(t_s, min(wanted, memory.ceiling(t_s, 1.0)))
            history.append((t_s, math.floor(memory.amplitude / 0.5) * 0.5))

    found = violations(history, TREATING, t_s, bounds())
    assert "slew" not in rules(found)


def test_a_rise_that_is_too_fast_is_found() -> None:
    found = violations([*ramp(2.0, 12.0), (7.0, 0.0)], TREATING, 20.0, bounds())
    assert rules(found) == ["slew"]


@pytest.mark.parametrize(
    ("since_s", "rate_ma_per_s", "expected"),
    [(30.0, 0.74, []), (30.0, 1.5, ["slew"]), (70.0, 0.49, []), (70.0, 0.74, ["slew"])],
)
def test_a_softer_return_is_none_within_a_minute(
    since_s: float, rate_ma_per_s: float, expected: list[str]
) -> None:
    limits = {**bounds().limits, Quantity.SLEW_UP_MA_PER_S: 0.5}
    slow = Bounds(limits, Program(), 0.25)
    first = ramp(0.49, 20.0)
    rested_s = first[-1][0] + 1.0
    back = ramp(rate_ma_per_s, 20.0, rested_s + since_s)
    end_s = back[-1][0] + 1.0
    history = [*first, (rested_s, 0.0), *back, (end_s, 0.0)]
    found = rules(violations(history, TREATING, end_s, slow))
    assert [one for one in found if one == "slew"] == expected


def test_a_quick_return_to_what_was_forgotten_is_found() -> None:
    history = [*ramp(0.9, 12.0), (14.0, 0.0), *ramp(20.0, 12.0, 40.0), (42.0, 0.0)]
    found = violations(history, TREATING, 60.0, bounds())
    assert rules(found) == ["slew"]


def test_an_amplitude_above_the_limit_is_found() -> None:
    found = violations([*ramp(0.9, 20.5), (24.0, 0.0)], TREATING, 25.0, bounds())
    assert rules(found) == ["S11"]


def test_current_outside_of_a_treatment_is_found() -> None:
    phases = [(0.0, "treating"), (2.0, "reassessing")]
    found = violations([(1.0, 0.5), (8.0, 0.0)], phases, 10.0, bounds())
    assert rules(found) == ["S15"]


def test_too_much_on_time_is_found() -> None:
    found = violations([(0.0, 0.5), (37.0, 0.0)], TREATING, 60.0, bounds())
    assert rules(found) == ["on-time"]
    assert violations([(0.0, 0.5), (36.0, 0.0)], TREATING, 60.0, bounds()) == []


def test_too_much_charge_is_found() -> None:
    # 1 mA for 10 s at 300 us and 50 Hz is 0.15 mC; 40 of them are 6 mC.
    low = bounds(pulse_width_us=300.0, frequency_hz=50.0)
    limits = {**low.limits, Quantity.SESSION_CHARGE_MC: 5.0}
    history = [(20.0 * k + d, ma) for k in range(40) for d, ma in ((0, 1.0), (10, 0.0))]
    found = violations(history, TREATING, 800.0, Bounds(limits, low.program, 0.5))
    assert rules(found) == ["charge"]
    assert violations(history, TREATING, 800.0, low) == []


def test_every_actuator_has_a_history_of_its_own() -> None:
    rows = [(1.0, (0.0, 2.0)), (2.0, (1.0, 2.0)), (3.0, (1.0, 0.0))]
    assert sites_of(rows) == [[(2.0, 1.0)], [(1.0, 2.0), (3.0, 0.0)]]
    assert sites_of([]) == []


def test_the_actuator_that_leaves_a_limit_is_named() -> None:
    rows = [(0.5 * k, (0.5, 0.5 * k)) for k in range(1, 42)]
    found = violations_of_row([*rows, (22.0, (0.0, 0.0))], TREATING, 25.0, bounds())
    assert rules(found) == ["S11"]
    assert found[0].endswith("at actuator 2")


def test_three_currents_at_once_are_too_many() -> None:
    two = [(1.0, (0.5, 0.0, 0.5)), (2.0, (0.0, 0.0, 0.0))]
    assert violations_of_row(two, TREATING, 5.0, bounds()) == []
    three = [(1.0, (0.5, 0.5, 0.5)), (2.0, (0.0, 0.0, 0.0))]
    assert rules(violations_of_row(three, TREATING, 5.0, bounds())) == ["currents"]


def test_four_zones_of_a_mat_may_press_at_once_and_for_long() -> None:
    rows = [(float(k), (float(k),) * 4) for k in range(1, 4)]
    ended = [*rows, (200.0, (0.0,) * 4)]
    assert violations_of_row(ended, TREATING, 210.0, of(Modality.MAT)) == []


@pytest.mark.parametrize(
    "modality", [Modality.MASSAGE, Modality.VIBRATION, Modality.MAT, Modality.PRESSURE]
)
def test_each_modality_has_a_bound_a_step_and_a_slew_of_its_own(
    modality: Modality,
) -> None:
    actuator, given = ACTUATORS[modality], of(modality)
    limit, slew = given.limits[actuator.amplitude], given.limits[actuator.slew]
    step = min(0.9 * slew * 0.1, 0.9 * actuator.max_step, limit / 4)
    rise = [(0.1 * k, step * k) for k in range(1, int(limit / step) + 1)]
    end_s = rise[-1][0] + 0.1
    assert violations([*rise, (end_s, 0.0)], TREATING, end_s, given) == []

    above = [*rise, (end_s, limit * 1.01), (end_s + 0.1, 0.0)]
    assert "S11" in rules(violations(above, TREATING, end_s + 1.0, given))
    jump = [(0.1, actuator.max_step * 1.01), (0.2, 0.0)]
    assert "S13" in rules(violations(jump, TREATING, 1.0, given))
    fast = min(2.0 * slew + step, limit)
    hasty = [(0.01 * k, fast * k / 50) for k in range(1, 51)]
    assert "slew" in rules(violations([*hasty, (0.6, 0.0)], TREATING, 1.0, given))
    late = [(1.0, step), (8.0, 0.0)]
    phases = [(0.0, "treating"), (2.0, "reassessing")]
    assert rules(violations(late, phases, 10.0, given)) == ["S15"]


def test_a_mat_that_lay_for_long_may_rise_from_there() -> None:
    given = of(Modality.MAT)
    step = 0.4 * given.limits[Quantity.MAT_KPA_PER_S]
    rise = [(0.5 * k, step * k) for k in range(1, 9)]
    later = [*rise, (60.0, 9 * step), (60.5, 10 * step), (90.0, 0.0)]
    assert violations(later, TREATING, 90.0, given) == []
    again = [*rise, (30.0, 0.0), (60.0, 9 * step), (90.0, 0.0)]
    assert "slew" in rules(violations(again, TREATING, 90.0, given))


def test_on_time_is_counted_over_the_window_of_the_actuator() -> None:
    given = of(Modality.PRESSURE)
    share = given.limits[Quantity.PRESSURE_ON_FRACTION]
    most_s = share * ACTUATORS[Modality.PRESSURE].on_window_s
    assert violations([(0.0, 1.0), (most_s, 0.0)], TREATING, 500.0, given) == []
    found = violations([(0.0, 1.0), (most_s + 2.0, 0.0)], TREATING, 500.0, given)
    assert rules(found) == ["on-time"]


def test_where_nothing_is_actuated_nothing_may_move() -> None:
    given = of(Modality.NONE)
    assert violations([(1.0, 0.0)], TREATING, 5.0, given) == []
    assert rules(violations([(1.0, 0.5)], TREATING, 5.0, given)) == ["output"]
