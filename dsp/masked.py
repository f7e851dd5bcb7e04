"""Sliding RMS in which some samples do not count."""

import numpy as np

from dsp.sliding import SlidingRms
from dsp.types import F64


class MaskedRms:
    """RMS over the newest samples that count, for every channel.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    longest : int
        Samples of the longest window, those that do not count included.

    Raises
    ------
    DesignError
        If either is less than 1.

    Notes
    -----
    A sample counts with a weight from 0 to 1; the mean square is the weighted one. The
    window is measured in time, not in samples that count, so an interruption never
    brings old samples back.
    """

    def __init__(self, n_channels: int, longest: int) -> None:
        self._signal = SlidingRms(n_channels, longest)
        self._weight = SlidingRms(n_channels, longest)

    @property
    def count(self) -> int:
        """Samples seen, whether they count or not."""
        return self._weight.count

    def restart(self) -> None:
        """Forget every sample."""
        self._signal.restart()
        self._weight.restart()

    def push(self, y: F64, weight: F64) -> None:
        """Take the samples of one chunk.

        Parameters
        ----------
        y : ndarray, shape (n_samples, n_channels)
            Filtered EMG in microvolt; not modified.
        weight : ndarray, shape (n_samples, n_channels)
            0 for samples that do not count, 1 for those that do.

        Raises
        ------
        ShapeError
            If the chunk has another number of channels.
        """
        root = np.sqrt(weight)
        self._signal.push(np.where(weight > 0, y, 0.0) * root)
        self._weight.push(root)

    def over(self, n_samples: int) -> tuple[F64, F64]:
        """Return the RMS over the newest samples and how much of them counts.

        Parameters
        ----------
        n_samples : int
            Length of the window.

        Returns
        -------
        rms_uv : ndarray, shape (n_channels,)
            RMS in microvolt; NaN where no sample counts.
        share : ndarray, shape (n_channels,)
            Weight of the samples that count, 0 to 1; 0 before the first.

        Raises
        ------
        DesignError
            If the window is longer than the longest one.
        """
        share = np.nan_to_num(np.square(self._weight.over(n_samples)))
        with np.errstate(divide="ignore", invalid="ignore"):
            rms_uv = self._signal.over(n_samples) / np.sqrt(share)
        return np.where(share > 0, rms_uv, np.nan), share
