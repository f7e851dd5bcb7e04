"""A tuning as text for people and as data for dashboards and journals."""

import math
from dataclasses import dataclass, fields
from typing import Any

from service.core.laws.integral import IntegralLaw
from service.core.laws.pi import PiLaw
from service.core.laws.run_to_run import RunToRunLaw
from service.core.laws.tuning.identify import Identified
from service.core.laws.tuning.margins import Margins, loop_of, margins
from service.core.laws.tuning.response import LinearResponse

TunedLaw = IntegralLaw | PiLaw | RunToRunLaw


@dataclass(frozen=True, slots=True)
class Tuning:
    """A law, the response that it was tuned to, and the margins of the two.

    Parameters
    ----------
    law : IntegralLaw, PiLaw or RunToRunLaw
        With its parameters.
    response : LinearResponse
        The person.
    margins : Margins
        Of the sampled loop.
    tone_period_s : float
        Time between two tones.
    fit : Identified or None
        Quality of the identification, if there was one.
    """

    law: TunedLaw
    response: LinearResponse
    margins: Margins
    tone_period_s: float
    fit: Identified | None = None

    def record(self) -> dict[str, Any]:
        """Return the tuning as data.

        Returns
        -------
        dict
            Plain types for JSON; what is infinite or not a number becomes None.
        """
        fit = self.fit
        return {
            "law": {"kind": self.law.kind, **_parameters(self.law)},
            "response": {
                "gain_pct_mvc_per_ma": self.response.gain_pct_mvc_per_ma,
                "lags_s": list(self.response.lags_s),
                "delay_s": self.response.delay_s,
            },
            "tone_period_s": self.tone_period_s,
            "margins": {
                "stable": self.margins.stable,
                "gain": _finite(self.margins.gain),
                "phase_deg": _finite(self.margins.phase_deg),
                "delay_s": _finite(self.margins.delay_s),
                "crossover_rad_s": _finite(self.margins.crossover_rad_s),
            },
            "shortfalls": list(self.margins.shortfalls()),
            "fit": fit
            and {
                "explained": fit.explained,
                "gain_error_pct_mvc_per_ma": _finite(fit.gain_error_pct_mvc_per_ma),
                "lag_error_s": _finite(fit.lag_error_s),
                "residual_pct_mvc": fit.residual_pct_mvc,
            },
        }

    def text(self) -> str:
        """Return the tuning for people.

        Returns
        -------
        str
            A few lines without a final line break.
        """
        response, found = self.response, self.margins
        lags = " + ".join(f"{lag_s:.3g}" for lag_s in response.lags_s)
        parameters = ", ".join(f"{k} {v:.3g}" for k, v in _parameters(self.law).items())
        verdict = found.shortfalls() or ("margins are sufficient",)
        rows = {
            "response": f"{response.gain_pct_mvc_per_ma:+.3g} %MVC/mA, lag {lags} s, "
            f"dead time {response.delay_s:.3g} s",
            "fit": "none" if self.fit is None else _fit_text(self.fit),
            "law": f"{self.law.kind}: {parameters}",
            "margins": f"gain ×{found.gain:.2f}, phase {found.phase_deg:.0f}°, delay "
            f"{found.delay_s:.1f} s, with a tone every {self.tone_period_s:g} s",
            "verdict": "; ".join(verdict),
        }
        return "\n".join(f"{name:<9} {said}" for name, said in rows.items())


def examine(
    law: TunedLaw,
    identified: Identified | LinearResponse,
    tone_period_s: float,
    law_period_s: float | None = None,
) -> Tuning:
    """Close a law around a response and look at the margins.

    Parameters
    ----------
    law : IntegralLaw, PiLaw or RunToRunLaw
        With its parameters, tuned or chosen by hand.
    identified : Identified or LinearResponse
        The person.
    tone_period_s : float
        Time between two tones: a bout, or for run-to-run a run.
    law_period_s : float or None
        Time between two steps of the law; None means one for each tone.

    Returns
    -------
    Tuning
        To be shown and journalled.
    """
    fit = identified if isinstance(identified, Identified) else None
    response = identified.response if isinstance(identified, Identified) else identified
    loop = loop_of(law, response, tone_period_s, law_period_s)
    return Tuning(law, response, margins(loop), tone_period_s, fit)


def _fit_text(fit: Identified) -> str:
    return (
        f"explains {100 * fit.explained:.0f} %, gain ± "
        f"{fit.gain_error_pct_mvc_per_ma:.2g} %MVC/mA, lag ± {fit.lag_error_s:.2g} s, "
        f"residual {fit.residual_pct_mvc:.2g} %MVC"
    )


def _parameters(law: TunedLaw) -> dict[str, float]:
    return {declared.name: getattr(law, declared.name) for declared in fields(law)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
