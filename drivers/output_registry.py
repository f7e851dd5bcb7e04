"""The only importer of concrete outputs; what a device needs is soon loaded."""

from drivers.outputs.lsl import LslOutput
from drivers.outputs.simulated import NO_FAULTS, OutputFaults, SimulatedOutput

__all__ = ["NO_FAULTS", "LslOutput", "OutputFaults", "SimulatedOutput"]
