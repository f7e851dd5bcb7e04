"""The subject's process on one side, real LSL between, a bare loop on the other."""

import contextlib
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from drivers.outputs.lsl import LslOutput
from drivers.ports import ChannelCommand, OutputChannel
from drivers.stimulation_wire import STREAM_TYPE, decode
from tests.support.lsl_session import isolated_lsl

pytestmark = [pytest.mark.lsl, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
FS = 2048.0
RESOLVE_S = 15.0
STREAMS = ("subject", "truth", "stim", "markers")


@pytest.fixture
def lsl():
    return isolated_lsl()


@contextlib.contextmanager
def subject_process(tag, *options):
    """Start the subject; yield its process and end it by closing its input."""
    emg, truth, stim, markers = (f"{tag}-{name}" for name in STREAMS)
    command = [sys.executable, "-m", "drivers.subject", "--until-stdin-closes"]
    command += ["--stream-name", emg, "--truth-name", truth]
    command += ["--stimulation-name", stim, "--markers-name", markers, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT) as process:
        try:
            yield process
            process.stdin.close()
            assert process.wait(5.0) == 0
        finally:
            process.kill()


def subscribe(lsl, name):
    found = lsl.resolve_byprop("name", name, 1, RESOLVE_S)
    assert found, f"stream {name} did not appear within {RESOLVE_S} s"
    inlet = lsl.StreamInlet(found[0], 30, recover=False)
    inlet.open_stream(5.0)
    return inlet


def collect(inlet, seconds):
    end_s = time.monotonic() + seconds
    chunks, stamps = [], []
    while time.monotonic() < end_s:
        samples, t_s = inlet.pull_chunk(0.1, min_samples=1, as_numpy=True)
        if len(t_s):
            chunks.append(samples)
            stamps.append(t_s)
    return np.concatenate(chunks), np.concatenate(stamps)


def marker_outlet(lsl, tag):
    info = lsl.StreamInfo(f"{tag}-markers", "Markers", 1, 0.0, lsl.cf_string, tag)
    return lsl.StreamOutlet(info)


def prompt(outlet, task):
    outlet.push_sample([json.dumps({"kind": "prompt", "detail": {"task": task}})])


def wait_for_receiver(outlet):
    assert outlet.wait_for_consumers(RESOLVE_S)


def test_stream_is_described_paced_and_honestly_stamped(lsl):
    with subject_process("described", "--seed", "3", "--channels", "2"):
        inlet = subscribe(lsl, "described-subject")
        info = inlet.info(5.0)
        samples, stamps = collect(inlet, 3.0)
        age_s = lsl.local_clock() - stamps[-1]
    assert (info.type(), info.nominal_srate()) == ("EMG", FS)
    assert info.source_id() == f"{info.name()}-responder-3"
    assert info.get_channel_labels() == ["trapezius_r", "trapezius_l"]
    assert info.get_channel_units() == ["microvolts"] * 2
    assert info.desc().child_value("manufacturer")
    assert samples.shape[1] == 2
    assert np.diff(stamps) == pytest.approx(1 / FS, abs=1e-6)
    assert 0.0 < age_s < 0.25
    assert 1.0 < samples[:, 0].std() < 30.0


def test_prompts_and_stimulation_change_the_tone(lsl):
    markers = marker_outlet(lsl, "loop")
    with subject_process("loop", "--preset", "responder-tonic", "--seed", "2"):
        truth = subscribe(lsl, "loop-truth")
        wait_for_receiver(markers)
        relaxed = collect(truth, 1.0)[0][-1, 0]
        prompt(markers, "mvc")
        effort = collect(truth, 2.0)[0][-1, 0]
        prompt(markers, "relax")
        tense = collect(truth, 6.0)[0][-1, 0]
        treated, amplitude_ma, held = stimulate(truth)
    assert relaxed < 1.0
    assert effort > 80.0
    assert tense > 7.0
    assert amplitude_ma == 25.0
    assert treated < 0.5 * tense
    assert held == 0.0  # the last command expired, nobody said stop


def stimulate(truth):
    """Ramp up for 13 s; return tone and amplitude, and the amplitude 1 s later."""
    output = LslOutput("loop-stim", [OutputChannel("trapezius_r", "mA", 30.0, 0.5)])
    output.open()
    seen = []
    for sequence in range(130):
        command = ChannelCommand(min(25.0, sequence // 4 * 0.5 + 15.0), 200.0, 4.0)
        output.apply(sequence, [command], 0.3)
        seen.append(collect(truth, 0.1)[0][-1])
    after = collect(truth, 1.0)[0][-1, 1]
    assert output.has_receiver
    output.close()
    return seen[-1][0], seen[-1][1], after


def test_a_cohort_feels_zones_and_needles(lsl):
    markers = marker_outlet(lsl, "zones")
    options = ("--cohort", "needle-sequence-tonic", "--seed", "3", "--modality", "mat")
    zones = [OutputChannel(name, "kPa", 20.0, 0.5) for name in ("neck", "back")]
    output = LslOutput("zones-stim", zones)
    with subject_process("zones", *options):
        truth = subscribe(lsl, "zones-truth")
        units = truth.info(5.0).get_channel_units()
        source_id = subscribe(lsl, "zones-subject").info(5.0).source_id()
        wait_for_receiver(markers)
        output.open()
        felt_kpa = 0.0
        for sequence in range(100):
            commands = [ChannelCommand(0.0, 0.0, 0.0), ChannelCommand(9.0, 0.0, 0.0)]
            output.apply(sequence, commands, 0.3)
            felt_kpa = collect(truth, 0.1)[0][-1, 1]
            if felt_kpa:
                break
        output.close()
        highest = 0.0
        for _ in range(6):  # seven of ten insertions twitch
            markers.push_sample([json.dumps({"kind": "insertion"})])
            highest = max(highest, collect(truth, 0.5)[0][:, 0].max())
    assert units == ["percent_mvc", "kPa"]
    assert source_id == "zones-subject-needle-sequence-tonic-3"
    assert felt_kpa == 9.0
    assert highest > 20.0


def test_muscles_are_reached_by_outputs_of_their_own_kind(lsl):
    """A current and a pressure from one stream, told apart by their units."""
    markers = marker_outlet(lsl, "three")
    outputs = [
        OutputChannel("thumb", "kPa", 300.0, 0.5),
        OutputChannel("trapezius_r", "mA", 30.0, 0.5),
        OutputChannel("trapezius_l", "mA", 30.0, 0.5),
        OutputChannel("levator_r", "mA", 30.0, 0.5),
    ]
    output = LslOutput("three-stim", outputs)
    options = ("--cohort", "responder-tonic", "--seed", "3", "--muscles", "2")
    with subject_process("three", *options):
        truth = subscribe(lsl, "three-truth")
        labels = truth.info(5.0).get_channel_labels()
        wait_for_receiver(markers)
        output.open()
        prompt(markers, "mvc")
        collect(truth, 2.0)
        prompt(markers, "relax")
        before = collect(truth, 4.0)[0][-20:, [0, 2]].mean(axis=0)
        commands = [
            ChannelCommand(0.0, 0.0, 0.0),
            ChannelCommand(0.0, 0.0, 0.0),
            ChannelCommand(20.0, 200.0, 4.0),
            ChannelCommand(25.0, 200.0, 4.0),
        ]
        seen = []
        for sequence in range(18):
            output.apply(sequence, commands, 2.0)
            seen.append(collect(truth, 0.5)[0])
        output.close()
        after = np.concatenate(seen)[-20:]
    assert labels == ["tone", "amplitude", "tone_trapezius_l"]
    # The pulses of the last output are for a muscle that this subject does not have.
    assert after[-1, 1] == 20.0
    assert after[:, 2].mean() < 0.75 * before[1]
    assert after[:, 0].mean() > 0.8 * before[0]


def test_stimulation_stream_may_vanish_and_come_back(lsl):
    with subject_process("again", "--preset", "null"):
        truth = subscribe(lsl, "again-truth")
        for _ in range(2):
            assert reaches_the_skin(truth)
            assert collect(truth, 0.8)[0][-1, 1] == 0.0


def reaches_the_skin(truth):
    """Publish, apply until the subject feels it, and withdraw the stream."""
    output = LslOutput("again-stim", [OutputChannel("trapezius_r", "mA", 30.0, 0.5)])
    output.open()
    felt = False
    for sequence in range(100):
        output.apply(sequence, [ChannelCommand(2.0, 200.0, 4.0)], 0.3)
        felt = collect(truth, 0.1)[0][-1, 1] == 2.0
        if felt:
            break
    output.close()
    return felt


def test_wire_format_as_a_foreign_receiver_sees_it(lsl):
    channels = [
        OutputChannel("trapezius_r", "mA", 30.0, 0.5),
        OutputChannel("mat", "kPa", 20.0, 0.0),
    ]
    output = LslOutput("wire-stim", channels, source_id="wire-1")
    output.open()
    inlet = subscribe(lsl, "wire-stim")
    info = inlet.info(5.0)
    before_s = lsl.local_clock()
    output.apply(
        1, [ChannelCommand(10.5, 200.0, 4.0), ChannelCommand(7.25, 0.0, 0.0)], 0.3
    )
    output.stop()
    samples, _ = collect(inlet, 0.5)
    output.close()
    assert (info.type(), info.nominal_srate()) == (STREAM_TYPE, 0.0)
    assert info.channel_format() == lsl.cf_double64
    assert info.source_id() == "wire-1"
    assert info.get_channel_labels() == [
        "sequence",
        "valid_until",
        "active",
        "0.amplitude",
        "0.frequency",
        "0.pulse_width",
        "1.amplitude",
        "1.frequency",
        "1.pulse_width",
    ]
    assert info.get_channel_units()[3:7] == ["mA", "Hz", "microseconds", "kPa"]
    command, stop = (decode(sample) for sample in samples)
    assert command.commands[0] == ChannelCommand(10.5, 200.0, 4.0)
    assert command.commands[1].amplitude == 7.25
    assert before_s + 0.3 <= command.valid_until_s < before_s + 0.5
    assert (stop.sequence, stop.active) == (1, False)
    assert all(channel.amplitude == 0.0 for channel in stop.commands)


def test_the_last_zero_reaches_whoever_listens(lsl):
    output = LslOutput("bye-stim", [OutputChannel("trapezius_r", "mA", 30.0, 0.5)])
    output.open()
    inlet = subscribe(lsl, "bye-stim")
    heard = []

    def listen() -> None:
        with contextlib.suppress(lsl.util.LostError):
            while True:
                samples, _ = inlet.pull_chunk(0.1, min_samples=1, as_numpy=True)
                heard.extend(decode(sample) for sample in samples)

    listener = threading.Thread(target=listen)
    listener.start()
    output.apply(1, [ChannelCommand(10.0, 200.0, 4.0)], 0.3)
    output.close()
    listener.join(20)

    assert not heard[-1].active
    assert heard[-1].commands[0].amplitude == 0.0


def test_subject_ends_with_its_parent(lsl):
    """A parent that is killed cannot say goodbye; its end of the pipe does."""
    parent = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'drivers.subject',"
        " '--stream-name', 'orphan-subject', '--until-stdin-closes'],"
        " stdin=subprocess.PIPE)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT) as process:
        inlet = subscribe(lsl, "orphan-subject")
        collect(inlet, 0.2)
        process.kill()
    with pytest.raises(lsl.util.LostError):
        collect(inlet, 5.0)


def test_subject_ends_on_sigterm_cleanly(lsl):
    command = [sys.executable, "-m", "drivers.subject", "--stream-name", "term-subject"]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            subscribe(lsl, "term-subject")
            process.terminate()
            assert process.wait(5.0) == 0
        finally:
            process.kill()


def test_unknown_cohort_is_one_message_and_exit_code_2():
    command = [sys.executable, "-m", "drivers.subject", "--cohort", "superman"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("cohort: expected one of responder-spasm")
    assert done.stderr.count("\n") == 1


def test_bad_setting_is_one_message_and_exit_code_2():
    command = [sys.executable, "-m", "drivers.subject", "--chunk", "0"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "simulated subject: expected chunk_samples > 0, got 0\n"
