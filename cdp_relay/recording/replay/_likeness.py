"""How alike the contents of two requests are, place by place, and when they cannot mean the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cdp_relay.recording.replay._contents import Contents, Place
from cdp_relay.recording.replay._forms import is_changing

__all__ = ["agreement", "body_likeness", "disagree"]

_OPERATIONS = frozenset(
    {"rpcids", "rpc", "operationname", "operation", "op", "action", "command", "method", "fn"}
    | {"query_id", "doc_id", "topic", "event"}
)
"""Names whose value says what is asked for at all."""
_PAGES = frozenset(("offset", "page", "start", "skip", "cursor", "after", "before", "from", "index"))
"""Names whose value says which part of a list is wanted."""
_BUSTERS = frozenset(
    {"_", "_reqid", "cb", "nonce", "ord", "r", "rand", "random", "rt", "t", "time", "timestamp", "ts"}
    | {"v", "ver", "zx"}
)
"""Names whose value is there only so that the address is another."""

_LEAST_SHAPE = 0.3
"""Of the places of two bodies, those that both have; below it they are of different kinds. A prompt with a
file and one without have more than half in common, two kinds of telemetry hardly any."""
_OPERATION_DEPTH = 2
"""Deeper down, a name such as ``action`` belongs to what is told and not to what is asked for."""


def body_likeness(recorded: Contents, asked: Contents) -> float | None:
    """How alike two bodies are, up to 1; None where they are of different kinds."""
    if "nothing" in (recorded.kind, asked.kind):
        return 0.5  # one that was left out of the recording, or has become unnecessary
    if recorded.kind != asked.kind:
        return None
    if recorded.kind == "other":
        return 0.8
    if disagree(recorded, asked):
        return None
    both = len(recorded.shape | asked.shape)
    shape = len(recorded.shape & asked.shape) / both if both else 1.0
    return None if shape < _LEAST_SHAPE else 0.5 * shape + 0.5 * agreement(recorded, asked)


def agreement(recorded: Contents, asked: Contents) -> float:
    """How far the values agree, over all places that either has."""
    places = recorded.values.keys() | asked.values.keys()
    if not places:
        return 1.0
    return sum(_value_likeness(place, recorded.values, asked.values) for place in places) / len(places)


def _value_likeness(place: Place, recorded: Mapping[Place, Any], asked: Mapping[Place, Any]) -> float:
    name = _name(place)
    if place not in recorded or place not in asked:
        return 0.9 if name in _BUSTERS else 0.4
    then, now = recorded[place], asked[place]
    if then == now:
        return 1.0
    if name in _BUSTERS:
        return 0.98
    if isinstance(then, str) and isinstance(now, str):
        if is_changing(then) or is_changing(now):
            return 0.95
        return 0.85 if " " in now or len(now) > 40 else 0.5
    return 0.8 if isinstance(then, (int, float)) and isinstance(now, (int, float)) else 0.4


def disagree(recorded: Contents, asked: Contents) -> bool:
    """Whether the two ask for different things by name, or for different parts of a list."""
    for place, now in asked.values.items():
        name = _name(place)
        if place not in recorded.values or now == recorded.values[place]:
            continue
        then = recorded.values[place]
        if name in _PAGES and len(place) == 1 and not (_changes(then) and _changes(now)):
            return True
        is_outer = len([step for step in place if step != "()"]) <= _OPERATION_DEPTH
        if name in _OPERATIONS and is_outer and _is_word(then) and _is_word(now):
            return True
    return False


def _changes(value: Any) -> bool:
    return isinstance(value, str) and is_changing(value)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and not is_changing(value)


def _name(place: Place) -> str:
    named = [step for step in place if isinstance(step, str) and step != "()"]
    return named[-1].lower() if named else ""
