"""No law leaves its bounds, whatever it sees, however time is cut."""

import math
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.laws.mapping import LAWS, law_from_mapping
from service.core.laws.parameters import LawError
from service.core.laws.perturb import PerturbLaw
from service.core.laws.protocol import MAX_DT_S, ClosedBout, Observation, Reason

EPS = 1e-9
NAN, INF = math.nan, math.inf
KINDS = sorted(set(LAWS) - {"safe_bayes"})

tones = st.floats(0, 120) | st.sampled_from([NAN, INF, -INF, 0.0])
caps = st.floats(0, 60) | st.sampled_from([0.0, NAN, -1.0, INF])
closings = st.none() | st.builds(ClosedBout, tones, st.floats(0, 60))


@st.composite
def laws(draw):
    kind = draw(st.sampled_from(KINDS))
    chosen = {}
    for declared in fields(LAWS[kind]):
        if draw(st.booleans()):
            low, high = declared.metadata["low"], declared.metadata["high"]
            numbers = st.integers if declared.type is int else st.floats
            chosen[declared.name] = draw(numbers(low, high))
    try:
        return law_from_mapping({"kind": kind, **chosen})
    except LawError:
        return law_from_mapping({"kind": kind})


@st.composite
def moments(draw):
    return {
        "dt_s": draw(st.floats(0, 8) | st.sampled_from([0.0, 0.02, 0.1])),
        "tone_pct_mvc": draw(tones),
        "cap_ma": draw(caps),
        "relaxed": draw(st.booleans()),
        "quiet": draw(st.booleans()),
        "closed": draw(closings),
        # Strikes, weaning and holds move the level behind the back of the law.
        "override": draw(st.none() | st.none() | st.floats(0, 1)),
    }


def course(law, script):
    """Return (observation, state before, level, reason) for each moment."""
    state, level, level_t_s, t_s = law.start(), 0.0, 0.0, 0.0
    seen = []
    for moment in script:
        given_to_it = dict(moment)
        t_s += given_to_it.pop("dt_s")
        override = given_to_it.pop("override")
        if override is not None:
            level *= override
        observation = Observation(
            t_s=t_s,
            level_ma=level,
            level_t_s=level_t_s,
            threshold_pct_mvc=3.0,
            **given_to_it,
        )
        before = state
        state, level, reason = law.step(state, observation)
        level_t_s = t_s
        seen.append((observation, before, level, reason))
    return seen


@settings(max_examples=180)
@given(laws(), st.lists(moments(), max_size=40))
def test_every_level_is_a_number_between_zero_and_the_cap(law, script) -> None:
    for observation, _, level, reason in course(law, script):
        assert math.isfinite(level)
        assert 0.0 <= level <= observation.ceiling_ma
        assert isinstance(reason, Reason)


@settings(max_examples=180)
@given(laws(), st.lists(moments(), max_size=40))
def test_rates_are_limited_and_only_a_cap_breaks_a_fall(law, script) -> None:
    for observation, _, level, _ in course(law, script):
        dt_s = min(observation.t_s - observation.level_t_s, MAX_DT_S)
        change = level - observation.level_ma
        assert change <= law.up_ma_per_s * dt_s + EPS
        own = observation.level_ma - law.down_ma_per_s * dt_s
        assert level >= min(own, observation.ceiling_ma) - EPS


@settings(max_examples=180)
@given(laws(), st.lists(moments(), max_size=40))
def test_nothing_rises_on_unknown_tone_or_patience(law, script) -> None:
    for observation, _, level, reason in course(law, script):
        if not observation.tone_pct_mvc > 3.0 or observation.tone_pct_mvc == INF:
            assert level <= observation.level_ma
        if observation.relaxed or observation.quiet:
            assert level <= observation.level_ma
        if not math.isfinite(observation.tone_pct_mvc):
            assert reason is Reason.UNKNOWN


