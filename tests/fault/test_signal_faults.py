"""Whatever the amplifier does, the output is at zero soon and stays explained."""

import numpy as np
import pytest

from drivers.errors import DriverConfigError
from drivers.subject.faults import KINDS, SignalFault
from service.errors import ConfigError
from service.faults.bounds import QUALITY_BOUND_S
from service.faults.kinds import parse_fault
from tests.support.virtual_rig import VirtualRig

LONG_S = 4.0
JUMP_S = 0.2
EMG_UV = np.arange(64.0).reshape(32, 2) - 31.5


@pytest.mark.parametrize(
    ("kind", "within_s", "phases"),
    [
        ("stall", 0.35, {"holding", "fault"}),
        ("nan", QUALITY_BOUND_S, {"holding", "fault"}),
        ("lead-off", QUALITY_BOUND_S, {"holding", "fault"}),
        ("clip", QUALITY_BOUND_S, {"holding", "fault"}),
        ("clock-jump", 0.1, {"fault"}),
    ],
)
def test_a_bad_signal_takes_the_output_to_zero(kind, within_s, phases) -> None:
    rig = VirtualRig()
    rig.open()
    rig.run(lambda r: r.role.state().amplitudes[0] >= 2.0)
    began_s = rig.clock.now_s()
    argument = JUMP_S if kind == "clock-jump" else LONG_S
    rig.signal_fault = SignalFault(kind, argument, began_s)

    rig.run(lambda r: r.phase in phases, 5, script={})

    assert rig.clock.now_s() - began_s <= within_s
    assert not any(rig.role.state().amplitudes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_begins_and_most_end(kind: str) -> None:
    fault = SignalFault(kind, 1.0, began_s=10.0)

    during, after = fault.pushes(EMG_UV, 10.5), fault.pushes(EMG_UV, 11.5)

    unchanged = len(during) == 1 and during[0][0] is EMG_UV and during[0][1] == 10.5
    assert not unchanged
    if kind == "clock-jump":
        assert after[0][1] == 12.5
    else:
        assert len(after) == 1
        assert after[0][0] is EMG_UV


def test_what_is_no_fault_is_refused() -> None:
    with pytest.raises(DriverConfigError, match="expected one of stall"):
        SignalFault("gremlins", 1.0, 0.0)
    for text in ("gremlins@1", "stall", "stall@", "stall@x", "stall@-1", "nan@1:nan"):
        with pytest.raises(ConfigError, match="--fault: expected KIND"):
            parse_fault(text)


def test_faults_are_parsed_with_their_defaults() -> None:
    assert parse_fault("stall@5").argument == KINDS["stall"][1]
    assert parse_fault("clip@5:0.5").argument == 0.5
    assert parse_fault("kill-engine@0").at_s == 0.0
