"""The account of on-time and charge."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.actuators import ACTUATORS, Drive
from service.core.dose import ON_WINDOW_S, Dose
from service.core.limits import compiled_limits
from service.core.plans import Modality

CURRENT = ACTUATORS[Modality.EMS]
FRACTION = 0.6
LIMITS = compiled_limits()


def drive(amplitude: float) -> Drive:
    return Drive(amplitude, 200.0, 4.0)


def test_charge_is_amplitude_times_width_times_rate() -> None:
    dose = Dose().applied(drive(10.0), 5.0).at(3.0, FRACTION)

    assert dose.charge_uc == pytest.approx(10.0 * 0.2 * 4.0 * 3.0)
    assert dose.on_s == 3.0


def test_what_expired_is_not_counted() -> None:
    dose = Dose().applied(drive(10.0), 1.0).at(30.0, FRACTION)

    assert dose.on_s == 1.0


def test_the_last_minute_is_at_most_sixty_percent_on() -> None:
    dose, t_s, on_s = Dose(), 0.0, 0.0
    blocked = False
    while t_s < 200.0:
        dose = dose.at(t_s, FRACTION)
        allowed = not dose.ceilings(LIMITS, CURRENT)
        blocked = blocked or not allowed
        dose = dose.applied(drive(5.0 if allowed else 0.0), t_s + 0.3)
        t_s += 0.1
        on_s = max(on_s, dose.on_s)

    assert blocked
    assert on_s <= FRACTION * ON_WINDOW_S + 0.1 + 1e-9


def test_after_the_on_time_is_used_up_it_rests_for_a_while() -> None:
    dose = Dose().applied(drive(5.0), 1e9).at(36.01, FRACTION)
    assert dose.ceilings(LIMITS, CURRENT) == {"on_fraction:compiled": 0.0}

    resting = dose.applied(drive(0.0), 0.0)
    assert resting.at(60.2, FRACTION).is_resting
    assert not resting.at(60.6, FRACTION).is_resting


def test_the_charge_of_a_session_ends_it() -> None:
    full = Dose(charge_uc=50_000.0)

    assert full.ceilings(LIMITS, CURRENT) == {"session_charge:compiled": 0.0}


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(st.floats(0.01, 8.0), st.booleans(), st.floats(0.05, 0.3)),
        max_size=60,
    )
)
def test_on_time_is_what_a_ruler_measures(steps: list) -> None:
    dose, t_s, spans = Dose(), 0.0, []
    for dt_s, on, ttl_s in steps:
        dose = dose.at(t_s, FRACTION).applied(drive(5.0 if on else 0.0), t_s + ttl_s)
        if on:
            spans.append((t_s, t_s + min(dt_s, ttl_s)))
        t_s += dt_s
    dose = dose.at(t_s, FRACTION)

    begin_s = t_s - ON_WINDOW_S
    ruler_s = sum(max(0.0, e - max(b, begin_s)) for b, e in spans)
    assert dose.on_s == pytest.approx(ruler_s, abs=1e-6)
    assert dose.charge_uc == pytest.approx(4.0 * sum(e - b for b, e in spans))


def test_pressure_is_on_without_charge_and_counts_over_its_own_window() -> None:
    press = ACTUATORS[Modality.PRESSURE]
    dose = Dose(window_s=press.on_window_s).applied(Drive(60.0), 1e9).at(119.0, 0.5)
    assert dose.on_s == pytest.approx(119.0)
    assert dose.charge_uc == 0.0
    assert not dose.ceilings(LIMITS, press)

    assert dose.at(120.1, 0.5).ceilings(LIMITS, press) == {
        "pressure_on_fraction:compiled": 0.0
    }
