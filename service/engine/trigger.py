"""A trigger channel beside the EMG: it rises when the stimulator gives a pulse."""

from typing import Self

import numpy as np

from dsp.types import F64
from service.config.treatment import DisturbanceConfig
from service.errors import ConfigError


class Trigger:
    """Takes the trigger channel out of chunks and finds the pulses in it."""

    def __init__(self, labels: tuple[str, ...], channel: int, level_uv: float) -> None:
        self.emg_labels = (*labels[:channel], *labels[channel + 1 :])
        self._channel, self._level_uv = channel, level_uv
        self._columns = [k for k in range(len(labels)) if k != channel]
        self.restart()

    @classmethod
    def of(
        cls, source: str, labels: tuple[str, ...], config: DisturbanceConfig | None
    ) -> Self | None:
        """Return the trigger that a rig file states, if any."""
        if config is None or config.trigger_channel is None:
            return None
        channel, level_uv = config.trigger_channel, config.trigger_level_uv
        if channel not in labels or len(labels) == 1 or level_uv is None:
            msg = (
                f"source {source!r}: treatment.trigger_channel: expected one of "
                f"{', '.join(labels)}, and another channel beside it, got {channel!r}"
            )
            raise ConfigError(msg)
        return cls(labels, labels.index(channel), level_uv)

    def restart(self) -> None:
        """Begin a new signal: what is high already is no pulse."""
        self.rows = 0
        self._high = True

    def split(self, values_uv: F64) -> tuple[F64, list[float]]:
        """Return the EMG of a chunk, and the pulses in rows since the start."""
        # NaN is not high: a trigger that comes back high is taken for a pulse.
        high = values_uv[:, self._channel] >= self._level_uv
        rises = high & ~np.concatenate(([self._high], high[:-1]))
        rows = (self.rows + np.flatnonzero(rises)).astype(float).tolist()
        self.rows += len(high)
        self._high = bool(high[-1]) if len(high) else self._high
        return np.ascontiguousarray(values_uv[:, self._columns]), rows
