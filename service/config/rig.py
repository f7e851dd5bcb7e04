"""A rig: where EMG comes from, what is actuated, which bounds hold, who may look."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from drivers.recordings.units import uv_per_unit
from dsp.normalise import MAX_AGE_S
from service.config.base import ConfigModel, Label, Name, Seconds
from service.config.outputs import OutputChannelConfig
from service.config.safety import (
    LimitsConfig,
    SafetyConfig,
    StopInputConfig,
    StopLineConfig,
)
from service.config.treatment import DisturbanceConfig


class RigSection(ConfigModel):
    """``[rig]``: which rig this is."""

    name: Name
    """Shown on dashboards and in every recording."""


class Derivation(ConfigModel):
    """A bipolar channel: the difference of two electrodes of the stream."""

    label: Label
    """Name of the derived channel."""

    plus: Label
    """Label of the electrode that counts positive."""

    minus: Label
    """Label of the electrode that is subtracted."""


Labels = Annotated[tuple[Label, ...], Field(strict=False)]
Derivations = Annotated[tuple[Derivation, ...], Field(strict=False)]


class Filtering(ConfigModel):
    """How the EMG of a source is filtered before its tension is estimated."""

    lower_edge_hz: Annotated[float, Field(ge=5, le=200)] = 20.0
    """−3 dB edge against drift and motion; 30 on neck and back because of the ECG.
    SENIAM: 10–20 Hz; A: 20.
    """

    upper_edge_hz: Annotated[float, Field(ge=50, le=2000)] = 450.0
    """−3 dB edge; lowered with a warning for streams that are too slow. SENIAM:
    400–450 Hz and above.
    """

    mains_hz: Literal[0, 50, 60] = 50
    """Power line; notches at it and two harmonics. 0 for none."""

    envelope_window_s: Annotated[float, Field(ge=0.02, le=5)] = 0.25
    """RMS window of the envelope for the eye; the window that decides belongs to the
    program. A.
    """

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
    """Name within this rig."""

    unit: str = ""
    """uV, mV, V or nV: for channels whose unit the device does not state."""

    filter: Filtering = Filtering()
    """Filtering of this source."""

    treatment: DisturbanceConfig | None = None
    """What is done about stimulation, heart and hum; if absent, filtering is all."""

    @model_validator(mode="after")
    def _unit_is_known(self) -> Self:
        if self.unit and uv_per_unit(self.unit) is None:
            msg = f"unit: expected uV, mV, V or nV, got {self.unit!r}"
            raise ValueError(msg)
        return self


class LslSourceConfig(SourceBase):
    """EMG over LSL: the stream is the one that fits everything that is stated."""

    driver: Literal["lsl"]
    """EMG over LSL."""

    stream_name: str = ""
    """Name of the stream."""

    stream_type: str = "EMG"
    """Type of the stream."""

    source_id: str = ""
    """Identity of the device; a lost stream is found again by it."""

    hostname: str = ""
    """Host that sends."""

    labels: Labels = ()
    """Names of all channels, in order, for a stream that does not name them."""

    channels: Labels = ()
    """Labels of the channels to use; all if empty."""

    montage: Derivations = ()
    """Bipolar derivations."""

    resolve_timeout_s: Seconds = 5.0
    """How long to look for the stream at the start."""

    silence_s: Annotated[float, Field(gt=0, le=0.25)] = 0.25
    """Silence that counts as a loss. A: at most 0.25 s."""


class ReplaySourceConfig(SourceBase):
    """A recording, played back at its own pace or ``speed`` times as fast."""

    driver: Literal["replay"]
    """A recording."""

    file: Annotated[str, Field(min_length=1)]
    """Path of the recording."""

    stream: str = ""
    """Name of the stream in it; the fullest if empty."""

    channels: Labels = ()
    """Labels; the EMG channels if empty."""

    chunk_samples: Annotated[int, Field(ge=1, le=4096)] = 32
    """Samples per chunk."""


class SimulatedSourceConfig(SourceBase):
    """A simulated subject that nothing stimulates: for rehearsing without a rig."""

    driver: Literal["simulated"]
    """A subject in this process, out of reach of the output."""

    subject: str = "responder"
    """Preset of the simulated subject."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Of its random numbers."""

    sample_rate_hz: Annotated[float, Field(ge=250, le=10_000)] = 2048.0
    """Rate."""

    n_channels: Annotated[int, Field(ge=1, le=256)] = 1
    """Number of channels."""

    chunk_samples: Annotated[int, Field(ge=1, le=4096)] = 32
    """Samples per chunk."""


SourceConfig = Annotated[
    LslSourceConfig | ReplaySourceConfig | SimulatedSourceConfig,
    Field(discriminator="driver"),
]


