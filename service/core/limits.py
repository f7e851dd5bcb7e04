"""Bounds on the output that can only tighten, and the reason that each one gives.

Five layers state bounds: compiled < rig < program < session < operator. `tighten` takes
the smallest of each and remembers who said it. `bound_amplitude` turns a request into
an amplitude that may go out; its last operations are always: finite? → quantise toward
zero → clamp.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Quantity(enum.StrEnum):
    """A bounded quantity; the unit is part of its name."""

    AMPLITUDE_MA = "amplitude_ma"
    PULSE_WIDTH_US = "pulse_width_us"
    FREQUENCY_HZ = "frequency_hz"
    CHARGE_UC = "charge_uc"
    RMS_DENSITY_MA_PER_CM2 = "rms_density_ma_per_cm2"
    SLEW_UP_MA_PER_S = "slew_up_ma_per_s"
    ON_FRACTION = "on_fraction"
    TREATMENT_S = "treatment_s"
    SESSION_CHARGE_MC = "session_charge_mc"
    DAY_CHARGE_MC = "day_charge_mc"
    MASSAGE_KPA = "massage_kpa"
    MASSAGE_KPA_PER_S = "massage_kpa_per_s"
    MASSAGE_ON_FRACTION = "massage_on_fraction"
    VIBRATION_MM = "vibration_mm"
    VIBRATION_MM_PER_S = "vibration_mm_per_s"
    VIBRATION_HZ = "vibration_hz"
    VIBRATION_ON_FRACTION = "vibration_on_fraction"
    MAT_KPA = "mat_kpa"
    MAT_KPA_PER_S = "mat_kpa_per_s"
    PRESSURE_KPA = "pressure_kpa"
    PRESSURE_KPA_PER_S = "pressure_kpa_per_s"
    PRESSURE_ON_FRACTION = "pressure_on_fraction"


@dataclass(frozen=True, slots=True)
class Guardrail:
    """Two tiers of one bound.

    Parameters
    ----------
    absolute : float
        Never exceeded; configuration beyond it is refused.
    recommended : float
        Above it the operator is warned.
    source : str
        Where the number comes from.
    """

    absolute: float
    recommended: float
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.recommended <= self.absolute < math.inf:
            msg = (
                "expected 0 < recommended <= absolute < infinity, "
                f"got {self.recommended} and {self.absolute}"
            )
            raise ValueError(msg)


_PROPOSAL = "A: engineering proposal of this project, not a clinical limit"

#: Ceilings compiled into the product. No configuration can raise them.
COMPILED: Mapping[Quantity, Guardrail] = {
    Quantity.AMPLITUDE_MA: Guardrail(40.0, 30.0, _PROPOSAL),
    Quantity.PULSE_WIDTH_US: Guardrail(300.0, 250.0, _PROPOSAL),
    # Cramp-prone people cramp from about 15 Hz (Miller & Knight 2009, Muscle Nerve 39).
    Quantity.FREQUENCY_HZ: Guardrail(50.0, 10.0, _PROPOSAL),
    Quantity.CHARGE_UC: Guardrail(12.0, 8.0, _PROPOSAL),
    Quantity.RMS_DENSITY_MA_PER_CM2: Guardrail(0.5, 0.25, _PROPOSAL),
    Quantity.SLEW_UP_MA_PER_S: Guardrail(1.0, 1.0, _PROPOSAL),
    Quantity.ON_FRACTION: Guardrail(0.6, 0.6, _PROPOSAL),
    Quantity.TREATMENT_S: Guardrail(1800.0, 1200.0, _PROPOSAL),
    Quantity.SESSION_CHARGE_MC: Guardrail(50.0, 30.0, _PROPOSAL),
    Quantity.DAY_CHARGE_MC: Guardrail(100.0, 50.0, _PROPOSAL),
    # R: massage presses with 20–200 kPa.
    Quantity.MASSAGE_KPA: Guardrail(200.0, 120.0, _PROPOSAL),
    Quantity.MASSAGE_KPA_PER_S: Guardrail(20.0, 10.0, _PROPOSAL),
    Quantity.MASSAGE_ON_FRACTION: Guardrail(0.8, 0.7, _PROPOSAL),
    Quantity.VIBRATION_MM: Guardrail(2.0, 0.5, _PROPOSAL),
    Quantity.VIBRATION_MM_PER_S: Guardrail(0.5, 0.2, _PROPOSAL),
    # The tonic vibration reflex is strongest at 100–150 Hz (Park and Martin 1993,
    # Scand J Work Environ Health 19:35); above it nothing is known.
    Quantity.VIBRATION_HZ: Guardrail(150.0, 80.0, _PROPOSAL),
    Quantity.VIBRATION_ON_FRACTION: Guardrail(0.7, 0.7, _PROPOSAL),
    Quantity.MAT_KPA: Guardrail(40.0, 25.0, _PROPOSAL),
    Quantity.MAT_KPA_PER_S: Guardrail(2.0, 1.0, _PROPOSAL),
    # 2.5 kg/cm² (245 kPa) is a test pressure of manual practice (Fernández-de-las-Peñas
    # 2006); a ramp of 5–10 kPa/s.
    Quantity.PRESSURE_KPA: Guardrail(250.0, 200.0, _PROPOSAL),
    Quantity.PRESSURE_KPA_PER_S: Guardrail(20.0, 10.0, _PROPOSAL),
    # Of 4 min: a ramp and a hold of 90 s, and released for as long.
    Quantity.PRESSURE_ON_FRACTION: Guardrail(0.5, 0.5, _PROPOSAL),
}

#: Below these there is no pulse to speak of, and the formulas of charge and density
#: lose their meaning. A: engineering proposal.
SMALLEST: Mapping[Quantity, float] = {
    Quantity.PULSE_WIDTH_US: 10.0,
    Quantity.FREQUENCY_HZ: 0.1,
}

#: Smallest pad that the product accepts. A: engineering proposal.
MIN_PAD_AREA_CM2 = 10.0


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound in force, and the layer that stated it."""

    value: float
    origin: str


