"""One source inside the engine: which chain, which channels, how late."""

import numpy as np
import pytest

from drivers.ports import ChannelInfo, StreamInfo
from dsp.types import Chunk
from service.config.load import check
from service.config.rig import Filtering
from service.config.treatment import DisturbanceConfig
from service.engine.feed import Feed
from service.engine.trigger import Trigger
from service.errors import ConfigError
from tests.support.emg import artifact, model_emg, pulse_rows

FS = 1000.0
TRIGGER = DisturbanceConfig(
    pulses="trigger", trigger_channel="ttl", trigger_level_uv=1e6
)


def info(*labels: str) -> StreamInfo:
    channels = tuple(ChannelInfo(label, "microvolts") for label in labels)
    return StreamInfo("s", "EMG", "id", "uid", "localhost", "double64", FS, channels)


def feed(labels, treatment) -> Feed:
    return Feed("emg", info(*labels), Filtering(upper_edge_hz=400), 1.0, treatment)


def play(target: Feed, x: np.ndarray, start: int = 0, n: int = 40) -> None:
    for first in range(0, len(x), n):
        part = x[first : first + n]
        t_s = (start + first + np.arange(len(part))) / FS
        target.take(Chunk("emg", part, t_s, float(t_s[-1])))


def stimulated(seconds=8.0, rate_hz=4.0):
    rng = np.random.default_rng(2)
    n = int(seconds * FS)
    rows = pulse_rows(n, FS, rate_hz)
    emg = model_emg(n, FS, rng, 20.0)
    emg += artifact(n, FS, rows, lambda _: 1.0, rng)
    ttl = np.zeros(n)
    for row in rows:
        ttl[int(np.ceil(row)) : int(np.ceil(row)) + 20] = 5e6
    return emg, ttl


def test_without_a_treatment_the_newest_sample_is_in_the_reading() -> None:
    plain = feed(["a"], None)
    play(plain, np.random.default_rng(1).normal(size=(500, 1)))

    sample = plain.sample(0)

    assert sample is not None
    assert plain.longest_lag_s == 0.0
    assert sample.measured_s == sample.t_s


def test_with_one_it_says_by_how_much_it_is_late_and_never_by_more_than_stated() -> (
    None
):
    treated = feed(["a"], DisturbanceConfig(heart="template", pulses="always"))
    emg, _ = stimulated()
    lags = []
    for start in range(0, len(emg), 7):
        play(treated, emg[start : start + 7, np.newaxis], start)
        sample = treated.sample(0)
        assert sample is not None
        lags.append(sample.t_s - sample.measured_s)

    assert 0.0 < max(lags) <= treated.longest_lag_s
    assert max(lags) > 0.5 * treated.longest_lag_s


def test_a_trigger_channel_is_no_emg_and_gives_the_pulses() -> None:
    triggered = feed(["ttl", "a"], TRIGGER)
    blind = feed(["a"], DisturbanceConfig(pulses="expected"))
    emg, ttl = stimulated()

    play(triggered, np.column_stack((ttl, emg)))
    play(blind, emg[:, np.newaxis])

    assert triggered.labels == ("a",)
    assert triggered.reading is not None
    assert blind.reading is not None
    assert triggered.reading.rms_uv[0] == pytest.approx(20.0, rel=0.15)
    assert blind.reading.rms_uv[0] > 100.0, "it was not told that the output is on"


def test_it_finds_pulses_only_while_the_output_is_on_and_also_after_a_restart() -> None:
    told = feed(["a"], DisturbanceConfig())
    emg, _ = stimulated()
    told.expect_pulses(4.0)
    told.restart()

    play(told, emg[:, np.newaxis])

    assert told.reading is not None
    assert told.reading.rms_uv[0] == pytest.approx(20.0, rel=0.15)


def test_a_pulse_is_an_edge_whatever_the_chunks() -> None:
    whole, cut = (Trigger(("a", "ttl"), 1, 0.5) for _ in range(2))
    x = np.zeros((30, 2))
    x[0:3, 1] = 1.0
    x[9:12, 1] = 1.0
    x[20:25, 1] = 1.0

    emg, rows = whole.split(x)
    parts = [cut.split(part) for part in np.split(x, [1, 10, 10, 11, 24])]

    assert emg.shape == (30, 1)
    assert rows == [9.0, 20.0], "high from the start is no edge"
    assert [row for _, rows in parts for row in rows] == rows


@pytest.mark.parametrize("labels", [("a", "b"), ("ttl",)])
def test_a_trigger_that_is_not_there_or_alone_is_refused(labels) -> None:
    with pytest.raises(ConfigError, match="trigger_channel: expected one of"):
        feed(labels, TRIGGER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"pulses": "trigger"},
        {"trigger_channel": "ttl"},
        {"pulses": "trigger", "trigger_channel": "ttl"},
        {"trigger_channel": "ttl", "trigger_level_uv": 1.0},
    ],
)
def test_half_a_trigger_is_refused(wrong) -> None:
    with pytest.raises(ConfigError, match="expected trigger_channel and trigger_level"):
        check(wrong, DisturbanceConfig, "rig.toml")
