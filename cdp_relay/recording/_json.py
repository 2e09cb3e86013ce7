"""JSON of what pages say: fast, and with half of a surrogate pair where a script made one.

Such a half has no UTF-8 and stands as its escape. msgspec refuses it in both directions and the standard
library does not.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["from_json", "to_json", "to_pretty_json"]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def to_json(value: Any) -> bytes:
    """Write anything that has a form in JSON, in UTF-8."""
    try:
        return _encode(value)
    except (UnicodeEncodeError, OverflowError):
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def to_pretty_json(value: Any) -> bytes:
    """The same for people, a field on a line."""
    try:
        return msgspec.json.format(_encode(value), indent=2) + b"\n"
    except (UnicodeEncodeError, OverflowError):
        return json.dumps(msgspec.to_builtins(value), indent=2).encode() + b"\n"


def from_json(data: bytes) -> Any:
    """Read it.

    Raises:
      ValueError: it is no JSON, or is nested too deeply.
    """
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeError):
        pass
    except RecursionError:
        raise ValueError("nested too deeply") from None
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
