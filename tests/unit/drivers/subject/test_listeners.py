"""The subject's receivers against a liblsl that is played by plain Python."""

import json
import logging
from types import SimpleNamespace

import pytest

from drivers.errors import DriverConfigError
from drivers.ports import ChannelCommand, OutputChannel
from drivers.stimulation_wire import WireCommand, encode, wire_channels
from drivers.subject.listeners import (
    PromptListener,
    StimulationListener,
    Subscription,
    modality_of,
    prompt_word,
)
from drivers.subject.person import Task, task_of
from drivers.subject.stimulation import SILENCE, Modality, Stimulation


class FakeLostError(RuntimeError):
    pass


class FakeTimeoutError(RuntimeError):
    pass


class FakeStream:
    def __init__(self, uid, created_at, samples=(), units=None):
        self._uid, self._created_at = uid, created_at
        self.units = units
        self.n_asked = 0
        self.samples = list(samples)
        self.is_lost = False

    def uid(self):
        return self._uid

    def created_at(self):
        return self._created_at


class FakeInlet:
    def __init__(self, stream, buffer, recover):
        assert buffer >= 1  # 0 hangs the sender for ever
        assert not recover
        self._stream = stream

    def pull_chunk(self, timeout, max_samples):
        assert timeout == 0.0
        if self._stream.is_lost:
            raise FakeLostError
        taken = self._stream.samples[:max_samples]
        del self._stream.samples[:max_samples]
        return taken, [0.0] * len(taken)

    def info(self, timeout):
        assert timeout == 0.0
        if self._stream.is_lost:
            raise FakeLostError
        self._stream.n_asked += 1
        if self._stream.n_asked == 1:  # liblsl is still fetching it
            raise FakeTimeoutError
        return SimpleNamespace(get_channel_units=lambda: self._stream.units)


class FakeLsl:
    """Just what `Subscription` uses of pylsl; ``visible`` is the network."""

    def __init__(self):
        self.visible = []
        self.util = SimpleNamespace(
            LostError=FakeLostError, TimeoutError=FakeTimeoutError
        )
        self.StreamInlet = FakeInlet
        self.now_s = 100.0

    def local_clock(self):
        return self.now_s

    def ContinuousResolver(self, pred):  # noqa: N802 - pylsl's own name
        assert "name='" in pred
        return SimpleNamespace(results=lambda: list(self.visible))


def sample(amplitude, valid_until_s=10.0, active=True, sequence=1):
    outputs = (ChannelCommand(amplitude, 200.0, 4.0),)
    return encode(WireCommand(sequence, valid_until_s, active, outputs))


def heard(*samples, output_index=0, modality=Modality.EMS):
    lsl = FakeLsl()
    lsl.visible = [FakeStream("a", 1.0, samples)]
    return StimulationListener(lsl, "stim", output_index, modality)


def test_without_a_stream_there_is_silence():
    assert StimulationListener(FakeLsl(), "stim", 0).at(0.0) == (SILENCE,)


def test_the_newest_command_counts_until_it_expires():
    listener = heard(sample(5.0), sample(7.0, sequence=2))
    assert listener.at(9.99) == (Stimulation(7.0, 4.0, 200.0),)
    assert listener.at(10.0) == (SILENCE,)


def test_outputs_of_anything_but_pulses_are_the_sites_of_one_person():
    outputs = tuple(ChannelCommand(kpa, 0.0, 0.5) for kpa in (10.0, 20.0, 30.0))
    row = encode(WireCommand(1, 10.0, True, outputs))
    felt = heard(row, output_index=1, modality=Modality.MASSAGE).at(0.0)
    assert felt == (
        Stimulation(20.0, 0.5, 0.0, Modality.MASSAGE),
        Stimulation(30.0, 0.5, 0.0, Modality.MASSAGE),
    )
    assert [one.unit for one in felt] == ["kPa", "kPa"]
    assert heard(row, output_index=1).at(0.0) == (Stimulation(20.0, 0.5, 0.0),)


def described(*units, modality=Modality.EMS, n_muscles=1, output_index=0):
    """Return a listener to a stream whose outputs have these units."""
    commands = tuple(ChannelCommand(1.0 + k, 200.0, 4.0) for k in range(len(units)))
    outputs = [OutputChannel(f"o{k}", unit, 99.0, 0.5) for k, unit in enumerate(units)]
    lsl = FakeLsl()
    row = encode(WireCommand(1, 10.0, True, commands))
    spoken = [channel.unit for channel in wire_channels(outputs)]
    lsl.visible = [FakeStream("a", 1.0, [row], spoken)]
    listener = StimulationListener(lsl, "stim", output_index, modality, n_muscles)
    listener.at(0.0)  # the description has been asked for
    return listener


def test_units_in_the_description_say_what_an_output_actuates():
    listener = described("kPa", "mA", "mm", modality=Modality.MAT)
    assert [one.modality for one in listener.at(0.0)] == [
        Modality.MAT,
        Modality.EMS,
        Modality.VIBRATION,
    ]


