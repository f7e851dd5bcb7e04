"""The only importer of concrete sources and outputs: a name, and what builds it."""

from drivers.outputs.lsl import LslOutput
from drivers.outputs.simulated import SimulatedOutput
from drivers.sources.replay import ReplaySource
from drivers.sources.simulated import SimulatedSource

SOURCES = {"replay": ReplaySource, "simulated": SimulatedSource}
OUTPUTS = {"lsl": LslOutput, "simulated": SimulatedOutput}
