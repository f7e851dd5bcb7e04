"""The only importer of concrete stop inputs, and of the markers that one listens to.

Markers come from here and not from the registry of sources because that one brings
the simulated subject and scipy with it: a second before an output role is there.
"""

from drivers.sources.markers import MarkerSource, MarkerSourceParams
from drivers.stop_inputs.lsl_marker import MarkerStopInput
from drivers.stop_inputs.serial_line import SerialStopInput

__all__ = [
    "MarkerSource",
    "MarkerSourceParams",
    "MarkerStopInput",
    "SerialStopInput",
]
