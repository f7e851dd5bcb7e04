"""A rig: where EMG comes from, what is actuated, which bounds hold, who may look."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from drivers.recordings.units import uv_per_unit
from service.config.base import ConfigModel, Label, Name, Seconds
from service.core.limits import COMPILED, Quantity, beyond_compiled


class RigSection(ConfigModel):
    """``[rig]``: which rig this is."""

    name: Name


class Derivation(ConfigModel):
    """A bipolar channel: the difference of two electrodes of the stream."""

    label: Label
    plus: Label
    minus: Label


Labels = Annotated[tuple[Label, ...], Field(strict=False)]
Derivations = Annotated[tuple[Derivation, ...], Field(strict=False)]


class Filtering(ConfigModel):
    """How the EMG of a source is filtered before its tension is estimated."""

    lower_edge_hz: Annotated[float, Field(ge=5, le=200)] = 20.0
    upper_edge_hz: Annotated[float, Field(ge=50, le=2000)] = 450.0
    mains_hz: Literal[0, 50, 60] = 50
    envelope_window_s: Annotated[float, Field(ge=0.02, le=5)] = 0.25

    @model_validator(mode="after")
    def _edges_in_order(self) -> Self:
        if not self.lower_edge_hz < self.upper_edge_hz:
            msg = (
                "expected lower_edge_hz below upper_edge_hz, got "
                f"{self.lower_edge_hz:g} and {self.upper_edge_hz:g}"
            )
            raise ValueError(msg)
        return self


class SourceBase(ConfigModel):
    """What every source has."""

    name: Name
    unit: str = ""
    filter: Filtering = Filtering()

    @model_validator(mode="after")
    def _unit_is_known(self) -> Self:
        if self.unit and uv_per_unit(self.unit) is None:
            msg = f"unit: expected uV, mV, V or nV, got {self.unit!r}"
            raise ValueError(msg)
        return self


class LslSourceConfig(SourceBase):
    """EMG over LSL: the stream is the one that fits everything that is stated."""

    driver: Literal["lsl"]
    stream_name: str = ""
    stream_type: str = "EMG"
    source_id: str = ""
    hostname: str = ""
    channels: Labels = ()
    montage: Derivations = ()
    resolve_timeout_s: Seconds = 5.0
    silence_s: Annotated[float, Field(gt=0, le=0.25)] = 0.25


class ReplaySourceConfig(SourceBase):
    """A recording, played back at its own pace or ``speed`` times as fast."""

    driver: Literal["replay"]
    file: Annotated[str, Field(min_length=1)]
    stream: str = ""
    channels: Labels = ()
    chunk_samples: Annotated[int, Field(ge=1, le=4096)] = 32


class SimulatedSourceConfig(SourceBase):
    """A simulated subject that nothing stimulates: for rehearsing without a rig."""

    driver: Literal["simulated"]
    subject: str = "responder"
    seed: Annotated[int, Field(ge=0)] = 0
    sample_rate_hz: Annotated[float, Field(ge=250, le=10_000)] = 2048.0
    n_channels: Annotated[int, Field(ge=1, le=256)] = 1
    chunk_samples: Annotated[int, Field(ge=1, le=4096)] = 32


SourceConfig = Annotated[
    LslSourceConfig | ReplaySourceConfig | SimulatedSourceConfig,
    Field(discriminator="driver"),
]


class MarkersConfig(ConfigModel):
    """``[markers]``: a stream of events beside the EMG."""

    stream_name: str = ""
    stream_type: str = "Markers"
    source_id: str = ""
    hostname: str = ""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.stream_name or self.source_id):
            msg = "expected stream_name or source_id: a rig publishes markers itself"
            raise ValueError(msg)
        return self


class ControlConfig(ConfigModel):
    """``[control]``: which channel is watched, which program runs, what is actuated."""

    source: Name
    channel: str = ""
    program: Name = "ems-flutter"
    output_channel: str = ""


class OutputChannelConfig(ConfigModel):
    """One actuator, and the electrodes that it is wired to."""

    label: Label
    max_amplitude_ma: Annotated[
        float, Field(gt=0, le=COMPILED[Quantity.AMPLITUDE_MA].absolute)
    ]
    amplitude_step_ma: Annotated[float, Field(ge=0, le=5)] = 0.5
    pad_area_cm2: Annotated[float, Field(gt=0, le=1000)]


class OutputConfig(ConfigModel):
    """``[output]``: the stimulator."""

    driver: Literal["lsl", "simulated"]
    name: Name = "unclench-stimulation"
    channels: Annotated[list[OutputChannelConfig], Field(min_length=1, max_length=16)]


class LimitsConfig(ConfigModel):
    """``[limits]``: bounds of this rig; each can only tighten what is compiled in."""

    amplitude_ma: Annotated[float, Field(gt=0)] | None = None
    pulse_width_us: Annotated[float, Field(gt=0)] | None = None
    frequency_hz: Annotated[float, Field(gt=0)] | None = None
    charge_uc: Annotated[float, Field(gt=0)] | None = None
    rms_density_ma_per_cm2: Annotated[float, Field(gt=0)] | None = None
    slew_up_ma_per_s: Annotated[float, Field(gt=0)] | None = None
    on_fraction: Annotated[float, Field(gt=0)] | None = None
    treatment_s: Annotated[float, Field(gt=0)] | None = None

    def bounds(self) -> dict[Quantity, float]:
        """Return what is stated."""
        stated = self.model_dump(exclude_none=True)
        return {Quantity(key): value for key, value in stated.items()}

    @model_validator(mode="after")
    def _within_compiled(self) -> Self:
        beyond = beyond_compiled(self.bounds())
        if beyond:
            raise ValueError(", ".join(beyond))
        return self


class OutletsConfig(ConfigModel):
    """``[outlets]``: what the service tells the rest of the lab over LSL."""

    markers_name: Name = "unclench-markers"
    tension_name: Name = "unclench-tension"


class ApiConfig(ConfigModel):
    """``[api]``: where dashboards connect."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000


class RigConfig(ConfigModel):
    """A rig file."""

    rig: RigSection
    sources: Annotated[list[SourceConfig], Field(min_length=1, max_length=16)]
    markers: MarkersConfig | None = None
    control: ControlConfig
    output: OutputConfig
    limits: LimitsConfig = LimitsConfig()
    outlets: OutletsConfig = OutletsConfig()
    api: ApiConfig = ApiConfig()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) != len(names):
            msg = f"expected different names of sources, got {', '.join(names)}"
            raise ValueError(msg)
        if self.control.source not in names:
            msg = (
                f"control.source: expected one of {', '.join(names)}, "
                f"got {self.control.source!r}"
            )
            raise ValueError(msg)
        labels = [channel.label for channel in self.output.channels]
        wanted = self.control.output_channel
        if len(set(labels)) != len(labels) or (wanted and wanted not in labels):
            msg = (
                "control.output_channel: expected one of output.channels, each with "
                f"a label of its own; got {wanted!r} and {', '.join(labels)}"
            )
            raise ValueError(msg)
        return self
