import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.subject.recruitment import (
    RecruitmentParams,
    rate_factor,
    recruit,
    weiss_factor,
)
from drivers.subject.stimulation import (
    SILENCE,
    Modality,
    Stimulation,
    StimulationLine,
)

ADULT = RecruitmentParams(7.0, 23.5, 43.0, 200.0)


def total(amplitude_ma, frequency_hz=4.0, pulse_width_us=200.0):
    stimulation = Stimulation(amplitude_ma, frequency_hz, pulse_width_us)
    return recruit(ADULT, stimulation).total


def test_silence_recruits_nothing():
    assert recruit(ADULT, SILENCE).total == 0.0
    assert total(20.0, frequency_hz=0.0) == 0.0
    assert total(20.0, pulse_width_us=0.0) == 0.0


def test_thresholds_are_where_the_sigmoids_are_half():
    assert recruit(ADULT, Stimulation(23.5, 4.0, 200.0)).motor == pytest.approx(0.5)
    assert total(11.0) == pytest.approx(0.175 + 0.65 / (1 + 2.718281828**5), rel=1e-6)
    assert total(23.5) == pytest.approx(0.35 + 0.325, rel=1e-3)
    assert total(60.0) == pytest.approx(1.0, abs=1e-5)


def test_weiss_scaling_with_chronaxie_as_pulse_width_doubles_the_rheobase():
    assert weiss_factor(ADULT, 200.0) == 1.0
    assert weiss_factor(ADULT, 1e9) == pytest.approx(0.5)
    assert weiss_factor(ADULT, 100.0) == pytest.approx(1.5)
    assert total(15.0 * 1.5, pulse_width_us=100.0) == pytest.approx(total(15.0))


def test_gentle_rates_are_fully_effective():
    assert [rate_factor(f) for f in (0.5, 1.0, 4.0, 10.0, 20.0)] == [0.5, 1, 1, 1, 0.5]


@given(st.floats(0.0, 100.0), st.floats(0.0, 20.0))
def test_more_current_never_recruits_less(amplitude_ma, more_ma):
    assert total(amplitude_ma) <= total(amplitude_ma + more_ma) <= 1.0


def test_line_is_silent_after_the_command_has_expired():
    line = StimulationLine()
    pulse = Stimulation(10.0, 4.0, 200.0)
    assert line.at(0.0) == SILENCE
    line.put(pulse, valid_until_s=1.0)
    assert line.at(0.999) == pulse
    assert line.at(1.0) == SILENCE
    line.cut()
    assert line.at(0.5) == SILENCE


def test_line_says_what_hangs_at_its_end():
    line = StimulationLine(Modality.MAT)
    line.put((Stimulation(4.0), Stimulation(7.0, 1.0)), valid_until_s=1.0)
    zones = line.sites_at(0.0)
    assert [zone.modality for zone in zones] == [Modality.MAT] * 2
    assert [zone.level for zone in zones] == [4.0, 7.0]
    assert line.at(0.0) == zones[0]
    assert line.at(0.0).amplitude_ma == 0.0
    assert line.sites_at(1.0) == (SILENCE,)


@pytest.mark.parametrize("modality", Modality)
def test_what_has_no_level_is_off_and_pulses_need_more(modality):
    assert not Stimulation(0.0, 4.0, 200.0, modality).is_on
    assert Stimulation(1.0, 4.0, 200.0, modality).is_on
    needs_rate = modality in {Modality.EMS, Modality.VIBRATION}
    assert Stimulation(1.0, modality=modality).is_on != needs_rate


def test_other_modalities_recruit_no_nerve():
    assert recruit(ADULT, Stimulation(30.0, 4.0, 200.0, Modality.MAT)).total == 0.0
