"""Identification from off-windows: exact without noise, honest with it."""

import numpy as np
import pytest

from service.core.laws.integral import IntegralLaw
from service.core.laws.pi import PiLaw
from service.core.laws.run_to_run import RunToRunLaw
from service.core.laws.tuning.identify import (
    IdentificationBout,
    Identified,
    NotIdentified,
    identify,
)
from service.core.laws.tuning.response import LinearResponse
from service.core.laws.tuning.rules import (
    NotTuned,
    tune_integral,
    tune_pi,
    tune_run_to_run,
)
from service.core.laws.tuning.summary import examine
from tests.support.law_loop import DT_S, Person

DOUBLET = ((0.0, 0.0), (20.0, 6.0), (70.0, 0.0))


def recorded(gain, lag_s=10.0, delay_s=1.5, noise=0.0, drift=0.0, seed=0, **how):
    """Measure a person in the last 0.7 s of every 5 s; noise is alike for 1 s."""
    changes_s, levels = np.array(how.get("level", DOUBLET), float).T
    person = Person(gain, lag_s, delay_s, tone=15.0)
    rng = np.random.default_rng(seed)
    times, tones, error = [], [], 0.0
    for k in range(round(how.get("duration_s", 120.0) / DT_S)):
        t_s = k * DT_S
        tone = max(0.0, person.tone + person.answer)
        person.step(levels[np.searchsorted(changes_s, t_s + 1e-9) - 1])
        error = 0.9 * error + 0.19**0.5 * rng.standard_normal()
        if k % 50 >= 43:
            times.append(t_s)
            tones.append(tone + drift * t_s + noise * error)
    return IdentificationBout(changes_s, levels, np.array(times), np.array(tones))


@pytest.mark.parametrize("gain", [-1.0, -0.3, 0.8])
@pytest.mark.parametrize(("lag_s", "delay_s"), [(10.0, 1.5), (5.0, 0.5), (20.0, 4.0)])
def test_without_noise_the_person_is_found(gain, lag_s, delay_s) -> None:
    found = identify(recorded(gain, lag_s, delay_s))

    assert isinstance(found, Identified)
    assert found.response.gain_pct_mvc_per_ma == pytest.approx(gain, rel=1e-3)
    assert found.response.lags_s[0] == pytest.approx(lag_s, rel=0.02)
    assert found.response.delay_s == pytest.approx(delay_s, abs=0.12)
    assert found.explained > 0.999


def test_errors_tell_the_truth_about_the_spread() -> None:
    fits = [identify(recorded(-0.7, 12.0, 2.0, noise=0.8, seed=k)) for k in range(20)]
    good = [fit for fit in fits if isinstance(fit, Identified)]
    gains = np.array([fit.response.gain_pct_mvc_per_ma for fit in good])
    told = np.mean([fit.gain_error_pct_mvc_per_ma for fit in good])

    assert len(good) >= 16
    assert abs(gains.mean() + 0.7) < 0.1
    assert 0.5 < gains.std() / told < 2.0


@pytest.mark.parametrize("drift", [0.0, -0.03, -0.1])
def test_a_person_who_only_drifts_is_no_responder(drift) -> None:
    found = [identify(recorded(0.0, noise=0.8, drift=drift, seed=k)) for k in range(10)]
    assert all(isinstance(fit, NotIdentified) for fit in found)


def test_drift_does_not_pass_for_response() -> None:
    found = identify(recorded(-0.8, noise=0.3, drift=-0.05))
    assert isinstance(found, Identified)
    assert found.response.gain_pct_mvc_per_ma == pytest.approx(-0.8, abs=0.15)


