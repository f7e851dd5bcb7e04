"""What 100 % is: reference values of a muscle, and for how long they hold.

Pure: trials come in as RMS courses, a `Reference` goes out that can be stored as plain
data and be used again within its age limit. Without one, tension is in microvolt, and
its unit says so.
"""

import enum
import math
from dataclasses import asdict, dataclass

import numpy as np

from dsp.errors import DesignError
from dsp.tension import (
    NOISE_WINDOW_S,
    TensionScale,
    TensionUnit,
    noise_floor_uv,
    remove_noise,
)
from dsp.types import F64

#: Trials of a maximal contraction.
N_TRIALS = 3
#: The best two trials must agree within this, else another one is needed.
MAX_SPREAD = 0.10  # R
#: A trial this far from the median of all, in median deviations, is an outlier.
OUTLIER_DEVIATIONS = 5.0  # A: assumption
#: Deviations below this share of the median are not told from chance.
MIN_DEVIATION = 0.05  # A: assumption
#: A maximal contraction is at least so many times the rest (20 dB).
MIN_MVC_RATIO = 10.0  # A: assumption
#: A reference contraction lies between these shares of the maximal one.
RVC_SHARE = (0.05, 0.30)  # A: assumption
#: Electrodes are not put back to the same place: a reference holds for a day.
MAX_AGE_S = 24 * 3600.0  # A: assumption


class ReferenceKind(enum.Enum):
    """What was contracted."""

    MVC = "mvc"  #: as hard as possible
    RVC = "rvc"  #: a known submaximal load; for people with pain


@dataclass(frozen=True, slots=True)
class Trials:
    """What several contractions of one channel gave.

    Parameters
    ----------
    best_uv : tuple of float
        Best window of each trial without noise, in microvolt.
    used : tuple of bool
        Which trials count; the others were outliers or empty.
    reference_uv : float
        Largest of those that count; NaN if none does.
    """

    best_uv: tuple[float, ...]
    used: tuple[bool, ...]
    reference_uv: float

    @property
    def repeatable(self) -> bool:
        """Whether the best two agree within `MAX_SPREAD`."""
        counted = sorted(b for b, u in zip(self.best_uv, self.used, strict=True) if u)
        if len(counted) < 2:  # noqa: PLR2004
            return False
        return counted[-2] >= (1.0 - MAX_SPREAD) * counted[-1]


def judge_trials(trials_uv: list[F64], noise_uv: float) -> Trials:
    """Take the best window of each trial, leave outliers out, take the largest.

    Parameters
    ----------
    trials_uv : list of ndarray, each of shape (n_windows,)
        Sliding RMS over `dsp.tension.MVC_WINDOW_S` of each trial, in microvolt; NaN
        where it was flagged.
    noise_uv : float
        Noise floor in microvolt.

    Returns
    -------
    Trials
        Best windows, which count, and the reference.

    Notes
    -----
    Never the raw peak, always a window: a spike is no contraction. A trial counts if it
    lies within `OUTLIER_DEVIATIONS` of the median; two or fewer cannot be told apart.
    """
    floor = np.array([noise_uv])
    best = [
        float(remove_noise(np.array([np.nanmax(t)]), floor)[0])
        if np.isfinite(t).any()
        else math.nan
        for t in trials_uv
    ]
    values = np.array(best)
    seen = np.isfinite(values)
    used = seen.copy()
    if seen.sum() >= N_TRIALS:
        middle = float(np.median(values[seen]))
        away = np.abs(values - middle)
        spread = max(float(np.median(away[seen])), MIN_DEVIATION * middle)
        used &= away <= OUTLIER_DEVIATIONS * spread
    reference = float(values[used].max()) if used.any() else math.nan
    return Trials(tuple(best), tuple(used.tolist()), reference)


