"""The only importer of concrete sources and outputs."""

from drivers.outputs.lsl import LslOutput
from drivers.outputs.simulated import SimulatedOutput
from drivers.sources.lsl import LslSource, LslSourceParams
from drivers.sources.markers import MarkerSource, MarkerSourceParams
from drivers.sources.replay import ReplayOptions, ReplaySource
from drivers.sources.simulated import SimulatedSource

__all__ = [
    "LslOutput",
    "LslSource",
    "LslSourceParams",
    "MarkerSource",
    "MarkerSourceParams",
    "ReplayOptions",
    "ReplaySource",
    "SimulatedOutput",
    "SimulatedSource",
]
