"""Giving values the types that a schema wants, where nothing of them is lost by it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cdp_relay.chat.calls._repair import canonical, loads

__all__ = ["coerce"]

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,30})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_BOOLEANS = {"true": True, "false": False}
_DEPTH = 32


class Fits(Protocol):
    """Tells whether a value fits a schema."""

    def __call__(self, value: Any, schema: Any, /) -> bool: ...


def coerce(value: Any, schema: Any, root: Mapping[str, Any], fits: Fits, depth: int = 0) -> Any:
    """*value* as *schema* wants it, as far as that loses nothing; what cannot be helped stays as it is."""
    schema = _resolve(schema, root)
    if not isinstance(schema, Mapping) or depth > _DEPTH or fits(value, schema):
        return value
    for key in ("anyOf", "oneOf"):
        for member in _sequence(schema.get(key)):
            changed = coerce(value, member, root, fits, depth + 1)
            if fits(changed, member):
                value = changed
                break
    for member in _sequence(schema.get("allOf")):
        value = coerce(value, member, root, fits, depth + 1)
    value = _to_choice(value, schema)
    types = schema.get("type")
    wanted = [types] if isinstance(types, str) else [one for one in _sequence(types) if isinstance(one, str)]
    if not wanted:
        wanted = ["object"] if "properties" in schema else ["array"] if "items" in schema else []
    if wanted and not any(_is(value, one) for one in wanted):
        value = _to_type(value, wanted, schema, root, fits, depth)
    if isinstance(value, dict):
        return _coerce_object(value, schema, root, fits, depth)
    if isinstance(value, list):
        items = schema.get("items")
        return [coerce(one, items, root, fits, depth + 1) for one in value]
    return value


def _coerce_object(
    value: dict[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], fits: Fits, depth: int
) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        properties = {}
    required = _sequence(schema.get("required"))
    extra = schema.get("additionalProperties")
    coerced: dict[str, Any] = {}
    for key, one in value.items():
        wanted = properties.get(key, extra)
        if one is None and key in properties and key not in required and not fits(None, wanted):
            continue  # nothing, said in words
        coerced[key] = coerce(one, wanted, root, fits, depth + 1)
    return coerced


def _to_choice(value: Any, schema: Mapping[str, Any]) -> Any:
    """The one allowed value that *value* is, but for case or type."""
    choices = _sequence(schema.get("enum")) or ([schema["const"]] if "const" in schema else [])
    if not choices or value in choices:
        return value
    same = [one for one in choices if _spelled(one) == _spelled(value)]
    return same[0] if len(same) == 1 else value


def _spelled(value: Any) -> str:
    return value.strip().casefold() if isinstance(value, str) else canonical(value).casefold()


def _to_type(
    value: Any,
    wanted: Sequence[str],
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    fits: Fits,
    depth: int,
) -> Any:
    if isinstance(value, str):
        parsed = _parse(value, wanted)
        if parsed is not None:
            return parsed
    if isinstance(value, float) and value.is_integer() and "integer" in wanted and abs(value) < 2**53:
        return int(value)
    if "string" in wanted and isinstance(value, bool | int | float):
        return canonical(value)
    if "array" in wanted and value is not None and not isinstance(value, list):
        items = schema.get("items")
        one = coerce(value, items, root, fits, depth + 1)
        if items is None or fits(one, items):
            return [one]
    return value


def _parse(text: str, wanted: Sequence[str]) -> Any:
    """The value that a string spells; None when it spells none of the wanted types."""
    bare = text.strip()
    if "integer" in wanted and _INTEGER.fullmatch(bare):
        return int(bare)
    if "number" in wanted and _NUMBER.fullmatch(bare):
        return int(bare) if _INTEGER.fullmatch(bare) else float(bare)
    if "boolean" in wanted and bare.lower() in _BOOLEANS:
        return _BOOLEANS[bare.lower()]
    if ("object" in wanted and bare.startswith("{")) or ("array" in wanted and bare.startswith("[")):
        try:
            return loads(bare)
        except ValueError:
            return None
    return None


def _is(value: Any, type_name: str) -> bool:
    match type_name:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
    return True


def _resolve(schema: Any, root: Mapping[str, Any]) -> Any:
    """A schema that is but a reference into its own document, followed."""
    for _ in range(_DEPTH):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            return schema
        target: Any = root
        for part in reference[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, Mapping) else None
        if target is None:
            return schema
        schema = target
    return schema


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