def rest_noise_uv(rest_rms_uv: F64, bandwidth_hz: float) -> float:
    """Return the noise floor of an instructed rest of one channel.

    Parameters
    ----------
    rest_rms_uv : ndarray, shape (n_windows,)
        RMS of windows of 1 s that do not overlap, in microvolt; NaN is left out.
    bandwidth_hz : float
        Statistical bandwidth of the noise in hertz.

    Returns
    -------
    float
        Microvolt; NaN without a window.
    """
    seen = rest_rms_uv[np.isfinite(rest_rms_uv)]
    if not seen.size:
        return math.nan
    floor = noise_floor_uv(seen[:, np.newaxis], NOISE_WINDOW_S, bandwidth_hz)
    return float(floor[0])


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference values of one muscle of one person.

    Parameters
    ----------
    subject, muscle : str
        Whose.
    kind : ReferenceKind
        What was contracted.
    reference_uv : float
        Noise-corrected RMS of that contraction in microvolt.
    noise_uv : float
        Noise floor in microvolt.
    band_hz : tuple of float
        -3 dB edges of the filter it was measured with: another filter needs another
        reference.
    taken_at_s : float
        When, in second of a clock that the caller keeps to.
    rest_uv : float
        Noise-corrected RMS at rest in microvolt; NaN if not recorded.

    Raises
    ------
    DesignError
        If reference or noise are not usable.
    """

    subject: str
    muscle: str
    kind: ReferenceKind
    reference_uv: float
    noise_uv: float
    band_hz: tuple[float, float]
    taken_at_s: float
    rest_uv: float = math.nan

    def __post_init__(self) -> None:
        usable = 0 < self.reference_uv < math.inf and 0 <= self.noise_uv < math.inf
        if not usable:
            msg = (
                f"reference of {self.subject!r}, {self.muscle!r}: expected a level "
                f"above 0 µV and a noise floor of 0 or more, got "
                f"{self.reference_uv!r} and {self.noise_uv!r}; record the "
                f"contraction again"
            )
            raise DesignError(msg)

    def warnings(self, mvc_uv: float = math.nan) -> tuple[str, ...]:
        """Return what is implausible about it.

        Parameters
        ----------
        mvc_uv : float
            Maximal contraction that a submaximal one is compared with, in microvolt.

        Returns
        -------
        tuple of str
            Sentences for the operator; empty if all is well.
        """
        found = []
        if self.reference_uv < MIN_MVC_RATIO * self.noise_uv:
            found.append(
                f"the contraction is {self.reference_uv / self.noise_uv:.1f} times the "
                f"noise, expected {MIN_MVC_RATIO:g} or more"
            )
        share = self.reference_uv / mvc_uv
        low, high = RVC_SHARE
        if self.kind is ReferenceKind.RVC and (share < low or share > high):
            found.append(
                f"the reference contraction is {100 * share:.0f} % of the maximal "
                f"one, expected {100 * low:.0f} to {100 * high:.0f} %"
            )
        return tuple(found)

    def refusal(
        self, now_s: float, band_hz: tuple[float, float], max_age_s: float = MAX_AGE_S
    ) -> str | None:
        """Return why it must not be used again.

        Parameters
        ----------
        now_s : float
            Now, on the clock of ``taken_at_s``.
        band_hz : tuple of float
            Edges of the filter in use.
        max_age_s : float
            Age limit in second.

        Returns
        -------
        str or None
            A sentence for the operator; None if it may be used.
        """
        age_s = now_s - self.taken_at_s
        if not 0 <= age_s <= max_age_s:
            return (
                f"the reference of {self.muscle} is {age_s / 3600:.1f} h old, expected "
                f"at most {max_age_s / 3600:.1f} h; record it again"
            )
        if tuple(band_hz) != tuple(self.band_hz):
            return (
                f"the reference of {self.muscle} was taken at {self.band_hz} Hz, the "
                f"filter is {band_hz} Hz; record it again"
            )
        return None

    def to_data(self) -> dict[str, object]:
        """Return it as plain data.

        Returns
        -------
        dict
            Strings, numbers and a list, good for JSON; NaN as None.
        """
        data = asdict(self)
        rest = None if math.isnan(self.rest_uv) else self.rest_uv
        return data | {
            "kind": self.kind.value,
            "band_hz": list(self.band_hz),
            "rest_uv": rest,
        }


def reference_from_data(data: dict[str, object]) -> Reference:
    """Return what `Reference.to_data` wrote.

    Parameters
    ----------
    data : dict
        Plain data.

    Returns
    -------
    Reference
        The same reference.

    Raises
    ------
    DesignError
        If something is missing or of another type.
    """
    try:
        low, high = (float(edge) for edge in data["band_hz"])  # type: ignore[attr-defined]
        rest = data.get("rest_uv")
        return Reference(
            subject=str(data["subject"]),
            muscle=str(data["muscle"]),
            kind=ReferenceKind(data["kind"]),
            reference_uv=float(data["reference_uv"]),  # type: ignore[arg-type]
            noise_uv=float(data["noise_uv"]),  # type: ignore[arg-type]
            band_hz=(low, high),
            taken_at_s=float(data["taken_at_s"]),  # type: ignore[arg-type]
            rest_uv=math.nan if rest is None else float(rest),  # type: ignore[arg-type]
        )
    except (KeyError, TypeError, ValueError) as error:
        msg = f"reference: expected what was stored, got {data!r}; record it again"
        raise DesignError(msg) from error


def scale_for(references: list[Reference | None], noise_uv: F64) -> TensionScale:
    """Return the scale of several channels, in microvolt if one of them has none.

    Parameters
    ----------
    references : list of Reference or None
        One per channel.
    noise_uv : ndarray, shape (n_channels,)
        Noise floors to be used where there is no reference, in microvolt.

    Returns
    -------
    TensionScale
        Percent if every channel has a reference of one kind, else `TensionUnit.UV`:
        numbers of different units must not stand side by side.
    """
    known = [r for r in references if r is not None]
    kinds = {r.kind for r in known}
    if len(known) < len(references) or len(kinds) != 1:
        return TensionScale(TensionUnit.UV, noise_uv)
    unit = {
        ReferenceKind.MVC: TensionUnit.PCT_MVC,
        ReferenceKind.RVC: TensionUnit.PCT_RVC,
    }
    return TensionScale(
        unit[kinds.pop()],
        np.array([r.noise_uv for r in known]),
        np.array([r.reference_uv for r in known]),
    )
