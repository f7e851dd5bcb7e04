"""States, records and activity: told or not, the same is decided."""

from service.messages import Permit
from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import VirtualRig

SESSION_S = 60.0


def permits(*, watched: bool) -> tuple[VirtualRig, list[Permit]]:
    rig = VirtualRig("responder", 3, options=RigOptions(watched=watched))
    rig.open()
    rig.run(lambda rig: rig.clock.now_s() >= SESSION_S)
    return rig, rig.permits


def test_nobody_has_to_watch() -> None:
    watched, told = permits(watched=True)
    alone, untold = permits(watched=False)
    assert watched.records
    assert watched.states
    assert not alone.records
    assert not alone.states
    assert any(permit.channels[0].amplitude > 0 for permit in told)
    assert [(p.sequence, p.issued_ns, p.channels) for p in told] == [
        (p.sequence, p.issued_ns, p.channels) for p in untold
    ]
    assert alone.device.history == watched.device.history
