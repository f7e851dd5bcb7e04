"""The output role: obeys fresh permits, expires stale ones, confirms by readback."""

import math
from dataclasses import dataclass, field

from drivers.errors import (
    CommandRefused,
    DeviceFault,
    DriverError,
    ProtocolError,
    UncertainOutput,
)
from drivers.ports import ChannelCommand, Clock, Output, Readback
from service.core.actuators import Drive
from service.core.permits import Admitted, Claim, Gate
from service.messages import OutputState, Permit

NS_PER_S = 1_000_000_000

#: The device is asked for its state at least this often.
READ_EVERY_NS = 50_000_000

#: Attempts to confirm zero at once, before waiting for the next retry.
STOP_ATTEMPTS = 3

#: After that it is tried again this often until the device confirms.
RETRY_NS = NS_PER_S

#: A device that says less or more than it was told by this much has not understood.
READBACK_TOLERANCE_MA = 1e-6

#: Refusals that say nothing about a fault: they come with every stop and every delay.
HARMLESS = frozenset({"stopped", "expired", "older_arming", "sequence"})

UNKNOWN = "output_unknown"

NOTHING = Readback(-1, active=False, amplitudes=())


@dataclass(slots=True)
class _Told:
    """What the device was told last and what it answered."""

    session_id: str = ""
    readback: Readback = field(default=NOTHING)
    read_ns: int = -NS_PER_S
    limited_by: str = ""
    stopped_by: str = ""


