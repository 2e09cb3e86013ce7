"""Where the strings and numbers of JSON stand in a text, whole or cut, bare or inside something else.

The text is never parsed into values and written again: whoever changes a string puts one of the same
length in its place, so that whatever counts characters or bytes around it still counts right. Tolerant by
design: holes in arrays, several values one after another, what was cut off, lengths and prefixes between.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

__all__ = ["Place", "Token", "tokens"]

_TOKEN = re.compile(
    r'"(?P<string>[^"\\]*+(?:\\.[^"\\]*+)*+)"?|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<colon>:)'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)",
    re.DOTALL,
)

TAGS = ("type", "p", "o", "op", "path", "kind", "event", "role", "content_type", "channel", "recipient")
"""Keys whose short values tell what their neighbours are."""
_NAMING = ("name", "key", "id", "field", "property")
"""Keys whose value names what stands at ``value`` beside them."""
_MAX_TAG = 64
_MAX_DEPTH = 512
_SAY_NOTHING = frozenset(("o=patch",))
"""A list of changes plays the same part whether it says that it is one, or goes on with the last word."""


class Place:
    """An object or an array, and where it stands."""

    __slots__ = ("_signature", "has_scalars", "is_array", "key", "parent", "tags")

    def __init__(self, parent: Place | None, key: str | int, is_array: bool) -> None:
        self.parent = parent
        self.key = key
        self.is_array = is_array
        self.has_scalars = False
        """Of an array: whether it is a record by position, and no list of alike things."""
        self.tags: dict[str, str] | None = None
        self._signature: tuple[str | int, ...] | None = None

    @property
    def signature(self) -> tuple[str | int, ...]:
        """The way here: keys, places in records, and what tells alike things from each other. To be asked
        only when all has been read."""
        if self._signature is None:
            if self.parent is None:
                self._signature = ()
            else:
                mine: tuple[str | int, ...] = (self.parent.step(self.key),)
                if self.tags:
                    told = [f"{tag}={self.tags[tag]}" for tag in TAGS if tag in self.tags]
                    mine += tuple(tag for tag in told if tag not in _SAY_NOTHING)
                self._signature = self.parent.signature + mine
        return self._signature

    def step(self, key: str | int) -> str | int:
        """How one of its values is named in a signature."""
        return key if not self.is_array or self.has_scalars else "*"

    def named(self) -> str:
        """The nearest key on the way here."""
        place: Place | None = self
        while place is not None:
            if isinstance(place.key, str):
                return place.key
            place = place.parent
        return ""

    def is_below(self, keys: frozenset[str]) -> bool:
        """Whether one of these keys is on the way here."""
        place: Place | None = self
        while place is not None:
            if place.key in keys:
                return True
            place = place.parent
        return False


@attrs.define(eq=False)
class Token:
    """A string or a number."""

    place: Place
    key: str | int
    """In an object its key, in an array its place."""
    start: int
    end: int
    """Of what stands between the quotes."""
    is_string: bool
    is_key: bool = False
    """Whether it is the key itself, and no value."""

    @property
    def signature(self) -> tuple[str | int, ...]:
        """The way to it, with what its neighbours say of it."""
        return (*self.place.signature, self.place.step(self.key))

    @property
    def name(self) -> str:
        """What it is called: its key, the nearest one above it, or what its neighbour says."""
        if isinstance(self.key, str):
            if self.key == "value" and self.place.tags is not None:
                for naming in _NAMING:
                    if naming in self.place.tags:
                        return self.place.tags[naming]
            return self.key
        return self.place.named()


_LONG_KEY = 8
"""Characters; shorter keys name nobody."""


def tokens(text: str, spans: Iterable[tuple[int, int]] | None = None) -> list[Token]:
    """The strings and numbers of the JSON in a text, in order, with such keys as may be somebody's.

    Args:
      spans: the parts of it that hold JSON, in order, where not all of it does; a value may begin in one
        and go on in the next.
    """
    found: list[Token] = []
    place = root = Place(None, "", True)
    stack = [root]
    keys: list[str | int] = [0]
    wants_key = [False]
    for begin, stop in spans if spans is not None else ((0, len(text)),):
        for match in _TOKEN.finditer(text, begin, stop):
            kind = match.lastgroup
            if kind == "string":
                start, end = match.span("string")
                if wants_key[-1]:
                    keys[-1] = text[start:end]
                    if end - start >= _LONG_KEY:
                        found.append(Token(place, text[start:end], start, end, True, is_key=True))
                    continue
                key = keys[-1]
                token = Token(place, key, start, end, True)
                if place.is_array:
                    place.has_scalars = place is not root
                elif (key in TAGS or key in _NAMING) and 0 < end - start <= _MAX_TAG:
                    if place.tags is None:
                        place.tags = {}
                    place.tags[str(key)] = text[start:end]
                found.append(token)
            elif kind == "comma":
                if place.is_array:
                    keys[-1] = int(keys[-1]) + 1
                else:
                    wants_key[-1] = True
            elif kind == "open":
                if len(stack) >= _MAX_DEPTH:
                    continue
                is_array = match.group() == "["
                place = Place(place, keys[-1], is_array)
                stack.append(place)
                keys.append(0 if is_array else "")
                wants_key.append(not is_array)
            elif kind == "close":
                if len(stack) > 1:
                    stack.pop(), keys.pop(), wants_key.pop()
                    place = stack[-1]
            elif kind == "colon":
                wants_key[-1] = False
            elif place is not root:
                if place.is_array:
                    place.has_scalars = True
                if kind == "number":
                    found.append(Token(place, keys[-1], match.start(), match.end(), False))
    return found
