"""Design of the causal EMG filter: a band-pass and mains notches as one cascade.

Keep the same filter for reference contractions, rest and treatment: each design loses
another share of the EMG's power, so mixing them biases every percentage.
"""

import math
from dataclasses import dataclass

import numpy as np

from dsp.errors import DesignError
from dsp.types import F64

#: Lower edge for general use: Butterworth corner of De Luca et al. (2010), J Biomech
#: 43:1573.
LOWER_EDGE_HZ = 20.0
#: Lower edge for neck and upper back, where the heart is loud.
NECK_BACK_LOWER_EDGE_HZ = 30.0  # A: assumption
#: Upper edge: just below the 500 Hz of the SENIAM and ISEK recommendations.
UPPER_EDGE_HZ = 450.0  # A: assumption
#: The upper edge never comes closer to the sampling rate than this share of it.
MAX_UPPER_EDGE_SHARE = 0.45  # A: assumption
#: A band narrower than two octaves no longer measures the EMG amplitude.
MIN_BAND_RATIO = 4.0  # A: assumption
#: Below 4 x this rate no band of `MIN_BAND_RATIO` fits the default lower edge.
MIN_SAMPLE_RATE_HZ = 200.0  # A: assumption
#: Prototype order; a band-pass has twice as many poles, here 4 sections.
BUTTERWORTH_ORDER = 4
#: Width of every notch between its -3 dB points. The same width for every harmonic
#: (not the same Q), so that many harmonics cost little EMG; wide enough for a grid
#: that is off by 0.1 Hz (-20 dB there).
NOTCH_BANDWIDTH_HZ = 2.0  # A: assumption
#: Notches at 50, 100, 150 Hz (or 60, 120, 180 Hz).
DEFAULT_HARMONICS = 3  # A: assumption
#: A transient counts as gone after this many time constants of the slowest pole
#: (0.25 % of it remain).
SETTLING_TIME_CONSTANTS = 6.0  # A: assumption


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """What the filter shall do.

    Parameters
    ----------
    fs : float
        Sampling rate in hertz, at least `MIN_SAMPLE_RATE_HZ`.
    lower_hz, upper_hz : float
        -3 dB edges of the band-pass in hertz. The upper edge is lowered, with a
        warning, if it does not fit the sampling rate.
    mains_hz : float or None
        Power-line frequency (50 or 60 Hz); None for no notches.
    n_harmonics : int
        Number of notches, the one at ``mains_hz`` included. Those outside the band are
        left out.
    notch_bandwidth_hz : float
        Width of each notch between its -3 dB points in hertz.
    """

    fs: float
    lower_hz: float = LOWER_EDGE_HZ
    upper_hz: float = UPPER_EDGE_HZ
    mains_hz: float | None = 50.0
    n_harmonics: int = DEFAULT_HARMONICS
    notch_bandwidth_hz: float = NOTCH_BANDWIDTH_HZ


@dataclass(frozen=True, slots=True)
class FilterDesign:
    """A filter that can be run.

    Parameters
    ----------
    sos : ndarray, shape (n_sections, 6)
        Second-order sections in scipy's layout and order: band-pass first, then the
        notches.
    band_hz : tuple of float
        -3 dB edges that were really used, in hertz.
    notches_hz : tuple of float
        Centres of the notches in hertz.
    settling_s : float
        Seconds after which the start-up transient is gone
        (`SETTLING_TIME_CONSTANTS`).
    warnings : tuple of str
        What the user should know about this design.
    """

    sos: F64
    band_hz: tuple[float, float]
    notches_hz: tuple[float, ...]
    settling_s: float
    warnings: tuple[str, ...] = ()


