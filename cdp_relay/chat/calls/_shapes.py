"""The shapes in which models put a call into JSON, read as one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import attrs

__all__ = ["ARGUMENT_KEYS", "NAME_KEYS", "Proposal", "read_proposals"]

NAME_KEYS = ("name", "tool", "tool_name", "function")
ARGUMENT_KEYS = ("arguments", "args", "parameters", "params", "input")
_LISTS = ("tool_calls", "calls")
_NO_ARGUMENTS = frozenset({"id", "call_id", "type", "index", *NAME_KEYS})


@attrs.frozen
class Proposal:
    """A call as the model put it, not looked at yet."""

    name: str | None
    arguments: Any
    text: str | None = None
    """The arguments as JSON to the letter, where that is what the model wrote."""


def read_proposals(value: Any, names: Collection[str]) -> Iterator[Proposal]:
    """Read the calls of one JSON value.

    Args:
      names: of the tools there are; ``{"read_file": {...}}`` is a call when ``read_file`` is one.
    """
    if isinstance(value, list):
        for one in value:
            yield from read_proposals(one, names)
        return
    if not isinstance(value, dict):
        yield Proposal(None, value)
        return
    for key in _LISTS:
        if isinstance(value.get(key), list) and not isinstance(value.get("name"), str):
            yield from read_proposals(value[key], names)
            return
    inner = value.get("function")
    if isinstance(inner, dict):
        yield from read_proposals(inner, names)
        return
    yield _read_object(value, names)


def _read_object(value: Mapping[str, Any], names: Collection[str]) -> Proposal:
    for key in NAME_KEYS:
        if isinstance(value.get(key), str):
            return Proposal(value[key], _arguments(value))
    if len(value) == 1:
        [(name, arguments)] = value.items()
        if name in names:
            return Proposal(name, arguments)
    return Proposal(None, _arguments(value))


def _arguments(value: Mapping[str, Any]) -> Any:
    for key in ARGUMENT_KEYS:
        if key in value:
            return value[key]
    # Some models leave the inner object out; what is left is judged by the tool's schema all the same.
    return {key: one for key, one in value.items() if key not in _NO_ARGUMENTS}
