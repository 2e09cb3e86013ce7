"""Gemini's writing: envelopes in frames that say their length, and JSON within JSON within forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from tests.sites.kit.turns import Frame

__all__ = ["PREFIX", "batch", "call", "ending", "error", "form_of", "frame", "payload", "places"]

PREFIX = b")]}'\n\n"
_ERROR = "type.googleapis.com/assistant.boq.bard.application.BardErrorInfo"


def places(values: Mapping[int, Any]) -> list[Any]:
    """A list that holds the values at their places, and nothing at the others."""
    return [values.get(place) for place in range(max(values, default=-1) + 1)]


def payload(values: Mapping[int, Any]) -> list[Any]:
    """The envelope of one telling of the answer."""
    return call(None, places(values))


def call(rpc: str | None, value: Any) -> list[Any]:
    """The envelope of a call's result; the answer's own has no name."""
    envelope = ["wrb.fr", rpc, json.dumps(value, ensure_ascii=False, separators=(",", ":"))]
    return envelope if rpc is None else [*envelope, None, None, None, "generic"]


def error(code: int) -> list[Any]:
    """The envelope of an error."""
    return ["wrb.fr", None, None, None, None, [13, None, [[_ERROR, [code]]]]]


def frame(*envelopes: Any, longer: int = 0) -> Frame:
    """One frame. Its length counts UTF-16 units, with the newlines before and behind the text."""
    text = json.dumps(envelopes, ensure_ascii=False, separators=(",", ":"))
    length = len(text.encode("utf-16-le")) // 2 + 2 + longer
    return Frame(f"{length}\n{text}\n".encode())


def ending(envelopes: int, size: int) -> list[Frame]:
    """The last two frames of a body that has so many envelopes and bytes so far."""
    diagnostics = frame(["di", 1234], ["af.httprm", 1234, "-4146049163487242749", 1])
    size += len(diagnostics.data)
    last = frame(["e", envelopes + 3, None, None, size])
    while (whole := frame(["e", envelopes + 3, None, None, size + len(last.data)])).data != last.data:
        last = whole
    return [diagnostics, last]


def batch(rpc: str, value: Any) -> bytes:
    """The whole body of a batch of one call."""
    told = frame(call(rpc, value), ["di", 89], ["af.httprm", 89, "950503667489481361", 6])
    size = len(PREFIX) + len(told.data)
    last = frame(["e", 4, None, None, size])
    return PREFIX + told.data + last.data


def form_of(body: bytes) -> tuple[Any, str]:
    """What a form's ``f.req`` holds, and its token against forged requests."""
    form = parse_qs(body.decode(), keep_blank_values=True)
    return json.loads(form["f.req"][0]), form.get("at", [""])[0]
