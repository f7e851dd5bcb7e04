"""Stops that come from hardware, and the one that goes to it."""

from drivers.ports import Clock, StopInput
from drivers.stop_frame import StopFrame
from drivers.stop_input_registry import (
    MarkerSource,
    MarkerSourceParams,
    MarkerStopInput,
    SerialStopInput,
)
from service.config.safety import SerialStopConfig, StopInputConfig, StopLineConfig

STOP_INPUT = "stop_input"


def make_stop_input(config: StopInputConfig, clock: Clock) -> StopInput:
    """Return the stop input that a rig file describes, not yet open."""
    if isinstance(config, SerialStopConfig):
        return SerialStopInput(
            config.port,
            clock,
            baud=config.baud,
            alive_s=config.alive_s,
            alive_byte=config.alive_byte,
        )
    params = MarkerSourceParams(
        stream_name=config.stream_name, source_id=config.source_id
    )
    return MarkerStopInput(MarkerSource(STOP_INPUT, params), config.text)


def make_stop_frame(config: StopLineConfig) -> StopFrame:
    """Return the open line with its frame; raise `ConnectError` saying why not."""
    return StopFrame(config.port, bytes.fromhex(config.frame_hex), config.baud)
