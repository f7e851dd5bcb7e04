"""``python -m service.api.reference``: the API reference as Markdown."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from service.api.app import create_app
from service.api.models import RigFacts
from service.bus import Endpoints

HEAD = """\
# API

Generated from the OpenAPI document (`/openapi.json`); do not edit.

All paths are under `http://127.0.0.1:8000` unless the rig file says otherwise. Names in
JSON carry their units; what is not known is `null`. Errors are
`application/problem+json` with `status` and a `detail` that says what was expected,
what came and what to do. A browser page of another origin may stop, and nothing else.
"""

LIVE = """\
## `/api/v1/live`

A websocket. Query: `format` is `msgpack` (default) or `json`, `rate_hz` is the most
states per second (default 20, at most 50).

It sends maps with a `type`:

| `type` | is |
|---|---|
| `state` | as `GET /api/v1/state`; a slow viewer gets fewer, always the newest |
| `event` | what happened once: `t_s`, `kind`, `session_id`, `phase`, `detail` |
| `stopped` | the answer to a stop |
| `problem` | the answer to what was not understood |

`stale` is true, and `age_ms` says how old the state is, when the engine has been silent
for half a second. It takes one message: `{"type": "stop"}`, the same as
`POST /api/v1/stop`.
"""


def render() -> str:
    """Return the whole reference."""
    facts = RigFacts("rig", "0", "", (), ())
    endpoints = Endpoints.in_folder(Path(tempfile.gettempdir()))
    document = create_app(facts, endpoints, lambda _: (), "127.0.0.1").openapi()
    rows = ["## Paths\n", "| method | path | does | answers |", "|---|---|---|---|"]
    for path, methods in document["paths"].items():
        rows += [_row(path, method, op) for method, op in methods.items()]
    schemas = document["components"]["schemas"]
    parts = [_schema(name, schemas[name]) for name in sorted(schemas)]
    return "\n".join([HEAD, *rows, "", LIVE, "## Schemas\n", *parts])


def _row(path: str, method: str, operation: dict[str, Any]) -> str:
    codes = ", ".join(sorted(operation["responses"]))
    does = " ".join(operation.get("description", "").split())
    return f"| {method.upper()} | `{path}` | {does} | {codes} |"


def _schema(name: str, schema: dict[str, Any]) -> str:
    properties = schema.get("properties")
    if not properties:
        return ""
    about = " ".join(schema.get("description", "").split())
    rows = [f"### {name}\n", about, "", "| key | type |", "|---|---|"]
    rows += [f"| `{key}` | {_kind(value)} |" for key, value in properties.items()]
    return "\n".join(rows) + "\n"


def _kind(value: dict[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rsplit("/", 1)[-1]
    options = value.get("anyOf") or value.get("oneOf")
    if options:
        return " or ".join(_kind(option) for option in options)
    if value.get("type") == "array":
        return f"list of {_kind(value.get('items', {}))}".removesuffix(" of any")
    if "enum" in value:
        return " or ".join(f"`{item}`" for item in value["enum"])
    about = f": {value['description']}" if "description" in value else ""
    return f"{value.get('type', 'any')}{about}"


if __name__ == "__main__":
    sys.stdout.write(render())
