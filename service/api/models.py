"""What requests and answers look like."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from service.config.outputs import OutputChannelConfig
from service.core.actuators import ACTUATORS
from service.core.limits import COMPILED, above_recommended
from service.core.program import Program
from service.messages import State
from service.role import Snapshot

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=128)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class NewSession(_Model):
    """A session to be opened; what is absent is as the rig file says."""

    program: Text = ""
    channel: Text = ""
    subject: Text = ""
    reference: Literal["", "stored"] = Field(
        default="",
        description="stored: calibrate with what an earlier session of this subject "
        "and muscle has stored, if that is fit to be used.",
    )
    stage: Text = ""
    limits: dict[str, Positive] = Field(
        default_factory=dict,
        description="Bounds that tighten those of the rig, by quantity: "
        + ", ".join(COMPILED),
    )


class Stored(_Model):
    """Values that replace measured ones: given, or stored by an earlier session."""

    noise_uv: Positive | None = None
    mvc_uv: Positive | None = None
    reference: Literal["", "stored", "measured"] = Field(
        default="",
        description="stored or measured; empty: as the session was opened.",
    )


class Arming(_Model):
    """What the ceremony came to; a simulated rig needs none of it."""

    token: Text = Field(default="", description="Earned by holding the button.")
    operator: Text = Field(default="", description="Who answers for this session.")
    site: Text = Field(default="", description="Where the electrodes are.")
    confirmed: list[Text] = Field(
        default_factory=list,
        max_length=64,
        description="Keys of the checklist that were confirmed.",
    )


class Amplitude(_Model):
    """An amplitude in the unit of the program's actuators."""

    amplitude_ma: NotNegative | None = None
    amplitude_kpa: NotNegative | None = None
    amplitude_mm: NotNegative | None = None


class Measured(_Model):
    """An outcome measure that the program asks for: a number, or notes."""

    measure: Text = Field(description="A name from [assess] of the program.")
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    text: Annotated[str, Field(max_length=2000)] = ""


class Mark(_Model):
    """Something worth marking.

    While needling is observed, an insertion; while something is actuated, ``sensory``,
    ``motor`` and ``tolerance`` make the amplitude of this moment a threshold.
    """

    text: Annotated[str, Field(max_length=200)] = Field(
        default="", description="What it is; empty or insertion: a needle."
    )
    at_s: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        default=None, description="LSL clock; absent: now."
    )


class StageChange(_Model):
    """A stage for a subject, and who answers for it."""

    stage: Text
    operator: Text


class Checklist(BaseModel):
    """What is asked before a session is armed, by key."""

    items: dict[str, str]
    sites: dict[str, str]


class Pressed(BaseModel):
    """How long the button has been held, and what that has earned."""

    token: str
    held_s: float
    needed_s: float
    token_life_s: float


class Opened(BaseModel):
    """A session that was opened."""

    session_id: str
    warnings: list[str]


class Done(BaseModel):
    """A request that was carried out."""

    session_id: str
    done: str


class Stopped(BaseModel):
    """What became of a stop."""

    stopped: bool = Field(description="The output confirmed zero.")
    engine: str = Field(description="stopped, no_session or no_answer.")
    elapsed_ms: float
    output: dict[str, Any] | None


class Health(BaseModel):
    """Whether the loop is alive."""

    status: str
    rig: str
    version: str
    state_age_ms: float | None
    output_age_ms: float | None
    output_fault: str | None


class ProgramInfo(BaseModel):
    """A program that a session can run; amplitudes are in ``unit``."""

    name: str
    title: str
    max_amplitude_ma: float
    max_amplitude: float
    unit: str
    pulse_width_us: float
    frequency_hz: float
    threshold_pct_mvc: float
    treatment_s: float
    modality: str
    contraindications: dict[str, str]
    measures: list[str]


class OutputChannelInfo(BaseModel):
    """One actuator; amplitudes are in ``unit``."""

    label: str
    modality: str
    unit: str
    max_amplitude: float
    amplitude_step: float
    max_amplitude_ma: float
    amplitude_step_ma: float
    pad_area_cm2: float


class OutputInfo(BaseModel):
    """An output of this rig."""

    name: str
    driver: str
    channels: list[OutputChannelInfo]


class StreamInfo(BaseModel):
    """An LSL stream that is visible now."""

    name: str
    type: str
    source_id: str
    hostname: str
    uid: str
    n_channels: int
    nominal_rate_hz: float
    channel_format: str


@dataclass(frozen=True, slots=True)
class RigFacts:
    """What does not change while the service runs."""

    rig: str
    version: str
    default_program: str
    programs: tuple[ProgramInfo, ...]
    outputs: tuple[OutputInfo, ...]


def rig_facts(snapshot: Snapshot, version: str) -> RigFacts:
    """Return the facts of a checked configuration."""
    output = snapshot.rig.output
    channels = [_channel_info(channel) for channel in output.channels]
    return RigFacts(
        rig=snapshot.rig.rig.name,
        version=version,
        default_program=snapshot.rig.control.program,
        programs=tuple(_program_info(p) for p in snapshot.programs.values()),
        outputs=(
            OutputInfo(name=output.name, driver=output.driver, channels=channels),
        ),
    )


def _channel_info(channel: OutputChannelConfig) -> OutputChannelInfo:
    is_current = channel.unit == "mA"
    return OutputChannelInfo(
        label=channel.label,
        modality=channel.modality,
        unit=channel.unit,
        max_amplitude=channel.max_amplitude,
        amplitude_step=channel.amplitude_step,
        max_amplitude_ma=channel.max_amplitude if is_current else 0.0,
        amplitude_step_ma=channel.amplitude_step if is_current else 0.0,
        pad_area_cm2=channel.pad_area_cm2,
    )


def _program_info(program: Program) -> ProgramInfo:
    unit = ACTUATORS[program.modality].unit if program.actuates else ""
    return ProgramInfo(
        name=program.name,
        title=program.title,
        max_amplitude_ma=program.max_amplitude if unit == "mA" else 0.0,
        max_amplitude=program.max_amplitude,
        unit=unit,
        pulse_width_us=program.pulse_width_us,
        frequency_hz=program.frequency_hz,
        threshold_pct_mvc=program.success.threshold_pct_mvc,
        treatment_s=program.timing.treatment_s,
        modality=program.modality.value,
        contraindications=dict(program.contraindications),
        measures=[measure.value for measure in program.assess.measures],
    )


def limit_warnings(limits: dict[str, float]) -> list[str]:
    """Return what an operator should reconsider; unknown names are refused later."""
    known = {q: limits[q.value] for q in COMPILED if q.value in limits}
    return above_recommended(known)


def state_schema() -> dict[str, Any]:
    """Return the JSON schema of a state, for the OpenAPI document."""
    (schema,), components = msgspec.json.schema_components(
        [State], ref_template="#/components/schemas/{name}"
    )
    inner = components.pop("State", schema)
    extra = {"stale": {"type": "boolean"}, "age_ms": {"type": "number"}}
    inner["properties"] = {**inner["properties"], **extra}
    return {"State": inner, **components}
