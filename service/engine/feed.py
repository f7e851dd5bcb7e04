"""One EMG source inside the engine: its chain, its newest reading, its state."""

import numpy as np

from drivers.ports import StreamInfo
from dsp import EmgChain, Reading
from dsp.types import Chunk, QualityFlag
from service.config.rig import Filtering
from service.core.model import Sample
from service.messages import SourceState
from service.wiring.sources import chain_params


class Feed:
    """Turns the chunks of one source into samples for a session."""

    def __init__(
        self, name: str, info: StreamInfo, filtering: Filtering, window_s: float
    ) -> None:
        self.name = name
        self.labels = tuple(channel.label for channel in info.channels)
        self.connected = True
        self.notice = ""
        self.reading: Reading | None = None
        self.t_s = -np.inf
        self._info = info
        self._filtering = filtering
        self._window_s = window_s
        self._chain = self._make_chain()
        self.notice = "; ".join(self._chain.design.warnings)

    def take(self, chunk: Chunk) -> None:
        """Put a chunk through the chain."""
        if len(chunk.t_s):
            self.reading = self._chain.process(chunk.emg_uv)
            self.t_s = float(chunk.t_s[-1])

    def measure_over(self, window_s: float) -> None:
        """Use another RMS window; the chain starts again if it has to."""
        if window_s != self._window_s:
            self._window_s = window_s
            self._chain = self._make_chain()
            self.reading = None

    def restart(self) -> None:
        """Forget the signal so far: what follows is not its continuation."""
        self._chain.restart()
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
            QualityFlag(int(self.reading.quality[channel])),
        )

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

    def _make_chain(self) -> EmgChain:
        fs, n = self._info.nominal_rate_hz, len(self.labels)
        return EmgChain(chain_params(self._filtering, fs, n, self._window_s))
