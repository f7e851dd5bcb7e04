from dataclasses import replace

import numpy as np
import pytest

from drivers.clock import ManualClock
from drivers.errors import ConnectError, DriverConfigError
from drivers.outputs.simulated import SimulatedOutput
from drivers.ports import ChannelCommand, OutputChannel
from drivers.sources.simulated import MAX_CHUNKS_PER_POLL, SimulatedSource
from drivers.subject.person import Task
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import Modality, StimulationLine
from drivers.subject.subject import SimulatedSubject, StreamStall

FS = 2048.0


def make(preset="responder", seed=1, line=None, chunk_samples=32, n_channels=2):
    clock = ManualClock(1_000_000_000)
    who = SimulatedSubject(subject_params(preset, seed), FS, n_channels, seed)
    return SimulatedSource("emg", who, clock, line, chunk_samples), clock, who


def collect(source, seconds):
    n_chunks = round(seconds * FS / 32)
    chunks = []
    while len(chunks) < n_chunks:
        chunks += source.poll(0.1)
    return chunks


def test_what_is_not_open_cannot_be_polled():
    source, _, _ = make()
    with pytest.raises(ConnectError, match="not open"):
        source.poll(1.0)


def test_poll_lets_virtual_time_pass_chunk_by_chunk():
    source, clock, _ = make()
    info = source.open()
    (chunk,) = source.poll(1.0)
    assert info.nominal_rate_hz == FS
    assert [channel.label for channel in info.channels] == [
        "trapezius_r",
        "trapezius_l",
    ]
    assert chunk.emg_uv.shape == (32, 2)
    assert chunk.t_s[0] == 1.0
    assert chunk.arrival_s == clock.now_s() == pytest.approx(1.0 + 32 / FS, abs=1e-8)


def test_poll_waits_no_longer_than_it_may():
    source, clock, _ = make()
    source.open()
    assert source.poll(0.004) == []
    assert clock.now_s() == pytest.approx(1.004)
    assert source.poll(0.0) == []


def test_stamps_are_gapless_and_never_drift():
    source, clock, _ = make()
    source.open()
    t_s = np.concatenate([chunk.t_s for chunk in collect(source, 20.0)])
    assert t_s == pytest.approx(1.0 + np.arange(t_s.size) / FS, abs=1e-9)
    assert clock.now_s() == pytest.approx(21.0, abs=1e-6)


def test_a_late_reader_gets_everything_in_portions():
    source, clock, _ = make()
    source.open()
    clock.sleep(2.0)
    first = source.poll(0.0)
    rest = source.poll(0.0)
    assert (len(first), len(rest)) == (MAX_CHUNKS_PER_POLL, 128 - MAX_CHUNKS_PER_POLL)
    assert first[-1].t_s[-1] < rest[0].t_s[0]


def test_truth_tells_tone_and_stimulation_of_every_chunk():
    source, _, who = make()
    source.open()
    source.prompt(Task.MVC)
    collect(source, 2.0)
    truth = source.truth[-1]
    assert truth.tone_pct_mvc.shape == (32,)
    assert truth.tone_pct_mvc[-1] > 80.0
    assert source.tone_pct_mvc == pytest.approx(who.person.tone_pct_mvc)
    assert len(source.truth) == 128


def test_output_drives_the_subject_over_the_line():
    line = StimulationLine()
    source, clock, who = make(line=line)
    who.person.tense_up()
    output = SimulatedOutput("stim", clock, line=line)
    source.open()
    output.open()
    tense = who.params.person.tone.tense_pct_mvc
    for sequence in range(600):
        amplitude_ma = min(25.0, sequence // 10 * 0.5)
        output.apply(sequence, [ChannelCommand(amplitude_ma, 200.0, 4.0)], 0.3)
        collect(source, 0.1)
    assert np.mean(source.truth[-1].tone_pct_mvc) < 0.2 * tense
    assert source.truth[-1].stimulation.amplitude_ma == 25.0
    collect(source, 0.5)
    assert not source.truth[-1].stimulation.is_on  # nobody refreshed the command


def test_a_stalled_subject_sends_nothing_and_its_time_goes_on():
    params = replace(subject_params("responder", 1), stalls=(StreamStall(0.5, 0.25),))
    source = SimulatedSource(
        "emg", SimulatedSubject(params, FS, 1, 1), ManualClock(1_000_000_000)
    )
    source.open()
    chunks = collect(source, 1.0)
    gaps_s = np.diff([chunk.t_s[0] for chunk in chunks])
    assert gaps_s.max() == pytest.approx(0.25 + 32 / FS, abs=32 / FS)
    assert np.sum(gaps_s > 1.5 * 32 / FS) == 1
    truth_s = np.diff([truth.t_s for truth in source.truth])
    assert truth_s == pytest.approx(np.full(truth_s.size, 32 / FS))


def test_a_needle_inserted_twitches():
    source, _, _ = make("needle-sequence", seed=3)
    source.open()
    collect(source, 1.0)
    assert source.tone_pct_mvc < 3.0
    for _ in range(5):  # seven of ten twitch
        source.insert_needle()
        collect(source, 0.1)
    assert max(truth.tone_pct_mvc.max() for truth in source.truth) > 40.0


def test_zones_of_an_output_reach_the_person_over_one_line():
    line = StimulationLine(Modality.MAT)
    source, clock, who = make("responder-tonic", line=line, n_channels=1)
    zones = tuple(OutputChannel(name, "kPa", 20.0, 0.5) for name in ("neck", "back"))
    output = SimulatedOutput("mat", clock, zones, line=line)
    source.open()
    output.open()
    who.person.tense_up()
    for sequence in range(1, 100):
        output.apply(sequence, [ChannelCommand(18.0, 0.0, 0.0)] * 2, 1.0)
        collect(source, 0.5)
    assert source.truth[-1].stimulation.level == 18.0
    assert source.tone_pct_mvc < 0.5 * source.truth[64].tone_pct_mvc[-1]


def test_same_seed_same_samples():
    one, two = make()[0], make()[0]
    one.open()
    two.open()
    for left, right in zip(collect(one, 1.0), collect(two, 1.0), strict=True):
        assert np.array_equal(left.emg_uv, right.emg_uv)


def test_close_is_idempotent():
    source, _, _ = make()
    source.close()
    source.open()
    source.close()
    source.close()
    with pytest.raises(ConnectError, match="not open"):
        source.poll(1.0)


def test_chunk_of_no_samples_is_refused():
    with pytest.raises(DriverConfigError, match="chunk_samples >= 1"):
        make(chunk_samples=0)
