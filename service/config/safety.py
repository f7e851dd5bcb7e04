"""Bounds of a rig, and what it demands of its operator."""

from typing import Annotated, Self

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


class SafetyConfig(ConfigModel):
    """``[safety]``: what arming takes. A simulated output may go without all of it."""

    ceremony: bool | None = None
    """Checklist, named operator, site and a held button; absent: unless simulated."""

    presence: bool | None = None
    """An operator must show to be there, by heartbeat; absent: unless simulated."""

    staged_unlock: bool | None = None
    """Per subject: monitor, open_loop, decrease_only, closed; absent: unless simulated.
    """
