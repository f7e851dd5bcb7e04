import pytest

from drivers.subject.tone import BistableTone, TonicTone, advance_tone

SPASM = BistableTone(0.5, 6.5, 18.0, 3.0, noise=0.0)
TONIC = TonicTone(0.5, 12.0, 3.0, noise=0.0)


def settle(params, tone, inhibition=0.0, excitation=0.0, seconds=200.0, provoked=True):
    for _ in range(round(seconds / 0.01)):
        tone = advance_tone(
            params, tone, inhibition, excitation, 0.0, dt_s=0.01, provoked=provoked
        )
    return tone


@pytest.mark.parametrize("level", [0.5, 6.5, 18.0])
def test_the_three_levels_are_fixed_points(level):
    assert SPASM.rate(level, provoked=True) == pytest.approx(0.0, abs=1e-12)
    assert settle(SPASM, level, seconds=1.0) == pytest.approx(level)


def test_linear_rate_at_the_tense_level_is_one_over_tau():
    slope = (
        SPASM.rate(18.001, provoked=True) - SPASM.rate(17.999, provoked=True)
    ) / 0.002
    assert slope == pytest.approx(-1.0 / 3.0, rel=1e-3)


@pytest.mark.parametrize(("start", "end"), [(6.3, 0.5), (6.7, 18.0), (40.0, 18.0)])
def test_saddle_divides_rest_from_spasm(start, end):
    assert settle(SPASM, start) == pytest.approx(end, rel=1e-3)


def test_critical_inhibition_agrees_with_its_limit_for_a_low_rest_level():
    near_zero = BistableTone(1e-6, 6.5, 18.0, 3.0, noise=0.0)
    expected = (18.0 - 6.5) ** 2 / 4.0 * near_zero.k
    assert near_zero.critical_inhibition() == pytest.approx(expected, rel=1e-4)


def test_spasm_breaks_only_beyond_the_critical_inhibition():
    critical = SPASM.critical_inhibition()
    held = settle(SPASM, 18.0, inhibition=0.97 * critical, seconds=600.0)
    broken = settle(SPASM, 18.0, inhibition=1.03 * critical, seconds=600.0)
    assert held > 10.0
    assert broken < 1.0
    assert settle(SPASM, broken) == pytest.approx(0.5, rel=1e-2)


def test_tonic_level_follows_inhibition_and_excitation():
    expected = (12.0 / 3.0 + 1.0) / (1.0 / 3.0 + 0.5)
    tone = settle(TONIC, 12.0, inhibition=0.5, excitation=1.0)
    assert tone == pytest.approx(expected, rel=1e-6)


def test_tonic_inhibition_for_a_target_reaches_it_and_no_more():
    tone = settle(TONIC, 12.0, inhibition=TONIC.inhibition_for(3.0))
    assert tone == pytest.approx(3.0, rel=1e-6)
    assert settle(TONIC, tone) == pytest.approx(12.0, rel=1e-6)


def test_tonic_drive_is_off_until_provoked():
    assert settle(TONIC, 12.0, provoked=False) == pytest.approx(0.5)


def test_tone_stays_physiological():
    assert advance_tone(SPASM, 0.5, 0.0, -1e6, 0.0, dt_s=0.01, provoked=True) == 0.0
    assert advance_tone(SPASM, 0.5, 0.0, 1e6, 0.0, dt_s=0.01, provoked=True) == 100.0
