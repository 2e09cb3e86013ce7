"""Where each string of a JSON text stands, to the character: for whoever changes strings and nothing else.

Forgiving as pages are: elements may be left out (``[,1]``), and a text may break off anywhere. Text is held
as ``str`` decoded with ``surrogateescape``, so that what is no UTF-8 comes out as it went in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

import attrs

__all__ = ["JsonString", "Marks", "Path", "escaped", "fold", "places_of", "strings_of", "unescaped"]

Path: TypeAlias = tuple[str | int, ...]
"""Keys of objects and places in arrays; ``*`` for an object in an array, whose place says nothing."""

Marks: TypeAlias = tuple[tuple[str, str], ...]
"""What stands beside a string and says what it is: ``(("delta.type", "text_delta"),)``."""

_MARK_KEYS = frozenset(
    ("type", "p", "o", "op", "kind", "event", "object", "content_type", "role", "channel", "method")
)
_MAX_MARK_CHARS = 64
_MAX_MARK_NUMBER = 99

_TOKEN = re.compile(r'"((?:[^"\\]++|\\.)*+)(?:"|\Z)|([{\[])|([}\]])|([,:])|([^\s{}\[\],:"]++)', re.DOTALL)
_NUMBERS = re.compile(r"-?\d+")
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]++", re.DOTALL
)
_SURROGATE = re.compile("[\ud800-\udfff]")


@attrs.frozen
class JsonString:
    """One string that is a value; keys are none."""

    start: int
    """Of what stands between the quotes."""
    end: int
    path: Path
    marks: Marks


@attrs.define(eq=False)
class _Holder:
    """An object or an array that is open."""

    is_object: bool
    path: Path
    key: str | None = None
    """Of the member that comes; None while a key is awaited."""
    index: int = 0
    marks: dict[str, str] = attrs.field(factory=dict)

    def step(self, *, to_object: bool) -> str | int:
        if self.is_object:
            return self.key or ""
        return "*" if to_object else self.index


def strings_of(text: str, start: int = 0, end: int | None = None) -> list[JsonString]:
    """The strings of the JSON that stands in this stretch of a text, in order."""
    stack: list[_Holder] = []
    found: list[tuple[int, int, Path, str, tuple[_Holder, ...]]] = []
    for token in _TOKEN.finditer(text, start, len(text) if end is None else end):
        top = stack[-1] if stack else None
        kind = token.lastindex
        if kind == 1:
            if top is not None and top.is_object and top.key is None:
                top.key = unescaped(token[1])
                continue
            step = top.step(to_object=False) if top is not None else ""
            path = (*top.path, step) if top is not None else ()
            found.append((token.start(1), token.end(1), path, str(step), tuple(stack)))
            if top is not None and top.is_object and step in _MARK_KEYS and len(token[1]) <= _MAX_MARK_CHARS:
                top.marks[str(step)] = fold(token[1])
        elif kind == 2:
            is_object = token[2] == "{"
            path = (*top.path, top.step(to_object=is_object)) if top is not None else ()
            stack.append(_Holder(is_object, path))
        elif kind == 3:
            if stack:
                stack.pop()
        elif kind == 4:
            if top is not None and token[4] == ",":
                top.key = None
                top.index += 1
        elif top is not None and not top.is_object and _is_small(token[5]):
            top.marks[str(top.index)] = token[5]
    return [JsonString(start, end, path, _marks(step, holders)) for start, end, path, step, holders in found]


def fold(path: str) -> str:
    """A path of a delta without the places in its arrays, of which it may have many."""
    return _NUMBERS.sub("*", path) if "/" in path else path


def _is_small(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 3 and int(word) <= _MAX_MARK_NUMBER


def _marks(step: str, holders: tuple[_Holder, ...]) -> Marks:
    """What all objects around a string say of it, and the small numbers of the array that holds it."""
    marks: dict[str, str] = {}
    for holder in holders:
        last = holder is holders[-1]
        if not holder.is_object and not last:
            continue
        for key, value in holder.marks.items():
            if not (last and key == step):
                marks[".".join(map(str, (*holder.path, key)))] = value
    return tuple(sorted(marks.items()))


# --- escapes ---------------------------------------------------------------------------------------


def unescaped(raw: str) -> str:
    """What a string says that stands so between its quotes; what is no escape stays as it is."""
    if "\\" not in raw:
        return raw
    return "".join(_said(one[0]) for one in _CHARACTER.finditer(raw))


def places_of(raw: str) -> list[int]:
    """For each character that a string says, where it begins in the raw text; and the end of all."""
    places: list[int] = []
    for one in _CHARACTER.finditer(raw):
        if one[0][0] == "\\":
            places.extend([one.start()] * len(_said(one[0])))
        else:
            places.extend(range(one.start(), one.end()))
    places.append(len(raw))
    return places


def escaped(said: str, *, ascii_only: bool = False) -> str:
    """What stands between the quotes of a string that says this; half a pair of surrogates as an escape."""
    raw = json.dumps(said, ensure_ascii=ascii_only)[1:-1]
    return raw if ascii_only else _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", raw)


_SHORT: Mapping[str, str] = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _said(one: str) -> str:
    if one[0] != "\\":
        return one
    if one[1] == "u" and len(one) >= 6:
        units = bytes.fromhex(one.replace("\\u", ""))
        return units.decode("utf-16-be", "surrogatepass")
    return _SHORT.get(one[1], one[1])
