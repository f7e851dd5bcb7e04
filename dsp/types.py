"""Values that travel between sources, the DSP chain and the session."""

import enum
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dsp.errors import ShapeError

F64 = npt.NDArray[np.float64]
"""Float64 array. Signals are time-first, ``(n_samples, n_channels)``, C-contiguous."""

Bools = npt.NDArray[np.bool_]
"""Boolean array."""

Flags = npt.NDArray[np.int64]
"""One `QualityFlag` value per channel, shape ``(n_channels,)``."""


class QualityFlag(enum.IntFlag):
    """What is wrong with a channel; 0 means that its tension can be believed."""

    GOOD = 0
    SETTLING = 1 << 0  #: filter or window not yet filled since the start or a gap
    NON_FINITE = 1 << 1  #: NaN or infinity inside the window
    CLIPPED = 1 << 2  #: samples at the rail
    FLAT = 1 << 3  #: the value does not change: electrode off, or amplifier stopped
    MAINS = 1 << 4  #: power-line hum dominates
    DRIFT = 1 << 5  #: baseline or motion dominates
    LOW_RATE = 1 << 6  #: sampled too slowly for the EMG band
    ARTIFACT = (
        1 << 7
    )  #: stimulation leaves too little to measure, or too much of itself
    HEART = 1 << 8  #: the heart beat adds more than the muscle
    LEAD_OFF = 1 << 9  #: hum that only an electrode that is off picks up
    RAILED = (
        1 << 10
    )  #: more samples at the rail than pulses of a stimulator bring there


#: With any of these the channel's tension must never be read as relaxed. `DRIFT` is a
#: warning: baseline below the band does no harm, and motion that reaches into it adds
#: power as a rule (up to 5 %MVC at 300 µV of sway). But what moves an electrode can
#: lift it, and a noise floor learned meanwhile is too high: so tension under `DRIFT`
#: neither raises a stimulation nor counts as relaxed, and no contraction is measured.
BAD_QUALITY = (
    QualityFlag.SETTLING
    | QualityFlag.NON_FINITE
    | QualityFlag.CLIPPED
    | QualityFlag.FLAT
    | QualityFlag.MAINS
    | QualityFlag.LEAD_OFF
    | QualityFlag.RAILED
    | QualityFlag.ARTIFACT
    | QualityFlag.HEART
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive samples as one source delivered them together.

    Parameters
    ----------
    source : str
        Name of the source in the rig config.
    emg_uv : ndarray, shape (n_samples, n_channels), float64
        EMG in microvolt. May hold NaN or infinities as the device sent them.
    t_s : ndarray, shape (n_samples,), float64
        Time stamp of each sample in seconds of the LSL clock of this host
        (clock-corrected, neither dejittered nor made monotone).
    arrival_s : float
        The same clock when the chunk was received.
    """

    source: str
    emg_uv: F64
    t_s: F64
    arrival_s: float

    def __post_init__(self) -> None:
        if self.emg_uv.ndim != 2 or self.t_s.shape != self.emg_uv.shape[:1]:  # noqa: PLR2004
            msg = (
                f"chunk of source {self.source!r}: expected emg_uv (n_samples, "
                f"n_channels) and t_s (n_samples,), got {self.emg_uv.shape} and "
                f"{self.t_s.shape}"
            )
            raise ShapeError(msg)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the chain says at the end of one chunk.

    Parameters
    ----------
    source : str
        Name of the source in the rig config.
    t_s : float
        LSL-clock time of the newest sample.
    arrival_s : float
        The same clock when that sample was received.
    labels : tuple of str
        Channel labels, in the order of the arrays below.
    envelope_uv : ndarray, shape (n_channels,)
        RMS over the short window (250 ms by default), for the eye.
    rms_uv : ndarray, shape (n_channels,)
        RMS over the control window, noise included.
    quality : ndarray of int, shape (n_channels,)
        `QualityFlag` per channel.
    """

    source: str
    t_s: float
    arrival_s: float
    labels: tuple[str, ...]
    envelope_uv: F64
    rms_uv: F64
    quality: Flags = field(default_factory=lambda: np.zeros(0, np.int64))
