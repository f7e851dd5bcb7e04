"""Safe optimisation across sessions, on people that it does not know."""

import math

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra optimise is not installed")

from service.core.laws.mapping import law_from_mapping
from service.core.laws.protocol import ClosedBout, Observation, Reason
from service.core.laws.safe_bayes import SafeBayesLaw, Trial, conclude


def responder(amplitude_ma):
    return 1.0 - 0.7 / (1.0 + math.exp(-(amplitude_ma - 9.0) / 2.0))


def guarding(amplitude_ma):
    """Helps a little up to 8 mA, then pain raises the tone steeply."""
    relief = 0.4 / (1.0 + math.exp(-(amplitude_ma - 5.0) / 1.5))
    return 1.0 - relief + 0.12 * max(0.0, amplitude_ma - 8.0) ** 1.5


def adverse(amplitude_ma):
    return 1.0 + 0.06 * amplitude_ma


def sessions(person, count, noise=0.0, seed=0, **parameters):
    rng, trials, proposals = np.random.default_rng(seed), (), []
    for _ in range(count):
        law = SafeBayesLaw(trials=trials, **parameters)
        proposal = law.propose()
        proposals.append(proposal)
        ratio = person(proposal.amplitude_ma) + noise * rng.standard_normal()
        trials += (Trial(proposal.amplitude_ma, max(ratio, 0.0)),)
    return proposals, trials


@pytest.mark.parametrize("person", [responder, guarding, adverse])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_proposal_is_safe_and_within_a_step_of_what_was_felt(person, seed) -> None:
    proposals, trials = sessions(person, 15, noise=0.08, seed=seed)

    felt_ma = 0.0
    for proposal, trial in zip(proposals, trials, strict=True):
        assert proposal.amplitude_ma <= felt_ma + 2.0 + 1e-9
        assert proposal.amplitude_ma <= proposal.safe_up_to_ma
        assert proposal.upper_ratio < 1.25 or proposal.amplitude_ma == 0.0
        felt_ma = max(felt_ma, trial.amplitude_ma)


def test_it_finds_the_amplitude_that_relaxes_a_responder() -> None:
    proposals, _ = sessions(responder, 18, noise=0.05, seed=4)
    assert responder(proposals[-1].amplitude_ma) < 0.45


def test_it_finds_the_best_without_visiting_the_pain_behind_it() -> None:
    proposals, trials = sessions(guarding, 20)
    worst = max(t.tone_ratio for t in trials)
    best = min(guarding(a) for a in np.arange(0, 15, 0.25))

    assert worst < 1.25
    assert guarding(proposals[-1].amplitude_ma) < best + 0.1


def test_it_stays_low_where_stimulation_raises_tone() -> None:
    _, trials = sessions(adverse, 15)

    assert max(t.tone_ratio for t in trials) < 1.25
    assert trials[-1].amplitude_ma < 4.0


def test_an_adverse_trial_bars_what_lies_above() -> None:
    good = tuple(Trial(float(a), 0.8) for a in range(1, 11))
    free = SafeBayesLaw(trials=good).propose()
    barred = SafeBayesLaw(trials=(*good, Trial(10.0, math.nan, adverse=True)))

    assert free.amplitude_ma > 7.0
    assert barred.propose().amplitude_ma <= 7.0


def test_the_ramp_passes_no_unsafe_amplitude() -> None:
    """A gap of bad tone between two good ranges must not be crossed."""
    trials = tuple(Trial(float(a), 1.6 if 5 <= a <= 7 else 0.7) for a in range(1, 13))
    law = SafeBayesLaw(trials=trials, length_ma=1.0)
    assert law.propose().amplitude_ma < 5.0


def test_the_same_trials_give_the_same_proposal() -> None:
    trials = tuple(Trial(1.3 * k, 1.0 - 0.03 * k) for k in range(6))
    assert (
        SafeBayesLaw(trials=trials).propose() == SafeBayesLaw(trials=trials).propose()
    )


def test_what_was_felt_in_the_calibration_gives_reach() -> None:
    assert SafeBayesLaw(felt_ma=7.0, effect_sd=0.05).propose().reach_ma == 9.0


def observe(law, state, t_s, level_ma, **changes):
    values = {
        "t_s": t_s,
        "level_ma": level_ma,
        "level_t_s": t_s - 0.1,
        "tone_pct_mvc": 9.0,
        "threshold_pct_mvc": 3.0,
        "cap_ma": 15.0,
    }
    return law.step(state, Observation(**{**values, **changes}))


def test_a_session_goes_to_the_proposal_and_reports_what_it_found() -> None:
    trials = tuple(Trial(float(a), 1.0 - 0.05 * a) for a in range(1, 9))
    law = law_from_mapping({"kind": "safe_bayes", "trials": trials})
    state, level, t_s = law.start(), 0.0, 0.0
    target = state.proposal.amplitude_ma
    assert conclude(state, 12.0, adverse=False) is None
    for k in range(600):
        t_s += 0.1
        closed = ClosedBout(6.0, level) if k % 50 == 49 else None
        state, level, reason = observe(law, state, t_s, level, closed=closed)
    assert level == pytest.approx(target)
    assert reason is Reason.MEASURING
    found = conclude(state, 12.0, adverse=False)
    assert found.amplitude_ma == pytest.approx(target)
    assert (found.tone_ratio, found.adverse) == (0.5, False)
    assert conclude(state, 12.0, adverse=True).adverse


def test_bouts_on_the_way_up_do_not_count() -> None:
    law = SafeBayesLaw(felt_ma=9.0, effect_sd=0.05, settle_bouts=0)
    state = law.start()
    target = state.proposal.amplitude_ma
    state, *_ = observe(law, state, 5.0, 3.0, closed=ClosedBout(30.0, 3.0))
    assert state.window.tones_pct_mvc == ()
    state, *_ = observe(law, state, 10.0, target, closed=ClosedBout(6.0, target))
    assert state.window.tones_pct_mvc == (6.0,)


def test_unknown_tone_does_not_raise_the_level_and_a_cap_is_kept() -> None:
    law = SafeBayesLaw(felt_ma=9.0, effect_sd=0.05)
    state = law.start()
    _, level, reason = observe(law, state, 1.0, 2.0, tone_pct_mvc=math.nan)
    assert (level, reason) == (2.0, Reason.UNKNOWN)
    assert observe(law, state, 1.0, 5.0, cap_ma=1.5)[1] == 1.5
