"""The engine, in virtual time: from chunks to permits, from requests to phases."""

import itertools
from functools import cache

from drivers.outputs.simulated import OutputFaults
from drivers.ports import Discontinuity, Marker, SourceLost, SourceRestored
from service.messages import OpenSession
from service.rehearsal.copying import freeze, thaw
from tests.support.virtual_rig import VirtualRig, demo_program


def treating(rig: VirtualRig) -> bool:
    return rig.phase == "treating"


def stimulating(rig: VirtualRig) -> bool:
    return any(rig.role.state().amplitudes)


@cache
def first_current() -> bytes:
    rig = VirtualRig()
    rig.open()
    rig.run(stimulating)
    return freeze(rig)


def stimulating_one() -> VirtualRig:
    """Return a copy of a rig whose first current has just gone out."""
    return thaw(first_current())


def test_a_responder_reaches_the_threshold_through_the_true_output_role() -> None:
    rig = VirtualRig()
    rig.open(subject="S1")

    rig.run(lambda r: r.phase == "done")

    session = rig.state.session
    assert session is not None
    assert session.outcome == "reached"
    assert session.subject == "S1"
    assert session.final_pct_mvc is not None
    assert session.final_pct_mvc < session.threshold_pct_mvc
    assert session.calibration is not None
    assert session.peak_amplitude_ma <= 30.0
    assert rig.role.state().fault is None
    told = [a for _, (a,) in rig.device.history]
    assert max(told) == session.peak_amplitude_ma


def test_the_device_does_what_was_permitted() -> None:
    rig = VirtualRig(program=demo_program(treatment_s=40))
    rig.open()
    rig.run(lambda r: r.phase in {"reassessing", "weaning"})

    assert rig.role.state().limited_by == ""
    permitted = {round(p.channels[0].amplitude, 6) for p in rig.permits}
    done = {a for _, (a,) in rig.device.history}
    assert all(any(0 <= p - a < 0.5 for p in permitted) for a in done)


def test_permits_count_up_and_live_briefly() -> None:
    rig = stimulating_one()

    active = [p for p in rig.permits if p.active]
    assert [p.sequence for p in active] == list(range(1, len(active) + 1))
    assert {p.armed_ns for p in active} == {active[0].armed_ns}
    assert all(p.ttl_ms <= 300 for p in active)
    gaps = [b.issued_ns - a.issued_ns for a, b in itertools.pairwise(active)]
    assert max(gaps) < 50_000_000


def test_nothing_is_permitted_before_arming() -> None:
    rig = VirtualRig()
    rig.open()
    rig.run(lambda r: r.phase == "ready")

    assert not any(p.active for p in rig.permits)


def test_lost_emg_holds_and_takes_the_output_to_zero_at_once() -> None:
    rig = stimulating_one()

    rig.engine.handle(SourceLost("emg", "cable", rig.clock.now_s()))

    assert not any(rig.role.state().amplitudes)
    assert rig.phase == "holding"
    info = rig.source.open()
    rig.engine.handle(SourceRestored("emg", info, "back", rig.clock.now_s()))
    rig.run(treating, 10, script={})


def test_emg_that_stays_away_is_a_fault_that_needs_an_acknowledgement() -> None:
    rig = stimulating_one()

    for _ in range(500):
        rig.clock.sleep(0.01)
        rig.engine.tick()
        rig.engine.handle(rig.role.tick())

    assert rig.phase == "fault"
    assert rig.state.session is not None
    assert rig.state.session.cause == "emg_stale"
    assert not any(rig.role.state().amplitudes)
    assert rig.ask("arm").refused
    assert "still there" in rig.ask("acknowledge").refused


def test_after_a_gap_nothing_rises_until_the_chain_has_settled() -> None:
    rig = stimulating_one()
    before = max(rig.role.state().amplitudes)

    rig.engine.handle(Discontinuity("emg", "gap", 40, rig.clock.now_s()))
    rig.run(lambda r: r.state.channels[0].quality == ("settling",), 0.2, script={})
    while rig.state.channels[0].quality:
        assert max(rig.role.state().amplitudes) <= before
        rig.step()

    rig.run(lambda r: r.phase == "treating", 5, script={})


