"""Outputs, and the gate in front of them."""

import os

from drivers.output_registry import LslOutput, SimulatedOutput
from drivers.ports import Clock, Output, OutputChannel
from service.config.rig import OutputConfig, RigConfig
from service.core.actuators import Wiring
from service.core.limits import Limits, compiled_limits, tighten
from service.core.permits import Gate
from service.core.plans import Modality


def rig_limits(rig: RigConfig) -> Limits:
    """Return compiled limits, tightened by those of the rig."""
    return tighten(compiled_limits(), "rig", rig.limits.bounds())


def make_gate(rig: RigConfig) -> Gate:
    """Return the gate in front of the output of this rig."""
    wiring = tuple(
        Wiring(c.max_amplitude, c.amplitude_step, c.pad_area_cm2, Modality(c.modality))
        for c in rig.output.channels
    )
    return Gate(wiring, rig_limits(rig))


def output_channels(config: OutputConfig) -> tuple[OutputChannel, ...]:
    """Return the channels of an output as its driver wants them."""
    return tuple(
        OutputChannel(c.label, c.unit, c.max_amplitude, c.amplitude_step)
        for c in config.channels
    )


def make_output(config: OutputConfig, clock: Clock) -> Output:
    """Return the output that a rig file describes, not yet open."""
    channels = output_channels(config)
    if config.driver == "lsl":
        source_id = f"{config.name}-{os.getpid()}"
        return LslOutput(config.name, channels, source_id=source_id)
    return SimulatedOutput(config.name, clock, channels)