Limits = Mapping[Quantity, Bound]
"""Every quantity with the tightest bound that any layer stated."""


def compiled_limits() -> dict[Quantity, Bound]:
    """Return the absolute ceilings as limits of origin ``compiled``.

    Returns
    -------
    dict
        One `Bound` per `Quantity`.
    """
    return {q: Bound(rail.absolute, "compiled") for q, rail in COMPILED.items()}


def tighten(
    limits: Limits, origin: str, bounds: Mapping[Quantity, float]
) -> dict[Quantity, Bound]:
    """Add a layer of bounds; each can only make a limit smaller.

    Parameters
    ----------
    limits : mapping of Quantity to Bound
        Limits of the layers below.
    origin : str
        Name of the new layer.
    bounds : mapping of Quantity to float
        What the layer states.

    Returns
    -------
    dict
        Limits with the smaller of both, each with the layer that stated it.

    Raises
    ------
    ValueError
        If a bound is not finite or is negative.
    """
    result = dict(limits)
    for quantity, value in bounds.items():
        if not math.isfinite(value) or value < 0:
            msg = (
                f"{origin}: {quantity} must be a finite number of at least 0, "
                f"got {value}"
            )
            raise ValueError(msg)
        if value < result[quantity].value:
            result[quantity] = Bound(value, origin)
    return result


def beyond_compiled(bounds: Mapping[Quantity, float]) -> list[str]:
    """Say which bounds go beyond what is compiled in.

    Parameters
    ----------
    bounds : mapping of Quantity to float
        What a configuration states.

    Returns
    -------
    list of str
        One sentence per offence; empty when all is well.
    """
    return [
        f"{quantity} = {value:g} is beyond the compiled ceiling of "
        f"{COMPILED[quantity].absolute:g}"
        for quantity, value in bounds.items()
        if not value <= COMPILED[quantity].absolute
    ]


def above_recommended(bounds: Mapping[Quantity, float]) -> list[str]:
    """Say which bounds are above the recommended tier.

    Parameters
    ----------
    bounds : mapping of Quantity to float
        What a configuration states.

    Returns
    -------
    list of str
        One sentence per warning.
    """
    return [
        f"{quantity} = {value:g} is above the recommended "
        f"{COMPILED[quantity].recommended:g}"
        for quantity, value in bounds.items()
        if value > COMPILED[quantity].recommended
    ]


