"""From a recording to its report."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivers.recordings.model import RecordedStream, Recording
from drivers.recordings.units import UNKNOWN, uv_per_unit
from dsp.bursts import Burst, find_bursts
from dsp.spectrum import Spectrum, median_frequency_hz, welch, without_line
from dsp.types import F64, Bools, QualityFlag
from service.replay.envelope import Envelopes, envelopes
from service.replay.params import ReplayParams
from service.replay.quality import ChannelQuality, judge_quality
from service.replay.report import (
    ChannelReport,
    EnvelopeTable,
    ReplayReport,
    RmsReport,
    StreamReport,
)
from service.replay.stamps import StampFacts, judge_stamps
from service.replay.warnings import (
    quality_warnings,
    stamp_warnings,
    unit_warnings,
)

REPORTED_FLAGS = (
    QualityFlag.CLIPPED,
    QualityFlag.FLAT,
    QualityFlag.MAINS,
    QualityFlag.DRIFT,
    QualityFlag.LOW_RATE,
    QualityFlag.NON_FINITE,
)
"""In the order of the report; settling is a state of the chain, not of a recording."""

REST_MARGIN_S = 0.3
"""Rest begins so far from a burst; nearer lie its flanks. A: assumption."""

VALUE_MAX = 1e15
"""In any unit no measurement but damage; such a value counts as missing."""

RMS_PERCENTILES = (10.0, 50.0, 90.0, 100.0)


@dataclass(frozen=True, slots=True)
class _Analysed:
    channels: tuple[ChannelReport, ...]
    table: EnvelopeTable | None
    warnings: tuple[str, ...]


def analyse(
    recording: Recording,
    chosen: Sequence[RecordedStream],
    params: ReplayParams | None = None,
) -> ReplayReport:
    """Analyse the chosen streams of a recording (see `choose_streams`)."""
    p = params or ReplayParams()
    parts = [_analyse_stream(stream, p) for stream in chosen]
    warnings = list(recording.warnings)
    if not chosen:
        warnings.append("the file has no signals, only markers")
    for part in parts:
        warnings += [text for text in part.warnings if text not in warnings]
    return ReplayReport(
        format=recording.format,
        streams=_stream_reports(recording),
        channels=tuple(channel for part in parts for channel in part.channels),
        warnings=tuple(warnings),
        envelopes=tuple(part.table for part in parts if part.table is not None),
    )


def _stream_reports(recording: Recording) -> tuple[StreamReport, ...]:
    signals = [
        StreamReport(
            s.name,
            s.type,
            len(s.labels),
            s.n_samples,
            s.nominal_rate_hz,
            s.effective_rate_hz,
        )
        for s in recording.streams
    ]
    markers = [
        StreamReport(m.name, m.type, 1, len(m.texts), m.nominal_rate_hz, 0.0)
        for m in recording.markers
    ]
    return (*signals, *markers)


def _analyse_stream(stream: RecordedStream, params: ReplayParams) -> _Analysed:
    stream = _completed(stream, params)
    fs = stream.nominal_rate_hz
    warnings = unit_warnings(stream)
    if stream.n_samples == 0 or not fs > 0:
        what = "has no samples" if stream.n_samples == 0 else "states no sampling rate"
        warnings.append(f"{stream.name}: {what}; tension was not computed")
        empty = ChannelQuality.unknown(len(stream.labels))
        median_hz = np.full(len(stream.labels), np.nan)
        channels = _channels(stream, empty, None, median_hz)
        return _Analysed(channels, None, tuple(warnings))
    facts = judge_stamps(stream.t_s, fs)
    warnings += stamp_warnings(stream, facts)
    spectrum = _spectrum(stream, facts)
    quality = judge_quality(stream.values, spectrum, fs, params.upper_hz)
    warnings += quality_warnings(stream, quality, params)
    if params.mains_hz is None:
        params = dataclasses.replace(params, mains_hz=quality.mains_hz)
    found = envelopes(_scaled(stream), stream.t_s, facts.bounds, fs, params)
    if not np.isfinite(found.rms).any():
        spectrum = None
    warnings += [f"{stream.name}: {note}" for note in found.notes]
    table = EnvelopeTable(stream.labels, found.t_s, found.rms, found.window_s)
    median_hz = _median_frequency_hz(stream, spectrum, params)
    channels = _channels(stream, quality, found, median_hz)
    return _Analysed(channels, table, tuple(warnings))


def _completed(stream: RecordedStream, params: ReplayParams) -> RecordedStream:
    """Put in what the user says where the file says nothing; drop what is no value."""
    x = stream.values
    # Two passes without a copy; a NaN fails the comparison.
    if x.size and not (x.min() > -VALUE_MAX and x.max() < VALUE_MAX):
        with np.errstate(invalid="ignore"):
            values = np.where(np.abs(x) < VALUE_MAX, x, np.nan)
        stream = dataclasses.replace(stream, values=values)
    if params.unit is not None:
        units = tuple(params.unit if u == UNKNOWN else u for u in stream.units)
        scale = tuple(uv_per_unit(unit) for unit in units)
        stream = dataclasses.replace(stream, units=units, scale_to_uv=scale)
    if not stream.nominal_rate_hz > 0 and params.sample_rate_hz is not None:
        rate_hz = params.sample_rate_hz
        stream = dataclasses.replace(
            stream,
            nominal_rate_hz=rate_hz,
            effective_rate_hz=rate_hz,
            t_s=stream.t_s / rate_hz,
        )
    return stream


def _scaled(stream: RecordedStream) -> F64:
    """Values in microvolt, as they are where the unit is not a known voltage."""
    factors = np.array([1.0 if f is None else f for f in stream.scale_to_uv])
    return stream.values if (factors == 1.0).all() else stream.values * factors


def _channels(
    stream: RecordedStream,
    quality: ChannelQuality,
    found: Envelopes | None,
    median_hz: F64,
) -> tuple[ChannelReport, ...]:
    bursts = [_bursts(found, k) for k in range(len(stream.labels))]
    return tuple(
        ChannelReport(
            label=label,
            stream=stream.name,
            unit=stream.units[k] if stream.scale_to_uv[k] is None else "uV",
            recorded_unit=stream.units[k],
            quality=_flag_names(int(quality.flags[k])),
            rms_uv=_distribution(found, k),
            rest_rms_uv=_rest_rms(found, k, bursts[k]),
            burst_rms_uv=_burst_rms(found, k, bursts[k]),
            median_frequency_hz=float(median_hz[k]),
            bursts=bursts[k],
        )
        for k, label in enumerate(stream.labels)
    )


def _flag_names(flags: int) -> tuple[str, ...]:
    return tuple(
        (flag.name or "").casefold() for flag in REPORTED_FLAGS if flags & flag
    )


def _distribution(found: Envelopes | None, channel: int) -> RmsReport:
    rms = np.empty(0) if found is None else found.rms[:, channel]
    rms = rms[np.isfinite(rms)]
    if not rms.size:
        return RmsReport(np.nan, np.nan, np.nan, np.nan)
    return RmsReport(*(float(v) for v in np.percentile(rms, RMS_PERCENTILES)))


def _bursts(found: Envelopes | None, channel: int) -> tuple[Burst, ...]:
    if found is None or not found.t_s.size:
        return ()
    return find_bursts(found.burst[:, channel], found.burst_t_s)


def _near(t_s: F64, bursts: Sequence[Burst], margin_s: float) -> Bools:
    """Which times lie inside a burst, or closer to it than the margin."""
    near = np.zeros(t_s.size, np.bool_)
    for burst in bursts:
        near |= (t_s >= burst.start_s - margin_s) & (t_s <= burst.end_s + margin_s)
    return near


def _burst_rms(found: Envelopes | None, channel: int, bursts: Sequence[Burst]) -> float:
    if found is None:
        return float("nan")
    inside = _near(found.burst_t_s, bursts, 0.0)
    return _root_mean_square(found.burst[inside, channel])


def _rest_rms(found: Envelopes | None, channel: int, bursts: Sequence[Burst]) -> float:
    if found is None:
        return float("nan")
    away = ~_near(found.burst_t_s, bursts, REST_MARGIN_S)
    return _root_mean_square(found.burst[away, channel])


def _root_mean_square(rms: F64) -> float:
    known = rms[np.isfinite(rms)]
    return float(np.sqrt(np.mean(known**2))) if known.size else float("nan")


def _spectrum(stream: RecordedStream, facts: StampFacts) -> Spectrum | None:
    """Spectrum of the longest unbroken piece; a step at a gap would smear over all."""
    lengths = np.diff(facts.bounds)
    k = int(np.argmax(lengths))
    if lengths[k] < 2:  # noqa: PLR2004 - no spectrum of one sample
        return None
    piece = stream.values[facts.bounds[k] : facts.bounds[k + 1]]
    return welch(piece, stream.nominal_rate_hz)


def _median_frequency_hz(
    stream: RecordedStream, spectrum: Spectrum | None, params: ReplayParams
) -> F64:
    if spectrum is None:
        return np.full(len(stream.labels), np.nan)
    if params.mains_hz:
        spectrum = without_line(spectrum, params.mains_hz)
    return median_frequency_hz(spectrum, params.lower_hz, params.upper_hz)
