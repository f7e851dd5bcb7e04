"""The loop of the recorder role."""

import dataclasses
import importlib.metadata
import platform
from pathlib import Path

import msgspec
import zmq

from service.bus import receive, send
from service.faults.seams import rehearse_recorder
from service.messages import Record, RecorderState
from service.recorder.disk import SystemDisk
from service.recorder.recorder import Recorder
from service.role import Context

POLL_MS = 20
TELL_EVERY_NS = 50_000_000


def run(context: Context) -> None:
    """Write until the parent ends."""
    clock, snapshot = context.clock, context.snapshot
    head = {
        "rig": snapshot.rig.model_dump(mode="json", exclude_none=True),
        "programs": msgspec.to_builtins(
            {name: dataclasses.asdict(p) for name, p in snapshot.programs.items()}
        ),
        "versions": {
            "unclench": importlib.metadata.version("unclench"),
            "python": platform.python_version(),
        },
    }
    disk, injected = rehearse_recorder(context, SystemDisk())
    recorder = Recorder(Path(snapshot.rig.data.folder), head, clock, disk=disk)
    records = context.bus.records_in()
    states = context.bus.publisher(context.endpoints.recorder)
    context.pulse.beat(ready=False)
    if not context.lifeline.await_begin():
        return
    told: RecorderState | None = None
    try:
        while not context.lifeline.has_ended:
            context.pulse.beat()
            injected.step()
            if records.poll(POLL_MS, zmq.POLLIN):
                while isinstance(record := receive(records), Record):
                    recorder.take(record)
            recorder.tick()
            state = recorder.state()
            if is_news(told, state):
                send(states, state)
                told = state
    finally:
        while isinstance(record := receive(records), Record):
            recorder.take(record)
        recorder.close()


def is_news(told: RecorderState | None, state: RecorderState) -> bool:
    """Say whether a state is worth telling after the one that was told last."""
    return (
        told is None
        or state.now_ns - told.now_ns >= TELL_EVERY_NS
        or (state.ok, state.session_id) != (told.ok, told.session_id)
    )
