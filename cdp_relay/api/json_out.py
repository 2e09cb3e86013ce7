"""From values to the bytes of an answer's JSON. Every streamed chunk passes here, so it has to be quick."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["dump_json", "quote_json"]

_encode = msgspec.json.Encoder().encode


def quote_json(text: str) -> bytes:
    """A text as a JSON string, its quotes included.

    Half of a surrogate pair becomes U+FFFD, as UTF-8 has no form for it.
    """
    try:
        return _encode(text)
    except UnicodeEncodeError:
        return _encode(_mended(text))


def dump_json(value: Any) -> bytes:
    """A value as JSON without spaces; what JSON cannot hold is written as a string."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _mended(text).encode()


def _mended(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
