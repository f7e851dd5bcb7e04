"""The HTTP side: REST under ``/api/v1``, the live websocket, the live page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, FastAPI, Query, Request, Response, WebSocket
from fastapi.openapi.utils import get_openapi
from starlette.responses import FileResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from drivers.clock import SystemClock
from drivers.errors import DriverError
from service.api import operating, problems
from service.api.asking import checked, gateway_of
from service.api.gateway import Gateway
from service.api.live import (
    DEFAULT_RATE_HZ,
    MAX_RATE_HZ,
    STALE_S,
    Hub,
    Says,
    state_data,
)
from service.api.models import (
    Health,
    NewSession,
    Opened,
    OutputInfo,
    ProgramInfo,
    RigFacts,
    Stopped,
    StreamInfo,
    limit_warnings,
    state_schema,
)
from service.api.problems import Problem
from service.api.security import Guard
from service.bus import Endpoints
from service.core.model import Verb
from service.messages import OpenSession, OutputState, Reply, SessionCommand

STATIC = Path(__file__).parent / "static"
PREFIX = "/api/v1"
STREAMS_TIMEOUT_S = 1.0

#: A loop that has not spoken for so long is not in service.
DEAD_S = 1.0

ListStreams = Callable[[float], Sequence[Any]]


class _App(FastAPI):
    """With the messages that are passed on as they are in the OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once."""
        if self.openapi_schema is None:
            document = get_openapi(
                title=self.title, version=self.version, routes=self.routes
            )
            document["components"]["schemas"].update(state_schema())
            self.openapi_schema = document
        return self.openapi_schema


def create_app(
    facts: RigFacts,
    endpoints: Endpoints,
    list_streams: ListStreams,
    host: str,
    token: str = "",
) -> FastAPI:
    """Return the application; ``list_streams(timeout_s)`` may block.

    With a ``token`` everything that acts must bring it, except for a stop.
    """
    clock = SystemClock()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        gateway, hub = Gateway(endpoints, clock), Hub(clock)
        gateway.listen(hub.take)
        gateway.start()
        app.state.gateway, app.state.hub = gateway, hub
        yield
        await hub.close()
        await gateway.close()

    # The document is served; its viewers would be loaded from elsewhere.
    app = _App(
        title="unclench",
        version=facts.version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.facts, app.state.list_streams, app.state.clock = (
        facts,
        list_streams,
        clock,
    )
    problems.install(app)
    app.include_router(router, prefix=PREFIX)
    app.include_router(operating.router, prefix=PREFIX)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_api_route("/", _page, include_in_schema=False)
    app.add_middleware(Guard, host=host, token=token)
    return app


router = APIRouter()


async def _page() -> FileResponse:
    return FileResponse(STATIC / "live.html")


STATE_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Everything about the rig at one moment.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/State"}}
        },
    },
    503: {"description": "The loop has not spoken yet."},
}


@router.get("/health", responses={503: {"model": Health}})
async def health(request: Request) -> Health:
    """Tell whether the loop is alive: 503 when it is not, whatever this server does."""
    gateway, facts = gateway_of(request), request.app.state.facts
    ages = gateway.state_age_s, gateway.output_age_s
    alive = all(age is not None and age < DEAD_S for age in ages)
    state_ms, output_ms = (None if age is None else age * 1e3 for age in ages)
    answer = Health(
        status="ok" if alive else "dead",
        rig=facts.rig,
        version=facts.version,
        state_age_ms=state_ms,
        output_age_ms=output_ms,
        output_fault=gateway.output.fault if gateway.output else None,
    )
    if not alive:
        detail = "engine or output have been silent for more than 1 s"
        raise Problem(503, detail, answer.model_dump())
    return answer


@router.get("/state", response_class=JSONResponse, responses=STATE_CONTENT)
async def state(request: Request) -> Response:
    """Return the newest state; ``stale`` when the engine has been silent."""
    gateway = gateway_of(request)
    if gateway.state is None or gateway.state_age_s is None:
        raise Problem(503, "the engine has not spoken yet")
    age_s = gateway.state_age_s
    body = state_data(gateway.state, age_s, stale=age_s > STALE_S)
    return Response(msgspec.json.encode(body), media_type="application/json")


@router.get("/streams")
async def streams(request: Request) -> list[StreamInfo]:
    """Return the LSL streams that are visible now; takes a second."""
    try:
        found = await asyncio.to_thread(
            request.app.state.list_streams, STREAMS_TIMEOUT_S
        )
    except DriverError as error:
        raise Problem(503, str(error)) from error
    return [StreamInfo.model_validate(s, from_attributes=True) for s in found]


@router.get("/outputs")
async def outputs(request: Request) -> list[OutputInfo]:
    """Return the outputs of this rig."""
    return list(request.app.state.facts.outputs)


@router.get("/programs")
async def programs(request: Request) -> list[ProgramInfo]:
    """Return the programs that a session can run."""
    return list(request.app.state.facts.programs)


@router.post("/sessions", status_code=201)
async def open_session(
    request: Request, response: Response, body: NewSession | None = None
) -> Opened:
    """Open a session: one at a time."""
    wanted = body or NewSession()
    facts = request.app.state.facts
    message = OpenSession(
        program=wanted.program or facts.default_program,
        channel=wanted.channel,
        subject=wanted.subject,
        limits=wanted.limits,
        reference=wanted.reference,
        stage=wanted.stage,
    )
    reply = checked(await gateway_of(request).ask_engine(message))
    response.headers["Location"] = f"{PREFIX}/sessions/{reply.session_id}"
    return Opened(session_id=reply.session_id, warnings=limit_warnings(wanted.limits))


@router.get(
    "/sessions/{session_id}", response_class=JSONResponse, responses=STATE_CONTENT
)
async def session(request: Request, session_id: str) -> Response:
    """Return the state, if it is that of this session."""
    newest = gateway_of(request).state
    if (
        newest is None
        or newest.session is None
        or (newest.session.session_id != session_id)
    ):
        raise Problem(404, f"there is no session {session_id!r} on this rig now")
    return await state(request)


@router.post("/sessions/{session_id}/stop", responses={503: {"model": Stopped}})
async def stop_session(request: Request, session_id: str) -> Stopped:  # noqa: ARG001
    """Stop: as ``/stop``, because there is one output and any stop is good."""
    return await stop(request)


@router.post("/stop", responses={503: {"model": Stopped}})
async def stop(request: Request) -> Stopped:
    """Stop everything at once. Needs nothing, may be repeated, works without engine."""
    answer = await stop_everything(gateway_of(request), request.app.state.clock, "api")
    if not answer.stopped:
        detail = "the output did not confirm zero: use the stop of the device itself"
        raise Problem(503, detail, answer.model_dump())
    return answer


async def stop_everything(gateway: Gateway, clock: SystemClock, reason: str) -> Stopped:
    """Stop the output and tell the engine, both at once."""
    began_s = clock.now_s()
    tell = gateway.ask_engine(SessionCommand(verb=Verb.STOP), timeout_s=0.1)
    output, reply = await asyncio.gather(gateway.stop_output(reason), tell)
    return Stopped(
        stopped=_is_zero(output),
        engine=_engine_word(reply),
        elapsed_ms=(clock.now_s() - began_s) * 1e3,
        output=None if output is None else msgspec.to_builtins(output),
    )


def _is_zero(output: OutputState | None) -> bool:
    return output is not None and not output.active and not any(output.amplitudes)


def _engine_word(reply: Reply | None) -> str:
    if reply is None:
        return "no_answer"
    return "no_session" if reply.kind == "unknown_session" else "stopped"


@router.websocket("/live")
async def live(
    socket: WebSocket,
    format: Annotated[str, Query(pattern="^(json|msgpack)$")] = "msgpack",  # noqa: A002
    rate_hz: Annotated[float, Query(gt=0, le=MAX_RATE_HZ)] = DEFAULT_RATE_HZ,
) -> None:
    """States and events as they come; a viewer may say ``stop`` and ``present``.

    ``{"type": "stop"}`` stops, ``{"type": "present"}``, sent at least once a second,
    shows that an operator is there.
    """
    gateway, clock = socket.app.state.gateway, socket.app.state.clock
    await socket.accept()

    async def stopping() -> dict[str, Any]:
        return (await stop_everything(gateway, clock, "websocket")).model_dump()

    async def present() -> None:
        await gateway.ask_engine(SessionCommand(verb=Verb.PRESENT))

    says = Says(stopping, present)
    await socket.app.state.hub.serve(socket, format, rate_hz, says)
