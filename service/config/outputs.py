"""``[[output.channels]]``: actuators, each in the unit of its modality."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.base import ConfigModel, Label
from service.core.actuators import ACTUATORS, Actuator
from service.core.arming import SITES
from service.core.limits import COMPILED
from service.core.plans import Modality

Amplitude = Annotated[float, Field(gt=0)] | None
Step = Annotated[float, Field(ge=0, le=5)] | None

#: Grid of a channel that states none. A: half a milliampere; of others it is fine.
DEFAULT_STEPS = {"mA": 0.5, "kPa": 0.5, "mm": 0.01}


class OutputChannelConfig(ConfigModel):
    """One actuator, and the electrodes or the skin that it is wired to."""

    label: Label
    """Name of the actuator or muscle."""

    modality: Literal["ems", "massage", "vibration", "mat", "pressure"] = "ems"
    """What it is: current, or a squeezing, vibrating, spiked or pressing actuator. A
    program drives the channels of its own modality.
    """

    max_amplitude_ma: Amplitude = None
    """What the device can do, in mA; of ems."""

    max_amplitude_kpa: Amplitude = None
    """What the device can do, in kPa; of massage, mat and pressure."""

    max_amplitude_mm: Amplitude = None
    """What the device can do, displacement in mm; of vibration."""

    amplitude_step_ma: Step = None
    """Grid of the device, 0 is continuous; 0.5 if absent."""

    amplitude_step_kpa: Step = None
    """Grid of the device, 0 is continuous; 0.5 if absent."""

    amplitude_step_mm: Step = None
    """Grid of the device, 0 is continuous; 0.01 if absent."""

    pad_area_cm2: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Declared area of the smaller pad; bounds the current density. Of ems."""

    site: Literal["", *SITES] = ""  # type: ignore[valid-type]
    """Where both pads are. The list is what is allowed: never across chest or head,
    never the front of the neck. Nothing is armed on a person without it.
    """

    @property
    def actuator(self) -> Actuator:
        """What is common to all of its kind."""
        return ACTUATORS[Modality(self.modality)]

    @property
    def unit(self) -> str:
        """Unit of its amplitude."""
        return self.actuator.unit

    @property
    def max_amplitude(self) -> float:
        """What the device can do, in its unit."""
        return float(getattr(self, f"max_amplitude_{self.unit.lower()}"))

    @property
    def amplitude_step(self) -> float:
        """Grid of the device, in its unit."""
        stated = getattr(self, f"amplitude_step_{self.unit.lower()}")
        return DEFAULT_STEPS[self.unit] if stated is None else float(stated)

    @model_validator(mode="after")
    def _in_its_unit(self) -> Self:
        unit = self.unit.lower()
        for stem in ("max_amplitude", "amplitude_step"):
            foreign = sorted(
                f"{stem}_{other.lower()}"
                for other in DEFAULT_STEPS
                if other.lower() != unit
                and getattr(self, f"{stem}_{other.lower()}") is not None
            )
            if foreign:
                msg = f"{foreign[0]}: expected {stem}_{unit} of {self.modality}"
                raise ValueError(msg)
        stated = getattr(self, f"max_amplitude_{unit}")
        ceiling = COMPILED[self.actuator.amplitude].absolute
        if stated is None or stated > ceiling:
            msg = (
                f"max_amplitude_{unit}: expected a number less than or equal to "
                f"{ceiling:g} of {self.modality}, got {stated}"
            )
            raise ValueError(msg)
        if self.modality == "ems" and not self.pad_area_cm2 > 0:
            msg = "pad_area_cm2: expected the area of the smaller pad, above 0"
            raise ValueError(msg)
        return self
