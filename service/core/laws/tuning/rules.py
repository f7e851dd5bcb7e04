"""From an identified response to the parameters of a law."""

from dataclasses import dataclass, fields, replace

from service.core.laws.integral import IntegralLaw
from service.core.laws.parameters import LawParameters
from service.core.laws.pi import PiLaw
from service.core.laws.run_to_run import RunToRunLaw
from service.core.laws.tuning.margins import loop_of, margins
from service.core.laws.tuning.response import LinearResponse

#: Loop gain of the pure integral times all lags and delays, for a phase margin of
#: about 60°. C: checked by the margins of the sampled loop in the tests.
INTEGRAL_RULE = 0.5
#: SIMC: the integral time is at most this many dead times (Skogestad 2003, J. Process
#: Control 13:291; R).
SIMC_INTEGRAL_DELAYS = 8.0
#: A little above what a loop must have. A.
TUNED_GAIN_MARGIN = 3.2
#: The engine steps the law with every chunk; faster than this makes no difference. A.
LAW_PERIOD_S = 0.1
#: Share of the error that one run corrects. A: 0.3–0.5.
RUN_CORRECTION = 0.4


@dataclass(frozen=True, slots=True)
class NotTuned:
    """A refusal to tune.

    Parameters
    ----------
    reason : str
        What is wrong, and what to do.
    """

    reason: str


def tune_integral(
    response: LinearResponse, tone_period_s: float
) -> IntegralLaw | NotTuned:
    """Choose the gain of the rate-limited integral.

    Parameters
    ----------
    response : LinearResponse
        Identified; its delay includes that of the tension window.
    tone_period_s : float
        Time between two tones: a bout.

    Returns
    -------
    IntegralLaw or NotTuned
        ``|Kp| Ki = 0.5 / (sum of lags + delay + half a period)``.
    """
    refusal = _refusal(response)
    if refusal is not None:
        return refusal
    slow_s = sum(response.lags_s) + _delay_s(response, tone_period_s)
    gain = INTEGRAL_RULE / (abs(response.gain_pct_mvc_per_ma) * slow_s)
    name = "gain_ma_per_s_per_pct"
    return IntegralLaw(gain_ma_per_s_per_pct=_within(IntegralLaw, name, gain))


def tune_pi(
    response: LinearResponse, tone_period_s: float, law_period_s: float = LAW_PERIOD_S
) -> PiLaw | NotTuned:
    """Choose gain and integral time of the PI law.

    Parameters
    ----------
    response : LinearResponse
        Identified; its delay includes that of the tension window.
    tone_period_s : float
        Time between two tones: a bout. A whole number of law periods.
    law_period_s : float
        Time between two steps of the law.

    Returns
    -------
    PiLaw or NotTuned
        SIMC with the closed-loop time equal to the dead time: ``Kc = τ1 / (2 |Kp| θ)``
        and ``τI = min(τ1, 8 θ)``. Of a second lag, half goes to the first and half to
        the dead time. A rule for continuous loops asks too much of one that sees a
        tone per bout, so the gain is lowered until the gain margin is
        `TUNED_GAIN_MARGIN`.
    """
    refusal = _refusal(response)
    if refusal is not None:
        return refusal
    first_s, *others_s = sorted(response.lags_s, reverse=True)
    second_s = others_s[0] if others_s else 0.0
    lag_s = first_s + 0.5 * second_s
    delay_s = _delay_s(response, tone_period_s) + 0.5 * second_s + sum(others_s[1:])
    gain = lag_s / (2.0 * abs(response.gain_pct_mvc_per_ma) * delay_s)
    integral_s = min(lag_s, SIMC_INTEGRAL_DELAYS * delay_s)
    law = PiLaw(
        gain_ma_per_pct=_within(PiLaw, "gain_ma_per_pct", gain),
        integral_s=_within(PiLaw, "integral_s", integral_s),
    )
    room = margins(loop_of(law, response, tone_period_s, law_period_s)).gain
    slower = law.gain_ma_per_pct * min(1.0, room / TUNED_GAIN_MARGIN)
    return replace(law, gain_ma_per_pct=_within(PiLaw, "gain_ma_per_pct", slower))


def tune_run_to_run(
    response: LinearResponse, settle_bouts: int
) -> RunToRunLaw | NotTuned:
    """Take over the size of the response for corrections between runs.

    Parameters
    ----------
    response : LinearResponse
        Identified.
    settle_bouts : int
        Bouts of a run that are waited for.

    Returns
    -------
    RunToRunLaw or NotTuned
        With the customary share of the error.
    """
    refusal = _refusal(response)
    if refusal is not None:
        return refusal
    name, size = "response_pct_mvc_per_ma", abs(response.gain_pct_mvc_per_ma)
    return RunToRunLaw(
        correction=RUN_CORRECTION,
        response_pct_mvc_per_ma=_within(RunToRunLaw, name, size),
        settle_bouts=settle_bouts,
    )


def _refusal(response: LinearResponse) -> NotTuned | None:
    if response.relaxes:
        return None
    return NotTuned(
        f"tone changes by {response.gain_pct_mvc_per_ma:+.2g} %MVC/mA: stimulation "
        "does not lower it; use perturb and observe, or do not stimulate"
    )


def _delay_s(response: LinearResponse, tone_period_s: float) -> float:
    return response.delay_s + 0.5 * tone_period_s


def _within(law: type[LawParameters], name: str, value: float) -> float:
    """Keep a tuned value inside of the range that the law declares."""
    (declared,) = (f for f in fields(law) if f.name == name)
    low, high = declared.metadata["low"], declared.metadata["high"]
    return float(min(max(value, low), high))