def test_pulses_come_from_one_output_per_muscle_from_the_first_on():
    levels = [one.level for one in described("mA", "mA", "mA", "mA").at(0.0)]
    assert levels == [1.0]
    listener = described("mA", "kPa", "mA", "mA", n_muscles=2, output_index=1)
    assert [one.level for one in listener.at(0.0)] == [2.0, 3.0, 4.0]
    listener = described("mA", "mA", "mA", n_muscles=2)
    assert [one.level for one in listener.at(0.0)] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("unit", "told", "expected"),
    [
        ("mA", Modality.MAT, Modality.EMS),
        ("kPa", Modality.MASSAGE, Modality.MASSAGE),
        ("kPa", Modality.EMS, Modality.PRESSURE),
        ("mm", Modality.EMS, Modality.VIBRATION),
        ("deg", Modality.EMS, Modality.STRETCH),
        ("", Modality.MAT, Modality.MAT),
        ("percent", Modality.VIBRATION, Modality.VIBRATION),
    ],
)
def test_what_a_unit_does_not_say_is_what_the_listener_was_told(unit, told, expected):
    assert modality_of(unit, told) is expected


def test_a_stream_without_a_description_is_what_the_listener_was_told():
    lsl = FakeLsl()
    subscription = Subscription(lsl, "s", "T")
    assert subscription.units() == ()
    stream = FakeStream("a", 1.0)
    lsl.visible = [stream]
    subscription.pull()
    assert [subscription.units() for _ in range(4)] == [()] * 4
    assert stream.n_asked == 2
    lsl.visible = [stream := FakeStream("b", 2.0, units=["mA"])]
    subscription = Subscription(lsl, "s", "T")
    subscription.pull()
    assert [subscription.units() for _ in range(4)] == [(), ("mA",), ("mA",), ("mA",)]
    assert stream.n_asked == 2


def test_inactive_command_is_silence():
    assert heard(sample(5.0), sample(5.0, active=False)).at(0.0) == (SILENCE,)


def test_nonsense_silences_what_was_running(caplog):
    with caplog.at_level(logging.WARNING):
        assert heard(sample(5.0), [float("nan")] * 6).at(0.0) == (SILENCE,)
    assert "output is zero" in caplog.text


def test_output_that_does_not_exist_is_silent_and_said(caplog):
    with caplog.at_level(logging.WARNING):
        assert heard(sample(5.0), output_index=3).at(0.0) == (SILENCE,)
    assert "expected output 3, the stream has 1" in caplog.text


def test_stream_may_come_late_vanish_and_come_back():
    lsl = FakeLsl()
    subscription = Subscription(lsl, "s", "T")
    assert subscription.pull() == []
    first = FakeStream("a", 1.0, [[1]])
    lsl.visible = [first]
    assert subscription.pull() == [[1]]
    first.is_lost = True
    assert subscription.pull() == []
    assert not subscription.is_connected
    # liblsl goes on listing a dead stream for some seconds.
    assert subscription.pull() == []
    lsl.visible = [first, FakeStream("b", 2.0, [[2]])]
    assert subscription.pull() == [[2]]


def test_a_connection_that_broke_is_made_again():
    lsl = FakeLsl()
    stream = FakeStream("a", 1.0, [[1]])
    lsl.visible = [stream]
    subscription = Subscription(lsl, "s", "T")
    assert subscription.pull() == [[1]]
    stream.is_lost = True
    assert subscription.pull() == []
    stream.is_lost = False
    stream.samples = [[2]]
    assert subscription.pull() == []
    lsl.now_s += 1.0

    assert subscription.pull() == [[2]]


def test_of_several_streams_the_newest_is_taken():
    lsl = FakeLsl()
    lsl.visible = [FakeStream("new", 5.0, [["new"]]), FakeStream("old", 2.0, [["old"]])]
    assert Subscription(lsl, "s", "T").pull() == [["new"]]


def test_name_that_would_break_the_query_is_refused():
    with pytest.raises(DriverConfigError, match="quotation mark"):
        Subscription(FakeLsl(), "it's", "T")


def test_prompts_are_followed_until_the_next():
    lsl = FakeLsl()
    stream = FakeStream("m", 1.0)
    lsl.visible = [stream]
    listener = PromptListener(lsl, "markers")
    assert listener.task() is Task.RELAX
    stream.samples = [['{"kind": "prompt", "detail": {"task": "mvc"}}']]
    assert listener.task() is Task.MVC
    stream.samples = [['{"kind": "phase", "phase": "armed"}']]
    assert listener.task() is Task.MVC


def test_insertions_are_counted():
    lsl = FakeLsl()
    stream = FakeStream("m", 1.0)
    lsl.visible = [stream]
    listener = PromptListener(lsl, "markers")
    stream.samples = [['{"kind": "insertion"}'], ["no"], ['{"kind": "insertion"}']]
    listener.task()
    assert listener.n_insertions == 2
    stream.samples = [['{"kind": "insertion", "detail": {"site": "upper"}}']]
    listener.task()
    assert listener.n_insertions == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[1]",
        '{"kind": "phase"}',
        '{"kind": "prompt"}',
        '{"kind": "prompt", "detail": "mvc"}',
        '{"kind": "prompt", "detail": {"task": ["mvc"]}}',
    ],
)
def test_other_events_are_no_prompts(text):
    assert prompt_word(text) is None


@pytest.mark.parametrize("word", ["press", "hold", "ease", "dance"])
def test_what_is_asked_of_somebody_else_ends_what_the_person_did(word):
    text = json.dumps({"kind": "prompt", "detail": {"task": word}})
    assert task_of(prompt_word(text) or "") is Task.RELAX
