"""The control law: how the level of stimulation follows the tone."""

from dataclasses import dataclass

from service.core.program import IntegralLaw

#: A longer step than this is not integrated: the time in between was not controlled.
MAX_DT_S = 0.5


@dataclass(frozen=True, slots=True)
class Level:
    """The amplitude that the law wants in the on-part of a bout.

    Parameters
    ----------
    level_ma : float
        In milliampere.
    t_s : float
        When it was last updated.
    """

    level_ma: float = 0.0
    t_s: float = 0.0


def integrate(
    law: IntegralLaw, level: Level, t_s: float, excess_pct_mvc: float, cap_ma: float
) -> Level:
    """Move the level by the rate-limited integral of the excess tone.

    Parameters
    ----------
    law : IntegralLaw
        Gain and rate limits.
    level : Level
        From the previous call.
    t_s : float
        Now.
    excess_pct_mvc : float
        Tone minus threshold; positive means too tense.
    cap_ma : float
        The tightest ceiling now in force.

    Returns
    -------
    Level
        Between 0 and the cap. It is the bounded value that is integrated further
        (velocity form), so there is nothing to wind up at a limit.
    """
    dt_s = min(max(t_s - level.t_s, 0.0), MAX_DT_S)
    rate = law.gain_ma_per_s_per_pct * excess_pct_mvc
    rate = min(max(rate, -law.down_ma_per_s), law.up_ma_per_s)
    return Level(min(max(level.level_ma + rate * dt_s, 0.0), cap_ma), t_s)


def wean(rate_ma_per_s: float, level: Level, t_s: float) -> Level:
    """Lower the level after success.

    Parameters
    ----------
    rate_ma_per_s : float
        Fall per second.
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
    return Level(max(level.level_ma - rate_ma_per_s * dt_s, 0.0), t_s)