def design_filter(spec: FilterSpec) -> FilterDesign:
    """Design band-pass and notches.

    Parameters
    ----------
    spec : FilterSpec
        What the filter shall do.

    Returns
    -------
    FilterDesign
        Sections, edges that were really used, and warnings.

    Raises
    ------
    DesignError
        If the spec makes no sense or the sampling rate leaves no usable band.
    """
    _check(spec)
    upper_hz = min(spec.upper_hz, MAX_UPPER_EDGE_SHARE * spec.fs)
    if upper_hz < MIN_BAND_RATIO * spec.lower_hz:
        msg = (
            f"band-pass: a sampling rate of {spec.fs:g} Hz leaves the band "
            f"{spec.lower_hz:g}-{upper_hz:g} Hz; expected an upper edge of at least "
            f"{MIN_BAND_RATIO:g} times the lower one; use a faster stream or a lower "
            f"lower edge"
        )
        raise DesignError(msg)
    warnings = []
    if upper_hz < spec.upper_hz:
        warnings.append(
            f"upper edge lowered from {spec.upper_hz:g} to {upper_hz:g} Hz because the "
            f"stream has only {spec.fs:g} Hz; the EMG amplitude reads too low"
        )
    notches_hz = _notches_in_band(spec, upper_hz)
    if spec.mains_hz is not None and not notches_hz:
        warnings.append(f"no harmonic of {spec.mains_hz:g} Hz lies inside the band")
    sos = _sections(spec, upper_hz, notches_hz)
    return FilterDesign(
        sos=sos,
        band_hz=(spec.lower_hz, upper_hz),
        notches_hz=notches_hz,
        settling_s=_settling_s(sos, spec.fs),
        warnings=tuple(warnings),
    )


def _check(spec: FilterSpec) -> None:
    if not (math.isfinite(spec.fs) and spec.fs >= MIN_SAMPLE_RATE_HZ):
        msg = (
            f"band-pass: expected a sampling rate of at least {MIN_SAMPLE_RATE_HZ:g} "
            f"Hz, got {spec.fs!r}; surface EMG cannot be measured below it"
        )
        raise DesignError(msg)
    if not 0 < spec.lower_hz < spec.upper_hz < math.inf:
        msg = (
            f"band-pass: expected 0 < lower_hz < upper_hz, got {spec.lower_hz!r} and "
            f"{spec.upper_hz!r}"
        )
        raise DesignError(msg)
    if spec.mains_hz is None:
        return
    if not (0 < spec.notch_bandwidth_hz < spec.mains_hz < math.inf):
        msg = (
            f"notch: expected 0 < notch_bandwidth_hz < mains_hz, got "
            f"{spec.notch_bandwidth_hz!r} and {spec.mains_hz!r}"
        )
        raise DesignError(msg)
    if spec.n_harmonics < 0:
        msg = f"notch: expected n_harmonics of 0 or more, got {spec.n_harmonics!r}"
        raise DesignError(msg)


def _notches_in_band(spec: FilterSpec, upper_hz: float) -> tuple[float, ...]:
    if spec.mains_hz is None:
        return ()
    centres = (spec.mains_hz * k for k in range(1, spec.n_harmonics + 1))
    return tuple(f for f in centres if spec.lower_hz < f < upper_hz)


def _sections(spec: FilterSpec, upper_hz: float, notches_hz: tuple[float, ...]) -> F64:
    # scipy.signal takes 0.6 s to import; only a design needs it.
    from scipy.signal import butter, iirnotch  # noqa: PLC0415

    band = (spec.lower_hz, upper_hz)
    sos = [butter(BUTTERWORTH_ORDER, band, "bandpass", fs=spec.fs, output="sos")]
    for centre_hz in notches_hz:
        b, a = iirnotch(centre_hz, centre_hz / spec.notch_bandwidth_hz, fs=spec.fs)
        sos.append(np.concatenate((b, a))[np.newaxis])
    return np.ascontiguousarray(np.concatenate(sos), dtype=np.float64)


def _settling_s(sos: F64, fs: float) -> float:
    slowest = max(float(np.abs(np.roots(section[3:])).max()) for section in sos)
    return SETTLING_TIME_CONSTANTS / (-math.log(slowest) * fs)
