"""One EMG source inside the engine: its chain, its newest reading, its state."""

from collections import deque
from collections.abc import Iterable
from functools import cache

import numpy as np

from drivers.ports import StreamInfo
from dsp import EmgChain, Reading
from dsp.accurate import AccurateChain
from dsp.tension import MVC_WINDOW_S
from dsp.types import F64, Chunk, QualityFlag
from service.config.rig import Filtering
from service.config.treatment import DisturbanceConfig
from service.core.model import Sample
from service.engine.trigger import Trigger
from service.states import SourceState
from service.wiring.sources import chain_params, make_chain

#: An enumeration takes longer to look a member up than this.
_flags_of = cache(QualityFlag)

#: Pieces of filtered samples that are kept for whoever watches a channel.
MAX_PIECES = 64


class Feed:
    """Turns the chunks of one source into samples for a session."""

    def __init__(
        self,
        name: str,
        info: StreamInfo,
        filtering: Filtering,
        window_s: float,
        treatment: DisturbanceConfig | None = None,
    ) -> None:
        self.name = name
        labels = tuple(channel.label for channel in info.channels)
        self._trigger = Trigger.of(name, labels, treatment)
        self.labels = self._trigger.emg_labels if self._trigger else labels
        self.connected = True
        self.reading: Reading | None = None
        self.t_s = -np.inf
        self._info = info
        self._filtering = filtering
        self._treatment = treatment
        self._window_s = window_s
        self._frequency_hz = 0.0
        self._watched: int | None = None
        self._cleaned: deque[F64] = deque(maxlen=MAX_PIECES)
        # The newest EMG as it came, and where in it the trigger rose, if there is one.
        self.raw_uv = np.zeros((0, len(self.labels)))
        self.raw_pulses: list[float] | None = None
        self._chain = self._make_chain()
        self.notice = "; ".join(self._chain.design.warnings)

    @property
    def sample_rate_hz(self) -> float:
        """Nominal rate of the stream."""
        return self._info.nominal_rate_hz

    @property
    def mains_hz(self) -> float:
        """Power line as the rig states it; 0 for none."""
        return float(self._filtering.mains_hz)

    @property
    def band_hz(self) -> tuple[float, float]:
        """Edges of the band-pass as it was built."""
        return self._chain.design.band_hz

    @property
    def longest_lag_s(self) -> float:
        """By how much the newest reading can be older than the newest sample."""
        chain = self._chain
        return chain.longest_lag_s if isinstance(chain, AccurateChain) else 0.0

    @property
    def lag_s(self) -> float:
        """By how much the newest reading is older than the newest sample."""
        if not isinstance(self._chain, AccurateChain):
            return 0.0
        return self._chain.lag_rows / self._info.nominal_rate_hz

    def take(self, chunk: Chunk) -> None:
        """Put a chunk through the chain."""
        if not len(chunk.t_s):
            return
        self.t_s = float(chunk.t_s[-1])
        if not isinstance(self._chain, AccurateChain) or self._trigger is None:
            self.raw_uv = chunk.emg_uv
            self.reading = self._chain.process(chunk.emg_uv)
            return
        first = self._trigger.rows
        self.raw_uv, pulses = self._trigger.split(chunk.emg_uv)
        self.raw_pulses = [row - first for row in pulses]
        self.reading = self._chain.process(self.raw_uv, pulses)

    def expect_pulses(self, frequency_hz: float) -> None:
        """Note the rate at which the output gives pulses; 0 while it is off."""
        if frequency_hz != self._frequency_hz:
            self._frequency_hz = frequency_hz
            self._tell_chain()

    def watch(self, channel: int) -> None:
        """Keep the filtered samples of a channel for `take_cleaned`."""
        self._watched = channel
        self._cleaned.clear()
        self._chain.tap = self._keep

    def take_cleaned(self) -> F64:
        """Return the samples behind the readings since the last call, (n_samples, 1).

        NaN where they do not count.
        """
        if not self._cleaned:
            return np.zeros((0, 1))
        samples = np.concatenate(self._cleaned)
        self._cleaned.clear()
        return samples

    def measure_over(self, window_s: float) -> None:
        """Use another RMS window; the chain starts again if it has to."""
        if window_s != self._window_s:
            self._window_s = window_s
            self._chain = self._make_chain()
            if self._trigger is not None:
                self._trigger.restart()
            self.reading = None

    def restart(self) -> None:
        """Forget the signal so far: what follows is not its continuation."""
        self._chain.restart()
        if self._trigger is not None:
            self._trigger.restart()
        self._tell_chain()
        self._cleaned.clear()
        self.reading = None

    def lose(self, reason: str) -> None:
        """Note that the source is gone."""
        self.connected = False
        self.notice = reason
        self.restart()

    def sample(self, channel: int) -> Sample | None:
        """Return what the chain says about one channel; None before the first."""
        if self.reading is None:
            return None
        return Sample(
            self.t_s,
            float(self.reading.rms_uv[channel]),
            _flags_of(int(self.reading.quality[channel])),
            self.lag_s,
            float(self._chain.rms_over(MVC_WINDOW_S)[channel]),
        )

    def samples(self, channels: Iterable[int]) -> tuple[Sample, ...]:
        """Return what the chain says about several channels; none before the first."""
        found = (self.sample(channel) for channel in channels)
        return tuple(sample for sample in found if sample is not None)

    def state(self, now_s: float) -> SourceState:
        """Return what an operator should know."""
        known = self.reading is not None
        return SourceState(
            name=self.name,
            stream_name=self._info.name,
            connected=self.connected,
            sample_rate_hz=self._info.nominal_rate_hz,
            n_channels=len(self.labels),
            age_ms=(now_s - self.t_s) * 1e3 if known else None,
            notice=self.notice,
        )

    def _make_chain(self) -> EmgChain | AccurateChain:
        fs, n = self._info.nominal_rate_hz, len(self.labels)
        params = chain_params(self._filtering, fs, n, self._window_s)
        self._chain = make_chain(params, self._treatment)
        if self._watched is not None:
            self.watch(self._watched)
        self._tell_chain()
        return self._chain

    def _keep(self, cleaned_uv: F64) -> None:
        if self._watched is not None:
            self._cleaned.append(cleaned_uv[:, self._watched, np.newaxis].copy())

    def _tell_chain(self) -> None:
        """Tell the chain what the output does, if it has to find the pulses itself."""
        chain, config = self._chain, self._treatment
        if isinstance(chain, AccurateChain) and config and config.pulses == "expected":
            chain.expect(self._frequency_hz)
