"""The only importer of concrete stop inputs."""

from drivers.stop_inputs.lsl_marker import MarkerStopInput
from drivers.stop_inputs.serial_line import SerialStopInput

__all__ = ["MarkerStopInput", "SerialStopInput"]
