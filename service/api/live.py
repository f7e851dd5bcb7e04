"""The live websocket: every viewer at its own pace, none at the cost of another.

A viewer has no queue of states: whenever it is ready it gets the newest. What it is
sent is encoded once and shared by all viewers of the same format.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from drivers.ports import Clock
from service.messages import Event, State

#: Events that a viewer may lag behind before it loses the oldest.
MAX_EVENTS = 100

#: A state older than this is shown as stale.
STALE_S = 0.5

#: Without news a viewer is told so this often.
SILENT_EVERY_S = 0.5

MAX_RATE_HZ = 50.0
DEFAULT_RATE_HZ = 20.0
BAD_REQUEST_CODE = 1008
GOING_AWAY_CODE = 1001


@dataclass(frozen=True, slots=True)
class Says:
    """What a viewer can cause."""

    stop: Callable[[], Awaitable[dict[str, Any]]]
    present: Callable[[], Awaitable[None]]


@dataclass(eq=False, slots=True)
class _Viewer:
    """One open websocket, and the events that it has not seen."""

    socket: WebSocket
    fmt: str
    every_s: float
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))


class Hub:
    """Keeps the newest state, encoded once per format, and wakes the viewers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._state: State | None = None
        self._version = 0
        self._changed = asyncio.Event()
        self._encoded: dict[tuple[str, int, bool], bytes] = {}
        self._viewers: set[_Viewer] = set()

    def take(self, message: State | Event) -> None:
        """Take in what the bus brought."""
        if isinstance(message, Event):
            for viewer in self._viewers:
                viewer.events.append(message)
        else:
            self._state = message
            self._version += 1
            self._encoded.clear()
        self._changed.set()
        self._changed = asyncio.Event()

    async def close(self) -> None:
        """Send every viewer away."""
        for viewer in list(self._viewers):
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await viewer.socket.close(GOING_AWAY_CODE)

    async def serve(
        self, socket: WebSocket, fmt: str, rate_hz: float, says: Says
    ) -> None:
        """Serve one viewer until it leaves."""
        viewer = _Viewer(socket, fmt, 1.0 / rate_hz)
        self._viewers.add(viewer)
        tasks = [
            asyncio.create_task(self._tell(viewer)),
            asyncio.create_task(_hear(socket, fmt, says)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._viewers.discard(viewer)

    async def _tell(self, viewer: _Viewer) -> None:
        socket, fmt, told = viewer.socket, viewer.fmt, -1
        while True:
            changed = self._changed
            while viewer.events:
                event = event_data(viewer.events.popleft())
                await _send(socket, fmt, _encode(fmt, event))
            if told != self._version or self._is_stale():
                told = self._version
                data = self._newest(fmt)
                if data is not None:
                    await _send(socket, fmt, data)
            started_s = self._clock.now_s()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), SILENT_EVERY_S)
            waited_s = self._clock.now_s() - started_s
            await asyncio.sleep(max(viewer.every_s - waited_s, 0.0))

    def _age_s(self) -> float:
        return 0.0 if self._state is None else self._clock.now_s() - self._state.t_s

    def _is_stale(self) -> bool:
        return self._age_s() > STALE_S

    def _newest(self, fmt: str) -> bytes | None:
        if self._state is None:
            return None
        stale = self._is_stale()
        key = (fmt, self._version, stale)
        data = self._encoded.get(key)
        if data is None:
            body = state_data(self._state, self._age_s(), stale=stale)
            data = _encode(fmt, body)
            if not stale:
                self._encoded[key] = data
        return data


def state_data(state: State, age_s: float, *, stale: bool) -> dict[str, Any]:
    """Return a state as viewers and ``GET /state`` see it."""
    body: dict[str, Any] = msgspec.to_builtins(state)
    return {**body, "type": "state", "stale": stale, "age_ms": round(age_s * 1e3, 3)}


def event_data(event: Event) -> dict[str, Any]:
    """Return an event as viewers see it."""
    body: dict[str, Any] = msgspec.to_builtins(event)
    return {**body, "type": "event"}


def _encode(fmt: str, body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body) if fmt == "json" else msgspec.msgpack.encode(body)


async def _send(socket: WebSocket, fmt: str, data: bytes) -> None:
    if socket.application_state is not WebSocketState.CONNECTED:
        raise WebSocketDisconnect
    if fmt == "json":
        await socket.send_text(data.decode())
    else:
        await socket.send_bytes(data)


async def _hear(socket: WebSocket, fmt: str, says: Says) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        request = _understood(message)
        if request == {"type": "present"}:
            await says.present()
            continue
        if request == {"type": "stop"}:
            answer = {"type": "stopped", **await says.stop()}
        else:
            detail = 'expected type "stop" or "present": all else goes by REST'
            answer = {"type": "problem", "status": 422, "detail": detail}
        await _send(socket, fmt, _encode(fmt, answer))


def _understood(message: Any) -> object:  # noqa: ANN401 - as ASGI gives it
    try:
        if message.get("text") is not None:
            return json.loads(message["text"])
        return msgspec.msgpack.decode(message["bytes"])
    except (ValueError, TypeError, RecursionError):
        return None
