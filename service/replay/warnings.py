"""What a user has to know about a recording before believing its numbers."""

from collections.abc import Sequence

import numpy as np

from drivers.recordings.model import RecordedStream
from drivers.recordings.units import UNKNOWN
from dsp.types import QualityFlag
from service.replay.params import ReplayParams
from service.replay.quality import ChannelQuality
from service.replay.stamps import RATE_TOLERANCE, StampFacts

NAMED = 6
"""So many channels or gaps are named in one warning; the rest is counted."""

FLAT_WORTH_TELLING_S = 1.0
FLAT_WORTH_TELLING_SHARE = 0.2
"""A: assumption; less may be the start of the recording."""


def _listing(items: Sequence[str]) -> str:
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(items[:NAMED]) + more


def unit_warnings(stream: RecordedStream) -> list[str]:
    """Say which channels are not in microvolt."""
    warnings = []
    for unit in dict.fromkeys(stream.units):
        labels = [
            label
            for label, u, f in zip(
                stream.labels, stream.units, stream.scale_to_uv, strict=True
            )
            if u == unit and f is None
        ]
        if labels:
            stated = "no unit stated" if unit == UNKNOWN else f"unit {unit}"
            warnings.append(
                f"{stream.name}: {stated} for {_listing(labels)}; RMS values are in "
                "the unit of the file, not in microvolt"
            )
    return warnings


def stamp_warnings(stream: RecordedStream, facts: StampFacts) -> list[str]:
    """Say where samples are missing, stamps step back, or the rate is another."""
    warnings = []
    nominal, effective = stream.nominal_rate_hz, stream.effective_rate_hz
    if stream.n_samples > 1 and abs(effective / nominal - 1) > RATE_TOLERANCE:
        warnings.append(
            f"{stream.name}: effective rate {effective:.3f} Hz, nominal {nominal:g} Hz"
        )
    if facts.n_backward:
        warnings.append(f"{stream.name}: {facts.n_backward} time stamps step backward")
    if facts.gaps_s:
        missing = round(sum(facts.gaps_s) * nominal)
        longest_s = max(facts.gaps_s)
        warnings.append(
            f"{stream.name}: {len(facts.gaps_s)} gaps of up to {longest_s:.3f} s; "
            f"about {missing} samples are missing"
        )
    repeated = int(np.count_nonzero((np.diff(stream.values, axis=0) == 0).all(axis=1)))
    if repeated and len(stream.labels) > 1:
        warnings.append(
            f"{stream.name}: {repeated} samples repeat the one before in all channels"
        )
    return warnings


def quality_warnings(
    stream: RecordedStream, quality: ChannelQuality, params: ReplayParams
) -> list[str]:
    """Name the channels behind the flags."""

    def named(flag: QualityFlag) -> list[str]:
        has = quality.flags & flag != 0
        return [label for label, bad in zip(stream.labels, has, strict=True) if bad]

    warnings = []
    duration_s = stream.n_samples / stream.nominal_rate_hz
    worth_telling_s = min(FLAT_WORTH_TELLING_S, FLAT_WORTH_TELLING_SHARE * duration_s)
    if flat := named(QualityFlag.FLAT):
        warnings.append(f"{stream.name}: flat ({len(flat)}): {', '.join(flat)}")
    warnings += [
        f"{stream.name}: {label} does not change for {flat_s:.2f} s in total"
        for label, flat_s in zip(stream.labels, quality.flat_s, strict=True)
        if flat_s >= worth_telling_s and label not in flat
    ]
    if clipped := named(QualityFlag.CLIPPED):
        warnings.append(f"{stream.name}: clipped: {_listing(clipped)}")
    if missing := named(QualityFlag.NON_FINITE):
        n = int(np.count_nonzero(~np.isfinite(stream.values)))
        warnings.append(f"{stream.name}: {n} missing values in {_listing(missing)}")
    if hum := named(QualityFlag.MAINS):
        told = "" if params.mains_hz is not None else ", notches applied"
        warnings.append(
            f"{stream.name}: mains hum at {quality.mains_hz:g} Hz dominates{told}: "
            f"{_listing(hum)}"
        )
    if quality.comb_hz:
        warnings.append(
            f"{stream.name}: a periodic artifact near {quality.comb_hz:g} Hz and its "
            "multiples (a stimulator?) is read as tension"
        )
    if drift := named(QualityFlag.DRIFT):
        warnings.append(f"{stream.name}: baseline drift dominates: {_listing(drift)}")
    return warnings
