"""Muscle responses out of the raw EMG of on parts."""

import math
from dataclasses import replace

import numpy as np
import pytest

from service.engine.muscle import NO_PULSES, TOO_FAST, OnPart
from tests.support.virtual_rig import VirtualRig, demo_program

FS = 2000.0
RATE_HZ = 4.0
CHUNK = 50
PERIOD = round(FS / RATE_HZ)


def raw_uv(n_pulses: int, wave_uv: float, artifact_uv: float = 3000.0):
    """Return an on part with its pulses, and the half second after it."""
    n = PERIOD * (n_pulses + 1) + 1000
    emg_uv = np.random.default_rng(4).normal(0.0, 5.0, n) + 300.0
    after_s = np.arange(200) / FS
    u = (after_s - 0.010) / 0.003
    shape = -u * np.exp(-0.5 * u * u)
    evoked = wave_uv * shape / np.ptp(shape) + artifact_uv * np.exp(-after_s / 0.002)
    pulses = PERIOD * (1 + np.arange(n_pulses))
    for row in pulses:
        emg_uv[row : row + len(evoked)] += evoked
    return emg_uv, pulses


def play(emg_uv, amplitudes_ma, *, triggers=None) -> OnPart:
    """Let a part hear a signal; amplitudes are those at the ends of its chunks."""
    part = OnPart(FS, RATE_HZ)
    for k, start in enumerate(range(0, len(emg_uv), CHUNK)):
        rows = np.arange(start, start + CHUNK)
        known = (
            None if triggers is None else list(np.flatnonzero(np.isin(rows, triggers)))
        )
        assert not part.is_complete
        part.hear(emg_uv[start : start + CHUNK], known, (start + CHUNK) / FS)
        if k < len(amplitudes_ma):
            part.note(amplitudes_ma[k])
        elif part.is_complete:
            break
    return part


def n_chunks(n_pulses: int) -> int:
    """Return the length of an on part: the next pulse would come after it."""
    return (PERIOD * n_pulses + PERIOD // 2) // CHUNK


def test_pulses_are_found_or_told_and_say_the_same():
    emg_uv, pulses = raw_uv(10, 900.0)
    steady = [6.0] * n_chunks(10)
    found = play(emg_uv, steady).measure(9.0, 50.0, 80.0)
    told = play(emg_uv, steady, triggers=pulses).measure(9.0, 50.0, 80.0)

    for response in (found, told):
        assert response.m_wave_uv == pytest.approx(900.0, rel=0.05)
        assert response.amplitude_ma == 6.0
        assert response.median_frequency_hz == 80.0
        assert response.why == ""


def test_only_pulses_of_the_last_amplitude_count():
    emg_uv, _ = raw_uv(10, 900.0)
    half = n_chunks(10) // 2
    emg_uv[: half * CHUNK] *= 0.5
    rising = [2.0] * half + [6.0] * (n_chunks(10) - half)

    response = play(emg_uv, rising).measure(9.0, 50.0, math.nan)
    assert response.amplitude_ma == pytest.approx(6.0, abs=0.1)
    assert response.m_wave_uv == pytest.approx(900.0, rel=0.05)


def test_a_part_without_pulses_says_so_and_one_at_zero_says_nothing():
    silent = np.random.default_rng(1).normal(0.0, 5.0, 4000)

    response = play(silent, [5.0] * 40).measure(9.0, 50.0, math.nan)
    assert (response.why, response.amplitude_ma) == (NO_PULSES, 5.0)
    assert math.isnan(response.m_wave_uv)
    assert play(silent, [0.0] * 40).measure(9.0, 50.0, math.nan) is None
    assert OnPart(FS, RATE_HZ).measure(9.0, 50.0, math.nan) is None


def test_a_gap_is_noticed():
    part = OnPart(FS, RATE_HZ)
    assert part.follows(123.0, CHUNK)
    part.hear(np.zeros(CHUNK), None, 123.0)

    assert part.follows(123.0 + CHUNK / FS, CHUNK)
    assert not part.follows(123.5, CHUNK)


def test_pulses_too_fast_for_an_m_wave_are_told():
    program = replace(demo_program(), frequency_hz=20.0)
    rig = VirtualRig("responder", program=program)
    rig.open()
    rig.run(lambda r: any(e.kind == "muscle_response" for e in r.events))

    (told,) = [e.detail for e in rig.events if e.kind == "muscle_response"]
    assert (told["why"], told["m_wave_uv"]) == (TOO_FAST, None)


def test_nobody_measures_what_nobody_heeds():
    rig = VirtualRig("responder", program=demo_program(treatment_s=12.0))
    rig.engine._observers._muscle._heeded = False
    rig.open()
    rig.run(lambda r: r.phase == "reassessing")

    assert not [e for e in rig.events if e.kind == "muscle_response"]
