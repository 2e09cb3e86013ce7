"""What the browser says unasked, and the JSON vocabulary of commands."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

import attrs

__all__ = ["JSON", "Command", "Event", "RawEvent", "parse_many", "parse_one"]

JSON: TypeAlias = dict[str, Any]
"""One JSON object."""

_T = TypeVar("_T")
_Parsed = TypeVar("_Parsed")

Command: TypeAlias = Generator[JSON, JSON, _T]
"""A sans-IO command of the pycdp family: yields method and params, is sent the result, returns it parsed."""


@attrs.frozen(kw_only=True)
class Event:
    """The root of the generated event classes."""

    METHOD: ClassVar[str] = ""

    raw: JSON = attrs.field(repr=False, eq=False)
    """The parameters as they came, with the fields that no attribute stands for."""

    @classmethod
    def from_json(cls, raw: JSON) -> Self:
        """Read the parameters; what is missing becomes None."""
        return cls(raw=raw)


@attrs.frozen(kw_only=True)
class RawEvent(Event):
    """An event that has no class: its name and its parameters."""

    method: str


def parse_one(parse: Callable[[JSON], _Parsed], value: Any) -> Any:
    """Read an object with *parse*; what is not an object becomes None."""
    return parse(value) if isinstance(value, dict) else None


def parse_many(parse: Callable[[JSON], _Parsed], value: Any) -> Any:
    """Read a list of objects with *parse*; what is not a list becomes None."""
    if not isinstance(value, list):
        return None
    return tuple([parse(item) for item in value if isinstance(item, dict)])
