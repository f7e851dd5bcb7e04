"""What every route does: find the gateway, ask the engine, check its answer."""

from fastapi import Request

from service.api.gateway import Gateway
from service.api.models import Done
from service.api.problems import STATUS_OF_KIND, Problem
from service.messages import Reply, SessionCommand


def gateway_of(request: Request) -> Gateway:
    """Return the gateway of the application."""
    gateway: Gateway = request.app.state.gateway
    return gateway


def checked(reply: Reply | None) -> Reply:
    """Return the reply of the engine; raise `Problem` if it is none or a refusal."""
    if reply is None:
        raise Problem(504, "the engine does not answer; stop works without it")
    if reply.refused:
        raise Problem(STATUS_OF_KIND[reply.kind], reply.refused, {"kind": reply.kind})
    return reply


async def command(request: Request, message: SessionCommand) -> Done:
    """Ask for something; return that it was done."""
    reply = checked(await gateway_of(request).ask_engine(message))
    return Done(session_id=reply.session_id, done=message.verb)
