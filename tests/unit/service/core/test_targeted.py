"""Several muscles at once, on a plant that is chosen: who gets what, and why."""

from dataclasses import replace

import pytest

from service.core.company import treatments_of
from service.core.model import Phase, Verb
from service.core.muscle_ends import charge_shares
from service.core.program import Program
from service.core.stage import Stage
from service.core.turns import TargetedPlan
from tests.support.muscles import MVC_UV, Emg, Player, player

LABELS = ("left", "right", "neck")
PROGRAM = Program(targeted=TargetedPlan(), wean_ma_per_s=2.0)


def treated(tones: list[float], program: Program = PROGRAM) -> Player:
    """Return a session in which muscles with these tones are treated."""
    n = len(tones)
    played = player(LABELS[:n], program, n_sites=n)
    played.treat([Emg(baseline_uv=tone * MVC_UV / 100.0 + 1.0) for tone in tones])
    return played


def picked(played: Player) -> set[str]:
    every = zip(
        played.session.setup.muscles, treatments_of(played.session), strict=True
    )
    return {label for label, one in every if one.turn.picked}


def level(played: Player, muscle: int) -> float:
    return treatments_of(played.session)[muscle].level.amplitude


def given(played: Player) -> list[float]:
    """Return the largest amplitude that each muscle got."""
    return [max(column) for column in zip(*filter(None, played.put), strict=True)]


def test_the_tense_ones_are_stimulated_and_the_relaxed_one_never_is() -> None:
    tones = [20.0, 8.0, 1.0]
    played = treated(tones)
    played.run(30.0, lambda k: tones[k])

    assert picked(played) == {"left", "right"}
    assert level(played, 0) > level(played, 1) > 0.5
    assert level(played, 2) == 0.0
    most = given(played)
    assert min(most[:2]) > 0.5
    assert most[2] == 0.0


def test_three_tense_muscles_take_turns_two_at_once() -> None:
    played = treated([15.0] * 3)
    played.run(100.0, lambda _: 15.0)

    assert all(sum(a > 0 for a in put) <= 2 for put in played.put)
    assert min(given(played)) > 1.0
    shares = charge_shares(played.session)
    assert max(shares) < 1.3 * min(shares)
    turns = [told["muscles"] for told in played.told("picked")]
    assert {"left, right", "left, neck", "right, neck"} == set(turns)


def test_the_level_of_who_is_not_picked_stays() -> None:
    played = treated([15.0] * 3)
    played.run(60.0, lambda _: 15.0)
    for _ in range(3):
        left_out = next(
            k for k, t in enumerate(treatments_of(played.session)) if not t.turn.picked
        )
        before = level(played, left_out)
        while not treatments_of(played.session)[left_out].turn.picked:
            assert level(played, left_out) == before
            played.run(0.05, lambda _: 15.0)


def test_tone_is_measured_only_while_nobody_is_stimulated() -> None:
    tones = [20.0, 8.0, 1.0]
    played = treated(tones)
    for _ in range(400):
        played.run(0.05, lambda k: tones[k])
        for k, one in enumerate(treatments_of(played.session)):
            if one.tone_s > 0:
                assert one.tone_pct_mvc == pytest.approx(tones[k], rel=0.1)


def test_a_strike_concerns_its_muscle_only() -> None:
    played = treated([10.0, 10.0])
    played.run(30.0, lambda _: 7.0)
    assert all(t.response.has_helped for t in treatments_of(played.session))
    before = level(played, 1)
    played.run(12.0, lambda k: 16.0 if k == 0 else 7.0)

    first, second = treatments_of(played.session)
    assert (first.response.strikes, second.response.strikes) == (1, 0)
    assert first.response.cap < before
    assert second.response.cap == float("inf")
    assert second.level.amplitude >= before
    (strike,) = played.told("strike")
    assert strike["muscle"] == "left"
    ceiling = first.response.cap
    played.put.clear()
    played.run(20.0, lambda _: 9.0)
    assert given(played)[0] <= ceiling < given(played)[1]


def test_an_adverse_muscle_ends_alone_beside_one_that_is_helped() -> None:
    played = treated([10.0, 10.0])
    played.run(20.0, lambda k: 10.0 if k == 0 else 7.0)
    played.run(20.0, lambda k: 16.0 if k == 0 else 7.0)

    assert played.session.phase is Phase.TREATING
    (ended,) = played.told("muscle_ended")
    assert ended["muscle"] == "left"
    assert "had not helped" in ended["why"]
    played.put.clear()
    played.run(15.0, lambda _: 9.0)
    assert given(played)[0] == 0.0
    assert given(played)[1] > 1.0


