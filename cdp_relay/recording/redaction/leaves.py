"""Walks through a text down to each value, whatever that is wrapped in, and lets it be changed.

JSON within JSON, server-sent events, frames, arrays that grow, forms, addresses, pages, base64: a visitor is
shown each value as it is meant (:class:`Leaf`), and gives what is to stand there instead, as long. What is
not changed is not written again, to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, Protocol, TypeAlias

import attrs

from cdp_relay.recording.redaction import writing
from cdp_relay.recording.redaction.html_text import Piece, pieces
from cdp_relay.recording.redaction.json_text import Token, tokens
from cdp_relay.wire import decode_sparse

__all__ = ["Family", "Leaf", "Setting", "Visitor", "Walk", "Where", "looks_like_json", "splice"]

Where: TypeAlias = Literal[
    "attribute",
    "code",
    "cookie",
    "field",
    "fragment",
    "header",
    "json",
    "key",
    "markup",
    "number",
    "path",
    "query",
    "storage",
    "text",
]
"""What kind of place a value stands in."""

Family: TypeAlias = tuple[str | int, ...]
"""The same for values that play the same part."""

_MAX_DEPTH = 8
_EVENT_LINE = re.compile(r"^(?:(data|event|id|retry)?:)[ ]?([^\r\n]*+)(\r?\n|\Z)|^(\r?\n)", re.MULTILINE)
_LOOKS_LIKE_EVENTS = re.compile(r"(?:\ufeff)?(?:(?:event|data|id|retry)?:[^\n]*+\r?\n)")
_ADDRESS = re.compile(r"(?:https?|wss?|blob:https?)://[^\s\"'<>\\]+", re.IGNORECASE)
_LOCAL_ADDRESS = re.compile(r"/[^\s\"'<>\\/][^\s\"'<>\\?]*\?[^\s\"'<>\\]+")
_STRING_IN_CODE = re.compile(
    r"(?P<key>[\w$-]{1,64})?[\"']?\s{0,4}(?P<sign>[:=,(\[])\s{0,4}"
    r"(?:\"(?P<double>[^\"\\\n]*+(?:\\.[^\"\\\n]*+)*+)\"|'(?P<single>[^'\\\n]*+(?:\\.[^'\\\n]*+)*+)')"
)
_LINKS = frozenset(
    ("href", "src", "action", "formaction", "poster", "cite", "ping", "xlink:href", "data-src")
)


@attrs.frozen(kw_only=True)
class Setting:
    """What a text belongs to."""

    spot: str
    """In words: ``request 12 (POST chatgpt.com/backend-api/conversation), response body``."""
    family: Family = ()
    """Values are alike only within it."""
    is_error: bool = False
    """Whether the site refuses something here: its reasons are its own words."""
    is_person: bool = False
    """Whether the page sends it: what a person wrote stands there."""


@attrs.frozen(kw_only=True)
class Leaf:
    """A value."""

    where: Where
    name: str
    """Of the field, the header, the attribute ... that it stands in; empty where it has none."""
    value: str
    setting: Setting
    family: Family = ()
    token: Token | None = None
    piece: Piece | None = None

    @property
    def spot(self) -> str:
        """Where it stands, in words."""
        told = ".".join(str(step) for step in self.family if "=" not in str(step))
        return f"{self.setting.spot}, {self.where} {told or self.name}".rstrip()


class Visitor(Protocol):
    """Looks at values, and may change them."""

    def visit(self, leaf: Leaf) -> str:
        """What is to stand there, as long."""
        ...

    def takes_whole(self, leaf: Leaf) -> bool:
        """Whether a value that looks like more text is one value all the same."""
        ...


def splice(text: str, edits: list[tuple[int, int, str]]) -> str:
    """The text with these stretches replaced; in order, none over another."""
    if not edits:
        return text
    out: list[str] = []
    at = 0
    for start, end, new in edits:
        out += (text[at:start], new)
        at = end
    out.append(text[at:])
    return "".join(out)


def looks_like_json(said: str) -> bool:
    """Whether a value is JSON of an object or an array, whole; elements may be left out."""
    bare = said.strip()
    if len(bare) < 2 or (bare[0], bare[-1]) not in (("{", "}"), ("[", "]")):
        return False
    try:
        return isinstance(decode_sparse(bare.encode("utf-8", "surrogatepass")), dict | list)
    except (ValueError, RecursionError):
        return False


@attrs.define(eq=False)
class Walk:
    """Walks through texts."""

    visitor: Visitor
    at: int = attrs.field(default=0, init=False)
    """Where in the outermost text the visitor is, about."""
    _depth: int = attrs.field(default=0, init=False)

    # --- anything -----------------------------------------------------------------------------------

    def text(self, raw: str, setting: Setting, *, family: Family = (), name: str = "") -> str:
        """A text of which nothing is known: events, frames, JSON, or words."""
        head = raw[:200].lstrip("\ufeff \t\r\n")
        if head.startswith(("{", "[", ")]}'")) or _starts_with_number(head):
            return self.json(raw, setting, family=family)
        if _LOOKS_LIKE_EVENTS.match(raw):
            return self.events(raw, setting, family=family)
        if head.startswith("<"):
            return self.html(raw, setting)
        lines = raw.split("\n", 3)[:3]
        if any(looks_like_json(line) for line in lines):
            return self.json(raw, setting, family=family)
        leaf = Leaf(where="text", name=name, value=raw, setting=setting, family=family)
        return self.value(leaf)

    def value(self, leaf: Leaf) -> str:
        """A value as it is meant, which may be a text again."""
        said = leaf.value
        if not said or self._depth >= _MAX_DEPTH or self.visitor.takes_whole(leaf):
            return self.visitor.visit(leaf)
        self._depth += 1
        try:
            return self._unwrapped(leaf, said)
        finally:
            self._depth -= 1

    def _unwrapped(self, leaf: Leaf, said: str) -> str:
        family = (*leaf.family, "()")
        first = said[0]
        if first in '{["\ufeff \n\t' and looks_like_json(said):
            return self.json(said, leaf.setting, family=family)
        if first in "ed:ir" and _LOOKS_LIKE_EVENTS.match(said) and "data:" in said:
            return self.events(said, leaf.setting, family=family)
        if first in "hHwWb" and _ADDRESS.fullmatch(said):
            return self.address(said, leaf.setting)
        if first == "/" and _LOCAL_ADDRESS.fullmatch(said):
            return self.address(said, leaf.setting)
        if said.startswith("data:") and ";base64," in said[:100]:
            head, comma, data = said.partition(",")
            return head + comma + "A" * len(data.rstrip("=")) + data[len(data.rstrip("=")) :]
        inner = writing.base64_text(said)
        if inner is not None:
            changed = self.text(inner, leaf.setting, family=family, name=leaf.name)
            return said if changed == inner else writing.write_base64_like(said, changed)
        return self.visitor.visit(leaf)

    # --- JSON -----------------------------------------------------------------------------------------

    def json(
        self,
        raw: str,
        setting: Setting,
        *,
        family: Family = (),
        spans: list[tuple[int, int]] | None = None,
    ) -> str:
        """JSON, one value or many, whole or cut."""
        edits: list[tuple[int, int, str]] = []
        outermost = self._depth == 0
        base = (*setting.family, *family)
        for token in tokens(raw, spans):
            if token.start == token.end:
                continue
            if outermost:
                self.at = token.start
            piece = raw[token.start : token.end]
            where: Where = "key" if token.is_key else "json" if token.is_string else "number"

            def change(said: str, token: Token = token, where: Where = where) -> str:
                leaf = Leaf(
                    where=where,
                    name=token.name,
                    value=said,
                    setting=setting,
                    family=(*base, *token.signature),
                    token=token,
                )
                return self.value(leaf) if where == "json" else self.visitor.visit(leaf)

            new = writing.JSON.rewrite(piece, change) if token.is_string else change(piece)
            if new != piece:
                edits.append((token.start, token.end, new))
        return splice(raw, edits)

    def events(self, raw: str, setting: Setting, *, family: Family = ()) -> str:
        """Server-sent events: the JSON of their data, which may go on over several lines, or words."""
        edits: list[tuple[int, int, str]] = []
        for spans in _data_of_events(raw):
            start, end = spans[0][0], spans[-1][1]
            piece = raw[start:end]
            if not piece.strip():
                continue
            if piece.lstrip()[:1] in ("{", "[", '"') and not piece.startswith("[DONE]"):
                inner = [(one - start, two - start) for one, two in spans]
                new = self.json(piece, setting, family=family, spans=inner)
            else:
                leaf = Leaf(
                    where="json", name="data", value=piece, setting=setting, family=(*family, "data:")
                )
                new = self.value(leaf)
            if new != piece:
                edits.append((start, end, new))
        return splice(raw, edits)

    # --- addresses and forms --------------------------------------------------------------------------

    def address(self, raw: str, setting: Setting) -> str:
        """An address, or the path of one."""
        match = re.match(r"((?:blob:)?[a-zA-Z][\w+.-]*://)?([^/?#]*)", raw)
        scheme, host = (match[1] or "", match[2]) if match else ("", "")
        rest = raw[len(scheme) + len(host) :]
        if "@" in host:
            who, at, host = host.rpartition("@")
            host = self.named("field", "password", who, setting) + at + host
        rest, mark, fragment = rest.partition("#")
        path, question, query = rest.partition("?")
        steps = path.split("/")
        before = ""
        for number, step in enumerate(steps):
            if step:
                steps[number] = writing.PERCENT.rewrite(
                    step,
                    lambda said, before=before: self.visitor.visit(  # type: ignore[misc]  # bound at once
                        Leaf(where="path", name=before, value=said, setting=setting)
                    ),
                )
                before = step
        new = scheme + host + "/".join(steps) + question + self._pairs(query, "query", setting, "&")
        if mark:
            is_query = "=" in fragment
            new += mark + (
                self._pairs(fragment, "query", setting, "&")
                if is_query
                else writing.PERCENT.rewrite(fragment, lambda said: self.named("fragment", "", said, setting))
            )
        return new

    def form(self, raw: str, setting: Setting) -> str:
        """A form's fields, as they are in an address."""
        return self._pairs(raw, "field", setting, "&")

    def cookies(self, raw: str, setting: Setting) -> str:
        """The cookies that are sent."""
        return self._pairs(raw, "cookie", setting, ";")

    def _pairs(self, raw: str, where: Where, setting: Setting, between: str) -> str:
        if not raw:
            return raw
        pairs = raw.split(between)
        for number, pair in enumerate(pairs):
            name, sign, value = pair.partition("=")
            if not sign:
                value, name = name, ""
            if value.strip():
                way = writing.FORM if where in ("field", "query") else writing.PERCENT
                said_name = way.read(name.strip())[0]
                new = way.rewrite(
                    value,
                    lambda said, name=said_name: self.named(where, name, said, setting),  # type: ignore[misc]
                )
                pairs[number] = f"{name}{sign}{new}"
        return between.join(pairs)

    def named(self, where: Where, name: str, said: str, setting: Setting) -> str:
        """One value that has a name: a header, a field, an entry of a storage."""
        family = (*setting.family, where, name)
        return self.value(Leaf(where=where, name=name, value=said, setting=setting, family=family))

    # --- pages ----------------------------------------------------------------------------------------

    def html(self, raw: str, setting: Setting) -> str:
        """A page: its words, its attributes, and what its scripts hold."""
        edits: list[tuple[int, int, str]] = []
        for piece in pieces(raw):
            said = raw[piece.start : piece.end]
            if not said.strip() or piece.kind == "style":
                continue
            self.at = piece.start
            new = self._piece(piece, said, setting)
            if new != said:
                edits.append((piece.start, piece.end, new))
        return splice(raw, edits)

    def _piece(self, piece: Piece, raw: str, setting: Setting) -> str:
        if piece.kind == "script":
            return self.script(raw, piece.facts, setting)
        if piece.kind == "attribute" and piece.name in _LINKS:

            def change(said: str) -> str:
                if said.startswith("data:"):
                    return said
                return self.address(said, setting)
        else:
            where: Where = "attribute" if piece.kind == "attribute" else "markup"

            def change(said: str) -> str:
                family = (*setting.family, piece.tag, piece.name)
                return self._marked_up(
                    Leaf(
                        where=where, name=piece.name, value=said, setting=setting, family=family, piece=piece
                    )
                )

        return writing.HTML.rewrite(raw, change)

    def _marked_up(self, leaf: Leaf) -> str:
        if leaf.where == "markup":
            return self.visitor.visit(leaf)
        return self.value(leaf)

    def script(self, raw: str, facts: str, setting: Setting) -> str:
        """A script that stands in a page: data, or code with data in its strings."""
        if "json" in facts and looks_like_json(raw):
            return self.json(raw, setting, family=("script",))
        return self.code(raw, setting)

    def code(self, raw: str, setting: Setting) -> str:
        """Code: strings that are JSON, and those that stand at a name, as values; others are left alone."""
        edits: list[tuple[int, int, str]] = []
        for match in _STRING_IN_CODE.finditer(raw):
            group = "double" if match["double"] is not None else "single"
            piece = match[group]
            if not piece:
                continue
            name = match["key"] or ""

            def change(said: str, name: str = name) -> str:
                leaf = Leaf(
                    where="code",
                    name=name,
                    value=said,
                    setting=setting,
                    family=(*setting.family, "code", name),
                )
                return self.value(leaf)

            new = writing.JSON.rewrite(piece, change)
            if new != piece:
                edits.append((*match.span(group), new))
        return splice(raw, edits)


def _starts_with_number(head: str) -> bool:
    return head[:1].isdigit() and re.match(r"\d{1,9}(?:\r?\n)?[\[{]", head) is not None


def _data_of_events(raw: str) -> Iterator[list[tuple[int, int]]]:
    """Where the data of each event stand: line by line."""
    spans: list[tuple[int, int]] = []
    for line in _EVENT_LINE.finditer(raw):
        if line[4] is not None:
            if spans:
                yield spans
            spans = []
        elif line[1] == "data":
            spans.append(line.span(2))
    if spans:
        yield spans
