"""The output role: what it obeys, when it goes to zero, and what it says about it."""

import pytest

from drivers.clock import ManualClock
from drivers.outputs.simulated import OutputFaults, SimulatedOutput
from service.core.limits import compiled_limits
from service.core.permits import Gate, Wiring
from service.messages import ChannelPermit, OutputState, Permit
from service.output.role import OutputRole

MS = 1_000_000
TTL_MS = 250


class Bench:
    """An output role with a simulated device and a hand on the clock."""

    def __init__(self, faults: OutputFaults | None = None) -> None:
        self.clock = ManualClock(10**9)
        self.device = SimulatedOutput(
            "stim", self.clock, faults=faults or OutputFaults()
        )
        gate = Gate((Wiring(30.0, 0.5, 25.0),), compiled_limits())
        self.role = OutputRole(self.device, gate, self.clock)
        self.role.open()
        self.armed_ns = self.clock.now_ns()
        self.sequence = 0

    def permit(self, amplitude: float = 0.0, **changes) -> OutputState:
        self.sequence += 1
        channel = ChannelPermit(
            amplitude=amplitude, pulse_width_us=200.0, frequency_hz=4.0
        )
        fields = {
            "session_id": "s",
            "sequence": self.sequence,
            "armed_ns": self.armed_ns,
            "issued_ns": self.clock.now_ns(),
            "ttl_ms": TTL_MS,
            "active": True,
            "channels": (channel,),
        }
        return self.role.obey(Permit(**{**fields, **changes}))

    def wait(self, ms: float) -> OutputState:
        self.clock.sleep(ms / 1000)
        return self.role.tick()

    def ramp(self, amplitude: float) -> OutputState:
        """Ask for an amplitude until it is there."""
        for _ in range(1000):
            state = self.permit(amplitude)
            if state.amplitudes == (amplitude,):
                return state
            self.clock.sleep(0.1)
        raise AssertionError(state)


def test_amplitude_rises_no_faster_than_the_slew_limit() -> None:
    bench = Bench()
    start_s = bench.clock.now_s()

    state = bench.ramp(5.0)

    assert state.active
    assert bench.clock.now_s() - start_s >= 5.0 - 0.2  # 1 mA/s
    steps = [a for _, (a,) in bench.device.history]
    assert all(b - a <= 0.5 for a, b in zip([0.0, *steps], steps, strict=False))


def test_it_falls_at_once() -> None:
    bench = Bench()
    bench.ramp(5.0)

    assert bench.permit(1.0).amplitudes == (1.0,)


def test_without_permits_it_is_at_zero_when_the_last_has_expired() -> None:
    bench = Bench()
    bench.ramp(2.0)

    assert bench.wait(TTL_MS - 1).amplitudes == (2.0,)
    assert bench.wait(2).amplitudes == (0.0,)
    assert not bench.role.state().active


def test_after_an_expiry_it_starts_again_from_zero() -> None:
    bench = Bench()
    bench.ramp(5.0)
    bench.wait(TTL_MS + 1)

    assert bench.permit(5.0).amplitudes == (0.0,)


def test_a_stop_voids_its_arming_but_not_the_next() -> None:
    bench = Bench()
    bench.ramp(2.0)

    stopped = bench.role.stop()
    after = bench.permit(2.0)
    bench.clock.sleep(0.1)
    bench.armed_ns = bench.clock.now_ns()
    bench.clock.sleep(0.1)

    assert stopped.amplitudes == (0.0,)
    assert stopped.stopped_ns > 0
    assert not after.active
    assert after.fault is None
    assert bench.permit(0.0).active
    assert bench.ramp(2.0).active


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"ttl_ms": 301}, "permit_ttl"),
        ({"ttl_ms": 0}, "permit_ttl"),
        ({"issued_ns": 10**15}, "permit_future"),
        ({"channels": ()}, "permit_channels"),
    ],
)
def test_a_permit_that_no_engine_issues_is_a_fault(changes, fault: str) -> None:
    bench = Bench()
    bench.ramp(2.0)

    state = bench.permit(2.0, **changes)

    assert state.fault == fault
    assert state.amplitudes == (0.0,)
    assert bench.permit(2.0).amplitudes == (0.0,), "a fault is latched"


@pytest.mark.parametrize("amplitude", [float("nan"), float("inf"), -1.0])
def test_no_number_is_no_permit(amplitude: float) -> None:
    bench = Bench()
    bench.ramp(2.0)

    state = bench.permit(amplitude)

    assert state.fault == "permit_not_finite_or_negative"
    assert state.amplitudes == (0.0,)


def test_old_and_repeated_permits_change_nothing() -> None:
    bench = Bench()
    bench.ramp(2.0)
    before = bench.role.state().sequence

    repeated = bench.permit(1.0, sequence=before)
    late = bench.permit(1.0, issued_ns=bench.clock.now_ns() - TTL_MS * MS)
    older = bench.permit(1.0, armed_ns=bench.armed_ns - 1)

    for state in (repeated, late, older):
        assert state.amplitudes == (2.0,)
        assert state.fault is None
        assert state.sequence == before


def test_a_permit_that_asks_for_zero_gets_it() -> None:
    bench = Bench()
    bench.ramp(2.0)

    assert not bench.permit(0.0, active=False).active


@pytest.mark.parametrize(
    ("faults", "fault"),
    [
        (OutputFaults(loses_reply_from=20), "uncertain"),
        (OutputFaults(loses_command_from=20), "uncertain"),
        (OutputFaults(readback_error=0.5), "readback"),
        (OutputFaults(fault_at_s=2.5), "device_electrode"),
    ],
)
def test_a_device_that_misbehaves_is_taken_to_zero(faults, fault: str) -> None:
    bench = Bench(faults)
    for _ in range(40):
        bench.permit(10.0)
        state = bench.wait(100)

    assert state.fault is not None
    assert state.fault.startswith(fault) or fault.startswith(state.fault)
    assert state.amplitudes == (0.0,)
    assert bench.device.history[-1][1] == (0.0,)


def test_zero_that_is_not_confirmed_is_told_and_tried_again() -> None:
    bench = Bench(OutputFaults(ignores_stop=True, never_expires=True))
    bench.ramp(2.0)

    assert bench.role.stop().fault == "output_unknown"
    assert bench.wait(999).fault == "output_unknown"
    bench.device._faults = OutputFaults()
    state = bench.wait(2)

    assert state.amplitudes == (0.0,)
    assert state.fault == "output_unknown", "an operator must know"
    assert bench.role.clear_fault().fault is None


def test_a_fault_that_persists_cannot_be_cleared() -> None:
    bench = Bench(OutputFaults(fault_at_s=1.5))
    bench.wait(600)

    assert bench.role.clear_fault().fault == "device_electrode"
