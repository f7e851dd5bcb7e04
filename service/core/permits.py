"""Which permits the output obeys: fresh, newer than the last, and within every bound.

The gate trusts nobody: it knows the compiled limits and those of the rig, its own
memory of what was felt, and monotonic time. It decides nothing but "this much at most".
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from service.core.actuators import (
    MAX_CURRENT_CHANNELS,
    Drive,
    Wiring,
    drive_ceilings,
)
from service.core.dose import Dose, on_fraction_of
from service.core.evolve import evolve
from service.core.limits import Limits, bound_amplitude
from service.core.plans import Modality
from service.core.slew import Established

#: A permit never lives longer than this. A: engineering proposal.
MAX_TTL_MS = 300

#: A permit issued further ahead than this is not of this host's clock. A.
MAX_AHEAD_NS = 5_000_000

NS_PER_MS = 1_000_000
_NS = 1e-9


class Claim(NamedTuple):
    """A permit as the gate sees it.

    Parameters
    ----------
    sequence : int
        Rises by at least one from permit to permit of one arming.
    armed_ns, issued_ns : int
        Monotonic times at which the session was armed and the permit was issued.
    ttl_ms : int
        Life of the permit from ``issued_ns`` on.
    drives : tuple of Drive
        One per channel; the amplitudes are not on the device's grid yet.
    session_id : str
        Whose charge it counts as.
    """

    sequence: int
    armed_ns: int
    issued_ns: int
    ttl_ms: int
    drives: tuple[Drive, ...]
    session_id: str = ""

    @property
    def expires_ns(self) -> int:
        """When the permit ends."""
        return self.issued_ns + self.ttl_ms * NS_PER_MS


# Without slots: `evolve` copies it many times per second.
@dataclass(frozen=True)
class Gate:
    """What the output remembers from permit to permit.

    Parameters
    ----------
    wiring : tuple of Wiring
        The channels.
    limits : mapping of Quantity to Bound
        Compiled and rig limits.
    armed_ns, sequence, expires_ns : int
        Of the newest permit that was obeyed.
    stopped_ns : int
        The newest stop: armings before it are void.
    established : tuple of Established
        Memory of the slew limit, per channel.
    doses : tuple of Dose
        On-time and charge, per channel. No stop and no new arming clears the on-time;
        the charge is that of `session_id`.
    session_id : str
        Of the newest permit that was obeyed.
    """

    wiring: tuple[Wiring, ...]
    limits: Limits
    armed_ns: int = -1
    sequence: int = -1
    expires_ns: int = 0
    stopped_ns: int = -1
    established: tuple[Established, ...] = field(default=())
    doses: tuple[Dose, ...] = field(default=())
    session_id: str = ""

    def stopped(self, now_ns: int) -> "Gate":
        """Return the gate after a stop.

        Parameters
        ----------
        now_ns : int
            Monotonic time.

        Returns
        -------
        Gate
            Obeys no arming that is not later.
        """
        return evolve(self, stopped_ns=now_ns, expires_ns=0, established=())

    def zeroed(self) -> "Gate":
        """Return the gate after an expiry: what follows starts again from zero.

        Returns
        -------
        Gate
            Without memory of what was felt.
        """
        return evolve(self, expires_ns=0, established=())

    def admit(self, claim: Claim, now_ns: int) -> "Admitted | Refusal":
        """Judge a permit.

        Parameters
        ----------
        claim : Claim
            The permit.
        now_ns : int
            Monotonic time.

        Returns
        -------
        Admitted or Refusal
            What may go out and until when, or why nothing may.
        """
        why = self._why_not(claim, now_ns)
        if why:
            return Refusal(why)
        memory = self.established
        issued_s, expires_ns = claim.issued_ns * _NS, claim.expires_ns
        if not memory or claim.armed_ns != self.armed_ns:
            memory = (Established(issued_s),) * len(self.wiring)
        expires_s = expires_ns * _NS
        amplitudes: list[float] = []
        felt: list[Established] = []
        doses: list[Dose] = []
        limited_by = ""
        for wiring, before, dose, drive in zip(
            self.wiring, memory, self._settled(claim), claim.drives, strict=True
        ):
            ceilings = {}
            if drive.amplitude != 0.0:  # no bound is below that
                ceilings = self._ceilings(wiring, before, dose, drive, issued_s)
            bounded = bound_amplitude(drive.amplitude, ceilings, wiring.amplitude_step)
            limited_by = limited_by or bounded.most_limiting
            amplitudes.append(bounded.amplitude)
            felt.append(before.after(issued_s, bounded.exact))
            doses.append(dose.applied(drive.at(bounded.amplitude), expires_s))
        gate = evolve(
            self,
            armed_ns=claim.armed_ns,
            sequence=claim.sequence,
            expires_ns=expires_ns,
            established=tuple(felt),
            doses=tuple(doses),
            session_id=claim.session_id,
        )
        return Admitted(gate, tuple(amplitudes), limited_by)

    def _why_not(self, claim: Claim, now_ns: int) -> str:
        if claim.armed_ns <= self.stopped_ns:
            return "stopped"
        if not 0 < claim.ttl_ms <= MAX_TTL_MS:
            return "ttl"
        if claim.issued_ns > now_ns + MAX_AHEAD_NS or claim.armed_ns > claim.issued_ns:
            return "future"
        if claim.expires_ns <= now_ns:
            return "expired"
        if claim.armed_ns < self.armed_ns:
            return "older_arming"
        if claim.armed_ns == self.armed_ns and claim.sequence <= self.sequence:
            return "sequence"
        if len(claim.drives) != len(self.wiring):
            return "channels"
        if not all(map(_is_number, claim.drives)):
            return "not_finite_or_negative"
        if self._currents(claim) > MAX_CURRENT_CHANNELS:
            return "too_many_currents"
        return ""

    def _currents(self, claim: Claim) -> int:
        return sum(
            [
                wiring.modality is Modality.EMS and drive.amplitude > 0
                for wiring, drive in zip(self.wiring, claim.drives, strict=True)
            ]
        )

    def _settled(self, claim: Claim) -> tuple[Dose, ...]:
        """Return what has gone out up to now, per channel."""
        doses = self.doses or tuple(account(wiring) for wiring in self.wiring)
        if claim.session_id != self.session_id:
            doses = tuple(evolve(dose, charge_uc=0.0) for dose in doses)
        issued_s, limits = claim.issued_ns * _NS, self.limits
        return tuple(
            [
                dose.at(issued_s, on_fraction_of(limits, wiring.actuator))
                for dose, wiring in zip(doses, self.wiring, strict=True)
            ]
        )

    def _ceilings(
        self, wiring: Wiring, before: Established, dose: Dose, drive: Drive, t_s: float
    ) -> dict[str, float]:
        # Time between the decisions, not between their arrivals: what the engine
        # found to be a legal rise is not cut because the second permit was faster.
        actuator = wiring.actuator
        ceilings = drive_ceilings(self.limits, wiring, drive)
        ceilings["device"] = wiring.max_amplitude
        ceilings.update(dose.ceilings(self.limits, actuator))
        slew = self.limits[actuator.slew]
        ceiling = before.ceiling(t_s, slew.value, actuator.max_step)
        ceilings[f"slew:{slew.origin}"] = ceiling + ROUNDING
        return ceilings


def account(wiring: Wiring) -> Dose:
    """Return the account of a channel on which nothing has gone out yet.

    Parameters
    ----------
    wiring : Wiring
        The channel.

    Returns
    -------
    Dose
        Empty.
    """
    return Dose(window_s=wiring.actuator.on_window_s)


def _is_number(drive: Drive) -> bool:
    # No number compares, and nothing finite is infinite.
    return (
        0 <= drive.amplitude < math.inf
        and 0 <= drive.pulse_width_us < math.inf
        and 0 <= drive.frequency_hz < math.inf
    )


#: Engine and output compute the slew ceiling from times of different resolution.
ROUNDING = 1e-6


class Admitted(NamedTuple):
    """A permit that is obeyed.

    Parameters
    ----------
    gate : Gate
        The gate afterwards.
    amplitudes : tuple of float
        Per channel, in its unit: finite, on the grid, within every bound.
    limited_by : str
        The bound that made an amplitude smaller than its permit; empty when none did.
    """

    gate: Gate
    amplitudes: tuple[float, ...]
    limited_by: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A permit that is not obeyed, and why, in one word."""

    why: str