def test_a_ramp_that_drift_explains_as_well_is_refused() -> None:
    ramp = tuple((float(t), 0.1 * t) for t in range(0, 120, 5))
    found = identify(recorded(-0.5, lag_s=1.0, noise=0.5, level=ramp))
    assert isinstance(found, NotIdentified)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tone_pct_mvc": np.full(168, np.nan)}, "finite"),
        ({"tone_pct_mvc": np.full(168, 4.0)}, "did not change"),
        ({"tone_pct_mvc": np.ones(3)}, "every tone needs a time"),
        ({"tone_t_s": np.arange(9.0), "tone_pct_mvc": np.arange(9.0)}, "9 tones"),
        ({"level_ma": np.array([0.0, 0.5, 0.0])}, "moved by 0.5 mA"),
        ({"level_ma": np.array([0.0, 5.0])}, "every change"),
        ({"change_t_s": np.array([0.0, 70.0, 20.0])}, "must not decrease"),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_name(changes, said) -> None:
    good = recorded(-1.0)
    names = ("change_t_s", "level_ma", "tone_t_s", "tone_pct_mvc")
    values = {name: getattr(good, name) for name in names}
    found = identify(IdentificationBout(**{**values, **changes}))

    assert isinstance(found, NotIdentified)
    assert said in found.reason


def test_units_of_time_far_from_zero_do_not_matter() -> None:
    good = recorded(-1.0, noise=0.3)
    later = IdentificationBout(
        good.change_t_s + 2e5, good.level_ma, good.tone_t_s + 2e5, good.tone_pct_mvc
    )
    here, there = identify(good), identify(later)
    assert isinstance(here, Identified)
    assert isinstance(there, Identified)
    assert there.response.gain_pct_mvc_per_ma == pytest.approx(
        here.response.gain_pct_mvc_per_ma, rel=1e-4
    )


def test_rules_follow_their_formulas() -> None:
    response = LinearResponse(-0.8, (10.0, 3.0), 1.5)
    integral, run = tune_integral(response, 5.0), tune_run_to_run(response, 3)

    assert isinstance(integral, IntegralLaw)
    assert integral.gain_ma_per_s_per_pct == pytest.approx(0.5 / 0.8 / (13 + 4.0))
    assert isinstance(run, RunToRunLaw)
    assert run.response_pct_mvc_per_ma == 0.8


def test_simc_is_reproduced_where_the_loop_is_fast() -> None:
    # Half of 20 ms of sampling is the only difference to the continuous rule.
    for lags_s, delay_s, gain, integral_s in [
        ((10.0, 3.0), 1.5, 1.92, 11.5),
        ((20.0, 5.0), 2.0, 2.50, 22.5),
    ]:
        law = tune_pi(LinearResponse(-1.0, lags_s, delay_s), 0.02, 0.02)
        assert isinstance(law, PiLaw)
        assert law.gain_ma_per_pct == pytest.approx(gain, rel=0.01)
        assert law.integral_s == pytest.approx(integral_s)


@pytest.mark.parametrize("lag_s", [2.0, 13.0, 60.0])
@pytest.mark.parametrize("delay_s", [0.0, 1.5, 7.3])
@pytest.mark.parametrize("tune", [tune_integral, tune_pi])
def test_tuned_laws_have_margins_at_the_pace_of_bouts(tune, lag_s, delay_s) -> None:
    response = LinearResponse(-0.9, (lag_s,), delay_s)
    tuning = examine(tune(response, 5.0), response, 5.0, 0.1)

    assert tuning.margins.shortfalls() == ()


def test_nothing_is_tuned_on_a_response_of_the_wrong_sign() -> None:
    response = LinearResponse(0.4, (10.0,), 1.0)
    for refused in (
        tune_integral(response, 5.0),
        tune_pi(response, 5.0),
        tune_run_to_run(response, 3),
    ):
        assert isinstance(refused, NotTuned)
        assert "does not lower it" in refused.reason


def test_a_tuning_is_shown_as_text_and_as_data() -> None:
    fit = identify(recorded(-1.0, noise=0.3))
    assert isinstance(fit, Identified)
    law = tune_integral(fit.response, 5.0)
    assert isinstance(law, IntegralLaw)
    tuning = examine(law, fit, 5.0, 0.1)
    record, text = tuning.record(), tuning.text()

    assert record["law"]["kind"] == "integral"
    assert record["margins"]["gain"] == tuning.margins.gain
    assert record["shortfalls"] == []
    assert record["fit"]["explained"] == fit.explained
    assert [line.split()[0] for line in text.splitlines()] == [
        "response",
        "fit",
        "law",
        "margins",
        "verdict",
    ]
    assert "margins are sufficient" in text
