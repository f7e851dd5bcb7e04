"""Margins against published numbers, closed forms, poles and simulated loops."""

import json
import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.laws.integral import IntegralLaw
from service.core.laws.mapping import law_from_mapping
from service.core.laws.pi import PiLaw
from service.core.laws.protocol import Observation
from service.core.laws.run_to_run import RunToRunLaw
from service.core.laws.tuning.loop import LinearLaw, SampledLoop
from service.core.laws.tuning.margins import linearise, loop_of, margins
from service.core.laws.tuning.response import LinearResponse
from service.core.laws.tuning.summary import examine

FAST_S = 0.02


@pytest.mark.parametrize(
    ("lags_s", "delay_s", "gain"),
    [
        ((5.0, 2.0), 1.0, 0.071),
        ((10.0, 3.0), 1.5, 0.040),
        ((20.0, 5.0), 2.0, 0.022),
        ((60.0, 5.0), 2.0, 0.0094),
        ((10.0, 3.0), 4.0, 0.033),
    ],
)
def test_a_fast_loop_has_the_phase_margin_of_the_continuous_one(
    lags_s, delay_s, gain
) -> None:
    """Gains that were solved for 60° in continuous time, to two digits."""
    law = IntegralLaw(gain_ma_per_s_per_pct=gain)
    found = margins(loop_of(law, LinearResponse(-1.0, lags_s, delay_s), FAST_S))

    assert found.stable
    assert found.phase_deg == pytest.approx(60.0, abs=1.0)
    assert 5.0 < found.gain < 16.2
    expected_s = math.radians(found.phase_deg) / found.crossover_rad_s
    assert found.delay_s == pytest.approx(expected_s, rel=0.01)


@pytest.mark.parametrize(
    ("lags_s", "delay_s", "gain", "integral_s", "phase_deg", "gain_margin"),
    [
        ((10.0, 3.0), 1.5, 1.92, 11.5, 53.0, 3.9),
        ((20.0, 5.0), 2.0, 2.50, 22.5, 52.0, 4.4),
    ],
)
def test_simc_loops_have_their_known_margins(
    lags_s, delay_s, gain, integral_s, phase_deg, gain_margin
) -> None:
    law = PiLaw(gain_ma_per_pct=gain, integral_s=integral_s)
    found = margins(loop_of(law, LinearResponse(-1.0, lags_s, delay_s), FAST_S))

    assert found.phase_deg == pytest.approx(phase_deg, abs=1.0)
    assert found.gain == pytest.approx(gain_margin, abs=0.06)


@pytest.mark.parametrize("correction", [0.1, 0.4, 1.0])
def test_run_to_run_without_memory_is_stable_below_two(correction) -> None:
    law = RunToRunLaw(correction=correction, response_pct_mvc_per_ma=1.7)
    found = margins(loop_of(law, LinearResponse(-1.7, (1e-3,), 0.0), 20.0))
    assert found.gain == pytest.approx(2.0 / correction, rel=1e-9)


def test_a_late_run_has_the_margin_of_its_quadratic() -> None:
    # z² - z + γ = 0 leaves the unit circle at γ = 1.
    law = RunToRunLaw(correction=0.4)
    found = margins(loop_of(law, LinearResponse(-1.0, (1e-3,), 20.0), 20.0))
    assert found.gain == pytest.approx(1.0 / 0.4, rel=1e-9)


loops = st.builds(
    lambda law, gain, lags_s, delay_s, steps: SampledLoop(
        LinearResponse(-gain, tuple(lags_s), delay_s),
        linearise(law, 5.0 / steps),
        5.0,
    ),
    st.one_of(
        st.builds(IntegralLaw, gain_ma_per_s_per_pct=st.floats(0.02, 0.2)),
        st.builds(
            PiLaw, gain_ma_per_pct=st.floats(0.1, 2.0), integral_s=st.floats(5, 60)
        ),
    ),
    st.floats(0.3, 1.5),
    st.lists(st.floats(2, 40), min_size=1, max_size=2),
    st.floats(0, 12),
    st.sampled_from([1, 5, 50]),
)


@settings(max_examples=15)
@given(loops)
def test_margins_are_where_the_poles_leave_the_unit_circle(loop) -> None:
    found = margins(loop)
    assert loop.with_gain(0.999 * found.gain).stable()
    assert not loop.with_gain(1.001 * found.gain).stable()
    assert found.stable == (found.gain > 1.0)
    if found.stable and found.delay_s < 200.0:  # poles of a longer line take too long
        assert loop.with_delay(0.999 * found.delay_s).stable()
        assert not loop.with_delay(1.001 * found.delay_s + 1e-6).stable()


def simulated_swings(law, response, tone_period_s, law_period_s, *, linear):
    """Swings of tone in a loop that is simulated step by step, not transformed.

    A `linear` law is written out here; otherwise the law itself decides, at a level far
    from its bounds.
    """
    (lag_s,), gain = response.lags_s, response.gain_pct_mvc_per_ma
    keep = math.exp(-law_period_s / lag_s)
    level = summed = 30.0
    threshold, answer = 20.0, gain * level
    rest = threshold - answer
    line = deque([level] * round(response.delay_s / law_period_s))
    steps = round(tone_period_s / law_period_s)
    state, swings = law.start(), []
    for k in range(600 * steps):
        if k % steps == 0:
            tone = rest + answer + (0.01 if k == 0 else 0.0)
            swings.append(abs(tone - threshold))
        if linear:
            level, summed = law_written_out(law, tone - threshold, law_period_s, summed)
        else:
            observed = Observation(
                t_s=k * law_period_s,
                level_ma=level,
                level_t_s=(k - 1) * law_period_s,
                tone_pct_mvc=tone,
                threshold_pct_mvc=threshold,
                cap_ma=100.0,
            )
            state, level, _ = law.step(state, observed)
        line.append(level)
        answer = keep * answer + (1 - keep) * gain * line.popleft()
    return np.array(swings)


