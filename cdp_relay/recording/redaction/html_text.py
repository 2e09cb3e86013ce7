"""Where the words, the attributes and the scripts of HTML (or SVG, or XML) stand in a text.

Tolerant, and made for finding what a page says, not for showing it: whatever is no tag is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import attrs

__all__ = ["Piece", "pieces"]

_PART = re.compile(
    r"<!--(?P<comment>.*?)(?:-->|\Z)"
    r"|<!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)"
    r"|<[!?][^>]*+>?"
    r"|</[a-zA-Z][^>]*+>?"
    r"|<(?P<tag>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[^\"'>]++|\"[^\"]*+\"?|'[^']*+'?)*+)>?",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"(?P<name>[^\s\"'<>/=]++)(?:\s*+=\s*+(?:\"(?P<double>[^\"]*+)\"?|'(?P<single>[^']*+)'?|(?P<bare>[^\s\"'>]++)))?"
)
_END = {
    tag: re.compile(rf"</{tag}\b", re.IGNORECASE)
    for tag in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}


@attrs.frozen
class Piece:
    """Something that is said."""

    kind: Literal["text", "attribute", "script", "style", "comment"]
    start: int
    end: int
    tag: str
    """In lower case: that which it is an attribute of, or which began last before it."""
    name: str = ""
    """Of an attribute, in lower case."""
    facts: str = ""
    """All attributes of the tag, as they stand; of attributes and scripts."""


def pieces(text: str) -> Iterator[Piece]:
    """What a page says, in order."""
    at = 0
    tag = ""
    while at < len(text):
        match = _PART.search(text, at)
        if match is None:
            break
        if match.start() > at:
            yield Piece("text", at, match.start(), tag)
        at = match.end()
        for kind, group in (("comment", "comment"), ("text", "data")):
            if match[group]:
                yield Piece("comment" if kind == "comment" else "text", *match.span(group), tag)
        if match["tag"] is None:
            continue
        tag = match["tag"].lower()
        facts = match["attributes"]
        begin = match.start("attributes")
        for one in _ATTRIBUTE.finditer(facts):
            for group in ("double", "single", "bare"):
                if one[group]:
                    start, end = one.span(group)
                    name = one["name"].lower()
                    yield Piece("attribute", begin + start, begin + end, tag, name, facts)
        if tag in _END and not facts.rstrip().endswith("/"):
            closing = _END[tag].search(text, at)
            end = closing.start() if closing else len(text)
            if end > at:
                if tag in ("script", "style"):
                    yield Piece("script" if tag == "script" else "style", at, end, tag, "", facts)
                else:
                    yield Piece("text", at, end, tag)
            at = end
    if at < len(text):
        yield Piece("text", at, len(text), tag)
