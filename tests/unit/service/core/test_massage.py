"""Massage: light before deep, judged without contact, within its budget."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.types import QualityFlag
from service.core.kneading import Depth, Kneading, MassagePlan, plan_trouble
from service.core.limits import COMPILED, Quantity
from service.core.model import Command, Phase, Verb
from service.core.patterns import Pattern
from service.core.plans import Modality
from service.core.stage import Stage
from service.program_files import shipped_programs
from tests.support.played_session import (
    BASELINE_PCT_MVC,
    STEP_S,
    Played,
    unhurried,
)

MASSAGE = unhurried(shipped_programs()["massage"])
PERCUSSION = unhurried(shipped_programs()["massage-percussion"])
FAST = replace(PERCUSSION, frequency_hz=100.0)
#: A person who gets a little better from bout to bout, and never relaxed.
IMPROVING = 0.9985


def improving(played: Played) -> float:
    return BASELINE_PCT_MVC * IMPROVING**played.now_s


def depths(played: Played) -> list[str]:
    return [detail["depth"] for detail in played.told("depth")]


def test_it_measures_before_it_acts_and_begins_lightly() -> None:
    played = Played(MASSAGE).run(50.0, improving)
    rows = list(zip(played.times, played.decisions, strict=True))

    before = [d.amplitude for t, d in rows if t < MASSAGE.bout.off_s]
    assert set(before) == {0.0}
    first = [d.amplitude for t, d in rows if 12.0 < t < 30.0]
    light = MASSAGE.massage.depths[0]
    assert 0.9 * light < max(first) <= light


def test_stages_come_in_order_each_after_its_time() -> None:
    played = Played(MASSAGE).run(200.0, improving)
    times = [t for t, kind, _ in played.notes if kind == "depth"]

    assert depths(played) == ["moderate", "deep"]
    bout = MASSAGE.bout.on_s + MASSAGE.bout.off_s
    assert times[0] >= MASSAGE.massage.dwell_s
    assert times[1] - times[0] >= 2 * bout - 1.0
    assert max(d.amplitude for d in played.decisions) > MASSAGE.massage.depths[1]


def test_neighbours_take_turns() -> None:
    played = Played(MASSAGE).run(180.0, improving)
    rows = [d.amplitudes for d in played.decisions if d.amplitude > 0]
    strongest = {max(range(4), key=lambda k, row=row: row[k]) for row in rows}

    assert strongest == {0, 1, 2, 3}


def test_a_rise_of_tone_keeps_it_from_going_deeper() -> None:
    def rising(played: Played) -> float:
        return 6.0 * 1.006**played.now_s

    played = Played(MASSAGE).run(100.0, rising)

    assert depths(played) == []


def test_tone_under_contact_that_rises_ends_the_contact_at_once() -> None:
    def guarding(played: Played) -> float:
        return 20.0 if played.on_share > 0.1 else 8.0

    # It has helped in the off parts before.
    played = Played(MASSAGE).run(140.0, 8.0)
    assert played.treatment.response.has_helped
    assert played.treatment.kneading.depth is not Depth.LIGHT
    while played.on_share == 0.0:
        played.step(8.0)
    began_s = played.now_s
    while not played.told("strike"):
        played.step(guarding(played))
    (strike,) = played.told("strike")

    assert strike["why"] == "contact"
    assert played.now_s - began_s < 7.0
    assert max(played.amplitudes) == 0.0
    assert played.treatment.kneading.depth is Depth.LIGHT
    played.run(15.0, 8.0)
    assert max(played.amplitudes) == 0.0, "it cools down first"
    struck = len(played.decisions)
    played.run(20.0, 8.0)
    cap = strike["cap_kpa"]
    assert 0 < max(d.amplitude for d in played.decisions[struck:]) <= cap


def test_a_strike_that_no_help_came_before_ends_it() -> None:
    played = Played(MASSAGE).run(120.0, lambda p: 20.0 if p.on_share > 0.1 else 12.0)

    assert played.session.outcome == "adverse"
    assert "had not helped before" in played.session.cause
    assert max(played.amplitudes) == 0.0


def test_success_is_tone_without_contact() -> None:
    """Relaxed only while pressed is not relaxed: inhibition ends with the contact."""
    only_while_pressed = Played(MASSAGE).run(
        250.0, lambda p: 1.0 if p.on_share > 0.1 else 12.0
    )
    assert only_while_pressed.session.outcome is None
    assert not only_while_pressed.treatment.relaxation.relaxed

    stays = Played(MASSAGE).run(30.0, 12.0)
    while max(stays.amplitudes) > 0:
        stays.step(1.0)
    off_s = stays.now_s
    stays.run(60.0, 1.0)
    assert stays.session.phase is Phase.REASSESSING
    assert stays.session.outcome == "reached"
    assert stays.now_s - off_s >= MASSAGE.success.hold_s
    later = [d for t, d in zip(stays.times, stays.decisions, strict=True) if t > off_s]
    assert max(d.amplitude for d in later) == 0.0


@pytest.mark.parametrize("how", ["hold", "signal"])
def test_what_comes_back_after_an_interruption_is_light(how: str) -> None:
    played = Played(MASSAGE).run(160.0, improving)
    assert played.treatment.kneading.depth is Depth.DEEP
    if how == "hold":
        played.interrupt()
    else:
        for _ in range(12):
            played.step(8.0, quality=QualityFlag.FLAT)
        for _ in range(20):
            played.step(8.0)
    back = len(played.decisions)
    played.run(40.0, improving)

    assert played.treatment.kneading.depth is Depth.LIGHT
    most = max(d.amplitude for d in played.decisions[back:])
    assert 0 < most <= MASSAGE.massage.depths[0]


def test_the_row_rests_a_minute_in_five_and_begins_lightly_again() -> None:
    played = Played(MASSAGE).run(420.0, lambda p: 12.0 * 0.9975**p.now_s)
    on = [d.amplitude > 0 for d in played.decisions]
    pauses = [
        len(list(run)) * STEP_S for is_on, run in itertools.groupby(on) if not is_on
    ]
    first = on.index(True)

    assert max(pauses[1:]) >= MASSAGE.massage.break_s
    n = round(300.0 / STEP_S)
    longest = max(
        (
            len(list(run))
            for is_on, run in itertools.groupby(on[first : first + n])
            if not is_on
        ),
    )
    assert longest * STEP_S >= MASSAGE.massage.break_s - 1.0
    assert "light" in depths(played)


def test_contact_that_is_used_up_ends_it() -> None:
    short = replace(MASSAGE, massage=replace(MASSAGE.massage, site_s=60.0))
    played = Played(short).run(400.0, improving)

    assert "used up" in played.session.cause
    on_s = STEP_S * sum(d.amplitude > 0 for d in played.decisions)
    assert on_s <= 61.0


def test_no_benefit_at_the_deepest_stage_ends_it() -> None:
    wobble = itertools.cycle([11.9, 12.0, 12.1])
    quick = replace(MASSAGE, massage=replace(MASSAGE.massage, dwell_s=20.0))
    played = Played(quick).run(400.0, lambda _: next(wobble))

    assert played.session.outcome == "not_reached"
    assert played.session.cause == "no benefit at the ceiling"


def test_by_hand_the_plan_moves_below_the_level_and_still_begins_lightly() -> None:
    played = Played(MASSAGE, stage=Stage.OPEN_LOOP)
    played.run(5.0, 12.0)
    command = Command(played.now_s, Verb.LEVEL, amplitude_kpa=110.0)
    assert played.take(command) == []
    played.run(30.0, improving)
    assert 0 < max(d.amplitude for d in played.decisions) <= MASSAGE.massage.depths[0]
    played.take(Command(played.now_s, Verb.LEVEL, amplitude_kpa=10.0))
    low = len(played.decisions)
    played.run(30.0, improving)
    assert 0 < max(d.amplitude for d in played.decisions[low:]) <= 10.0


# --- percussion -----------------------------------------------------------------------


def rates(played: Played) -> list[float]:
    return [d.drives[0].frequency_hz for d in played.decisions if d.amplitude > 0]


def test_percussion_is_slow_while_tone_does_not_fall() -> None:
    played = Played(FAST).run(230.0, 12.0)

    assert set(rates(played)) == {FAST.massage.start_hz}


def test_percussion_is_fast_only_after_tone_has_fallen_and_drops_back_at_once() -> None:
    played = Played(FAST).run(150.0, lambda p: 12.0 * 0.9975**p.now_s)
    assert 100.0 in rates(played)
    assert played.treatment.kneading.is_fast
    n_windows = len(played.treatment.response.windows)
    while len(played.treatment.response.windows) == n_windows:
        played.step(11.0)
    assert not played.treatment.kneading.is_fast
    before = len(played.decisions)
    played.run(25.0, 11.0)
    fast = [
        d
        for d in played.decisions[before:]
        if d.amplitude > 0 and d.drives[0].frequency_hz > FAST.massage.start_hz
    ]
    assert fast == []


def test_tone_that_only_wobbles_down_is_not_falling() -> None:
    slow = Kneading()
    for tone in (10.0, 9.8, 9.6):
        slow = slow.judged(FAST.massage, tone, may_deepen=True)
    assert not slow.is_fast
    assert slow.judged(FAST.massage, 8.7, may_deepen=True).is_fast
    assert not slow.judged(FAST.massage, 9.7, may_deepen=True).is_fast


def test_fast_percussion_that_tone_rises_with_is_not_tried_again() -> None:
    fast = replace(Kneading(), is_fast=True).struck()
    falling = [9.0, 8.0, 7.0, 6.0]
    for tone in falling:
        fast = fast.judged(FAST.massage, tone, may_deepen=True)

    assert fast.is_fast_banned
    assert not fast.is_fast


def test_the_tone_is_not_read_from_a_muscle_that_is_shaken() -> None:
    played = Played(PERCUSSION).run(60.0, lambda p: 60.0 if p.on_share > 0 else 8.0)

    assert played.told("strike") == []
    assert played.treatment.tone_pct_mvc == pytest.approx(8.0)


# --- what is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        ((120.0, 80.0, 40.0), "light before deep"),
        ((40.0, 40.0, 80.0), "light before deep"),
        ((80.0, 100.0, 120.0), "light first stage"),
    ],
)
def test_deep_first_is_refused(levels: tuple[float, float, float], why: str) -> None:
    plan = MassagePlan(depths=levels)

    assert why in plan_trouble(plan, Modality.MASSAGE, 0.0)


def test_percussion_begins_slowly() -> None:
    plan = replace(FAST.massage, start_hz=80.0)

    assert "start_hz" in plan_trouble(plan, Modality.VIBRATION, 100.0)


# --- whatever the tone does -----------------------------------------------------------

TONES = st.lists(st.floats(0.2, 40.0), min_size=4, max_size=8)


@settings(max_examples=6)
@given(TONES, st.sampled_from([MASSAGE, FAST]))
def test_deep_never_comes_before_light_and_bounds_hold(
    tones: list[float], program
) -> None:
    played = Played(program, n_sites=2)
    for tone in tones:
        played.run(20.0, tone)
    plan = program.massage
    levels = [d.amplitude for d in played.decisions]
    stages = [0.0, *plan.depths]
    reached = [
        next(k for k, top in enumerate(stages) if a <= top + 1e-9) for a in levels
    ]
    assert all(b <= a + 1 for a, b in zip_running(reached))
    assert max(levels) <= program.max_amplitude
    allowed_hz = {plan.start_hz, program.frequency_hz} - {0.0} or {plan.rate_hz}
    assert set(rates(played)) <= allowed_hz
    quantity = played.session.setup.sites[0].wiring.actuator.on_fraction
    assert quantity in {Quantity.MASSAGE_ON_FRACTION, Quantity.VIBRATION_ON_FRACTION}
    window = round(60.0 / STEP_S)
    on = [a > 0 for a in levels]
    most = max(sum(on[k : k + window]) for k in range(0, len(on), 50))
    assert most <= COMPILED[quantity].absolute * window + 5


def zip_running(reached: list[int]) -> list[tuple[int, int]]:
    """Return the deepest stage so far with the next one."""
    return list(zip(itertools.accumulate(reached, max), reached[1:], strict=False))


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(0.1, 50.0), st.floats(0.0, 60.0)), max_size=30))
def test_one_stage_at_a_time_and_none_before_its_time(steps: list) -> None:
    plan, kneading = MassagePlan(pattern=Pattern.KNEADING), Kneading(t_s=0.0)
    now_s = 0.0
    for tone, passed_s in steps:
        for _ in range(int(passed_s)):
            now_s += 1.0
            kneading = kneading.passed(now_s, on=True)
        after = kneading.judged(plan, tone, may_deepen=True)
        assert after.depth - kneading.depth in {0, 1}
        if after.depth > kneading.depth:
            assert kneading.contact_s >= plan.dwell_s
        kneading = after
