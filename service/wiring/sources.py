"""Sources, and the chain behind each of them."""

from collections.abc import Iterable
from pathlib import Path

from drivers.errors import ConnectError
from drivers.ports import Clock, EmgSource
from drivers.recordings.choose import choose_streams
from drivers.recordings.opener import open_recording
from drivers.recordings.units import uv_per_unit
from drivers.source_registry import (
    LslSource,
    LslSourceParams,
    MarkerSource,
    MarkerSourceParams,
    ReplayOptions,
    ReplaySource,
    SimulatedSource,
)
from drivers.subject.presets import subject_params
from drivers.subject.subject import SimulatedSubject
from dsp import ChainParams, EmgChain
from dsp.accurate import AccurateChain, Treatment
from dsp.artifact.cancel import ArtifactMethod
from dsp.artifact.epochs import EpochParams
from dsp.ecg import HeartMethod
from service.config.rig import (
    Filtering,
    LslSourceConfig,
    MarkersConfig,
    ReplaySourceConfig,
    SimulatedSourceConfig,
    SourceConfig,
)
from service.config.treatment import DisturbanceConfig

#: Name of the marker stream among the sources; no EMG source may be called so.
MARKERS_SOURCE = "markers"


def make_source(config: SourceConfig, clock: Clock) -> EmgSource:
    """Return the source that a rig file describes, not yet open."""
    match config:
        case LslSourceConfig():
            return LslSource(config.name, _lsl_params(config))
        case ReplaySourceConfig():
            return _make_replay(config, clock)
        case SimulatedSourceConfig():
            params = subject_params(config.subject, config.seed)
            subject = SimulatedSubject(
                params, config.sample_rate_hz, config.n_channels, config.seed
            )
            return SimulatedSource(
                config.name, subject, clock, chunk_samples=config.chunk_samples
            )


def _lsl_params(config: LslSourceConfig) -> LslSourceParams:
    return LslSourceParams(
        stream_name=config.stream_name,
        stream_type=config.stream_type,
        source_id=config.source_id,
        hostname=config.hostname,
        labels=config.labels,
        channels=config.channels,
        montage=tuple((d.label, d.plus, d.minus) for d in config.montage),
        unit=config.unit,
        resolve_timeout_s=config.resolve_timeout_s,
        silence_s=config.silence_s,
    )


def electrodes(sources: Iterable[SourceConfig]) -> dict[tuple[str, str], str]:
    """Return what the derived channels of all sources are the difference of."""
    return {
        (source.name, derived.label): f"{derived.plus} - {derived.minus}"
        for source in sources
        if isinstance(source, LslSourceConfig)
        for derived in source.montage
    }


def make_markers(config: MarkersConfig) -> EmgSource:
    """Return the stream of events that a rig file describes, not yet open."""
    return MarkerSource(MARKERS_SOURCE, MarkerSourceParams(**config.model_dump()))


def _make_replay(config: ReplaySourceConfig, clock: Clock) -> EmgSource:
    recording = open_recording(Path(config.file))
    chosen = choose_streams(recording, config.stream or None, config.channels)
    if len(chosen) != 1:
        names = ", ".join(stream.name for stream in chosen)
        msg = f"source {config.name!r}: expected one stream, got {names}; name one"
        raise ConnectError(msg)
    options = ReplayOptions(
        chunk_samples=config.chunk_samples,
        uv_per_unknown_unit=uv_per_unit(config.unit) if config.unit else None,
    )
    return ReplaySource(config.name, chosen[0], clock, recording.markers, options)


def chain_params(
    filtering: Filtering, fs: float, n_channels: int, window_s: float
) -> ChainParams:
    """Return what the chain of a source is built from."""
    return ChainParams(
        fs=fs,
        n_channels=n_channels,
        lower_hz=filtering.lower_edge_hz,
        upper_hz=filtering.upper_edge_hz,
        mains_hz=float(filtering.mains_hz) or None,
        control_window_s=window_s,
        fast_window_s=filtering.envelope_window_s,
    )


def make_chain(
    params: ChainParams, config: DisturbanceConfig | None
) -> EmgChain | AccurateChain:
    """Return the chain that a rig file asks for."""
    if config is None:
        return EmgChain(params)
    return AccurateChain(params, treatment(config))


def treatment(config: DisturbanceConfig) -> Treatment:
    """Return what is done about each disturbance."""
    treats = config.artifact != "none"
    return Treatment(
        artifact=EpochParams(ArtifactMethod(config.artifact)) if treats else None,
        detect_pulses=treats and config.pulses != "trigger",
        heart=None if config.heart == "none" else HeartMethod(config.heart),
        track_mains=config.track_mains,
    )
