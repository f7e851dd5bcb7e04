"""The loop of the output role: stop first, then the newest permit, then time."""

import zmq

from service.bus import answer, receive_request, send
from service.faults.seams import SocketArrivals, rehearse_output
from service.messages import ClearOutputFault, OutputState, Reply, StopOutput
from service.output.role import OutputRole
from service.output.stop_watch import StopWatch
from service.role import Context
from service.wiring.outputs import make_gate, make_output
from service.wiring.stops import make_stop_input

#: Longest time without looking at the clock: how late an expiry can be.
SCAN_MS = 10

#: A state is told on every change and at least this often.
TELL_EVERY_NS = 50_000_000


def run(context: Context) -> None:
    """Open the device once the parent says go; leave it at zero."""
    rig, clock = context.snapshot.rig, context.clock
    permits = context.bus.permits_in()
    device, arrivals, injected = rehearse_output(
        context, make_output(rig.output, clock), SocketArrivals(permits)
    )
    role = OutputRole(device, make_gate(rig), clock)
    requests = context.bus.server(context.endpoints.actuator)
    readbacks = context.bus.publisher(context.endpoints.readbacks)
    poller = zmq.Poller()
    poller.register(requests, zmq.POLLIN)
    poller.register(permits, zmq.POLLIN)
    context.pulse.beat(ready=False)
    if not context.lifeline.await_begin():
        return
    # Who can stop it is there before anything could be on.
    watch = _stop_watch(context)
    told = role.open()
    send(readbacks, told)
    try:
        while not context.lifeline.has_ended:
            context.pulse.beat()
            watch.check()
            injected.step()
            ready = dict(poller.poll(SCAN_MS))
            state = None
            if requests in ready:
                state = _serve(role, requests)
            elif (permit := arrivals.newest()) is not None:
                state = role.obey(permit)
            state = state or role.tick()
            if is_news(told, state):
                send(readbacks, state)
                told = state
    finally:
        watch.close()
        role.close()
        send(readbacks, role.state())


def _stop_watch(context: Context) -> StopWatch:
    config, clock = context.snapshot.rig.stop_input, context.clock
    inputs = [] if config is None else [make_stop_input(config, clock)]
    return StopWatch(inputs, context.bus, context.endpoints.actuator)


def _serve(role: OutputRole, requests: "zmq.Socket[bytes]") -> OutputState | None:
    request = receive_request(requests)
    if request is None:
        return None
    address, message = request
    match message:
        case StopOutput():
            state = role.stop(message.reason)
        case ClearOutputFault():
            state = role.clear_fault()
        case _:
            refused = f"not a request to the output: {type(message).__name__}"
            answer(requests, address, Reply(refused=refused, kind="bad_request"))
            return None
    answer(requests, address, state)
    return state


def is_news(told: OutputState, state: OutputState) -> bool:
    """Say whether a state is worth telling after the one that was told last."""
    return (
        state.now_ns - told.now_ns >= TELL_EVERY_NS
        or state.sequence != told.sequence
        or (state.active, state.amplitudes, state.fault, state.stopped_ns)
        != (told.active, told.amplitudes, told.fault, told.stopped_ns)
    )