class OutputRole:
    """One device behind one `Gate`. Every method returns with the device handled.

    A fault takes the device to zero and is latched: no permit is obeyed until
    `clear_fault`. Zero that the device does not confirm is tried again for ever.
    """

    def __init__(self, output: Output, gate: Gate, clock: Clock) -> None:
        self._output = output
        self._gate = gate
        self._clock = clock
        self._told = _Told()
        self._fault: str | None = None
        self._retry_ns: int | None = None
        self._sequence = -1

    def open(self) -> OutputState:
        """Connect and make sure that the device is at zero; driver errors pass."""
        self._see(self._output.open())
        if not _is_zero(self._told.readback):
            self._zero()
        return self.state()

    def obey(self, permit: Permit) -> OutputState:
        """Do what a permit allows, if it is fresh and nothing is wrong."""
        if self._has_expired():
            # Nobody looked at the time for a while, and the device went to zero by
            # itself: what comes now starts from there.
            self._zero()
        if not permit.active:
            self._zero()
        elif self._fault is None:
            self._judge(permit)
        return self.state()

    def tick(self) -> OutputState:
        """Let permits expire, look at the device, go on trying for zero."""
        now_ns = self._clock.now_ns()
        retry = self._retry_ns is not None and now_ns >= self._retry_ns
        if retry or self._has_expired():
            self._zero()
        elif self._retry_ns is None and now_ns - self._told.read_ns >= READ_EVERY_NS:
            self._look()
        return self.state()

    def stop(self, reason: str = "") -> OutputState:
        """Zero now; void every permit of armings up to this moment."""
        self._told.stopped_by = reason
        self._zero()
        self._gate = self._gate.stopped(self._clock.now_ns())
        return self.state()

    def clear_fault(self) -> OutputState:
        """Forget the fault if the device is fine again, at zero."""
        self._fault = None
        self._zero()
        return self.state()

    def close(self) -> None:
        """Zero and let go of the device."""
        self._zero()
        self._output.close()

    def state(self) -> OutputState:
        """Return what is known."""
        told = self._told
        return OutputState(
            now_ns=self._clock.now_ns(),
            session_id=told.session_id,
            sequence=self._gate.sequence,
            active=told.readback.active,
            amplitudes=told.readback.amplitudes,
            stopped_ns=self._gate.stopped_ns,
            stopped_by=told.stopped_by,
            fault=self._fault,
            limited_by=told.limited_by,
        )

    def _has_expired(self) -> bool:
        now_ns = self._clock.now_ns()
        return self._told.readback.active and now_ns >= self._gate.expires_ns

    def _judge(self, permit: Permit) -> None:
        claim = Claim(
            permit.sequence,
            permit.armed_ns,
            permit.issued_ns,
            permit.ttl_ms,
            tuple(
                [
                    Drive(one.amplitude, one.pulse_width_us, one.frequency_hz)
                    for one in permit.channels
                ]
            ),
            permit.session_id,
        )
        now_ns = self._clock.now_ns()
        verdict = self._gate.admit(claim, now_ns)
        if isinstance(verdict, Admitted):
            self._told.session_id = permit.session_id
            self._apply(permit, verdict, (claim.expires_ns - now_ns) / NS_PER_S)
        elif verdict.why not in HARMLESS:
            self._fail(f"permit_{verdict.why}")

    def _apply(self, permit: Permit, admitted: Admitted, valid_for_s: float) -> None:
        self._gate = admitted.gate
        self._told.limited_by = admitted.limited_by
        commands = [
            ChannelCommand(amplitude, channel.pulse_width_us, channel.frequency_hz)
            for amplitude, channel in zip(
                admitted.amplitudes, permit.channels, strict=True
            )
        ]
        self._sequence += 1
        try:
            readback = self._output.apply(self._sequence, commands, valid_for_s)
        except DriverError as error:
            self._fail(fault_of(error))
            return
        self._see(readback)
        if not _confirms(readback, self._sequence, admitted.amplitudes):
            self._fail("readback")

    def _look(self) -> None:
        expected = self._told.readback
        try:
            readback = self._output.read()
        except DriverError as error:
            self._fail(fault_of(error))
            return
        self._see(readback)
        if readback.active and not expected.active:
            self._fail("active_unasked")
        elif readback.active and readback.amplitudes != expected.amplitudes:
            self._fail("readback")

    def _see(self, readback: Readback) -> None:
        self._told.readback = readback
        self._told.read_ns = self._clock.now_ns()
        if readback.fault is not None and self._fault is None:
            self._fail(f"device_{readback.fault}")

    def _fail(self, fault: str) -> None:
        # The readback of the stop may name the fault better than the error did.
        self._zero()
        if self._fault is None:
            self._fault = fault

    def _zero(self) -> None:
        """Stop until the device confirms; else say that nobody knows, and go on."""
        self._gate = self._gate.zeroed()
        self._told.limited_by = ""
        for _ in range(STOP_ATTEMPTS):
            try:
                readback = self._output.stop()
            except DriverError:
                # Tried again below; what cannot be confirmed is told as unknown.
                continue
            self._told.readback = readback
            self._told.read_ns = self._clock.now_ns()
            if readback.fault is not None and self._fault is None:
                self._fault = f"device_{readback.fault}"
            if _is_zero(readback):
                self._retry_ns = None
                return
        self._fault = UNKNOWN
        self._retry_ns = self._clock.now_ns() + RETRY_NS


def fault_of(error: DriverError) -> str:
    """Return the name of the fault that an error of a driver means."""
    match error:
        case CommandRefused():
            return "command_refused"
        case DeviceFault():
            return "device"
        case UncertainOutput():
            return "uncertain"
        case ProtocolError():
            return "protocol"
        case _:
            return "driver"


def _is_zero(readback: Readback) -> bool:
    return not readback.active and not any(readback.amplitudes)


def _confirms(
    readback: Readback, sequence: int, amplitudes_ma: tuple[float, ...]
) -> bool:
    return (
        readback.active
        and readback.sequence == sequence
        and len(readback.amplitudes) == len(amplitudes_ma)
        and all(
            math.isclose(said, told, abs_tol=READBACK_TOLERANCE_MA)
            for said, told in zip(readback.amplitudes, amplitudes_ma, strict=True)
        )
    )
