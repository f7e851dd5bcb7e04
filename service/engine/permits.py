"""Turning decisions into permits: numbered, dated, of one arming."""

from service.core.decide import Decision
from service.core.model import Phase
from service.core.state import Session
from service.messages import ChannelPermit, OutputState, Permit

#: Life of a permit; the compiled ceiling is 300 ms. A: two lost permits do not matter.
PERMIT_TTL_MS = 250

SILENT = ChannelPermit(amplitude=0.0, pulse_width_us=0.0, frequency_hz=0.0)


def begins(before: Phase, session: Session) -> bool:
    """Return whether this is the moment from which on a stop concerns the session.

    It is armed then, or, where nothing is actuated, has begun.
    """
    first = Phase.ARMED if session.setup.program.actuates else Phase.TREATING
    return session.phase is first and before is Phase.READY


class PermitDesk:
    """Issues the permits of one output, of which a session drives some channels."""

    def __init__(self, n_channels: int) -> None:
        self._silence = (SILENT,) * n_channels
        self.armed_ns = 0
        self.sequence = 0

    def arm(self, now_ns: int) -> None:
        """Begin a new arming: its permits count from 1."""
        self.armed_ns, self.sequence = now_ns, 0

    def issue(self, session: Session, decision: Decision, now_ns: int) -> Permit:
        """Return the permit of a decision; zero if it is not active."""
        channels = list(self._silence)
        program = session.setup.program
        if not program.actuates:
            msg = f"program {program.name} actuates nothing: it has no permits"
            raise ValueError(msg)
        for site, drive in zip(session.setup.sites, decision.drives, strict=False):
            channels[site.index] = ChannelPermit(
                amplitude=drive.amplitude,
                pulse_width_us=drive.pulse_width_us,
                frequency_hz=drive.frequency_hz,
            )
        self.sequence += 1
        return Permit(
            session_id=session.setup.session_id,
            sequence=self.sequence,
            armed_ns=self.armed_ns,
            issued_ns=now_ns,
            ttl_ms=PERMIT_TTL_MS,
            active=decision.active,
            channels=tuple(channels),
        )


def pulse_rate_hz(
    session: Session | None, decision: Decision, output: OutputState | None
) -> float:
    """Return the rate of the pulses that the device gives or is about to give.

    From the permit on, because the first pulse may come before its readback.
    """
    confirmed = output is not None and output.active and any(output.amplitudes)
    if session is None or not (confirmed or decision.amplitude > 0):
        return 0.0
    return session.setup.program.frequency_hz
