"""Electrodes that settle, dry, jump and fall off, as data."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from drivers.errors import DriverConfigError
from drivers.subject.contaminants import ContaminantParams
from drivers.subject.electrodes import (
    ElectrodeFault,
    ElectrodeFaultKind,
    ElectrodeParams,
    Electrodes,
)
from drivers.subject.presets import subject_params
from drivers.subject.subject import SimulatedSubject, StreamStall

FS = 1000.0
LEAD_OFF = ElectrodeFault(ElectrodeFaultKind.LEAD_OFF, 2.0005, 3.0, channel=1)
JUMP = ElectrodeFault(ElectrodeFaultKind.IMPEDANCE_JUMP, 2.0, 3.0)
DRYING = ElectrodeFault(ElectrodeFaultKind.DRYING, 10.0, 100.0, factor=3.0)


def through(params, seconds, muscle=100.0, dirt=1.0, cuts=()):
    """Return what two electrodes make of constant muscle and dirt."""
    electrodes = Electrodes(params, FS, 2, 50.0, np.random.default_rng(4))
    edges = [0, *cuts, round(seconds * FS)]
    parts = []
    for start, stop in pairwise(edges):
        shape = (stop - start, 2)
        parts.append(
            electrodes.apply(start, np.full(shape, muscle), np.full(shape, dirt))
        )
    return np.concatenate(parts)


def test_gain_rises_by_a_tenth_and_wanders_by_half_as_much():
    emg = through(ElectrodeParams(settling=0.1, wander=0.05), 1500.0, dirt=0.0)
    start, end = emg[0] / 100.0, emg[-1] / 100.0
    assert np.all(np.abs(start - 1.0) <= 0.05)
    late = emg[round(1200 * FS) :] / 100.0
    assert late.mean(axis=0) == pytest.approx([1.1, 1.1], abs=0.02)
    assert np.ptp(late, axis=0) == pytest.approx([0.1, 0.1], abs=0.01)
    assert end[0] != end[1]


def test_lead_off_leaves_hum_and_no_muscle_on_its_channel_only():
    emg = through(ElectrodeParams(faults=(LEAD_OFF,)), 8.0)
    off = slice(2001, 5001)
    assert np.all(emg[:, 0] == 101.0)
    assert np.all(emg[:2001, 1] == 101.0)
    assert np.all(emg[5001:, 1] == 101.0)
    assert emg[off, 1].std() == pytest.approx(1000.0 / np.sqrt(2.0), rel=1e-3)
    assert abs(emg[off, 1].mean()) < 5.0


def test_impedance_jump_is_a_step_of_baseline_and_a_worse_contact():
    emg = through(ElectrodeParams(faults=(JUMP,)), 8.0)
    worse = 100.0 * 0.85 + 3.0
    assert emg[1999, 0] == 101.0
    assert emg[2000, 0] == pytest.approx(worse + 300.0)
    assert emg[4000, 0] == pytest.approx(worse + 300.0 * np.exp(-1.0), rel=1e-3)
    assert emg[5000, 0] == 101.0
    assert np.all(emg[:, 1] == 101.0)


def test_drying_grows_and_stays():
    emg = through(ElectrodeParams(faults=(DRYING,)), 200.0, muscle=0.0)
    assert emg[9999, 0] == 1.0
    assert emg[60_500, 0] == pytest.approx(2.0)
    assert np.all(np.diff(emg[:, 0]) >= 0.0)
    assert emg[-1, 0] == 3.0


def test_any_cutting_gives_the_same_electrodes():
    params = ElectrodeParams(0.1, 0.05, (LEAD_OFF, JUMP, DRYING))
    cuts = np.random.default_rng(0).choice(np.arange(1, 12_000), 200, replace=False)
    whole = through(params, 12.0)
    assert np.array_equal(through(params, 12.0, cuts=sorted(cuts)), whole)


@pytest.mark.parametrize(
    "bad", [{"at_s": -1.0}, {"duration_s": 0.0}, {"factor": 0.5}, {"at_s": np.nan}]
)
def test_faults_that_cannot_happen_are_refused(bad):
    with pytest.raises(DriverConfigError, match="electrode fault: expected"):
        replace(JUMP, **bad)
    with pytest.raises(DriverConfigError, match="stream stall: expected"):
        StreamStall(1.0, 0.0)


def test_a_subject_with_an_electrode_off_shows_hum_where_muscle_was():
    params = replace(
        subject_params("responder", 3),
        contaminants=ContaminantParams(0, 0, 0, 50.0, 0, 70.0, 0, 0),
        electrodes=ElectrodeParams(faults=(replace(LEAD_OFF, at_s=1.0),)),
    )
    plain = replace(params, electrodes=ElectrodeParams())
    faulty = SimulatedSubject(params, FS, 2, 3).step(5000).emg_uv
    good = SimulatedSubject(plain, FS, 2, 3).step(5000).emg_uv
    assert np.array_equal(faulty[:, 0], good[:, 0])
    assert np.array_equal(faulty[:1000, 1], good[:1000, 1])
    assert faulty[1000:4000, 1].std() == pytest.approx(707.0, rel=0.01)
    assert np.array_equal(faulty[4000:, 1], good[4000:, 1])


def test_chunks_of_a_stalled_stream_say_so_and_time_goes_on():
    params = replace(subject_params("responder", 3), stalls=(StreamStall(1.0, 0.5),))
    subject, twin = (SimulatedSubject(params, FS, 1, 3) for _ in range(2))
    chunks = [subject.step(100) for _ in range(20)]
    assert [i for i, c in enumerate(chunks) if c.is_stalled] == [10, 11, 12, 13, 14]
    emg = np.concatenate([chunk.emg_uv for chunk in chunks])
    assert np.array_equal(emg, twin.step(2000).emg_uv)
