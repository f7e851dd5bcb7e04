"""``python -m service.config.program_schema``: the JSON Schema of program files."""

import json
import sys
from typing import Any

from service.config.programs import ProgramConfig
from service.config.reference import core_meanings

TITLE = "unclench program"


def render() -> str:
    """Return the schema as it is kept in the documentation."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """Return the schema; every key says what it means."""
    document = ProgramConfig.model_json_schema()
    told = core_meanings()
    for table in (document, *document["$defs"].values()):
        for key, field in table.get("properties", {}).items():
            if not field.get("description") and told.get(key):
                field["description"] = told[key]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": TITLE,
    }


if __name__ == "__main__":
    sys.stdout.write(render())
