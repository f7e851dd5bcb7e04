"""The noise floor as it drifts: electrodes dry, gel warms up."""

from collections import deque

import numpy as np

from dsp.tension import noise_floor_uv
from dsp.types import F64

#: Windows that the floor is the low percentile of: 5 min of 1 s windows.
HISTORY_WINDOWS = 300  # A: assumption
#: Before so many windows the calibrated floor stands.
MIN_WINDOWS = 20  # A: assumption
#: The floor never rises further than this above the calibrated one: a muscle that
#: stays tense must not become its own noise.
MAX_RISE = 1.5  # A: assumption


class NoiseTracker:
    """Follow the noise floor from the quietest windows of the last minutes.

    Parameters
    ----------
    calibrated_uv : ndarray, shape (n_channels,)
        Noise floor of the calibration in microvolt.
    window_s : float
        Length of the windows in second; they must not overlap.
    bandwidth_hz : float
        Statistical bandwidth of the noise in hertz.

    Notes
    -----
    The floor is `dsp.tension.noise_floor_uv` of the history, between zero and
    `MAX_RISE` times the calibrated one. Windows under stimulation or of bad quality are
    passed as NaN.
    """

    def __init__(
        self, calibrated_uv: F64, window_s: float, bandwidth_hz: float
    ) -> None:
        self._calibrated_uv = np.array(calibrated_uv, dtype=np.float64)
        self._window_s, self._bandwidth_hz = window_s, bandwidth_hz
        self._history: deque[F64] = deque(maxlen=HISTORY_WINDOWS)

    def push(self, rms_uv: F64) -> None:
        """Take the RMS of one window.

        Parameters
        ----------
        rms_uv : ndarray, shape (n_channels,)
            Microvolt, noise included; NaN for a channel that does not count.
        """
        self._history.append(np.array(rms_uv, dtype=np.float64))

    @property
    def noise_uv(self) -> F64:
        """Noise floor now.

        Returns
        -------
        ndarray, shape (n_channels,)
            Microvolt.
        """
        floor = self._calibrated_uv.copy()
        if len(self._history) < MIN_WINDOWS:
            return floor
        windows = np.array(self._history)
        for channel, column in enumerate(windows.T):
            seen = column[np.isfinite(column)]
            if len(seen) >= MIN_WINDOWS:
                tracked = noise_floor_uv(
                    seen[:, np.newaxis], self._window_s, self._bandwidth_hz
                )
                floor[channel] = min(tracked[0], MAX_RISE * floor[channel])
        return floor
