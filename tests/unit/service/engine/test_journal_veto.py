"""No record, no current."""

from service.messages import RecorderState
from tests.support.virtual_rig import VirtualRig


class Rig(VirtualRig):
    """With a recorder that says what it is told to."""

    def __init__(self) -> None:
        super().__init__(needs_journal=True)
        self.why = ""
        self.speaks = True
        self.writes = ""

    def step(self) -> None:
        super().step()
        if self.speaks:
            state = RecorderState(
                now_ns=self.clock.now_ns(),
                ok=not self.why,
                why=self.why,
                session_id=self.writes,
                n_records=0,
            )
            self.engine.handle(state)


def test_without_a_recorder_nothing_is_armed() -> None:
    rig = Rig()
    rig.writes = rig.open()
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})

    rig.speaks = False
    for _ in range(60):
        rig.step()
    assert "the recorder is silent" in rig.ask("arm").refused
    rig.speaks, rig.why = True, "the disk is full"
    rig.step()
    assert "the disk is full" in rig.ask("arm").refused
    rig.why, rig.writes = "", "another"
    rig.step()
    assert "has not begun this session" in rig.ask("arm").refused


def test_a_recorder_that_fails_takes_the_output_to_zero() -> None:
    rig = Rig()
    rig.writes = rig.open()
    rig.run(lambda r: any(r.role.state().amplitudes))
    failed_s = rig.clock.now_s()
    rig.why = "the disk is full"

    rig.run(lambda r: r.phase == "fault", 2, script={})

    assert rig.clock.now_s() - failed_s < 1.0
    assert not any(rig.role.state().amplitudes)
    assert rig.state.session is not None
    assert rig.state.session.cause == "journal: the disk is full"
    assert rig.ask("acknowledge").refused == ""
    rig.writes = rig.open()
    stored = {"noise_uv": 3.0, "mvc_uv": 600.0}
    rig.run(lambda r: not r.ask("calibrate", **stored).refused, 20, script={})
    rig.run(lambda r: r.phase == "ready", 60, script={})
    for _ in range(350):
        rig.step()
    assert "the disk is full" in rig.ask("arm").refused


def test_a_silent_recorder_holds_the_output_at_zero_and_then_is_a_fault() -> None:
    rig = Rig()
    rig.writes = rig.open()
    rig.run(lambda r: any(r.role.state().amplitudes))
    silent_s = rig.clock.now_s()
    rig.speaks = False

    rig.run(lambda r: r.phase == "holding", 1, script={})

    assert rig.clock.now_s() - silent_s < 1.0
    assert not any(rig.role.state().amplitudes)
    assert rig.state.session is not None
    assert rig.state.session.hold_reason == "journal_silent"

    rig.run(lambda r: r.phase == "fault", 4, script={})

    assert rig.state.session.cause == "journal_silent"
    assert "still there" in rig.ask("acknowledge").refused


def test_a_recorder_that_paused_lets_the_treatment_go_on() -> None:
    rig = Rig()
    rig.writes = rig.open()
    rig.run(lambda r: any(r.role.state().amplitudes))
    rig.speaks = False
    rig.run(lambda r: r.phase == "holding", 1, script={})

    rig.speaks = True

    rig.run(lambda r: r.phase != "holding", 3, script={})

    assert rig.phase == "treating"
