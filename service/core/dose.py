"""What has gone out so far: on-time of the last minute and charge of the session."""

import math
from dataclasses import dataclass

from service.core.actuators import Actuator, Drive
from service.core.evolve import evolve
from service.core.limits import Limits, Quantity

#: On-time is counted over this long.
ON_WINDOW_S = 60.0

#: Once the on-time is used up, this much of it must have passed before more. A.
REST_S = 0.5

UC_PER_MC = 1000.0


# Without slots: `evolve` copies it many times per second.
@dataclass(frozen=True)
class Dose:
    """Account of one channel.

    Parameters
    ----------
    t_s : float
        Up to when it is settled.
    rate_uc_per_s : float
        Charge per second that goes out since then.
    until_s : float
        When that ends by itself.
    charge_uc : float
        Charge of the session, one phase of each pulse.
    spans : tuple of (float, float)
        Begin and end of each stretch of on-time in the last minute.
    is_resting : bool
        Whether the on-time is used up, until some of it has passed.
    is_on : bool
        Whether anything goes out since `t_s`.
    window_s : float
        The on-time is counted over this long.
    """

    t_s: float = 0.0
    rate_uc_per_s: float = 0.0
    until_s: float = -math.inf
    charge_uc: float = 0.0
    spans: tuple[tuple[float, float], ...] = ()
    is_resting: bool = False
    is_on: bool = False
    window_s: float = ON_WINDOW_S

    def at(self, t_s: float, on_fraction: float) -> "Dose":
        """Settle the account.

        Parameters
        ----------
        t_s : float
            Now.
        on_fraction : float
            Share of the last minute that may be on.

        Returns
        -------
        Dose
            With everything up to now.
        """
        end_s = min(t_s, self.until_s)
        spans, charge = self.spans, self.charge_uc
        if self.is_on and end_s > self.t_s:
            charge += self.rate_uc_per_s * (end_s - self.t_s)
            if spans and spans[-1][1] == self.t_s:
                spans = (*spans[:-1], (spans[-1][0], end_s))
            else:
                spans = (*spans, (self.t_s, end_s))
        while spans and spans[0][1] <= t_s - self.window_s:
            spans = spans[1:]
        full_s = on_fraction * self.window_s - (REST_S if self.is_resting else 0.0)
        return evolve(
            self,
            t_s=t_s,
            charge_uc=charge,
            spans=spans,
            is_resting=_on_s(spans, t_s - self.window_s) > full_s,
        )

    @property
    def on_s(self) -> float:
        """On-time of the last minute."""
        return _on_s(self.spans, self.t_s - self.window_s)

    def applied(self, drive: Drive, until_s: float) -> "Dose":
        """Note what goes out from now on.

        Parameters
        ----------
        drive : Drive
            Amplitude and pulse; an amplitude of 0 ends the on-time.
        until_s : float
            When it ends if nothing else is said.

        Returns
        -------
        Dose
            With the new rate: Q = I · PW · f, which is 0 where there is no current.
        """
        rate = drive.amplitude * drive.pulse_width_us * drive.frequency_hz * 1e-3
        is_on = drive.amplitude > 0
        return evolve(self, rate_uc_per_s=rate, until_s=until_s, is_on=is_on)

    def ceilings(self, limits: Limits, actuator: Actuator) -> dict[str, float]:
        """Say whether the account is used up.

        Parameters
        ----------
        limits : mapping of Quantity to Bound
            Limits in force.
        actuator : Actuator
            What it is an account of.

        Returns
        -------
        dict
            Reason to a ceiling of 0; empty while there is something left.
        """
        used = {}
        on_fraction = actuator.on_fraction
        if self.is_resting and on_fraction is not None:
            used[f"{on_fraction}:{limits[on_fraction].origin}"] = 0.0
        charge = limits[Quantity.SESSION_CHARGE_MC]
        if self.charge_uc >= charge.value * UC_PER_MC:
            used[f"session_charge:{charge.origin}"] = 0.0
        return used


def on_fraction_of(limits: Limits, actuator: Actuator) -> float:
    """Return the share of the time that an actuator may be on.

    Parameters
    ----------
    limits : mapping of Quantity to Bound
        Limits in force.
    actuator : Actuator
        The actuator.

    Returns
    -------
    float
        1 where contact may last.
    """
    quantity = actuator.on_fraction
    return 1.0 if quantity is None else limits[quantity].value


def _on_s(spans: tuple[tuple[float, float], ...], begin_s: float) -> float:
    """Add up what is later than a time: only the oldest span can reach beyond it."""
    if not spans:
        return 0.0
    (begin, end), *later = spans
    total = end - max(begin, begin_s)
    for begin, end in later:
        total += end - begin
    return total
