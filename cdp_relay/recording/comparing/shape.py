"""The shape of JSON documents: which places they have, of which types, and the few words that say a kind.

A shape holds nothing of what was said, so shapes of masked recordings can be compared with others. It can be
merged with more of its kind, and written as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Self

import attrs

from cdp_relay.recording.telling.json_strings import fold
from cdp_relay.wire import decode_sparse

__all__ = ["Field", "Shape", "fold_ids", "is_word"]

_MAX_PLACES = 4000
_MAX_DEPTH = 32
_MAX_WORDS = 60
_MAX_INDEX = 99
_FEWEST_RECORDS = 3

_KIND_KEYS = frozenset(
    [
        "channel",
        "content_type",
        "event",
        "finish",
        "finish_reason",
        "kind",
        "media_type",
        "mode",
        "o",
        "object",
        "op",
        "p",
        "phase",
        "role",
        "state",
        "status",
        "stop_reason",
        "type",
        "topic_type",
        "update_type",
    ]
)
"""Keys whose values are of a small number."""

_WORD = re.compile(r"[A-Za-z][A-Za-z_./:+*-]{0,59}")
_MASKED = re.compile(r"[xX0_./:+*-]+")
_ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{13,}|[0-9a-f]{12,}|\d{3,}|[a-z]{1,8}_(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{8,}"
    r"|(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}",
    re.IGNORECASE,
)


@attrs.frozen
class Field:
    """What was seen at one place."""

    types: frozenset[str]
    seen: int
    """In so many documents."""
    words: frozenset[str] = frozenset()
    """Values that say a kind."""


@attrs.frozen
class Shape:
    """The places of documents of one kind."""

    count: int = 0
    """Of the documents."""
    fields: Mapping[str, Field] = attrs.field(factory=dict)
    """By path: ``message.content.parts[]``, ``[4][0]``, ``v()`` for what a string tells that is JSON."""

    @classmethod
    def of(cls, value: Any) -> Self:
        """The shape of one document."""
        found: dict[str, tuple[set[str], set[str]]] = {}
        for path, name, word in _places(value, "", 0, positional=isinstance(value, list)):
            if path not in found and len(found) >= _MAX_PLACES:
                continue
            types, words = found.setdefault(path, (set(), set()))
            types.add(name)
            if word and len(words) < _MAX_WORDS:
                words.add(word)
        return cls(
            1, {path: Field(frozenset(types), 1, frozenset(words)) for path, (types, words) in found.items()}
        )

    def merged(self, other: Shape) -> Shape:
        """The shape of both ones' documents."""
        fields = dict(self.fields)
        for path, field in other.fields.items():
            known = fields.get(path)
            fields[path] = (
                field
                if known is None
                else Field(known.types | field.types, known.seen + field.seen, known.words | field.words)
            )
        return Shape(self.count + other.count, fields)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "count": self.count,
            "fields": {
                path: {"types": sorted(field.types), "seen": field.seen, "words": sorted(field.words)}
                for path, field in sorted(self.fields.items())
            },
        }


def fold_ids(text: str) -> str:
    """A text without what differs from person to person and from chat to chat."""
    return _ID.sub("{id}", text)


def is_word(value: str) -> bool:
    """Whether a value can be the name of a kind, and is none of what masking leaves."""
    return _WORD.fullmatch(value) is not None and (_MASKED.fullmatch(value) is None or len(value) == 1)


def _places(value: Any, path: str, depth: int, *, positional: bool) -> Iterator[tuple[str, str, str]]:
    """Each place of a document: its path, its type, and the word that it says.

    Args:
      positional: whether a place in an array says what stands there, as in documents that are arrays.
    """
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield path, "object", ""
        for key, inner in value.items():
            name = fold_ids(key)
            below = f"{path}.{name}" if path else name
            if key in _KIND_KEYS and isinstance(inner, str) and is_word(word := fold(fold_ids(inner))):
                yield below, "string", word
            else:
                yield from _places(inner, below, depth + 1, positional=positional)
    elif isinstance(value, list):
        yield path, "array", ""
        folds = not positional or _is_list_of_records(value)
        for index, inner in enumerate(value):
            if inner is not None:
                place = "[]" if folds else f"[{min(index, _MAX_INDEX)}]"
                yield from _places(inner, f"{path}{place}", depth + 1, positional=positional)
    elif isinstance(value, str):
        told = _told(value)
        yield path, "string", ""
        if told is not None:
            yield from _places(told, f"{path}()", depth + 1, positional=isinstance(told, list))
    elif value is not None:
        yield path, "boolean" if isinstance(value, bool) else "number", ""


def _is_list_of_records(value: list[Any]) -> bool:
    if all(isinstance(one, dict) for one in value):
        return True
    return len(value) >= _FEWEST_RECORDS and all(isinstance(one, list) and len(one) > 1 for one in value)


def _told(value: str) -> Any:
    """What a string tells that is JSON within JSON."""
    if value[:1] not in ("{", "[") or value.rstrip()[-1:] not in ("}", "]"):
        return None
    try:
        told = decode_sparse(value.encode("utf-8", "surrogatepass"))
    except (ValueError, UnicodeEncodeError):
        return None
    return told if isinstance(told, dict | list) else None
