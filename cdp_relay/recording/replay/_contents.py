"""What a request says, laid out by place: its query, and its body where that is JSON or a form."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl

import attrs

__all__ = ["Contents", "Kind", "Place", "read_body", "read_query"]

Kind = Literal["nothing", "json", "form", "other"]

Place: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the outside in; ``"()"`` where a string holds JSON of its own."""

_MAX_BYTES = 4 << 20
"""A body beyond that is a file, and is not looked into."""
_MAX_LEAVES = 4000
_MAX_DEPTH = 24


@attrs.frozen
class Contents:
    """The values of a body or of a query, by place."""

    kind: Kind
    values: Mapping[Place, Any] = attrs.field(factory=dict, repr=False)
    """Scalars; an empty list or object stands for itself."""
    shape: frozenset[tuple[Place, str]] = frozenset()
    """Places without indexes, and the type of what stands there."""


def read_query(query: str) -> Contents:
    """Lay out a query; a key that comes again is told apart by its number."""
    return _laid_out("form", _pairs(query))


def read_body(body: bytes, content_type: str = "") -> Contents:
    """Lay out a body by what it is, whatever its content type says."""
    if not body:
        return Contents("nothing")
    if len(body) > _MAX_BYTES:
        return Contents("other")
    body = _unpacked(body)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return Contents("other")
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _laid_out("json", json.loads(text))
        except (ValueError, RecursionError):
            pass
    lines = text.strip().split("\n")
    if "x-www-form-urlencoded" in content_type or (len(lines) == 1 and "=" in text and " " not in text):
        return _laid_out("form", _pairs(text))
    return Contents("other")


def _pairs(query: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_LEAVES)
    except ValueError:
        return values
    for key, value in pairs:
        name, again = key, 1
        while name in values:
            again += 1
            name = f"{key}#{again}"
        values[name] = value
    return values


def _laid_out(kind: Kind, value: Any) -> Contents:
    values: dict[Place, Any] = {}
    for place, leaf in _leaves(value, ()):
        values[place] = leaf
        if len(values) >= _MAX_LEAVES:
            break
    shape = frozenset(
        (tuple("[]" if isinstance(step, int) else step for step in place), _type_of(leaf))
        for place, leaf in values.items()
    )
    return Contents(kind, values, shape)


def _leaves(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict) and value and len(place) < _MAX_DEPTH:
        for key, inner in value.items():
            yield from _leaves(inner, (*place, key))
    elif isinstance(value, list) and value and len(place) < _MAX_DEPTH:
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*place, index))
    elif isinstance(value, str) and value[:1] in ("{", "[") and len(place) < _MAX_DEPTH:
        try:
            inside = json.loads(value)
        except (ValueError, RecursionError):
            yield place, value
        else:
            yield from _leaves(inside, (*place, "()"))
    else:
        yield place, value


def _type_of(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "flag"  # a switch that is not set is as often absent as false
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def _unpacked(body: bytes) -> bytes:
    """What is in a gzip'd body; others as they are."""
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        return zlib.decompressobj(31).decompress(body, _MAX_BYTES)
    except zlib.error:
        return body
