"""Faults get in where they should, and nowhere else."""

import errno
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from drivers.clock import ManualClock
from drivers.errors import DeviceFault, UncertainOutput
from drivers.outputs.simulated import SimulatedOutput
from drivers.ports import ChannelCommand
from service.config.load import load_toml
from service.config.paths import shipped_config
from service.config.programs import load_programs
from service.config.rig import RigConfig
from service.errors import ConfigError
from service.faults.kinds import DISK_KINDS, OUTPUT_KINDS, PERMIT_KINDS
from service.faults.seams import (
    FaultyArrivals,
    FaultyDisk,
    FaultyOutput,
    rehearse_output,
    rehearse_recorder,
)
from service.messages import Permit
from service.recorder.disk import SystemDisk
from service.rehearsal.memory_disk import MemoryDisk
from service.rehearsal.virtual import Slot
from service.role import Lifeline, Snapshot

DEMO = shipped_config() / "demo"
PULSES = [ChannelCommand(2.0, 200.0, 4.0)]


def snapshot(*, rehearsal: bool) -> Snapshot:
    rig = load_toml(DEMO / "rig.toml", RigConfig)
    return Snapshot(rig, load_programs(DEMO / "programs"), rehearsal=rehearsal)


def permit(sequence: int) -> Permit:
    return Permit(
        session_id="s",
        sequence=sequence,
        armed_ns=0,
        issued_ns=0,
        ttl_ms=250,
        active=True,
        channels=(),
    )


@dataclass
class FakeContext:
    """What the wrappers need of a role's context."""

    snapshot: Snapshot
    lifeline: Lifeline = field(default_factory=Lifeline)
    clock: ManualClock = field(default_factory=ManualClock)


def told(*lines: str) -> Lifeline:
    """Return a lifeline that has heard the lines after the one to begin."""
    lifeline = Lifeline()
    reading, writing = os.pipe()
    os.write(writing, "\n".join(["", *lines, ""]).encode())
    os.close(writing)
    lifeline.watch(reading)
    os.close(reading)
    return lifeline


def test_the_first_line_begins_and_later_ones_wait_in_order() -> None:
    lifeline = told("device-fault 2.0", "lost-permit 1.0")

    assert lifeline.has_ended
    assert lifeline.next_line() == "device-fault 2.0"
    assert lifeline.next_line() == "lost-permit 1.0"
    assert lifeline.next_line() is None


def test_outside_of_a_rehearsal_every_fault_is_refused(capsys) -> None:
    context = FakeContext(snapshot(rehearsal=False), told("device-fault 2.0"))
    device, slot, disk = SimulatedOutput("s", context.clock), Slot(), MemoryDisk()

    output, arrivals, injected = rehearse_output(context, device, slot)
    kept, _ = rehearse_recorder(context, disk)
    injected.step()

    assert (output, arrivals, kept) == (device, slot, disk)
    assert "refused to inject 'device-fault 2.0'" in capsys.readouterr().err
    device.open()
    assert device.apply(0, PULSES, 0.2).active


def test_in_a_rehearsal_each_kind_has_a_seam_and_others_are_refused(capsys) -> None:
    context = FakeContext(snapshot(rehearsal=True), told("disk-full 1.0"))
    device = SimulatedOutput("s", context.clock)

    _, _, injected = rehearse_output(context, device, Slot())
    _, recorder = rehearse_recorder(context, MemoryDisk())
    injected.step()

    assert set(injected.handlers) == {*OUTPUT_KINDS, *PERMIT_KINDS}
    assert set(recorder.handlers) == set(DISK_KINDS)
    assert "not a fault of this role" in capsys.readouterr().err


def test_a_rehearsal_is_neither_configured_nor_lost_on_the_way() -> None:
    assert Snapshot.from_json(snapshot(rehearsal=True).to_json()).rehearsal
    assert not Snapshot.from_json(snapshot(rehearsal=False).to_json()).rehearsal
    assert "rehearsal" not in RigConfig.model_fields


def test_a_rehearsal_needs_an_output_without_a_stimulator() -> None:
    demo = snapshot(rehearsal=False)
    output = demo.rig.output.model_copy(update={"driver": "serial"})
    rig = demo.rig.model_copy(update={"output": output})

    with pytest.raises(ConfigError, match="rehearsal: expected output lsl"):
        replace(demo, rig=rig, rehearsal=True)


def test_late_permits_come_after_newer_ones() -> None:
    clock, slot = ManualClock(), Slot()
    arrivals = FaultyArrivals(slot, clock)
    arrivals.inject("late-permit", 400.0)
    slot.permit = permit(1)
    assert arrivals.newest() is None
    clock.sleep(3.1)
    slot.permit = permit(2)

    found = [arrivals.newest(), arrivals.newest(), arrivals.newest()]

    assert [p.sequence if p else None for p in found] == [2, 1, None]


def test_lost_permits_never_come() -> None:
    clock, slot = ManualClock(), Slot()
    arrivals = FaultyArrivals(slot, clock)
    arrivals.inject("lost-permit", 1.0)
    slot.permit = permit(1)
    assert arrivals.newest() is None
    clock.sleep(1.1)
    assert arrivals.newest() is None
    slot.permit = permit(2)
    assert arrivals.newest() is not None


def test_a_device_fault_ends_the_output_and_is_reported() -> None:
    clock = ManualClock()
    device = SimulatedOutput("s", clock)
    output = FaultyOutput(device, clock)
    output.open()
    assert output.apply(0, PULSES, 1.0).active

    output.inject("device-fault", 2.0)

    assert device.history[-1][1] == (0.0,)
    assert output.read().fault == "electrode"
    with pytest.raises(DeviceFault):
        output.apply(1, PULSES, 0.2)
    clock.sleep(2.1)
    assert output.read().fault is None


def test_lost_readbacks_hide_what_the_device_does() -> None:
    clock = ManualClock()
    device = SimulatedOutput("s", clock)
    output = FaultyOutput(device, clock)
    output.open()
    output.inject("lost-readback", 1.0)

    with pytest.raises(UncertainOutput):
        output.apply(0, PULSES, 1.0)
    assert device.read().active
    with pytest.raises(UncertainOutput):
        output.stop()
    assert not device.read().active


def test_a_full_disk_refuses_and_recovers() -> None:
    clock = ManualClock()
    memory = MemoryDisk()
    disk = FaultyDisk(memory, clock)
    disk.append(b"a\n")
    disk.inject("disk-full", 1.0)

    assert disk.free_bytes(Path()) == 0
    with pytest.raises(OSError, match="No space") as refused:
        disk.append(b"b\n")
    assert refused.value.errno == errno.ENOSPC
    clock.sleep(1.1)
    disk.append(b"c\n")
    assert memory.lines == [b"a\n", b"c\n"]


def test_a_line_that_the_disk_refuses_leaves_nothing_behind(tmp_path, monkeypatch):
    disk = SystemDisk()
    disk.create(tmp_path / "new" / "journal")
    disk.append(b"whole\n")
    write = os.write
    answers = iter([3, OSError(errno.ENOSPC, "No space left on device")])

    def some(fd, data):
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return write(fd, data[:answer])

    monkeypatch.setattr(os, "write", some)
    with pytest.raises(OSError, match="No space"):
        disk.append(b"half a line\n")
    monkeypatch.undo()
    disk.append(b"next\n")
    disk.sync()
    disk.close()

    assert (tmp_path / "new" / "journal").read_bytes() == b"whole\nnext\n"
