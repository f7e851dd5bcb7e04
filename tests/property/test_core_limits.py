"""Nothing outside the limits comes out of them, whatever goes in."""

import math

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
from service.core.slew import ESTABLISHED_MEMORY_S, Established

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
        # What goes to zero was felt until then.
        lately = [a for t_s, a in felt if now_s - t_s <= ESTABLISHED_MEMORY_S]
        if now_s - memory.peak_t_s <= ESTABLISHED_MEMORY_S:
            assert memory.peak in lately
            assert memory.peak >= amplitude


def test_a_level_that_falls_slowly_is_not_forgotten_between_two_bouts() -> None:
    memory, level = Established(), 30.0
    for k in range(300):
        t_s, level = 0.1 * k, level - 0.01
        memory = memory.after(t_s, level if k % 50 < 30 else 0.0)
    assert t_s - memory.peak_t_s <= ESTABLISHED_MEMORY_S
    assert level <= memory.peak < level + 1.0