def test_an_adverse_muscle_ends_all_where_nothing_has_helped() -> None:
    played = treated([10.0, 10.0])
    played.run(40.0, lambda k: 16.0 if k == 0 else 9.8)

    (ended,) = played.told("muscle_ended")
    assert ended["muscle"] == "left"
    assert played.session.outcome == "adverse"
    assert "had not helped" in played.session.cause
    assert not any(played.decision.amplitudes)


def test_one_that_was_relaxed_from_the_start_speaks_for_nothing() -> None:
    played = treated([10.0, 10.0, 1.0])
    played.run(40.0, lambda k: [16.0, 9.8, 1.0][k])

    (ended,) = played.told("muscle_ended")
    assert ended["muscle"] == "left"
    assert played.session.outcome == "adverse"
    assert not any(played.decision.amplitudes)


def test_the_session_is_adverse_when_no_muscle_is_left() -> None:
    played = treated([10.0, 10.0])
    played.run(60.0, lambda _: 16.0)

    assert played.session.phase is Phase.REASSESSING
    assert played.session.outcome == "adverse"
    assert len(played.told("muscle_ended")) == 2


def test_a_cramp_of_any_muscle_ends_it_at_once() -> None:
    played = treated([10.0, 10.0, 1.0])
    played.run(20.0, lambda k: [9.0, 9.0, 1.0][k])
    played.run(20.0, lambda k: [9.0, 9.0, 40.0][k])

    assert played.session.outcome == "adverse"
    assert played.session.cause == "cramp"
    assert played.decision.amplitude == 0.0


def test_a_muscle_that_answers_with_tension_strikes_those_stimulated() -> None:
    played = treated([15.0, 12.0, 1.0])
    played.run(30.0, lambda k: [13.0, 10.0, 1.0][k])
    levels = [level(played, k) for k in range(2)]
    played.run(12.0, lambda k: [13.0, 10.0, 2.5][k])

    (told,) = played.told("coactivation")
    assert (told["muscle"], told["stimulated"]) == ("neck", "left, right")
    left, right, neck = treatments_of(played.session)
    assert [t.response.strikes for t in (left, right, neck)] == [1, 1, 0]
    assert left.level.amplitude < 0.7 * levels[0]
    assert right.level.amplitude < 0.7 * levels[1]
    assert left.response.cap < levels[0] * 1.05
    assert neck.turn.coactivations == 1
    assert given(played)[2] == 0.0
    assert played.session.phase is Phase.TREATING


def test_tension_elsewhere_without_stimulation_is_no_coactivation() -> None:
    played = treated([15.0, 1.0])
    played.ask(Verb.LIMIT, amplitude_ma=0.0)
    played.run(60.0, lambda k: [15.0, 2.5][k])

    assert played.told("coactivation") == []


def test_three_coactivations_end_the_muscle_that_causes_them() -> None:
    played = treated([15.0, 1.0])
    played.run(150.0, lambda k: [13.0, 2.5][k])

    (ended,) = played.told("muscle_ended")
    assert ended["muscle"] == "left"
    assert played.session.outcome == "adverse"


def test_success_needs_all_muscles_together_then_all_are_weaned() -> None:
    played = treated([10.0, 8.0, 1.0])
    played.run(20.0, lambda k: [9.0, 7.0, 1.0][k])
    played.run(20.0, lambda k: [9.0, 1.0, 1.0][k])
    assert played.session.phase is Phase.TREATING
    played.run(14.0, lambda _: 1.0)
    assert played.session.phase is Phase.WEANING
    played.run(30.0, lambda _: 1.0)

    assert played.session.phase is Phase.REASSESSING
    assert played.session.outcome == "reached"
    while played.session.phase is Phase.REASSESSING:
        played.hear([5.0, 5.0, 5.0])
    assert played.session.outcome == "reached"
    assert [one.final_pct_mvc < 2.0 for one in played.session.company] == [True, True]


def test_a_relapse_of_one_muscle_goes_back_to_treating() -> None:
    slow = replace(PROGRAM, wean_ma_per_s=0.05)
    played = treated([10.0, 8.0], slow)
    played.run(30.0, lambda k: [9.0, 7.0][k])
    played.run(20.0, lambda _: 1.0)
    assert played.session.phase is Phase.WEANING
    played.run(8.0, lambda k: [1.0, 8.0][k])

    assert played.session.phase is Phase.TREATING
    (relapse,) = played.told("relapse")
    assert relapse["muscle"] == "right"
    left, right = treatments_of(played.session)
    assert left.relaxation.history
    played.run(8.0, lambda k: [1.0, 8.0][k])
    assert "right" in picked(played)
    assert right.response.strikes == 0


