"""Who may ask: this rig's own pages and programs, not any page of the web.

A browser sends ``Origin`` with what a foreign page asks for; programs send none. A
stop is taken from anybody: it can only make things safer.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import problem_response

MAX_BODY_BYTES = 64 * 1024
READING = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "testserver"})
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound

#: Nothing but our own files; the websocket is of the same origin.
HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


class Guard:
    """Middleware: host, origin, size of the body, and headers of the answer."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._any_host = host in ANY_ADDRESS
        self._hosts = LOCAL_HOSTS | {host}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            send = _with_headers(send) if scope["type"] == "http" else send
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal[1]})
        else:
            await problem_response(*refusal)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if not self._any_host and name not in self._hosts:
            return 403, f"host {name!r} is not this rig; ask for {sorted(self._hosts)}"
        origin = headers.get("origin")
        acts = scope["type"] == "websocket" or scope["method"] not in READING
        if acts and origin is not None and urlsplit(origin).netloc != host:
            is_stop = scope["path"].endswith("/stop") and scope["type"] == "http"
            if not is_stop:
                return 403, f"pages of {origin} may not control this rig"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return 413, f"expected a body of at most {MAX_BODY_BYTES} bytes"
        if acts and "chunked" in headers.get("transfer-encoding", ""):
            return 413, "expected a body with a content-length"
        return None


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *HEADERS]
        await send(message)

    return sending
