"""Who may ask: this rig's own pages and programs, not any page of the web.

A browser sends ``Origin`` with what a foreign page asks for; programs send none. A
stop is taken from anybody: it can only make things safer.
"""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import problem_response

#: Environment variable with the token; a file of the rig is no place for a secret.
TOKEN_VARIABLE = "UNCLENCH_API_TOKEN"  # noqa: S105 - its name, not its value

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

    def __init__(self, app: ASGIApp, host: str, token: str = "") -> None:
        self._app = app
        self._token = token
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
        writes = scope["type"] == "websocket" or scope["method"] not in READING
        acts = writes and not _is_stop(scope)
        if acts and origin is not None and urlsplit(origin).netloc != host:
            return 403, f"pages of {origin} may not control this rig"
        if acts and self._token:
            given = _token_of(scope, headers)
            if not hmac.compare_digest(given.encode(), self._token.encode()):
                return 401, "expected the token of this rig; only a stop needs none"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            return 413, f"expected a body of at most {MAX_BODY_BYTES} bytes"
        if writes and "chunked" in headers.get("transfer-encoding", ""):
            return 413, "expected a body with a content-length"
        return None


def _is_stop(scope: Scope) -> bool:
    return scope["type"] == "http" and str(scope["path"]).endswith("/stop")


def _token_of(scope: Scope, headers: Headers) -> str:
    """Return the token of a request; the websocket of a browser has it in its URL."""
    if scope["type"] == "websocket":
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        return str(query.get("token", [""])[0])
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def check_open(host: str, token: str) -> str:
    """Say what is wrong with listening on ``host``, or nothing."""
    if host in LOCAL_HOSTS or token:
        return ""
    return (
        f"api.host: {host} opens the rig to the network; set {TOKEN_VARIABLE} to a "
        "token that operators know, or listen on 127.0.0.1"
    )


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *HEADERS]
        await send(message)

    return sending
