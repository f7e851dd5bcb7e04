"""Outputs for the contract suite: how each is made, and how its time passes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drivers.clock import ManualClock
from drivers.outputs.lsl import LslOutput
from drivers.outputs.simulated import SimulatedOutput
from drivers.ports import Output, OutputChannel
from tests.support.lsl_session import isolated_lsl

CHANNELS = (
    OutputChannel("trapezius_r", "mA", 30.0, 0.5),
    OutputChannel("trapezius_l", "mA", 20.0, 0.5),
)


@dataclass(frozen=True)
class OutputRig:
    """An output that is not open yet, and what lets its time pass."""

    output: Output
    wait: Callable[[float], None]


def simulated_rig() -> OutputRig:
    clock = ManualClock()
    return OutputRig(SimulatedOutput("stim", clock, CHANNELS), clock.sleep)


def lsl_rig() -> OutputRig:
    isolated_lsl()
    # A stream is judged by liblsl's own clock, which nobody can set.
    return OutputRig(LslOutput("contract-stim", CHANNELS), time.sleep)


OUTPUT_FACTORIES = [
    pytest.param(simulated_rig, id="simulated"),
    pytest.param(lsl_rig, id="lsl", marks=pytest.mark.lsl),
]
