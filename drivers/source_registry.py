"""The only importer of concrete sources."""

from drivers.sources.lsl import LslSource, LslSourceParams
from drivers.sources.markers import MarkerSource, MarkerSourceParams
from drivers.sources.replay import ReplayOptions, ReplaySource
from drivers.sources.simulated import SimulatedSource

__all__ = [
    "LslSource",
    "LslSourceParams",
    "MarkerSource",
    "MarkerSourceParams",
    "ReplayOptions",
    "ReplaySource",
    "SimulatedSource",
]
