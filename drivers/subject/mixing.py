"""How several muscles show in one another's electrodes.

Channel k sits on muscle k. Channels without a muscle of their own are synergists of
the first muscle.
"""

import numpy as np

from dsp.types import F64

SYNERGIST_COUPLING = (0.2, 0.5)  # A: assumption
#: R: 5-15 % of a neighbour muscle.
CROSSTALK = (0.05, 0.15)


def spread_of_pulses(n_muscles: int, n_channels: int, rng: np.random.Generator) -> F64:
    """Return how strongly channels see pulses, shape (n_muscles, n_channels).

    The channel on the stimulated muscle sees them whole, the one beside it as a
    synergist does, one further away in proportion to the distance (A: assumption).
    """
    shares = rng.uniform(*SYNERGIST_COUPLING, (n_muscles, n_channels))
    away = np.abs(np.arange(n_muscles)[:, None] - np.arange(n_channels))
    return np.where(away == 0, 1.0, shares / np.maximum(away, 1))


class Crosstalk:
    """What the muscles on either side add to a channel (A: none from further away)."""

    def __init__(
        self, n_muscles: int, n_channels: int, rng: np.random.Generator
    ) -> None:
        drawn = rng.uniform(*CROSSTALK, (2, n_muscles))
        n_sources = max(n_muscles, n_channels)
        self._n_channels = n_channels
        self.to_next = np.zeros(n_sources)
        self.to_previous = np.zeros(n_sources)
        self.to_next[:n_muscles], self.to_previous[:n_muscles] = drawn

    def mix(self, sources_uv: F64) -> F64:
        """Return the EMG of the channels, from that of one source under each.

        ``sources_uv`` has a column per channel and one per muscle without a channel.
        """
        n = self._n_channels
        emg = np.ascontiguousarray(sources_uv[:, :n]).copy()
        emg[:, 1:] += sources_uv[:, : n - 1] * self.to_next[: n - 1]
        after = sources_uv[:, 1 : n + 1]
        n_after = after.shape[1]
        emg[:, :n_after] += after * self.to_previous[1 : n_after + 1]
        return emg
