"""What each kind of actuator is measured in, and which bounds concern it.

The core computes with amplitudes in the unit of the actuator: mA for current, kPa for
pressure, mm for the displacement of a vibrator. A marks assumptions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from service.core.limits import Limits, Pulse, Quantity, amplitude_ceilings
from service.core.plans import Modality
from service.core.slew import MAX_STEP_MA

#: So many current channels may be above zero at once. A: engineering proposal.
MAX_CURRENT_CHANNELS = 2

#: Below this a vibrator turns rather than vibrates. A.
SLOWEST_VIBRATION_HZ = 1.0


@dataclass(frozen=True, slots=True)
class Actuator:
    """What is common to all actuators of one modality.

    Parameters
    ----------
    unit : str
        Of every amplitude: ``mA``, ``kPa`` or ``mm``.
    amplitude, slew : Quantity
        Its bounds: on the amplitude, and on a rise per second.
    on_fraction : Quantity or None
        Bound on the on-time; None where contact may last.
    on_window_s : float
        The on-time is counted over this long.
    max_step : float
        Largest rise from one permit to the next.
    disturbs_emg : bool
        Whether tone can only be measured while it is off.
    """

    unit: str
    amplitude: Quantity
    slew: Quantity
    on_fraction: Quantity | None
    on_window_s: float
    max_step: float
    disturbs_emg: bool


#: Steps of all but current are A: a tenth of what a fast ramp adds in a second, or a
#: little more.
ACTUATORS: Mapping[Modality, Actuator] = {
    Modality.EMS: Actuator(
        unit="mA",
        amplitude=Quantity.AMPLITUDE_MA,
        slew=Quantity.SLEW_UP_MA_PER_S,
        on_fraction=Quantity.ON_FRACTION,
        on_window_s=60.0,
        max_step=MAX_STEP_MA,
        disturbs_emg=True,
    ),
    Modality.MASSAGE: Actuator(
        unit="kPa",
        amplitude=Quantity.MASSAGE_KPA,
        slew=Quantity.MASSAGE_KPA_PER_S,
        on_fraction=Quantity.MASSAGE_ON_FRACTION,
        on_window_s=60.0,
        max_step=20.0,
        disturbs_emg=False,
    ),
    Modality.VIBRATION: Actuator(
        unit="mm",
        amplitude=Quantity.VIBRATION_MM,
        slew=Quantity.VIBRATION_MM_PER_S,
        on_fraction=Quantity.VIBRATION_ON_FRACTION,
        on_window_s=60.0,
        max_step=0.2,
        disturbs_emg=True,
    ),
    Modality.MAT: Actuator(
        unit="kPa",
        amplitude=Quantity.MAT_KPA,
        slew=Quantity.MAT_KPA_PER_S,
        on_fraction=None,
        on_window_s=60.0,
        max_step=1.0,
        disturbs_emg=False,
    ),
    Modality.PRESSURE: Actuator(
        unit="kPa",
        amplitude=Quantity.PRESSURE_KPA,
        slew=Quantity.PRESSURE_KPA_PER_S,
        on_fraction=Quantity.PRESSURE_ON_FRACTION,
        on_window_s=240.0,
        max_step=5.0,
        disturbs_emg=False,
    ),
}


class Drive(NamedTuple):
    """What one actuator is asked for.

    Parameters
    ----------
    amplitude : float
        In the unit of the actuator; 0 is off.
    pulse_width_us : float
        Of one phase of a current pulse; 0 for everything else.
    frequency_hz : float
        Pulses or strokes per second; 0 where nothing repeats.
    """

    amplitude: float = 0.0
    pulse_width_us: float = 0.0
    frequency_hz: float = 0.0

    def at(self, amplitude: float) -> "Drive":
        """Return the same with another amplitude.

        Parameters
        ----------
        amplitude : float
            In the unit of the actuator.

        Returns
        -------
        Drive
            With this amplitude.
        """
        if amplitude == self.amplitude:
            return self
        return Drive(amplitude, self.pulse_width_us, self.frequency_hz)


@dataclass(frozen=True, slots=True)
class Wiring:
    """One output channel: the grid of the device and what it touches.

    Parameters
    ----------
    max_amplitude : float
        What the device can do, in the unit of the modality.
    amplitude_step : float
        Its grid; 0 means continuous.
    pad_area_cm2 : float
        Declared area of the smaller pad; of current only.
    modality : Modality
        What it is.
    """

    max_amplitude: float
    amplitude_step: float
    pad_area_cm2: float
    modality: Modality = Modality.EMS

    @property
    def actuator(self) -> Actuator:
        """What is common to all of its kind."""
        return ACTUATORS[self.modality]


def drive_ceilings(limits: Limits, wiring: Wiring, drive: Drive) -> dict[str, float]:
    """Translate every bound that concerns the amplitude of an actuator.

    Parameters
    ----------
    limits : mapping of Quantity to Bound
        Limits in force.
    wiring : Wiring
        The actuator.
    drive : Drive
        What it is asked for.

    Returns
    -------
    dict
        Reason to ceiling in the unit of the actuator; 0 where a rate is out of bounds.
    """
    if wiring.modality is Modality.EMS:
        pulse = Pulse(drive.pulse_width_us, drive.frequency_hz, wiring.pad_area_cm2)
        return amplitude_ceilings(limits, pulse)
    quantity = wiring.actuator.amplitude
    bound = limits[quantity]
    ceilings = {f"{quantity}:{bound.origin}": bound.value}
    if wiring.modality is Modality.VIBRATION:
        rate = limits[Quantity.VIBRATION_HZ]
        if not SLOWEST_VIBRATION_HZ <= drive.frequency_hz <= rate.value:
            ceilings[f"{Quantity.VIBRATION_HZ}:{rate.origin}"] = 0.0
    return ceilings
