"""The API's end of the bus: what it hears, and what it may ask for."""

import asyncio
from collections.abc import Callable

import zmq
import zmq.asyncio

from drivers.ports import Clock
from service.bus import Endpoints
from service.messages import (
    ClearOutputFault,
    Event,
    Message,
    OutputState,
    Reply,
    State,
    StopOutput,
    decode,
    encode,
)

#: The engine answers within a chunk; one that hangs does not answer at all.
ENGINE_TIMEOUT_S = 1.0

#: A stop acts within 100 ms or is told to have failed.
STOP_TIMEOUT_S = 0.1

NS_PER_S = 1e9


class Gateway:
    """Hears states and events, forwards requests. Lives in one asyncio loop."""

    def __init__(self, endpoints: Endpoints, clock: Clock) -> None:
        self._endpoints = endpoints
        self._clock = clock
        self._context = zmq.asyncio.Context()
        self._tasks: list[asyncio.Task[None]] = []
        self._listeners: list[Callable[[State | Event], None]] = []
        self.state: State | None = None
        self.output: OutputState | None = None

    def listen(self, listener: Callable[[State | Event], None]) -> None:
        """Call ``listener`` with every state and event."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin to hear."""
        self._tasks = [
            asyncio.create_task(self._hear(self._endpoints.live)),
            asyncio.create_task(self._hear(self._endpoints.readbacks)),
        ]

    async def close(self) -> None:
        """Stop hearing and close every socket."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._context.destroy(linger=0)

    @property
    def state_age_s(self) -> float | None:
        """Age of the newest state; None before the first."""
        return None if self.state is None else self._clock.now_s() - self.state.t_s

    @property
    def output_age_s(self) -> float | None:
        """Age of the newest readback; None before the first."""
        if self.output is None:
            return None
        return (self._clock.now_ns() - self.output.now_ns) / NS_PER_S

    async def ask_engine(
        self, message: Message, timeout_s: float = ENGINE_TIMEOUT_S
    ) -> Reply | None:
        """Return the engine's answer, None if it does not answer."""
        reply = await self._ask(self._endpoints.commands, message, timeout_s)
        return reply if isinstance(reply, Reply) else None

    async def stop_output(self, reason: str) -> OutputState | None:
        """Stop the output itself, whatever the engine does; None: no answer."""
        stop = StopOutput(reason=reason)
        state = await self._ask(self._endpoints.actuator, stop, STOP_TIMEOUT_S)
        return state if isinstance(state, OutputState) else None

    async def clear_output_fault(self) -> OutputState | None:
        """Ask the output to forget a fault whose cause is gone."""
        clear = ClearOutputFault()
        state = await self._ask(self._endpoints.actuator, clear, ENGINE_TIMEOUT_S)
        return state if isinstance(state, OutputState) else None

    async def _ask(
        self, endpoint: str, message: Message, timeout_s: float
    ) -> Message | None:
        # A socket per request: an answer that comes too late meets nobody.
        client = self._context.socket(zmq.DEALER)
        client.setsockopt(zmq.LINGER, 0)
        try:
            client.connect(endpoint)
            await client.send(encode(message))
            if not await client.poll(round(timeout_s * 1e3)):
                return None
            answer: Message = decode(await client.recv())
            return answer
        finally:
            client.close()

    async def _hear(self, endpoint: str) -> None:
        subscriber = self._context.socket(zmq.SUB)
        subscriber.setsockopt(zmq.SUBSCRIBE, b"")
        subscriber.connect(endpoint)
        try:
            while True:
                self._take(decode(await subscriber.recv()))
        finally:
            subscriber.close(linger=0)

    def _take(self, message: Message) -> None:
        if isinstance(message, OutputState):
            self.output = message
        elif isinstance(message, State | Event):
            if isinstance(message, State):
                self.state = message
            for listener in self._listeners:
                listener(message)