@settings(max_examples=150)
@given(laws(), st.lists(moments(), max_size=30))
def test_the_same_observations_give_the_same_levels(law, script) -> None:
    first = [(repr(b), level, reason) for _, b, level, reason in course(law, script)]
    again = [(repr(b), level, reason) for _, b, level, reason in course(law, script)]
    assert first == again


@settings(max_examples=150)
@given(laws(), st.lists(moments(), max_size=30), st.floats(0, 1))
def test_a_lower_cap_never_asks_for_more(law, script, share) -> None:
    for observation, before, level, _ in course(law, script):
        values = {f.name: getattr(observation, f.name) for f in fields(observation)}
        lower = Observation(**{**values, "cap_ma": share * observation.ceiling_ma})
        assert law.step(before, lower)[1] <= level + EPS


@settings(max_examples=100)
@given(
    laws(),
    st.lists(st.floats(0.001, 0.5), min_size=1, max_size=60),
    st.floats(0, 40),
)
def test_cutting_time_finer_buys_no_faster_rise(law, cuts, tone) -> None:
    script = [
        {
            "dt_s": dt_s,
            "tone_pct_mvc": tone,
            "cap_ma": 30.0,
            "relaxed": False,
            "quiet": False,
            "closed": ClosedBout(tone, 1.0),
            "override": None,
        }
        for dt_s in cuts
    ]
    seen = course(law, script)
    for start in range(0, len(seen), 7):
        low = seen[start][0]
        for observation, _, level, _ in seen[start:]:
            elapsed_s = observation.t_s - low.level_t_s
            assert level - low.level_ma <= law.up_ma_per_s * elapsed_s + EPS


@settings(max_examples=100)
@given(
    st.lists(st.floats(1.26, 2.0), min_size=5, max_size=40),
    st.integers(1, 3),
    st.floats(0.05, 2),
)
def test_perturbing_never_climbs_while_tone_keeps_rising(growth, most, step) -> None:
    law = PerturbLaw(
        settle_bouts=0, measure_bouts=1, max_failed_climbs=most, step_ma=step
    )
    state, level, tone = law.start(), 0.0, 4.0
    for k, factor in enumerate(growth):
        tone *= factor
        for tick in range(50):
            t_s = 5.0 * k + 0.1 * tick
            state, level, _ = law.step(
                state,
                Observation(
                    t_s=t_s,
                    level_ma=level,
                    level_t_s=t_s - 0.1,
                    tone_pct_mvc=tone,
                    threshold_pct_mvc=3.0,
                    cap_ma=30.0,
                    closed=ClosedBout(tone, level) if tick == 0 else None,
                ),
            )
        assert level <= step + EPS
    assert level <= EPS


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("name", ["t_s", "level_ma", "level_t_s", "threshold_pct_mvc"])
def test_an_observation_refuses_a_lost_state(name, bad) -> None:
    values = {
        "t_s": 0.0,
        "level_ma": 0.0,
        "level_t_s": 0.0,
        "tone_pct_mvc": 5.0,
        "threshold_pct_mvc": 3.0,
        "cap_ma": 5.0,
    }
    with pytest.raises(ValueError, match=name):
        Observation(**{**values, name: bad})


@settings(max_examples=60)
@given(st.lists(moments(), max_size=40))
def test_a_session_of_the_optimiser_keeps_the_same_rules(script) -> None:
    pytest.importorskip("sklearn", reason="the extra optimise is not installed")
    law = law_from_mapping({"kind": "safe_bayes", "felt_ma": 8.0, "effect_sd": 0.05})
    for observation, state, level, _ in course(law, script):
        assert 0.0 <= level <= observation.ceiling_ma
        rise = law.up_ma_per_s * observation.dt_s if observation.may_rise else 0.0
        assert level <= observation.level_ma + rise + EPS
        assert level <= max(observation.level_ma, state.proposal.amplitude_ma) + EPS