class MarkersConfig(ConfigModel):
    """``[markers]``: a stream of events beside the EMG."""

    stream_name: str = ""
    """Name of the stream."""

    stream_type: str = "Markers"
    """Type of the stream."""

    source_id: str = ""
    """Identity of the sender."""

    hostname: str = ""
    """Host that sends."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.stream_name or self.source_id):
            msg = "expected stream_name or source_id: a rig publishes markers itself"
            raise ValueError(msg)
        return self


class MuscleConfig(ConfigModel):
    """``[[control.muscles]]``: one muscle of programs that look at several."""

    channel: Label
    """Label of its EMG channel."""

    output_channel: Label
    """Label of the output channel that reaches it."""


class ControlConfig(ConfigModel):
    """``[control]``: which channel is watched, which program runs, what is actuated."""

    source: Name
    """Source whose EMG decides."""

    channel: str = ""
    """Label of the channel that decides; the first if empty."""

    program: Name = "ems-flutter"
    """Program of a session that names none."""

    output_channel: str = ""
    """Label of the actuated channel; the first if empty."""

    muscles: Annotated[tuple[MuscleConfig, ...], Field(strict=False)] = ()
    """What programs for several muscles look at and act on."""


class OutputConfig(ConfigModel):
    """``[output]``: the stimulator."""

    driver: Literal["lsl", "simulated"]
    """`lsl` publishes a stream of type Stimulation, `simulated` is a device in memory.
    """

    name: Name = "unclench-stimulation"
    """Name of the device or stream."""

    channels: Annotated[list[OutputChannelConfig], Field(min_length=1, max_length=16)]
    """The actuators."""


class OutletsConfig(ConfigModel):
    """``[outlets]``: what the service tells the rest of the lab over LSL."""

    markers_name: Name = "unclench-markers"
    """Stream of session events."""

    tension_name: Name = "unclench-tension"
    """Stream of tension per channel."""


class DataConfig(ConfigModel):
    """``[data]``: where sessions are kept."""

    folder: Annotated[str, Field(min_length=1)] = "data"
    """Folder; a session is in ``sessions/<id>`` below it, stored MVC and RVC are in
    ``references``.
    """


class CalibrationSection(ConfigModel):
    """``[calibration]``: what this rig does about reference values."""

    reference_max_age_h: Annotated[float, Field(gt=0, le=720)] = MAX_AGE_S / 3600
    """A stored MVC or RVC that is older is refused: electrodes never come back to the
    same place. A: a day.
    """


class ApiConfig(ConfigModel):
    """``[api]``: where dashboards connect."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but loopback opens the rig to the network and
    needs a token in the environment variable UNCLENCH_API_TOKEN.
    """

    port: Annotated[int, Field(ge=1, le=65_535)] = 8000
    """TCP port."""


class RigConfig(ConfigModel):
    """A rig file."""

    rig: RigSection
    """Which rig this is."""

    sources: Annotated[list[SourceConfig], Field(min_length=1, max_length=16)]
    """Where EMG comes from."""

    markers: MarkersConfig | None = None
    """A stream of events beside the EMG."""

    control: ControlConfig
    """What is watched and what is actuated."""

    output: OutputConfig
    """The stimulator."""

    limits: LimitsConfig = LimitsConfig()
    """Bounds of this rig."""

    safety: SafetyConfig = SafetyConfig()
    """What arming takes."""

    stop_input: StopInputConfig | None = None
    """Hardware that says stop."""

    stop_line: StopLineConfig | None = None
    """A line on which the supervisor stops the device itself."""

    outlets: OutletsConfig = OutletsConfig()
    """LSL streams of the service itself."""

    data: DataConfig = DataConfig()
    """Where sessions are kept."""

    calibration: CalibrationSection = CalibrationSection()
    """What is done about reference values."""

    api: ApiConfig = ApiConfig()
    """Where dashboards connect."""

    @property
    def is_simulated(self) -> bool:
        """Whether the output reaches nobody."""
        return self.output.driver == "simulated"

    def demands(self, key: str) -> bool:
        """Return whether a part of ``[safety]`` holds."""
        stated: bool | None = getattr(self.safety, key)
        return not self.is_simulated if stated is None else stated

    @model_validator(mode="after")
    def _nobody_goes_without(self) -> Self:
        for key in ("ceremony", "presence"):
            if not (self.is_simulated or self.demands(key)):
                msg = f"safety.{key}: expected true, or a simulated output"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        names = [source.name for source in self.sources]
        own = self.outlets.markers_name
        if self.markers and own in {self.markers.stream_name, self.markers.source_id}:
            msg = f"markers: {own} is what this rig publishes itself; name another"
            raise ValueError(msg)
        if "markers" in names:
            msg = "sources: the name markers is taken by [markers]; choose another"
            raise ValueError(msg)
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
        for muscle in self.control.muscles:
            if muscle.output_channel not in labels:
                msg = (
                    "control.muscles: expected output_channel to be one of "
                    f"{', '.join(labels)}, got {muscle.output_channel!r}"
                )
                raise ValueError(msg)
        wanted = self.control.output_channel
        if len(set(labels)) != len(labels) or (wanted and wanted not in labels):
            msg = (
                "control.output_channel: expected one of output.channels, each with "
                f"a label of its own; got {wanted!r} and {', '.join(labels)}"
            )
            raise ValueError(msg)
        return self