def test_a_relapse_found_afterwards_in_any_muscle_counts() -> None:
    played = treated([10.0, 8.0])
    played.run(20.0, lambda k: [9.0, 7.0][k])
    played.run(60.0, lambda _: 1.0)
    assert played.session.outcome == "reached"
    while played.session.phase is Phase.REASSESSING:
        played.hear([5.0, 40.0])

    assert played.session.outcome == "not_reached"
    assert played.session.cause == "relapsed"


def test_after_a_hold_every_muscle_starts_from_zero() -> None:
    played = treated([15.0, 12.0, 10.0])
    played.run(30.0, lambda k: [15.0, 12.0, 10.0][k])
    played.ask(Verb.HOLD)

    assert played.decision.amplitude == 0.0
    for one in treatments_of(played.session):
        assert one.level.amplitude == 0.0
        assert (one.on, one.turn.picked, one.relaxation.history) == (False, False, ())
    assert all(site.established.peak == 0.0 for site in played.session.sites)
    for _ in range(60):
        played.hear([60.0, 48.0, 40.0])
    played.ask(Verb.START)
    assert played.session.phase is Phase.TREATING
    played.put.clear()
    played.run(5.5, lambda k: [15.0, 12.0, 10.0][k])
    assert 0 < max(given(played)) < 3.0


def test_no_muscle_gets_more_than_its_share_of_the_charge() -> None:
    played = treated([15.0, 12.0])
    limits = dict(played.session.setup.limits)
    bound = next(q for q in limits if q == "session_charge_mc")
    limits[bound] = replace(limits[bound], value=0.02)
    setup = replace(played.session.setup, limits=limits)
    played.session = replace(played.session, setup=setup)
    played.run(300.0, lambda k: [15.0, 4.0][k])

    ends = played.told("muscle_ended")
    assert ends[0] == {"muscle": "left", "why": "its share of the charge is used up"}
    shares = charge_shares(played.session)
    assert shares[0] < 0.78
    assert sum(shares) < 1.03
    assert played.session.phase is Phase.REASSESSING


def test_an_operator_marks_what_every_stimulated_muscle_got() -> None:
    played = treated([20.0, 8.0, 1.0])
    played.run(40.0, lambda k: [20.0, 8.0, 1.0][k])
    while played.decision.amplitude == 0.0:
        played.run(0.05, lambda k: [20.0, 8.0, 1.0][k])
    played.run(2.0, lambda k: [20.0, 8.0, 1.0][k])
    played.ask(Verb.MARK, text="tolerance")

    left, right, neck = treatments_of(played.session)
    assert left.thresholds.tolerance_ma > right.thresholds.tolerance_ma > 0
    assert neck.thresholds.tolerance_ma == float("inf")
    assert len(played.told("threshold")) == 2


def test_a_level_set_by_hand_is_that_of_the_tense_muscles() -> None:
    played = treated([20.0, 8.0, 1.0])
    setup = replace(played.session.setup, stage=Stage.OPEN_LOOP)
    played.session = replace(played.session, setup=setup)
    played.run(10.0, lambda k: [20.0, 8.0, 1.0][k])
    assert given(played) == [0.0, 0.0, 0.0]
    played.ask(Verb.LEVEL, amplitude_ma=2.0)
    played.run(20.0, lambda k: [20.0, 8.0, 1.0][k])

    assert given(played) == [2.0, 2.0, 0.0]


def test_the_leak_of_several_actuators_is_not_measured_at_once() -> None:
    played = player(LABELS[:2], PROGRAM, n_sites=2)
    played.calibrate([Emg(), Emg()])
    while played.session.phase is Phase.READY:
        played.hear([60.0, 60.0])
        played.ask(Verb.ARM)
    played.notes.clear()
    played.ask(Verb.LEAK)

    assert played.session.phase is Phase.ARMED
    (refused,) = played.told("refused")
    assert "drives several" in refused["why"]


def test_while_any_muscle_may_be_cramping_nobody_is_stimulated() -> None:
    played = treated([10.0, 10.0])
    played.run(20.0, lambda _: 9.0)
    while treatments_of(played.session)[0].on:
        played.run(0.05, lambda _: 9.0)
    played.put.clear()
    # Shorter than a cramp, and at the end of the off part.
    played.run(1.5, lambda _: 9.0)
    played.run(1.3, lambda k: [9.0, 30.0][k])
    assert treatments_of(played.session)[1].cramp.is_suspected

    assert given(played) == [0.0, 0.0]
    played.run(6.0, lambda _: 9.0)
    assert min(given(played)) > 0.0
