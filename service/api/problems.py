"""Errors as ``application/problem+json`` (RFC 9457)."""

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

NO_MORE: Mapping[str, object] = MappingProxyType({})
MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "Bad request",
    401: "Who are you",
    403: "Not allowed from there",
    404: "Not found",
    405: "Method not allowed",
    409: "Refused",
    413: "Too large",
    422: "Not what was expected",
    503: "Not in service",
    504: "No answer",
}

STATUS_OF_KIND = {
    "refused": 409,
    "busy": 409,
    "unknown_session": 404,
    "bad_request": 422,
}


class Problem(Exception):  # noqa: N818 - the word of the RFC
    """A refusal that becomes a response."""

    def __init__(
        self, status: int, detail: str, more: Mapping[str, object] = NO_MORE
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more


def problem_response(
    status: int, detail: str, more: Mapping[str, object] = NO_MORE
) -> JSONResponse:
    """Return a problem as a response; ``more`` cannot hide its own members."""
    body = {
        **more,
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
    }
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of ``app`` be a problem."""

    @app.exception_handler(Problem)
    async def on_problem(_request: Request, problem: Problem) -> JSONResponse:
        return problem_response(problem.status, problem.detail, problem.more)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> JSONResponse:
        where = f"{request.method} {request.url.path}"
        response = problem_response(error.status_code, f"{where}: {error.detail}")
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def on_validation(
        _request: Request, error: RequestValidationError
    ) -> JSONResponse:
        errors = [
            {"place": ".".join(str(p) for p in e["loc"]), "message": e["msg"]}
            for e in error.errors()
        ]
        detail = "; ".join(f"{e['place']}: {e['message']}" for e in errors)
        return problem_response(422, detail, {"errors": errors})
