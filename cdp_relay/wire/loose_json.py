"""JSON as it really comes from pages: fast, and forgiving where the fast parser is not."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["decode_json"]

_decode = msgspec.json.Decoder().decode


def decode_json(text: str | bytes) -> Any:
    """Parse one JSON document.

    A string cut inside an emoji comes as an escape of half a surrogate pair (``"\\ud83d"``), which
    ``msgspec`` refuses and the standard library lets through; so the second goes over what the
    first refused. The caller has to expect lone surrogates in the strings.

    Raises:
      ValueError: this is no JSON, or it is nested deeper than Python can follow.
    """
    try:
        return _decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None
