"""A way down to zero that can be borne: hold what there is, ramp, zero."""

from dataclasses import dataclass

#: Bad signal: the amplitude may stay for this long, but not rise. A.
QUALITY_HOLD_S = 1.0

#: Then it falls to zero within this time. A: also when the operator is gone.
RAMP_S = 1.0


@dataclass(frozen=True, slots=True)
class Ebb:
    """An amplitude on its way to zero.

    Parameters
    ----------
    why : str
        What it is for: ``quality`` or ``operator_gone``.
    since_s : float
        When it began.
    from_amplitude : float
        Amplitude at that time, which is never exceeded again.
    hold_s : float
        How long the amplitude may stay before it falls.
    """

    why: str
    since_s: float
    from_amplitude: float
    hold_s: float

    @property
    def end_s(self) -> float:
        """When zero is reached."""
        return self.since_s + self.hold_s + RAMP_S

    def ceiling(self, t_s: float) -> float:
        """Return the highest amplitude that is allowed.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        float
            In the unit of the actuator: `from_amplitude`, then a straight line to 0.
        """
        falling_s = t_s - self.since_s - self.hold_s
        return self.from_amplitude * min(max(1.0 - falling_s / RAMP_S, 0.0), 1.0)

    def is_over(self, t_s: float) -> bool:
        """Return whether zero has been reached.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        bool
            True from the end of the ramp on.
        """
        return t_s >= self.end_s
