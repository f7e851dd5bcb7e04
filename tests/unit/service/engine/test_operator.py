"""Arming as a ceremony, an operator who must be there, and stages, in virtual time."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from service.core.arming import CHECKLIST, Safety
from service.core.stage import Stage
from service.messages import UnlockStage
from service.rehearsal.copying import freeze, thaw
from service.subjects import Entry, SubjectStore
from tests.support.virtual_rig import RigOptions, VirtualRig, demo_program

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITE = "trapezius_upper"
STRICT = Safety(ceremony=True, presence=True, site=SITE)
ALL = tuple(CHECKLIST)


def stimulating(rig: VirtualRig) -> bool:
    return any(rig.role.state().amplitudes)


class Operated(VirtualRig):
    """A rig whose operator can hold the button."""

    def press(self, seconds: float):
        end_s = self.clock.now_s() + seconds
        while self.clock.now_s() < end_s:
            reply = self.ask("press")
            self.step()
        return reply

    def arm(self, **more):
        reply = self.press(5.2)
        asked = {"token": reply.token, "operator": "A", "site": SITE, "confirmed": ALL}
        return self.ask("arm", **{**asked, **more})


def calibrated(subjects=None, **options) -> Operated:
    rig = Operated(options=RigOptions(STRICT, subjects), **options)
    rig.open(subject="P1")
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})
    return rig


@cache
def a_ready_one() -> bytes:
    return freeze(calibrated())


def ready(**options) -> Operated:
    """Return a calibrated rig: a copy, unless it shall remember its subjects."""
    return calibrated(**options) if options else thaw(a_ready_one())


def treating(**options) -> Operated:
    rig = ready(**options)
    assert rig.arm().refused == ""
    rig.run(stimulating, 60, script={"armed": "start"})
    return rig


def test_the_whole_ceremony_arms_and_names_the_operator() -> None:
    rig = ready()

    assert rig.arm().refused == ""
    rig.step()

    assert rig.phase == "armed"
    assert rig.state.session is not None
    assert rig.state.session.operator == "A"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"token": "guess"}, "hold the button"),
        ({"operator": " "}, "name of the operator"),
        ({"site": "chest"}, "expected the electrodes at trapezius_upper"),
        ({"confirmed": ALL[1:]}, "not confirmed: no pacemaker"),
    ],
)
def test_whatever_is_missing_refuses_and_uses_up_the_token(more, why) -> None:
    rig = ready()

    assert why in rig.arm(**more).refused
    again = {"operator": "A", "site": SITE, "confirmed": ALL}
    assert "hold the button" in rig.ask("arm", **again).refused
    rig.step()
    assert rig.phase == "ready"


def test_a_button_that_was_let_go_earns_nothing() -> None:
    rig = ready()
    first = rig.press(3.0)
    for _ in range(80):
        rig.step()
    second = rig.press(3.0)

    assert second.token != first.token
    assert "held for" in rig.ask("arm", token=second.token).refused


def test_a_token_that_was_not_used_in_time_is_void() -> None:
    rig = ready()
    token = rig.press(5.2).token
    for _ in range(700):
        rig.step()

    assert "older than 10 s" in rig.ask("arm", token=token).refused


def test_an_operator_who_is_gone_lets_the_amplitude_ebb_and_must_resume() -> None:
    rig = treating()
    rig.operator_is_there = False
    gone_s = rig.clock.now_s()

    rig.run(lambda r: r.phase == "holding", 4, script={})

    assert 2.4 < rig.clock.now_s() - gone_s < 3.1
    assert not stimulating(rig)
    levels = [a for t, (a,) in rig.device.history if t > gone_s + 2.02]
    assert levels == sorted(levels, reverse=True)
    rig.operator_is_there = True
    rig.run(lambda r: r.clock.now_s() > gone_s + 8, 10, script={})
    assert rig.phase == "holding", "only the operator resumes it"
    assert rig.ask("start").refused == ""


def test_nobody_is_armed_while_nobody_is_there() -> None:
    rig = ready()
    token = rig.press(5.2).token
    rig.operator_is_there = False
    for _ in range(150):
        rig.step()

    asked = {"token": token, "operator": "A", "site": SITE, "confirmed": ALL}
    assert "no operator is present" in rig.ask("arm", **asked).refused


def test_a_bound_of_the_operator_acts_at_once_and_rises_only_disarmed() -> None:
    rig = treating()
    assert rig.ask("limit", amplitude_ma=0.5).refused == ""
    rig.step()

    assert max(rig.role.state().amplitudes) <= 0.5
    assert "disarmed" in rig.ask("limit", amplitude_ma=5.0).refused
    assert "finite" in rig.ask("limit", amplitude_ma=-1.0).refused


def test_the_most_limiting_bound_is_named() -> None:
    rig = treating()
    rig.ask("limit", amplitude_ma=0.5)

    rig.run(lambda r: r.state.session.most_limiting[:9] == "amplitude", 60, script={})

    assert rig.state.session is not None
    assert rig.state.session.most_limiting == "amplitude:operator"


@pytest.fixture
def store(tmp_path: Path) -> SubjectStore:
    return SubjectStore(tmp_path, lambda: NOON)


def test_a_new_subject_is_only_watched(store: SubjectStore) -> None:
    rig = ready(subjects=store, program=demo_program(treatment_s=20))
    assert rig.arm().refused == ""

    rig.run(lambda r: r.phase == "done", script={"armed": "start"})

    assert rig.state.session is not None
    assert rig.state.session.stage == "monitor"
    assert rig.device.history == []
    assert store.load("P1").sessions[0].outcome == "not_reached"
    unlock = UnlockStage(subject="P1", stage="open_loop", operator="Dr A")
    assert rig.engine.request(unlock).refused == ""
    assert store.load("P1").stage(NOON) is Stage.OPEN_LOOP


def unlock_up_to(store: SubjectStore, stage: Stage) -> None:
    for wanted in tuple(Stage)[1:]:
        now = store.load("P1").stage(NOON)
        store.enter("P1", Entry(wanted, NOON, now, 1.0, "reached"))
        assert store.unlock("P1", wanted, "Dr A") == ""
        if wanted is stage:
            return


def test_in_the_open_loop_only_the_operator_moves_the_level(store) -> None:
    unlock_up_to(store, Stage.OPEN_LOOP)
    rig = ready(subjects=store)
    assert rig.arm().refused == ""
    rig.run(lambda r: r.phase == "treating", 5, script={"armed": "start"})
    for _ in range(600):
        rig.step()
    assert rig.device.history == [], "the loop alone does nothing"

    assert rig.ask("level", amplitude_ma=3.0).refused == ""
    rig.run(stimulating, 20, script={})
    for _ in range(600):
        rig.step()

    assert max(a for _, (a,) in rig.device.history) == 3.0


def test_the_closed_loop_takes_no_level(store) -> None:
    unlock_up_to(store, Stage.CLOSED)
    rig = treating(subjects=store)

    assert "the loop sets the level" in rig.ask("level", amplitude_ma=3.0).refused


def test_charge_is_reserved_while_armed_and_settled_at_the_end(store) -> None:
    unlock_up_to(store, Stage.CLOSED)
    before = store.load("P1").charge_mc(NOON)
    rig = treating(subjects=store)
    assert store.load("P1").charge_mc(NOON) - before == 50.0

    rig.pass_time(0.2)
    rig.ask("stop")

    used = store.load("P1").charge_mc(NOON) - before
    assert 0 < used < 1.0


def test_a_day_that_is_used_up_lets_nothing_out(store) -> None:
    unlock_up_to(store, Stage.CLOSED)
    store.enter("P1", Entry("earlier", NOON, Stage.CLOSED, 98.0, "reached"))
    rig = ready(subjects=store)
    assert rig.arm().refused == ""

    rig.run(
        lambda r: r.state.session.most_limiting == "session_charge:day",
        60,
        script={"armed": "start"},
    )

    assert rig.device.history == []


def test_a_record_that_cannot_be_read_opens_nothing(store: SubjectStore) -> None:
    store.folder.mkdir(exist_ok=True)
    store.path("P1").write_text("broken")
    rig = Operated(options=RigOptions(STRICT, store))
    rig.step()

    with pytest.raises(ValueError, match="repair it"):
        rig.open(subject="P1")