class Pulse(NamedTuple):
    """The pulse that an amplitude is applied with.

    Parameters
    ----------
    pulse_width_us : float
        Width of one phase of a symmetric biphasic pulse.
    frequency_hz : float
        Pulses per second.
    pad_area_cm2 : float
        Declared area of the smaller electrode.
    """

    pulse_width_us: float
    frequency_hz: float
    pad_area_cm2: float


def amplitude_ceilings(limits: Limits, pulse: Pulse) -> dict[str, float]:
    """Translate every bound that concerns the amplitude into milliampere.

    Parameters
    ----------
    limits : mapping of Quantity to Bound
        Limits in force.
    pulse : Pulse
        Pulse that the amplitude would be applied with.

    Returns
    -------
    dict
        Reason to ceiling in mA. A pulse width or frequency outside of its own bounds
        gives a ceiling of 0.

    Notes
    -----
    Charge per phase Q = I · PW; RMS of a symmetric biphasic train
    I · sqrt(2 · PW · f); density is that over the pad area.
    """
    amplitude = limits[Quantity.AMPLITUDE_MA]
    ceilings = {f"amplitude:{amplitude.origin}": amplitude.value}
    for quantity, value in (
        (Quantity.PULSE_WIDTH_US, pulse.pulse_width_us),
        (Quantity.FREQUENCY_HZ, pulse.frequency_hz),
    ):
        if not SMALLEST[quantity] <= value <= limits[quantity].value:
            ceilings[f"{quantity}:{limits[quantity].origin}"] = 0.0
    if not pulse.pad_area_cm2 >= MIN_PAD_AREA_CM2:
        ceilings["pad_area:compiled"] = 0.0
    if 0.0 in ceilings.values():
        return ceilings
    width_s = pulse.pulse_width_us * 1e-6
    charge = limits[Quantity.CHARGE_UC]
    ceilings[f"charge:{charge.origin}"] = charge.value / pulse.pulse_width_us * 1e3
    density = limits[Quantity.RMS_DENSITY_MA_PER_CM2]
    rms_ma = density.value * pulse.pad_area_cm2
    duty = math.sqrt(2 * width_s * pulse.frequency_hz)
    ceilings[f"density:{density.origin}"] = rms_ma / duty
    return ceilings


class Bounded(NamedTuple):
    """An amplitude that may go out, and why it is what it is.

    Parameters
    ----------
    amplitude : float
        Finite, on the device's grid, within every limit.
    exact : float
        The same before it was put on the grid.
    most_limiting : str
        Reason of the tightest bound that was touched; empty when none was.
    reasons : tuple of str
        Every bound that the request exceeded.
    """

    amplitude: float
    exact: float
    most_limiting: str = ""
    reasons: tuple[str, ...] = ()


def bound_amplitude(
    request: float, ceilings: Mapping[str, float], step: float
) -> Bounded:
    """Bound a requested amplitude.

    Parameters
    ----------
    request : float
        What is asked for, in the unit of the actuator. Anything that is not a finite
        number above 0 becomes 0.
    ceilings : mapping of str to float
        Reason to ceiling in the same unit. A ceiling that is not a number counts as 0.
    step : float
        Grid of the device; 0 means continuous.

    Returns
    -------
    Bounded
        Amplitude and reasons.
    """
    if not math.isfinite(request) or request < 0:
        return Bounded(0.0, 0.0, "not_finite_or_negative", ("not_finite_or_negative",))
    # A law that is told its ceiling asks for just that: the bound counts as touched.
    touched = {
        why: c if c >= 0 else 0.0 for why, c in ceilings.items() if not c > request
    }
    if not touched or request == 0:
        return Bounded(floor_to_step(request, step), request)
    most_limiting = min(touched, key=touched.__getitem__)
    ceiling = min(request, touched[most_limiting])
    exceeded = tuple(sorted(why for why, c in touched.items() if c < request))
    return Bounded(floor_to_step(ceiling, step), ceiling, most_limiting, exceeded)


def floor_to_step(value: float, step: float) -> float:
    """Quantise toward zero.

    Parameters
    ----------
    value : float
        Finite and at least 0.
    step : float
        Grid; 0 means continuous.

    Returns
    -------
    float
        Largest grid point that is not above ``value``, to the last bit of a float.
    """
    if step <= 0:
        return value
    # The nudge lets 0.3 / 0.1 count as 3; the minimum takes its rounding back.
    return min(math.floor(value / step + 1e-9) * step, value)
