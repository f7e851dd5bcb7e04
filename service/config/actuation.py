"""``[actuation]``: what goes out, in which unit, and up to which bounds."""

from typing import Annotated, Any, ClassVar, Literal, Self, Union

from pydantic import BeforeValidator, Field, model_validator

from service.config.base import ConfigModel
from service.core.actuators import ACTUATORS
from service.core.limits import Quantity, above_recommended, beyond_compiled
from service.core.plans import Modality
from service.core.program import Program

_UC_PER_MA_US = 1e-3


class ActuationTable(ConfigModel):
    """What every ``[actuation]`` has."""

    modality: str

    #: Keys of the file, and their names in the core.
    core_names: ClassVar[dict[str, str]] = {}

    def bounds(self) -> dict[Quantity, float]:
        """Return the bounds that the program states."""
        return {}

    def to_core(self) -> dict[str, Any]:
        """Return what the core calls these."""
        nothing = {"max_amplitude": 0.0, "pulse_width_us": 0.0, "frequency_hz": 0.0}
        stated = {name: getattr(self, key) for key, name in self.core_names.items()}
        return {**nothing, **stated}

    def warnings(self) -> list[str]:
        """Return what is allowed but more than recommended."""
        return above_recommended(self.bounds())

    @model_validator(mode="after")
    def _within_compiled(self) -> Self:
        beyond = beyond_compiled(self.bounds())
        if beyond:
            raise ValueError(", ".join(beyond))
        return self


class EmsTable(ActuationTable):
    """``[actuation]`` with ``modality = "ems"``: a surface stimulator."""

    modality: Literal["ems"] = "ems"
    """What actuates."""

    max_amplitude_ma: Annotated[float, Field(gt=0)]
    """Highest amplitude that the law may ask for."""

    pulse_width_us: Annotated[float, Field(gt=0)]
    """Width of one phase of the symmetric biphasic pulse."""

    frequency_hz: Annotated[float, Field(gt=0)]
    """Pulses per second."""

    core_names: ClassVar[dict[str, str]] = {
        "max_amplitude_ma": "max_amplitude",
        "pulse_width_us": "pulse_width_us",
        "frequency_hz": "frequency_hz",
    }

    def bounds(self) -> dict[Quantity, float]:
        """Return the bounds that the program states."""
        charge_uc = self.max_amplitude_ma * self.pulse_width_us * _UC_PER_MA_US
        return {
            Quantity.AMPLITUDE_MA: self.max_amplitude_ma,
            Quantity.PULSE_WIDTH_US: self.pulse_width_us,
            Quantity.FREQUENCY_HZ: self.frequency_hz,
            Quantity.CHARGE_UC: charge_uc,
        }


class VibrationTable(ActuationTable):
    """``[actuation]`` with ``modality = "vibration"``: vibrators, or percussion."""

    modality: Literal["vibration"]
    """What actuates."""

    max_amplitude_mm: Annotated[float, Field(gt=0)]
    """Largest displacement that the loop may ask for."""

    frequency_hz: Annotated[float, Field(gt=0)]
    """Vibrations per second. R: 5-30 Hz relaxes; 80-150 Hz wakes a reflex that raises
    tone, and is used only while tone falls.
    """

    core_names: ClassVar[dict[str, str]] = {
        "max_amplitude_mm": "max_amplitude",
        "frequency_hz": "frequency_hz",
    }

    def bounds(self) -> dict[Quantity, float]:
        """Return the bounds that the program states."""
        return {
            Quantity.VIBRATION_MM: self.max_amplitude_mm,
            Quantity.VIBRATION_HZ: self.frequency_hz,
        }


class PressingTable(ActuationTable):
    """What everything that presses has."""

    max_amplitude_kpa: Annotated[float, Field(gt=0)]
    """Highest pressure that the loop may ask for."""

    core_names: ClassVar[dict[str, str]] = {"max_amplitude_kpa": "max_amplitude"}

    def bounds(self) -> dict[Quantity, float]:
        """Return the bounds that the program states."""
        quantity = ACTUATORS[Modality(self.modality)].amplitude
        return {quantity: self.max_amplitude_kpa}


class MassageTable(PressingTable):
    """``[actuation]`` with ``modality = "massage"``: a row that kneads and strokes."""

    modality: Literal["massage"]
    """What actuates."""


class MatTable(PressingTable):
    """``[actuation]`` with ``modality = "mat"``: zones of blunt spikes."""

    modality: Literal["mat"]
    """What actuates."""


class PressureTable(PressingTable):
    """``[actuation]`` with ``modality = "pressure"``: sustained pressure on a site."""

    modality: Literal["pressure"]
    """What actuates."""


class NothingTable(ActuationTable):
    """``[actuation]`` with ``modality = "none"``: nothing ever goes out."""

    modality: Literal["none"]
    """What actuates."""


TABLES: tuple[type[ActuationTable], ...] = (
    EmsTable,
    MassageTable,
    VibrationTable,
    MatTable,
    PressureTable,
    NothingTable,
)


def _with_modality(data: object) -> object:
    if isinstance(data, dict) and "modality" not in data:
        return {"modality": "ems", **data}
    return data


AnyActuation = Annotated[
    Annotated[
        Union[  # noqa: UP007 - a tuple of classes would not be typed
            EmsTable,
            MassageTable,
            VibrationTable,
            MatTable,
            PressureTable,
            NothingTable,
        ],
        Field(discriminator="modality"),
    ],
    BeforeValidator(_with_modality),
]


def actuation_data(program: Program) -> dict[str, float]:
    """Return what the table of a program's modality says, without the modality."""
    table = next(t for t in TABLES if _modality_of(t) == program.modality.value)
    return {key: getattr(program, name) for key, name in table.core_names.items()}


def _modality_of(table: type[ActuationTable]) -> str:
    (name,) = table.model_fields["modality"].annotation.__args__  # type: ignore[union-attr]
    return str(name)