def growth_at(law, room, factor, delay_s, law_period_s, *, linear):
    """Late over early swing in a loop at a share of its gain margin."""
    changed = LinearResponse(-0.8 * room * factor, (10.0,), delay_s)
    swings = simulated_swings(law, changed, 5.0, law_period_s, linear=linear)
    return swings[-100:].max() / swings[100:200].max()


def law_written_out(law, excess, dt_s, summed):
    if isinstance(law, IntegralLaw):
        level = summed + law.gain_ma_per_s_per_pct * excess * dt_s
        return level, level
    level = law.gain_ma_per_pct * excess + summed
    return level, summed + law.gain_ma_per_pct * excess * dt_s / law.integral_s


@pytest.mark.parametrize(
    ("delay_s", "law_period_s"),
    [(0.0, 5.0), (5.0, 5.0), (0.0, 0.5), (5.0, 0.5), (6.5, 0.5)],
)
@pytest.mark.parametrize(
    "law",
    [
        IntegralLaw(gain_ma_per_s_per_pct=0.03),
        PiLaw(gain_ma_per_pct=0.4, integral_s=12.0),
    ],
    ids=["integral", "pi"],
)
def test_simulated_loops_settle_below_the_margin_and_grow_above(
    law, delay_s, law_period_s
) -> None:
    response = LinearResponse(-0.8, (10.0,), delay_s)
    room = margins(loop_of(law, response, 5.0, law_period_s)).gain
    setup = (delay_s, law_period_s)

    assert growth_at(law, room, 0.9, *setup, linear=True) < 0.9
    assert growth_at(law, room, 1.1, *setup, linear=True) > 1.1


@pytest.mark.parametrize("delay_s", [0.0, 1.5])
def test_the_integral_law_itself_is_stable_up_to_its_margin(delay_s) -> None:
    law = IntegralLaw(gain_ma_per_s_per_pct=0.03, up_ma_per_s=1.0, down_ma_per_s=1.0)
    response = LinearResponse(-0.8, (10.0,), delay_s)
    room = margins(loop_of(law, response, 5.0, 0.1)).gain

    assert growth_at(law, room, 0.9, delay_s, 0.1, linear=False) < 0.9
    assert growth_at(law, room, 1.1, delay_s, 0.1, linear=False) > 1.1


@pytest.mark.parametrize(
    ("gain", "integral_s", "delay_s"),
    [(0.4, 12.0, 0.0), (0.4, 12.0, 1.5), (0.4, 30.0, 5.0), (0.2, 10.0, 3.0)],
)
def test_the_pi_law_keeps_most_of_its_linear_margin(gain, integral_s, delay_s) -> None:
    """Never rising below the threshold makes it late there, which costs margin."""
    law = PiLaw(gain_ma_per_pct=gain, integral_s=integral_s)
    response = LinearResponse(-0.8, (10.0,), delay_s)
    room = margins(loop_of(law, response, 5.0, 0.1)).gain
    for share in (0.3, 0.5, 0.7):
        changed = LinearResponse(-0.8 * room * share, (10.0,), delay_s)
        swings = simulated_swings(law, changed, 5.0, 0.1, linear=False)
        assert swings[-100:].max() < 1e-6


def test_a_loop_beyond_its_limit_says_so() -> None:
    law = IntegralLaw(gain_ma_per_s_per_pct=0.5)
    tuning = examine(law, LinearResponse(-2.0, (10.0,), 3.0), 5.0, 0.1)

    assert not tuning.margins.stable
    assert tuning.margins.gain < 1.0
    assert tuning.margins.delay_s == 0.0
    assert tuning.margins.shortfalls() == ("the loop does not settle",)
    assert "does not settle" in tuning.text()
    json.dumps(tuning.record(), allow_nan=False)


def test_each_shortfall_is_named() -> None:
    law = PiLaw(gain_ma_per_pct=2.6, integral_s=5.0)
    found = margins(loop_of(law, LinearResponse(-1.0, (12.0,), 0.0), 5.0, 0.1))
    said = " ".join(found.shortfalls())
    assert found.stable
    assert "gain margin" in said
    assert "phase margin" in said
    assert "delay margin" in said


@pytest.mark.parametrize("kind", ["relay", "dead_band", "perturb"])
def test_laws_that_switch_have_no_margins(kind) -> None:
    with pytest.raises(ValueError, match=f"{kind} switches"):
        linearise(law_from_mapping({"kind": kind}), 0.1)


def test_periods_must_fit() -> None:
    with pytest.raises(ValueError, match="whole number of"):
        SampledLoop(LinearResponse(-1.0, (5.0,)), LinearLaw(0.1, 0.1, 0.3), 1.0)


@pytest.mark.parametrize(
    "wrong", [(math.nan, (1.0,), 0.0), (1.0, (), 0.0), (1.0, (0.0,), 0.0)]
)
def test_a_response_needs_lags_and_numbers(wrong) -> None:
    with pytest.raises(ValueError, match="a response needs"):
        LinearResponse(*wrong)
