"""The only importer of concrete outputs; what a device needs is soon loaded."""

from drivers.outputs.lsl import LslOutput
from drivers.outputs.simulated import SimulatedOutput

__all__ = ["LslOutput", "SimulatedOutput"]
