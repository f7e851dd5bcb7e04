"""The control law: how the level of stimulation follows the tone."""

from dataclasses import dataclass

from service.core.laws.protocol import MAX_DT_S


@dataclass(frozen=True, slots=True)
class Level:
    """The amplitude that the law wants in the on-part of a bout.

    Parameters
    ----------
    amplitude : float
        In the unit of the actuator.
    t_s : float
        When it was last updated.
    """

    amplitude: float = 0.0
    t_s: float = 0.0


def wean(rate_per_s: float, level: Level, t_s: float) -> Level:
    """Lower the level after success.

    Parameters
    ----------
    rate_per_s : float
        Fall of the amplitude per second.
    level : Level
        From the previous call.
    t_s : float
        Now.

    Returns
    -------
    Level
        Never below 0.
    """
    dt_s = min(max(t_s - level.t_s, 0.0), MAX_DT_S)
    return Level(max(level.amplitude - rate_per_s * dt_s, 0.0), t_s)
