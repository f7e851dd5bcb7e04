"""Every program that moves something is at zero soon after every fault."""

import math

import pytest

from drivers.ports import Marker
from drivers.subject.faults import Push, SignalFault
from dsp.types import F64
from service.core.model import Outcome
from service.core.plans import Modality
from service.core.thresholds import TOLERANCE_RATIO
from service.faults.bounds import NOTHING, demand_of
from service.faults.prepared import Prepared
from service.faults.verdict import Trace, Violation, violations_of
from service.faults.virtual_runs import Draw, run_virtual
from tests.support.planted_bugs import (
    believe_old_permits,
    forget_the_operator,
    ignore_quality,
    ignore_staleness,
    ignore_stop,
)
from tests.support.program_rigs import ACTUATED, moments
from tests.support.virtual_rig import VirtualRig

LEAD_S = 0.05

#: After a fault that passes, a program is on again within this time.
BACK_S = 60.0
AFTER_S = 3.0

#: Tone that has risen is seen under contact, or in the next off parts.
ANSWERED_S = 90.0
GAIN = 10.0

#: What a person says is answered within a few chunks.
ANSWER_S = 0.2
LATER_S = 10.0

#: Each fault lasts for longer than its bound: zero is asked for by all of them.
FAULTS = {
    "stall": 1.5,
    "nan": 4.0,
    "lead-off": 4.0,
    "clip": 4.0,
    "clock-jump": 0.5,
    "late-permit": 600.0,
    "lost-permit": 1.0,
    "kill-engine": 0.0,
    "stop": 0.0,
}


class Gain(SignalFault):
    """An amplifier whose gain is another one from a moment on."""

    def __init__(self, began_s: float) -> None:
        super().__init__("rate", math.inf, began_s)

    def pushes(self, emg_uv: F64, end_s: float) -> list[Push]:
        return [(GAIN * emg_uv, end_s)]


def rehearse(name: str, moment: str, kind: str):
    return run_virtual(Draw(kind, moments(name)[moment], FAULTS[kind], LEAD_S))


def traces(prepared: Prepared, rig: VirtualRig, kind: str, fault_s: float):
    """Return what each actuator has done since a copy, as a campaign sees it."""
    began = [(prepared.copy().clock.now_s(), "treating")]
    phases = [(e.t_s, str(e.detail["to"])) for e in rig.events if e.kind == "phase"]
    return [
        Trace(
            kind=kind,
            fault_s=fault_s,
            end_s=rig.clock.now_s(),
            history=[(t_s, amplitudes[k]) for t_s, amplitudes in rig.device.history],
            phases=[*began, *phases],
            limit=prepared.plan.limit,
            actuator=wiring.actuator,
            grid=wiring.amplitude_step,
        )
        for k, wiring in enumerate(rig.params.gate.wiring)
    ]


def now_on(rig: VirtualRig) -> float:
    """Return the largest amplitude of this moment."""
    return max(rig.role.state().amplitudes)


def test_every_actuated_program_is_met() -> None:
    assert len(ACTUATED) == 6


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("moment", ["on", "off"])
@pytest.mark.parametrize("name", ACTUATED)
def test_a_fault_ends_at_zero_in_time(name: str, moment: str, kind: str) -> None:
    demand = demand_of(kind, FAULTS[kind], supervised=False)
    assert demand.asks

    outcome = rehearse(name, moment, kind)

    assert outcome.violations == ()
    assert outcome.time_to_zero_s <= demand.bound_s


def after_a_stall(prepared: Prepared) -> list[Violation]:
    """Let a session come back from a fault, and return what was not safe."""
    rig = prepared.copy()
    fault_s = rig.clock.now_s()
    demand = demand_of("stall", FAULTS["stall"], supervised=False)
    rig.signal_fault = SignalFault("stall", FAULTS["stall"], fault_s)
    rig.pass_time(FAULTS["stall"])
    rig.run(lambda r: now_on(r) >= 0.5 * prepared.plan.limit, BACK_S, script={})
    rig.pass_time(AFTER_S)
    every = traces(prepared, rig, "stall", fault_s)
    return [found for trace in every for found in violations_of(trace, demand)]


@pytest.mark.parametrize("name", ACTUATED)
def test_what_comes_back_after_a_fault_is_bounded_as_before(name: str) -> None:
    assert after_a_stall(moments(name)["on"]) == []


@pytest.mark.parametrize("name", ACTUATED)
def test_tone_that_reads_ten_times_as_high_is_an_adverse_response(name: str) -> None:
    prepared = moments(name)["on"]
    rig = prepared.copy()
    fault_s = rig.clock.now_s()
    rig.signal_fault = Gain(fault_s)

    rig.run(
        lambda r: (
            r.engine.session.outcome is Outcome.ADVERSE
            or any(event.kind == "strike" for event in r.events)
        ),
        ANSWERED_S,
        script={},
    )
    rig.pass_time(AFTER_S)

    assert now_on(rig) == 0.0
    for trace in traces(prepared, rig, "gain", fault_s):
        assert violations_of(trace, NOTHING) == []


@pytest.mark.parametrize("name", ACTUATED)
def test_who_says_it_is_too_much_gets_less_at_once_and_for_good(name: str) -> None:
    rig = moments(name)["on"].copy()
    felt, now_s = now_on(rig), rig.clock.now_s()
    rig.hear(Marker("markers", now_s, "mark:tolerance", now_s))
    rig.pass_time(ANSWER_S)
    answered_s = rig.clock.now_s()
    is_let_go = rig.program.modality is Modality.PRESSURE
    assert felt > 0.0
    assert now_on(rig) <= (0.0 if is_let_go else TOLERANCE_RATIO * felt)

    rig.pass_time(LATER_S)

    later = [max(a) for t_s, a in rig.device.history if t_s > answered_s]
    assert max(later, default=0.0) <= TOLERANCE_RATIO * felt


@pytest.mark.parametrize(
    ("plant", "kind", "rule"),
    [
        (believe_old_permits, "lost-permit", "S10: too late"),
        (ignore_staleness, "stall", "S1: too late"),
        (ignore_quality, "lead-off", "S7: too late"),
        (ignore_stop, "stop", "S17: too late"),
    ],
)
@pytest.mark.parametrize("name", ACTUATED)
def test_a_planted_bug_is_found(name: str, monkeypatch, plant, kind, rule) -> None:
    prepared = moments(name)["on"]
    plant(monkeypatch)

    outcome = run_virtual(Draw(kind, prepared, FAULTS[kind], LEAD_S))

    assert rule in {violation.rule for violation in outcome.violations}


@pytest.mark.parametrize("name", ["massage", "pressure-release"])
def test_a_bound_that_is_forgotten_is_found(name: str, monkeypatch) -> None:
    prepared = moments(name)["on"]
    forget_the_operator(monkeypatch)

    assert "S11: above a limit" in {one.rule for one in after_a_stall(prepared)}
