import numpy as np
import pytest

from drivers.clock import ManualClock
from drivers.errors import ConnectError, DriverConfigError
from drivers.outputs.simulated import SimulatedOutput
from drivers.ports import ChannelCommand
from drivers.sources.simulated import MAX_CHUNKS_PER_POLL, SimulatedSource
from drivers.subject.person import Task
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import StimulationLine
from drivers.subject.subject import SimulatedSubject

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
