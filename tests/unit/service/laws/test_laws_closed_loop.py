"""Each law around a simulated person: right sign, no response, wrong sign."""

import numpy as np
import pytest

from service.core.laws.mapping import law_from_mapping
from service.core.laws.protocol import Observation, Reason
from service.core.program import ResponsePlan
from tests.support.law_loop import THRESHOLD_PCT_MVC, Person, treat_in_bouts

CAP_MA = 15.0
BASELINE = 12.0
GRADED = ["dead_band", "integral", "pi", "run_to_run"]
ALL = {
    "dead_band": {},
    "integral": {},
    "pi": {},
    "relay": {"on_ma": 12.0},
    "perturb": {},
    "run_to_run": {},
}


def build(kind):
    return law_from_mapping({"kind": kind, **ALL[kind]})


@pytest.mark.parametrize("kind", GRADED)
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_a_graded_law_brings_the_tone_to_the_threshold_and_keeps_it(
    kind, noise
) -> None:
    course = treat_in_bouts(build(kind), Person(-1.0, noise=noise), 600, CAP_MA)

    # The dead band is 0.6 %MVC wide and moves by whole steps of 1 %MVC here.
    bound = 2.6 if kind == "dead_band" else 1.2
    assert np.abs(course.last(120) - THRESHOLD_PCT_MVC).max() < bound
    assert course.peak_ma < 1.35 * (BASELINE - THRESHOLD_PCT_MVC)


def test_the_relay_cycles_with_its_minimum_times() -> None:
    course = treat_in_bouts(build("relay"), Person(-1.0), 600, CAP_MA)
    rising = np.diff(course.level_ma) > 1e-9
    starts = np.flatnonzero(
        rising[1:] & ~rising[:-1] & (np.array(course.level_ma)[1:-1] < 0.1)
    )

    assert course.peak_ma == pytest.approx(12.0)
    assert starts.size >= 3
    assert np.diff(starts).min() * 0.1 >= 20.0
    assert course.last(300).min() < THRESHOLD_PCT_MVC


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_perturbing_finds_the_threshold_without_knowing_the_gain(noise) -> None:
    person = Person(-0.8, noise=noise, seed=3)
    course = treat_in_bouts(build("perturb"), person, 900, CAP_MA)

    assert course.last(60).max() < 1.1 * THRESHOLD_PCT_MVC
    assert course.peak_ma <= CAP_MA


@pytest.mark.parametrize("gain", [0.2, 0.6, 2.0])
@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_perturbing_does_not_run_away_where_the_sign_is_wrong(
    gain, noise, seed
) -> None:
    person = Person(gain, noise=noise, seed=seed)
    course = treat_in_bouts(build("perturb"), person, 1200, CAP_MA)
    naive = treat_in_bouts(build("integral"), Person(gain), 1200, CAP_MA)

    # It tries in steps of 1 mA until tone is a tenth higher, and takes that back.
    assert course.peak_ma <= max(1.0, 0.15 * BASELINE / gain) + 1.0
    assert max(course.true_pct_mvc) < 1.25 * BASELINE
    assert course.dose_ma_s < 0.6 * naive.dose_ma_s
    assert course.level_ma[-1] < 0.1 * CAP_MA


def test_perturbing_gives_up_after_its_failed_climbs() -> None:
    course = treat_in_bouts(build("perturb"), Person(1.0), 900, CAP_MA)

    assert course.reasons[-1] is Reason.GIVEN_UP
    assert course.level_ma[-1] == 0.0
    assert course.state.failed_climbs == 3


@pytest.mark.parametrize("kind", sorted(ALL))
def test_the_guards_stop_what_a_law_does_not_notice(kind) -> None:
    open_ended = treat_in_bouts(build(kind), Person(1.5, noise=0.5), 600, CAP_MA)
    guarded = treat_in_bouts(
        build(kind), Person(1.5, noise=0.5), 600, CAP_MA, guarded=True
    )

    if kind == "perturb":
        assert guarded.peak_ma <= 3.0
        assert guarded.dose_ma_s < 200
    else:
        assert open_ended.peak_ma > 0.75 * CAP_MA
        assert guarded.strikes >= 1
        assert guarded.dose_ma_s < 0.25 * open_ended.dose_ma_s
        # A strike leaves less than what it was for, whatever the law wants.
        cap_ma = ResponsePlan().cap_ratio * guarded.peak_ma
        assert guarded.level_ma[-1] <= cap_ma + 1e-9


@pytest.mark.parametrize("kind", sorted(ALL))
def test_nobody_is_driven_beyond_the_cap_for_want_of_a_response(kind) -> None:
    course = treat_in_bouts(build(kind), Person(0.0), 300, 6.0)

    assert course.peak_ma <= 6.0
    assert course.reasons[-1] in {Reason.CEILING, Reason.HELD, Reason.MEASURING}


def test_back_calculation_leaves_the_cap_as_soon_as_tone_falls() -> None:
    law = law_from_mapping({"kind": "pi", "gain_ma_per_pct": 0.5, "integral_s": 20.0})
    person = Person(-1.0, lag_s=4.0, delay_s=0.5, tone=30.0)
    stuck = treat_in_bouts(law, person, 300, 8.0)
    assert stuck.level_ma[-1] == 8.0

    # Five minutes of 19 %MVC would have summed up to 140 mA.
    assert stuck.state.integral_ma == pytest.approx(8.0, abs=0.01)
    relieved = Observation(
        t_s=300.1,
        level_ma=8.0,
        level_t_s=300.0,
        tone_pct_mvc=2.5,
        threshold_pct_mvc=3.0,
        cap_ma=8.0,
    )
    assert law.step(stuck.state, relieved)[1] == pytest.approx(7.8)
