"""Nothing outside the limits comes out of them, whatever goes in."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.limits import (
    COMPILED,
    Pulse,
    Quantity,
    amplitude_ceilings,
    bound_amplitude,
    compiled_limits,
    tighten,
)
from service.core.slew import (
    FAMILIAR_S,
    FORGOTTEN_S,
    MAX_STEP_MA,
    RECALL_RATIO,
    RECALLED_S,
    RETURN_RAMP_S,
    Established,
)

ANY = st.floats(allow_nan=True, allow_infinity=True)
BOUND = st.floats(min_value=0, max_value=1e6)
LAYER = st.dictionaries(st.sampled_from(Quantity), BOUND)


@given(ANY, ANY, ANY, ANY, st.sampled_from([0.0, 0.1, 0.5, 2.0]))
def test_whatever_is_asked_the_amplitude_is_inside(
    request: float, width: float, rate: float, area: float, step: float
) -> None:
    ceilings = amplitude_ceilings(compiled_limits(), Pulse(width, rate, area))

    bounded = bound_amplitude(request, ceilings, step)

    assert math.isfinite(bounded.amplitude)
    assert 0 <= bounded.amplitude <= COMPILED[Quantity.AMPLITUDE_MA].absolute
    assert bounded.amplitude <= max(request, 0) or math.isnan(request)
    if not 0 < width <= COMPILED[Quantity.PULSE_WIDTH_US].absolute:
        assert bounded.amplitude == 0
    if bounded.exact != request:
        assert bounded.most_limiting


@given(LAYER, LAYER)
def test_layers_only_tighten(first: dict, second: dict) -> None:
    base = compiled_limits()

    once = tighten(base, "rig", first)
    both = tighten(once, "session", second)

    assert all(both[q].value <= once[q].value <= base[q].value for q in Quantity)
    assert tighten(both, "session", second) == both
    swapped = tighten(tighten(base, "session", second), "rig", first)
    assert {q: b.value for q, b in swapped.items()} == {
        q: b.value for q, b in both.items()
    }


@given(st.lists(st.floats(0, 60), min_size=1, max_size=200), st.floats(0.001, 0.5))
def test_a_rise_is_never_faster_than_the_slew_limit(
    wishes: list[float], dt_s: float
) -> None:
    memory, now_s, peak_ma = Established(), 0.0, 0.0

    for wish in wishes:
        now_s += dt_s
        amplitude = min(wish, memory.ceiling(now_s, 1.0))
        assert amplitude - memory.amplitude <= 1.0 + 1e-12
        peak_ma = max(peak_ma, amplitude)
        memory = memory.after(now_s, amplitude)

    assert peak_ma <= now_s + 1e-9


@given(
    st.lists(
        st.tuples(st.floats(0.05, 4.0), st.sampled_from([0.0, 0.0, 5.0, 9.5, 30.0])),
        min_size=1,
        max_size=60,
    )
)
def test_what_is_remembered_was_felt_lately(steps: list[tuple[float, float]]) -> None:
    memory, now_s, felt = Established(), 0.0, []
    for dt_s, amplitude in steps:
        now_s += dt_s
        memory = memory.after(now_s, amplitude)
        felt.append((now_s, amplitude))
        lately = [a for t_s, a in felt if now_s - t_s <= FORGOTTEN_S]
        just_now = [a for t_s, a in felt if now_s - t_s <= FAMILIAR_S]
        assert max(just_now) <= memory.familiar(now_s) + 1e-9 <= max(lately) + 1e-6


def test_what_was_felt_fades_and_is_forgotten() -> None:
    memory = Established().after(0.0, 30.0).after(0.1, 0.0)
    shares = [memory.familiar(t_s) / 30.0 for t_s in (1.0, 3.0, 4.0, 24.0, 30.0, 30.1)]
    assert shares[:2] == [1.0, 1.0]
    assert shares[2:5] == sorted(shares[2:5], reverse=True)
    assert 0.45 < shares[3] < 0.55
    assert shares[5] == 0.0


@pytest.mark.parametrize(
    ("off_s", "at_once", "rise_ma_per_s"),
    [
        (2.0, 30.0, 1.0),
        (24.0, 14.9, RECALL_RATIO),
        (40.0, 0.0, RECALL_RATIO),
        (RECALLED_S + 1.0, 0.0, 1.0),
    ],
)
def test_a_return_is_a_ramp_to_what_is_familiar_then_a_rise(
    off_s: float, at_once: float, rise_ma_per_s: float
) -> None:
    dt_s = 0.02
    memory = Established().after(0.0, 30.0).after(dt_s, 0.0).after(off_s, 0.0)
    t_s, since_s = off_s, 0.0
    while since_s < 2.0:
        t_s, since_s = t_s + dt_s, since_s + dt_s
        before = memory.amplitude
        memory = memory.after(t_s, min(30.0, memory.ceiling(t_s, 1.0)))
        rise = memory.amplitude - before
        assert rise <= min(MAX_STEP_MA, 30.0 / RETURN_RAMP_S * dt_s) + 1e-9
        if before >= at_once:
            assert rise <= rise_ma_per_s * dt_s + 1e-9
    highest = min(30.0, at_once + rise_ma_per_s * 2.0 + 0.1)
    assert highest - 2.0 <= memory.amplitude <= highest


def test_a_softer_return_ends_at_what_was_felt() -> None:
    memory = Established().after(0.0, 30.0).after(0.1, 0.0).after(40.0, 0.0)
    levels = [0.0]
    for k in range(1, 251):
        t_s = 40.0 + 0.1 * k
        memory = memory.after(t_s, memory.ceiling(t_s, 1.0))
        levels.append(memory.amplitude)
    rises = np.diff(levels)
    beyond = np.array(levels[:-1]) >= 30.0 - 1e-9
    assert levels[-1] > 31.0
    assert (rises[beyond] <= 0.1 + 1e-9).all()
    assert (rises <= 0.15 + 1e-9).all()


@pytest.mark.parametrize(
    ("slew_ma_per_s", "rise_ma_per_s"),
    [(5.0, 5.0), (1.0, RECALL_RATIO), (0.2, 0.2 * RECALL_RATIO)],
)
def test_a_softer_return_keeps_near_to_the_limit_of_a_rise(
    slew_ma_per_s: float, rise_ma_per_s: float
) -> None:
    memory = Established().after(0.0, 30.0).after(0.1, 0.0).after(40.0, 0.0)
    rise_ma = memory.ceiling(40.1, slew_ma_per_s)
    assert rise_ma == pytest.approx(rise_ma_per_s * 0.1)
    weak = Established().after(0.0, 4.0).after(0.1, 0.0).after(40.0, 0.0)
    assert weak.ceiling(40.1, 0.1) == pytest.approx(0.1 * 0.1 * RECALL_RATIO)
    assert weak.ceiling(40.1, 1.0) == pytest.approx(0.1)


def test_a_level_that_falls_slowly_is_not_forgotten_between_two_bouts() -> None:
    memory, level = Established(), 30.0
    for k in range(300):
        t_s, level = 0.1 * k, level - 0.01
        memory = memory.after(t_s, level if k % 50 < 30 else 0.0)
    assert level <= memory.familiar(t_s) < level + 1.0
