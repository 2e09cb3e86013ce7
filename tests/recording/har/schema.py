"""HAR 1.2 as a JSON Schema, strict: no field that it does not name, but those that begin with ``_``.

Source: http://www.softwareishard.com/blog/har-12-spec/, field by field.
"""

from __future__ import annotations

from typing import Any

__all__ = ["HAR"]

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
SIZE: Schema = {"type": "integer", "minimum": -1}
FLAG: Schema = {"type": "boolean"}
PHASE: Schema = {"type": "number", "anyOf": [{"minimum": 0}, {"const": -1}]}
LASTING: Schema = {"type": "number", "minimum": 0}
DATE: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}


def of(required: Schema, optional: Schema | None = None) -> Schema:
    """An object of these fields."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {}), "comment": TEXT},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
    }


def every(item: Schema) -> Schema:
    return {"type": "array", "items": item}


PAIR = of({"name": TEXT, "value": TEXT})
PROGRAM = of({"name": TEXT, "version": TEXT})
COOKIE = of(
    {"name": TEXT, "value": TEXT},
    {"path": TEXT, "domain": TEXT, "expires": DATE, "httpOnly": FLAG, "secure": FLAG},
)
PARAMETER = of({"name": TEXT}, {"value": TEXT, "fileName": TEXT, "contentType": TEXT})
MESSAGE: Schema = {
    "httpVersion": TEXT,
    "cookies": every(COOKIE),
    "headers": every(PAIR),
    "headersSize": SIZE,
    "bodySize": SIZE,
}
REQUEST = of(
    {"method": TEXT, "url": TEXT, "queryString": every(PAIR), **MESSAGE},
    {"postData": of({"mimeType": TEXT, "params": every(PARAMETER), "text": TEXT})},
)
CONTENT = of(
    {"size": {"type": "integer", "minimum": 0}, "mimeType": TEXT},
    {"compression": {"type": "integer"}, "text": TEXT, "encoding": {"const": "base64"}},
)
RESPONSE = of(
    {"status": {"type": "integer"}, "statusText": TEXT, "content": CONTENT, "redirectURL": TEXT, **MESSAGE}
)
CACHED = of({"lastAccess": DATE, "eTag": TEXT, "hitCount": {"type": "integer"}}, {"expires": DATE})
ENTRY = of(
    {
        "startedDateTime": DATE,
        "time": LASTING,
        "request": REQUEST,
        "response": RESPONSE,
        "cache": of({}, {"beforeRequest": CACHED, "afterRequest": CACHED}),
        "timings": of(
            {"send": LASTING, "wait": LASTING, "receive": LASTING},
            {"blocked": PHASE, "dns": PHASE, "connect": PHASE, "ssl": PHASE},
        ),
    },
    {"pageref": TEXT, "serverIPAddress": TEXT, "connection": TEXT},
)
PAGE = of(
    {
        "startedDateTime": DATE,
        "id": TEXT,
        "title": TEXT,
        "pageTimings": of({}, {"onContentLoad": PHASE, "onLoad": PHASE}),
    }
)
HAR: Schema = of(
    {
        "log": of(
            {"version": {"const": "1.2"}, "creator": PROGRAM, "entries": every(ENTRY)},
            {"browser": PROGRAM, "pages": every(PAGE)},
        )
    }
)
