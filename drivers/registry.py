"""The only importer of concrete sources and outputs."""

from drivers.outputs.lsl import LslOutput
from drivers.outputs.simulated import SimulatedOutput
from drivers.sources.lsl import LslSource, LslSourceParams
from drivers.sources.replay import ReplayOptions, ReplaySource
from drivers.sources.simulated import SimulatedSource

__all__ = [
    "LslOutput",
    "LslSource",
    "LslSourceParams",
    "ReplayOptions",
    "ReplaySource",
    "SimulatedOutput",
    "SimulatedSource",
]
