"""What reaches a person, and the line that carries it inside one process."""

import enum
from dataclasses import dataclass, replace

from drivers.errors import DriverConfigError


class Modality(enum.StrEnum):
    """What actuates."""

    EMS = "ems"
    MASSAGE = "massage"
    VIBRATION = "vibration"
    MAT = "mat"
    PRESSURE = "pressure"
    STRETCH = "stretch"
    NEEDLE = "needle"
    BIOFEEDBACK = "biofeedback"


#: The unit of a level. Needles count the insertions so far; feedback says in how much
#: of the recent time it told the person that the goal was met.
UNITS = {
    Modality.EMS: "mA",
    Modality.MASSAGE: "kPa",
    Modality.VIBRATION: "mm",
    Modality.MAT: "kPa",
    Modality.PRESSURE: "kPa",
    Modality.STRETCH: "deg",
    Modality.NEEDLE: "insertions",
    Modality.BIOFEEDBACK: "percent",
}


@dataclass(frozen=True, slots=True)
class Stimulation:
    """What one actuator does; level 0 is silence.

    ``level`` is in the unit of its modality (`UNITS`). ``frequency_hz`` is the pulse
    rate of EMS and the rate of a vibration; ``pulse_width_us`` that of EMS.
    """

    level: float = 0.0
    frequency_hz: float = 0.0
    pulse_width_us: float = 0.0
    modality: Modality = Modality.EMS

    @property
    def unit(self) -> str:
        """Unit of the level."""
        return UNITS[self.modality]

    @property
    def amplitude_ma(self) -> float:
        """The current, 0 for everything that is not electrical."""
        return self.level if self.modality is Modality.EMS else 0.0

    @property
    def is_on(self) -> bool:
        """Whether anything comes; pulses need a rate and a width as well."""
        if self.modality is Modality.EMS:
            rate, width = self.frequency_hz, self.pulse_width_us
            return self.level > 0.0 and rate > 0.0 and width > 0.0
        if self.modality is Modality.VIBRATION:
            return min(self.level, self.frequency_hz) > 0.0
        return self.level > 0.0


SILENCE = Stimulation()

#: One actuator, or several at once: the zones of a mat and the actuators of a row in
#: their order, or actuators of different modalities.
Stimulations = Stimulation | tuple[Stimulation, ...]


def each(stimulations: Stimulations) -> tuple[Stimulation, ...]:
    """Return the actuators one by one."""
    if isinstance(stimulations, Stimulation):
        return (stimulations,)
    return stimulations


class StimulationLine:
    """The wire between a simulated output and a simulated subject in one process.

    Like the real wire it carries a command only as long as that is valid. What hangs
    at its end are actuators of ``modality``, whatever the command's sender thinks. A
    tuple says what hangs at each channel of an output, and how many of them are wired.
    """

    def __init__(
        self, modality: Modality | tuple[Modality, ...] = Modality.EMS
    ) -> None:
        if modality == ():
            msg = "stimulation line: expected a modality per actuator, got none"
            raise DriverConfigError(msg)
        self._modality = modality
        self._stimulations: tuple[Stimulation, ...] = (SILENCE,)
        self._valid_until_s = 0.0

    @property
    def n_actuators(self) -> int | None:
        """How many actuators of an output reach this person, None if all of them."""
        if isinstance(self._modality, tuple):
            return len(self._modality)
        return 1 if self._modality is Modality.EMS else None

    def put(self, stimulations: Stimulations, valid_until_s: float) -> None:
        """Replace what is on the line until ``valid_until_s``."""
        carried = each(stimulations)
        if isinstance(self._modality, tuple):
            modalities = self._modality
        else:
            modalities = (self._modality,) * len(carried)
        self._stimulations = tuple(
            [
                one if one.modality is modality else replace(one, modality=modality)
                for one, modality in zip(carried, modalities, strict=False)
            ]
        )
        self._valid_until_s = valid_until_s

    def cut(self) -> None:
        """Silence the line at once."""
        self._stimulations = (SILENCE,)

    def at(self, t_s: float) -> Stimulation:
        """Return what is on the line at ``t_s``: the first of its actuators."""
        return self.sites_at(t_s)[0]

    def sites_at(self, t_s: float) -> tuple[Stimulation, ...]:
        """Return what every actuator on the line does at ``t_s``."""
        return self._stimulations if t_s < self._valid_until_s else (SILENCE,)
