"""A mat: zones come in one by one, rest, and end for good when not tolerated."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.types import QualityFlag
from service.core.model import Command, Phase, Verb
from service.core.stage import Stage
from service.core.zones import MatPlan, Zone, ZoneStatus, is_intolerance
from service.program_files import shipped_programs
from tests.support.played_session import BASELINE_PCT_MVC, STEP_S, Played, unhurried

MAT = unhurried(shipped_programs()["acupressure-mat"])
PLAN = MAT.mat


def statuses(played: Played) -> list[str]:
    return [zone.status.value for zone in played.treatment.lying.zones]


def improving(played: Played) -> float:
    return BASELINE_PCT_MVC * 0.998**played.now_s


def came_in(played: Played) -> list[tuple[float, str]]:
    return [
        (t, detail["zone"])
        for t, kind, detail in played.notes
        if kind == "zone" and detail["status"] == "coming"
    ]


def until_pressed(played: Played, tone: float = BASELINE_PCT_MVC) -> Played:
    while max(played.amplitudes) == 0.0:
        played.step(tone)
    return played


def test_zones_come_in_one_after_another_over_a_ramp() -> None:
    played = Played(MAT).run(230.0, improving)
    times = came_in(played)

    assert [zone for _, zone in times] == ["site-1", "site-2", "site-3", "site-4"]
    apart = [b - a for (a, _), (b, _) in itertools.pairwise(times)]
    assert all(gap >= PLAN.ramp_s + PLAN.judge_s - 1e-6 for gap in apart)
    first = played.series(0)
    began = next(k for k, kpa in enumerate(first) if kpa > 0)
    halfway = first[began + round(PLAN.ramp_s / 2 / STEP_S)]
    assert halfway == pytest.approx(PLAN.start_kpa / 2, rel=0.05)
    top = first[began + round((PLAN.ramp_s + 1.0) / STEP_S)]
    assert top == pytest.approx(PLAN.start_kpa)


def test_a_moderate_rise_at_first_is_no_strike() -> None:
    high = BASELINE_PCT_MVC + PLAN.discomfort_pct_mvc
    assert high > MAT.response.adverse_ratio * BASELINE_PCT_MVC - 0.5
    played = until_pressed(Played(MAT))
    played.run(PLAN.discomfort_s - 5.0, high)

    assert played.told("strike") == []
    assert "ended" not in statuses(played)


def test_the_same_rise_later_is_one() -> None:
    low = replace(MAT, response=replace(MAT.response, adverse_ratio=1.1))
    rise = BASELINE_PCT_MVC + 2.5
    early = until_pressed(Played(low)).run(PLAN.discomfort_s - 5.0, rise)
    assert early.told("strike") == []
    late = until_pressed(Played(low)).run(PLAN.discomfort_s + 5.0, BASELINE_PCT_MVC)
    late.run(60.0, rise)
    assert late.told("strike")


def test_more_than_moderate_is_a_strike_even_at_first() -> None:
    played = until_pressed(Played(MAT))
    played.run(60.0, BASELINE_PCT_MVC + PLAN.discomfort_pct_mvc + 3.0)

    assert len(played.told("strike")) == 1
    assert played.now_s < PLAN.discomfort_s
    assert max(played.amplitudes) == 0.0
    assert played.session.outcome == "adverse", "it had not helped before"


def test_a_zone_that_raises_the_tone_rests_and_ends_when_it_does_so_again() -> None:
    zone = Zone().come(0.0, 8.0, 6.0)
    after = zone.judged(45.0, 6.5, 0.0)
    assert after.status is ZoneStatus.LYING
    once = zone.judged(45.0, 8.0, 0.0)
    assert (once.status, once.rises) == (ZoneStatus.RESTING, 1)
    assert zone.judged(45.0, 8.0, 3.0).status is ZoneStatus.LYING
    twice = once.come(200.0, 8.0, 6.0).judged(245.0, 8.0, 0.0)
    assert twice.status is ZoneStatus.ENDED
    assert twice.come(300.0, 8.0, 6.0) is twice
    assert twice.out(300.0, ZoneStatus.WAITING) is twice


def test_the_loop_rests_the_zone_that_tone_rose_with() -> None:
    quick = replace(MAT, mat=replace(PLAN, discomfort_s=60.0))

    def second_hurts(played: Played) -> float:
        hurts = played.amplitudes[1] > 2.0
        return 11.0 if hurts else 9.0

    played = Played(quick).run(300.0, second_hurts)

    # It came in within the time of discomfort or after it; in the end it was found out.
    told = [d for d in played.told("zone") if d["zone"] == "site-2"]
    assert [d["status"] for d in told][:2] == ["coming", "resting"]
    assert told[1]["why"] == "tone rose with it"
    assert played.told("strike") == []


@pytest.mark.parametrize("text", ["intolerable", "intolerable:site-1"])
def test_a_zone_that_is_not_tolerated_ends_at_once_and_for_good(text: str) -> None:
    played = Played(MAT).run(40.0, BASELINE_PCT_MVC)
    assert played.amplitudes[0] > 0
    (note,) = played.mark(text)
    assert note[2]["status"] == "ended"
    played.step(BASELINE_PCT_MVC)
    assert played.amplitudes[0] == 0.0
    marked = len(played.decisions)
    played.run(700.0, improving)

    assert set(played.series(0)[marked:]) == {0.0}
    assert max(max(d.amplitudes, default=0.0) for d in played.decisions[marked:]) > 0
    assert played.treatment.lying.zones[0].status is ZoneStatus.ENDED


def test_an_unknown_label_ends_every_zone_that_presses() -> None:
    played = Played(MAT).run(90.0, BASELINE_PCT_MVC)
    assert sum(a > 0 for a in played.amplitudes) == 2
    played.mark("intolerable:left foot")
    played.step(BASELINE_PCT_MVC)

    assert max(played.amplitudes) == 0.0
    assert statuses(played)[:2] == ["ended", "ended"]


def test_without_a_zone_left_the_treatment_ends() -> None:
    played = Played(MAT, n_sites=2).run(30.0, BASELINE_PCT_MVC)
    played.mark("intolerable:site-2")
    assert played.session.phase is Phase.TREATING
    played.mark("intolerable")

    assert played.session.phase is Phase.REASSESSING
    assert played.session.cause == "no zone is tolerated"


def test_a_mark_while_holding_counts_and_one_without_pressure_is_refused() -> None:
    played = Played(MAT).run(5.0, BASELINE_PCT_MVC)
    assert "no zone presses" in played.mark("intolerable")[0][2]["why"]
    played.run(40.0, BASELINE_PCT_MVC)
    played.take(Command(played.now_s, Verb.HOLD))
    played.mark("intolerable:site-1")
    played.step(BASELINE_PCT_MVC)
    played.take(Command(played.now_s, Verb.START))
    held = len(played.decisions)
    played.run(300.0, improving)

    assert set(played.series(0)[held:]) == {0.0}


def test_other_marks_are_marks() -> None:
    assert not is_intolerance("intolerably hot")
    played = Played(MAT).run(5.0, BASELINE_PCT_MVC)
    assert [kind for _, kind, _ in played.mark("cough")] == ["mark"]


def test_zones_rest_for_the_skin_and_come_back() -> None:
    short = replace(MAT, mat=replace(PLAN, zone_s=100.0))
    played = Played(short).run(400.0, improving)
    told = [d["status"] for d in played.told("zone") if d["zone"] == "site-1"]
    times = [
        t
        for t, kind, d in played.notes
        if kind == "zone" and d["zone"] == "site-1" and d["status"] != "lying"
    ]

    assert told[:4] == ["coming", "lying", "resting", "waiting"]
    assert "coming" in told[4:]
    assert times[1] - times[0] == pytest.approx(100.0, abs=0.3)
    assert times[2] - times[1] >= PLAN.rest_s - 1e-6


def test_pressure_is_raised_only_when_all_zones_are_in_and_never_beyond_the_plan() -> (
    None
):
    played = Played(MAT).run(900.0, improving)
    most = [d.amplitude for d in played.decisions]
    last_in = came_in(played)[3][0]
    until = [a for t, a in zip(played.times, most, strict=True) if t < last_in + 40.0]

    assert max(until) <= PLAN.start_kpa + 1e-9
    assert MAT.max_amplitude >= max(most) > PLAN.start_kpa
    rises = [b - a for a, b in itertools.pairwise(played.series(0))]
    assert max(rises) <= MAT.max_amplitude / PLAN.ramp_s * STEP_S + 1e-6


def test_success_must_hold_off_the_mat() -> None:
    played = until_pressed(Played(MAT))
    while played.session.phase is not Phase.WEANING:
        played.step(1.0)
    eased_s = played.now_s
    played.run(60.0, 1.0)
    assert played.session.outcome == "reached"
    assert played.now_s - eased_s >= MAT.success.hold_s
    assert max(played.amplitudes) == 0.0

    relapsing = until_pressed(Played(MAT))
    while relapsing.session.phase is not Phase.WEANING:
        relapsing.step(1.0)
    relapsing.run(30.0, lambda p: 1.0 if max(p.amplitudes) > 0 else 8.0)
    assert relapsing.told("relapse")
    assert relapsing.session.phase is Phase.TREATING


def test_nothing_gained_at_the_ceiling_ends_it() -> None:
    wobble = itertools.cycle([11.9, 12.0, 12.1])
    played = Played(MAT).run(1200.0, lambda _: next(wobble))

    assert played.session.cause == "no benefit at the ceiling"
    assert played.session.outcome == "not_reached"


def test_after_a_hold_zones_come_in_anew() -> None:
    played = Played(MAT).run(120.0, improving)
    assert sum(a > 0 for a in played.amplitudes) >= 2
    played.interrupt()
    back = len(played.decisions)
    played.run(25.0, improving)

    rows = [d.amplitudes for d in played.decisions[back:]]
    assert max(sum(a > 0 for a in row) for row in rows) == 1
    assert 0 < max(max(row) for row in rows) < PLAN.start_kpa


def test_by_hand_zones_press_with_what_is_set() -> None:
    played = Played(MAT, stage=Stage.OPEN_LOOP).run(30.0, improving)
    assert max(played.amplitudes) == 0.0
    played.take(Command(played.now_s, Verb.LEVEL, amplitude_kpa=5.0))
    played.run(100.0, improving)

    assert 4.9 < max(d.amplitude for d in played.decisions) <= 5.0


@settings(max_examples=6)
@given(
    st.lists(
        st.tuples(
            st.floats(0.2, 40.0),
            st.sampled_from(["", "", "intolerable", "intolerable:site-2"]),
        ),
        min_size=3,
        max_size=8,
    )
)
def test_an_ended_zone_never_presses_again_and_bounds_hold(steps: list) -> None:
    played, ended = Played(MAT, n_sites=3), {}
    for tone, text in steps:
        played.run(25.0, tone)
        if text and played.session.phase in {Phase.TREATING, Phase.WEANING}:
            played.mark(text)
        for k, zone in enumerate(played.treatment.lying.zones):
            if zone.status is ZoneStatus.ENDED:
                ended.setdefault(k, len(played.decisions))
    for k, since in ended.items():
        assert set(played.series(k)[since:]) <= {0.0}
    assert all(d.amplitude <= MAT.max_amplitude for d in played.decisions)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.floats(0.1, 30.0), st.floats(0.0, 20.0)), max_size=20),
    st.floats(30.0, 60.0),
)
def test_a_ramp_never_jumps_up(targets: list, ramp_s: float) -> None:
    zone, now_s = Zone().come(0.0, 8.0, 10.0), 0.0
    for passed_s, to_kpa in targets:
        now_s += passed_s
        before = zone.pressure_kpa(now_s, ramp_s)
        zone = zone.to(now_s, to_kpa, ramp_s)
        assert zone.pressure_kpa(now_s, ramp_s) <= before + 1e-9
        assert zone.pressure_kpa(now_s + 2 * ramp_s, ramp_s) == pytest.approx(to_kpa)


def test_defaults_are_within_what_is_stated() -> None:
    plan = MatPlan()
    assert 30.0 <= plan.ramp_s <= 60.0
    assert 60.0 <= plan.discomfort_s <= 180.0
    assert 0.0 < plan.discomfort_pct_mvc <= 3.0


def test_a_zone_whose_tone_is_unknown_rests_in_time_too() -> None:
    """A limb that moves all the time leaves no tone to judge a zone by."""
    played = until_pressed(Played(MAT))
    moving(played, PLAN.zone_s + 2.0)

    assert statuses(played)[0] == "resting"
    assert played.amplitudes[0] == 0.0


def test_too_much_between_two_zones_means_the_one_that_was_felt() -> None:
    played = until_pressed(Played(MAT)).run(20.0, BASELINE_PCT_MVC)
    felt, sites = played.amplitudes[0], played.session.sites
    out = played.treatment.lying.all_out(played.now_s)
    played.session = replace(
        played.session,
        sites=(sites[1], sites[0], *sites[2:]),
        treatment=replace(played.treatment, lying=out),
    )
    played.step(BASELINE_PCT_MVC)
    assert max(played.amplitudes) == 0.0

    (told,) = played.mark("tolerance")

    assert told[1] == "threshold"
    assert told[2]["amplitude_kpa"] == pytest.approx(felt, rel=0.05)


def moving(played: Played, duration_s: float) -> Played:
    """Go on while the limb moves: there is EMG, but no tone to believe."""
    for _ in range(round(duration_s / STEP_S)):
        played.step(BASELINE_PCT_MVC, quality=QualityFlag.DRIFT)
    return played


def test_without_a_tone_no_zone_is_judged() -> None:
    played = Played(MAT).run(160.0, BASELINE_PCT_MVC)
    assert statuses(played)[3] == "coming"

    assert statuses(moving(played, 60.0))[3] == "coming"
    assert statuses(played.run(20.0, BASELINE_PCT_MVC))[3] == "lying"


def test_without_a_tone_no_pressure_is_raised() -> None:
    played = Played(MAT).run(230.0, BASELINE_PCT_MVC)
    level = played.treatment.level.amplitude
    assert level == PLAN.start_kpa + PLAN.step_kpa

    assert moving(played, 60.0).treatment.level.amplitude == level
    assert played.run(20.0, BASELINE_PCT_MVC).treatment.level.amplitude > level