def test_a_marker_is_told_with_its_own_time() -> None:
    rig = VirtualRig()
    now_s = rig.clock.now_s()
    rig.clock.sleep(0.25)

    rig.engine.handle(Marker("markers", now_s, "needle in", rig.clock.now_s()))

    (event,) = [e for e in rig.events if e.kind == "marker"]
    assert event.detail == {"source": "markers", "text": "needle in", "t": now_s}
    assert event.t_s == rig.clock.now_s()


def test_a_stop_at_the_output_stops_the_session() -> None:
    rig = stimulating_one()

    rig.role.stop()
    rig.step()

    assert rig.phase == "done"
    assert rig.state.session is not None
    assert rig.state.session.outcome == "stopped"
    for _ in range(100):
        rig.step()
        assert not any(rig.role.state().amplitudes)


def test_a_fault_of_the_device_ends_the_session() -> None:
    rig = VirtualRig(faults=OutputFaults(fault_at_s=60.0))
    rig.open()
    rig.run(lambda r: r.phase == "fault")

    assert rig.state.session is not None
    assert rig.state.session.cause == "output_device_electrode"


def test_permits_that_do_not_arrive_let_the_device_expire() -> None:
    rig = stimulating_one()
    cut_s = rig.clock.now_s()
    rig.delivers_permits = False

    rig.run(lambda r: not stimulating(r), 2, script={})

    assert rig.clock.now_s() - cut_s < 0.35


def test_one_session_at_a_time_and_only_by_its_name() -> None:
    rig = VirtualRig()
    assert rig.ask("start").kind == "unknown_session"
    session_id = rig.open()

    again = rig.engine.request(rig_open(rig))
    assert again.kind == "busy"
    assert rig.ask("hold", session_id="other").kind == "unknown_session"
    assert rig.ask("dance").kind == "bad_request"
    refused = rig.ask("start", session_id=session_id)
    assert refused.kind == "refused"
    assert "not possible while" in refused.refused
    assert not rig.ask("stop").refused
    assert rig.open() != session_id


def rig_open(rig: VirtualRig, **changes):
    return OpenSession(**{"program": rig.program.name, **changes})


def test_a_session_that_cannot_be_is_refused_by_name() -> None:
    rig = VirtualRig()

    for changes, text in (
        ({"program": "other"}, "program: expected one of"),
        ({"channel": "9"}, "channel: expected one of"),
        ({"limits": {"volts": 1.0}}, "limits: expected"),
        ({"limits": {"amplitude_ma": float("nan")}}, "finite"),
    ):
        reply = rig.engine.request(rig_open(rig, **changes))
        assert reply.kind == "bad_request"
        assert text in reply.refused


def test_a_session_limit_tightens_and_is_named() -> None:
    rig = VirtualRig()
    rig.open(limits={"amplitude_ma": 3.0})
    rig.run(lambda r: r.state.session and r.state.session.level_ma >= 3.0)
    rig.run(stimulating)
    rig.run(lambda r: r.clock.now_s() > 60, script={})

    assert max(a for _, (a,) in rig.device.history) <= 3.0


def test_states_carry_what_a_dashboard_needs() -> None:
    rig = VirtualRig(n_channels=2)
    rig.step()
    assert rig.states
    assert rig.state.session is None
    rig.open()
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})
    state = rig.state

    assert [c.label for c in state.channels] == ["trapezius_r", "trapezius_l"]
    assert state.channels[0].tension_pct_mvc is not None
    assert state.channels[1].tension_pct_mvc is None, "not calibrated"
    assert state.sources[0].sample_rate_hz == 2048.0
    assert any(e.kind == "prompt" for e in rig.events)


def test_a_calibration_step_is_repeated_when_the_signal_failed_during_it() -> None:
    rig = VirtualRig()
    rig.open()
    rig.run(lambda r: r.state.session is not None and r.state.session.task == "mvc")
    before = len([e for e in rig.events if e.kind == "prompt"])

    rig.clock.sleep(0.6)
    rig.engine.tick()
    assert rig.phase == "calibrating", "late data are not lost data"
    rig.run(lambda r: r.phase == "ready")

    tasks = [e.detail["task"] for e in rig.events if e.kind == "prompt"][before:]
    assert tasks[:2] == ["rest", "mvc"], "a contraction comes after a pause"
    assert rig.state.session is not None
    assert rig.state.session.calibration is not None
