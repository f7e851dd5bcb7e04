"""Design of the causal filter: Butterworth band-pass, then mains notches.

scipy.signal is imported when a filter is designed, not when this module is: it costs
more than half a second.
"""

import math
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError
from dsp.types import F64

#: Band of surface EMG, general use (De Luca et al. 2010, J Biomech 43:1573) and, for the
#: upper edge, common practice (R).
LOWER_EDGE_HZ = 20.0
UPPER_EDGE_HZ = 450.0

#: Lower edge for neck and back, where the ECG is strong (Drake & Callaghan 2006, J
#: Electromyogr Kinesiol 16:175: 30 Hz is the best compromise).
NECK_AND_BACK_LOWER_EDGE_HZ = 30.0

#: Order of each edge. A: common practice.
ORDER = 4

#: The upper edge stays below this share of the sampling rate. A.
MAX_UPPER_EDGE = 0.45

#: Narrowest pass band that still says something about EMG, upper over lower. A.
MIN_BAND_RATIO = 2.0

#: −3 dB width of every notch. Constant, because a constant Q takes 18 % of the RMS with
#: the harmonics up to 450 Hz. A.
NOTCH_BANDWIDTH_HZ = 2.0

#: Below this rate the EMG band is cut. A: 1000 Hz is the common minimum.
LOW_RATE_HZ = 1000.0


@dataclass(frozen=True, slots=True)
class FilterDesign:
    """A designed filter.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6), float64
        Second-order sections in scipy's order: band-pass first, then notches.
    fs : float
        Sampling frequency in hertz.
    lower_edge_hz, upper_edge_hz : float
        −3 dB edges of the band-pass.
    notches_hz : tuple of float
        Centres of the notches.
    settling_s : float
        After this time a step has rung off to 1 % of its height.
    warnings : tuple of str
        What the operator should know about this design.
    """

    sos: F64
    fs: float
    lower_edge_hz: float
    upper_edge_hz: float
    notches_hz: tuple[float, ...]
    settling_s: float
    warnings: tuple[str, ...]


def design_filter(
    fs: float,
    *,
    lower_edge_hz: float = LOWER_EDGE_HZ,
    upper_edge_hz: float = UPPER_EDGE_HZ,
    mains_hz: float | None = 50.0,
    n_harmonics: int = 3,
) -> FilterDesign:
    """Design the conditioning filter for one sampling rate.

    Parameters
    ----------
    fs : float
        Sampling frequency in hertz.
    lower_edge_hz, upper_edge_hz : float
        Edges of the pass band. The upper one is lowered, with a warning, where the
        sampling rate does not allow it.
    mains_hz : float or None
        Power-line frequency; None for no notch.
    n_harmonics : int
        Notches at this many multiples of it, as far as they lie in the pass band.

    Returns
    -------
    FilterDesign
        Stable, causal, zero at DC.

    Raises
    ------
    DesignError
        If no useful pass band is left.
    """
    from scipy import signal  # noqa: PLC0415 - see the module's docstring

    if not (math.isfinite(fs) and fs > 0 and lower_edge_hz > 0):
        msg = f"expected fs and edges above 0 Hz, got {fs} and {lower_edge_hz}"
        raise DesignError(msg)
    warnings = []
    highest = MAX_UPPER_EDGE * fs
    if upper_edge_hz > highest:
        warnings.append(
            f"upper edge lowered from {upper_edge_hz:g} to {highest:g} Hz: "
            f"the stream has only {fs:g} Hz"
        )
        upper_edge_hz = highest
    if upper_edge_hz < MIN_BAND_RATIO * lower_edge_hz:
        msg = (
            f"expected a band of at least one octave, got {lower_edge_hz:g} to "
            f"{upper_edge_hz:g} Hz at fs = {fs:g} Hz: use a faster stream"
        )
        raise DesignError(msg)
    band = [lower_edge_hz, upper_edge_hz]
    sections = [signal.butter(ORDER, band, "bandpass", fs=fs, output="sos")]
    notches = tuple(
        mains_hz * h
        for h in range(1, n_harmonics + 1)
        if mains_hz is not None and lower_edge_hz < mains_hz * h < upper_edge_hz
    )
    for centre_hz in notches:
        b, a = signal.iirnotch(centre_hz, centre_hz / NOTCH_BANDWIDTH_HZ, fs=fs)
        sections.append(signal.tf2sos(b, a))
    sos = np.ascontiguousarray(np.vstack(sections), dtype=np.float64)
    return FilterDesign(sos, fs, *band, notches, _settling_s(sos, fs), tuple(warnings))


def _settling_s(sos: F64, fs: float) -> float:
    """Time until the slowest pole has decayed to 1 %."""
    radius = max(float(np.abs(np.roots(section[3:])).max()) for section in sos)
    return math.log(0.01) / math.log(radius) / fs
