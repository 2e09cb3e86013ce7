"""What the browser says unasked, and the JSON vocabulary of commands."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

import msgspec

__all__ = ["JSON", "Command", "Event", "RawEvent", "WireObject", "parse_many", "parse_one"]

JSON: TypeAlias = dict[str, Any]
"""One JSON object."""

_T = TypeVar("_T")
_Parsed = TypeVar("_Parsed")

Command: TypeAlias = Generator[JSON, JSON, _T]
"""A sans-IO command of the pycdp family: yields method and params, is sent the result, returns it parsed."""


class WireObject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The root of the generated classes.

    Structs and not attrs classes: that a hundred of them are made in the tenth of the time counts
    when the program starts, and that they are filled in the quarter of it, at each event.
    """

    raw: JSON
    """What came, with the fields that no attribute stands for."""

    @classmethod
    def from_json(cls, raw: JSON) -> Self:
        """Read the wire form; what is missing becomes None."""
        return cls(raw=raw)

    def __repr__(self) -> str:
        names = [name for name in self.__struct_fields__ if name != "raw"]
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({fields})"


class Event(WireObject, frozen=True, kw_only=True):
    """The root of the generated event classes; ``raw`` holds the parameters."""

    METHOD: ClassVar[str] = ""


class RawEvent(Event, frozen=True, kw_only=True):
    """An event that has no class: its name and its parameters."""

    method: str

    def __repr__(self) -> str:
        return f"RawEvent(method={self.method!r}, raw={self.raw!r})"


def parse_one(parse: Callable[[JSON], _Parsed], value: Any) -> Any:
    """Read an object with *parse*; what is not an object becomes None."""
    return parse(value) if isinstance(value, dict) else None


def parse_many(parse: Callable[[JSON], _Parsed], value: Any) -> Any:
    """Read a list of objects with *parse*; what is not a list becomes None."""
    if not isinstance(value, list):
        return None
    return tuple([parse(item) for item in value if isinstance(item, dict)])
