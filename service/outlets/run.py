"""The loop of the outlets role: events as they come, tension at a regular rate."""

import math

import zmq

from drivers.liblsl import load_pylsl
from drivers.session_outlets import MarkersOutlet, TensionOutlet
from dsp.types import QualityFlag
from service.bus import receive
from service.messages import Event, State
from service.role import Context
from service.states import ChannelTension

#: Rate of the tension stream. A: what a viewer needs of a 250 ms envelope.
TENSION_RATE_HZ = 25.0

NO_SIGNAL = int(QualityFlag.SETTLING)


def run(context: Context) -> None:
    """Publish until the parent ends."""
    names, lsl = context.snapshot.rig.outlets, load_pylsl()
    live = context.bus.subscriber(context.endpoints.live)
    context.pulse.beat(ready=False)
    if not context.lifeline.await_begin():
        return
    markers = MarkersOutlet(lsl, names.markers_name, names.markers_name)
    tension: TensionOutlet | None = None
    newest: State | None = None
    due_s = context.clock.now_s()
    while not context.lifeline.has_ended:
        context.pulse.beat()
        wait_s = due_s - context.clock.now_s()
        if live.poll(max(0, math.ceil(wait_s * 1e3)), zmq.POLLIN):
            message = receive(live)
            if isinstance(message, State):
                newest = message
            elif isinstance(message, Event):
                markers.push(message.t_s, message.kind, message.phase, message.detail)
        if context.clock.now_s() < due_s:
            continue
        if newest is not None:
            if tension is None:
                labels = [channel.label for channel in newest.channels]
                name = names.tension_name
                tension = TensionOutlet(lsl, name, labels, TENSION_RATE_HZ)
            tension.push(due_s, tension_sample(newest))
        due_s = max(due_s + 1 / TENSION_RATE_HZ, context.clock.now_s() - 1)


def tension_sample(state: State) -> list[float]:
    """Return tension, envelope and quality of every channel of a state."""
    return [value for channel in state.channels for value in _parts(channel)]


def _parts(channel: ChannelTension) -> tuple[float, float, float]:
    tension, envelope = channel.tension_pct_mvc, channel.envelope_uv
    flags = sum(_flag(name) for name in channel.quality)
    return (
        math.nan if tension is None else tension,
        math.nan if envelope is None else envelope,
        float(flags),
    )


def _flag(name: str) -> int:
    return NO_SIGNAL if name == "no_signal" else int(QualityFlag[name.upper()])
