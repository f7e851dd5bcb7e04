"""Bounds of a rig, and what it demands of its operator."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.base import ConfigModel
from service.core.limits import Quantity, beyond_compiled


class LimitsConfig(ConfigModel):
    """``[limits]``: bounds of this rig; each can only tighten what is compiled in."""

    amplitude_ma: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    pulse_width_us: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    frequency_hz: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    charge_uc: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    rms_density_ma_per_cm2: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    slew_up_ma_per_s: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    on_fraction: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    treatment_s: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    session_charge_mc: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig, per channel and session."""

    day_charge_mc: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig, per subject and 24 h."""

    massage_kpa: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    massage_kpa_per_s: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    massage_on_fraction: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    vibration_mm: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    vibration_mm_per_s: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    vibration_hz: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    vibration_on_fraction: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    mat_kpa: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    mat_kpa_per_s: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    pressure_kpa: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    pressure_kpa_per_s: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

    pressure_on_fraction: Annotated[float, Field(gt=0)] | None = None
    """Upper bound of this rig."""

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


class SerialStopConfig(ConfigModel):
    """A stop button on a serial line: any byte stops, and so does its loss."""

    driver: Literal["serial"]
    """A serial line."""

    port: Annotated[str, Field(min_length=1)]
    """Device, such as /dev/ttyACM0."""

    baud: Annotated[int, Field(ge=300, le=4_000_000)] = 9600
    """Speed."""

    alive_s: Annotated[float, Field(ge=0, le=10)] = 0.0
    """The alive byte must come this often, or it counts as a stop; 0 for never. A
    button that says nothing cannot be told from one that is broken.
    """

    alive_byte: Annotated[int, Field(ge=0, le=255)] = 0
    """The byte that says that the button works."""


class MarkerStopConfig(ConfigModel):
    """A stop button that sends LSL markers."""

    driver: Literal["lsl"]
    """A stream of markers."""

    stream_name: Annotated[str, Field(min_length=1)]
    """Name of the stream."""

    source_id: str = ""
    """Identity of the sender."""

    text: str = ""
    """The marker that stops; any if empty."""


StopInputConfig = Annotated[
    SerialStopConfig | MarkerStopConfig, Field(discriminator="driver")
]


class StopLineConfig(ConfigModel):
    """A line past the output role: the supervisor says stop when that is gone."""

    port: Annotated[str, Field(min_length=1)]
    """Serial device of its own, such as a relay that cuts the stimulator."""

    baud: Annotated[int, Field(ge=300, le=4_000_000)] = 9600
    """Speed."""

    frame_hex: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2})+$")]
    """The bytes that stop, in hexadecimal digits."""


class SafetyConfig(ConfigModel):
    """``[safety]``: what arming takes. A simulated output may go without all of it."""

    ceremony: bool | None = None
    """Checklist, named operator, site and a held button; absent: unless simulated."""

    presence: bool | None = None
    """An operator must show to be there, by heartbeat; absent: unless simulated."""

    staged_unlock: bool | None = None
    """Per subject: monitor, open_loop, decrease_only, closed; absent: unless simulated.
    """
