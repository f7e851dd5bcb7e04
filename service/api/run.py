"""The API as a process: a server that ends with its lifeline."""

import asyncio
import contextlib
import importlib.metadata
import os
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from drivers.streams import visible_streams
from service.api.app import create_app
from service.api.gateway import Gateway
from service.api.models import rig_facts
from service.api.security import TOKEN_VARIABLE, check_open
from service.errors import StartError
from service.role import HEARTBEAT_NS, Context

#: Open websockets are closed by the application: there is nothing to wait for.
GRACE_S = 1


class _Server(uvicorn.Server):
    """A server that leaves signals to the role."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: the role knows when to end."""
        yield


def run(context: Context) -> None:
    """Serve until the parent ends."""
    api = context.snapshot.rig.api
    token = os.environ.get(TOKEN_VARIABLE, "")
    trouble = check_open(api.host, token)
    if trouble:
        raise StartError(trouble)
    facts = rig_facts(context.snapshot, importlib.metadata.version("unclench"))
    app = create_app(facts, context.endpoints, visible_streams, api.host, token)
    context.pulse.beat(ready=False)
    if not context.lifeline.await_begin():
        return
    config = uvicorn.Config(
        app,
        log_level="warning",
        ws="websockets-sansio",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
    listening = _listen(api.host, api.port)
    asyncio.run(_serve(context, app, _Server(config), listening))


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        msg = f"api.port: cannot listen on {host} port {port}: {error.strerror}"
        raise StartError(msg) from error


async def _serve(
    context: Context, app: FastAPI, server: _Server, listening: socket.socket
) -> None:
    async def beat() -> None:
        while not context.lifeline.has_ended:
            context.pulse.beat(ready=server.started and _knows_the_rig(app))
            await asyncio.sleep(HEARTBEAT_NS * 1e-9)
        await app.state.hub.close()
        server.should_exit = True

    beating = asyncio.create_task(beat())
    with listening:
        await server.serve([listening])
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)


def _knows_the_rig(app: FastAPI) -> bool:
    """Whether engine and output have been heard: before, there is nothing to serve."""
    gateway: Gateway = app.state.gateway
    return gateway.state is not None and gateway.output is not None
