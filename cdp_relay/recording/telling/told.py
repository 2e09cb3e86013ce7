"""What a body or a socket's message tells: its JSON documents, the strings in them, and how to change those.

A text is told as server-sent events, as frames that say their length, as one array that grows, as lines of
JSON, or as one document; and a string of it may be such a text again. Every string has an :class:`Address`,
which is the same for strings that play the same part: the pieces of an answer share one, however a delta was
written. Text is ``str`` decoded with ``surrogateescape`` (:func:`text_of`), so that nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from cdp_relay.recording.telling.json_strings import (
    JsonString,
    Marks,
    Path,
    escaped,
    fold,
    places_of,
    strings_of,
    unescaped,
)
from cdp_relay.wire import decode_sparse

__all__ = [
    "NESTED",
    "Address",
    "Document",
    "Edit",
    "Form",
    "Leaf",
    "Leaves",
    "documents_of",
    "edits_for",
    "form_of",
    "leaf_values",
    "text_of",
]

Form = Literal["events", "frames", "growing", "lines", "document", "none"]
"""How a text tells its documents; ``none`` for what is no JSON."""

NESTED = "()"
"""The step of a path from a string into the documents that it tells."""

_MAX_DEPTH = 4
_MAX_PREFIX_CHARS = 16
_EVENTS = re.compile(r"\ufeff?(?:(?:event|data|id|retry)(?::|\r?\n)|:)")
_EVENT_LINE = re.compile(
    r"(?:^|(?<=[\n\ufeff]))(event|data)(?::[ ]?([^\r\n]*)|(?=\r?\n|\Z))|(?:^|(?<=\n))(\r?\n)"
)
_FRAME = re.compile(r"(?:^|(?<=\n))(\d{1,9})\n(?=\[)")
_LINE = re.compile(r"[^\r\n]+")
_ITEM_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\Z)|[\[{\]},]', re.DOTALL)
_SOCKET_PREFIX = re.compile(r"[0-9a-z]{1,12}(?:/[\w-]{1,40},)?(?=[\[{])")


def text_of(body: bytes) -> str:
    """A body as text that gives the same bytes again (``encode("utf-8", "surrogateescape")``)."""
    return body.decode("utf-8", "surrogateescape")


@attrs.frozen
class Document:
    """One JSON document, from its first character to the one behind its last."""

    start: int
    end: int
    event: str = ""
    """The name of the server-sent event that brought it."""


@attrs.frozen
class Address:
    """Which part a string plays."""

    path: Path
    marks: Marks = ()


@attrs.frozen
class Leaf:
    """A string of a text, with all of what it says."""

    address: Address
    value: str = attrs.field(repr=False)
    spans: tuple[tuple[int, int], ...]
    """Where it stands, between its quotes: in the text; in what the string there says; and so on."""
    document: int
    """The number of the document that it stands in, from 0."""


@attrs.frozen
class Edit:
    """A stretch of a text, and what stands there instead."""

    start: int
    end: int
    text: str = attrs.field(repr=False)


# --- documents -------------------------------------------------------------------------------------


def form_of(text: str, media_type: str = "") -> Form:
    """How a text tells its documents."""
    if "event-stream" in media_type or (not media_type and _EVENTS.match(text)):
        return "events"
    head = text[:64].lstrip("\ufeff \t\r\n")
    if head.startswith(")]}'") or (head[:1].isdigit() and _FRAME.match(text)):
        return "frames" if _FRAME.search(text, 0, 64) else "document"
    if head.startswith("[[["):
        return "growing"
    if not head.startswith(("{", "[")):
        if _EVENTS.match(text) and "data:" in text:
            return "events"
        return "document" if _SOCKET_PREFIX.match(text) else "none"
    first, newline, rest = text.strip().partition("\n")
    if newline and first.rstrip()[-1:] in ("}", "]") and rest.lstrip()[:1] in ("{", "["):
        return "lines"
    return "document"


def documents_of(text: str, media_type: str = "") -> Iterator[Document]:
    """The documents of a text, in order; the last one may have been cut off."""
    match form_of(text, media_type):
        case "events":
            yield from _in_events(text)
        case "frames":
            yield from _in_frames(text)
        case "growing":
            yield from _in_array(text)
        case "lines":
            for line in _LINE.finditer(text):
                if line[0].lstrip()[:1] in ("{", "["):
                    yield Document(line.start(), line.end())
        case "document":
            starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
            if starts:
                yield Document(min(starts), len(text))
        case "none":
            return


def _in_events(text: str) -> Iterator[Document]:
    """The documents of the events' data; one in several lines has the fields' names in it."""
    name, start, end = "", -1, -1
    for line in _EVENT_LINE.finditer(text):
        if line[3] is not None:
            if start >= 0:
                yield Document(start, end, name)
            name, start = "", -1
        elif line[1] == "event":
            name = line[2] or ""
        elif line[2] and start < 0:
            if line[2][0] in "{[":
                start, end = line.start(2), line.end(2)
        elif line[2]:
            end = line.end(2)
    if start >= 0:
        yield Document(start, end, name)


def _in_frames(text: str) -> Iterator[Document]:
    marks = list(_FRAME.finditer(text))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        end = following.start() if following is not None else len(text)
        yield Document(mark.end(), len(text[:end].rstrip("\n")) if following is None else end - 1)


def _in_array(text: str) -> Iterator[Document]:
    """The elements of the arrays within the outermost one."""
    depth, start = 0, -1
    for token in _ITEM_TOKEN.finditer(text):
        mark = token[0]
        if mark in ("[", "{"):
            if depth == 2:
                start = token.start()
            depth += 1
        elif mark in ("]", "}"):
            depth -= 1
            if depth == 2 and start >= 0:
                yield Document(start, token.end())
                start = -1
            if depth <= 0:
                return
    if start >= 0:
        yield Document(start, len(text))


# --- strings ---------------------------------------------------------------------------------------


@attrs.define(eq=False)
class Leaves:
    """Gives the strings of texts that belong together, such as the messages of one socket.

    Deltas leave out what the one before them said already; that is carried from text to text.
    """

    _carried: dict[Path, tuple[str, str]] = attrs.field(factory=dict, init=False)
    """By the path of what tells deltas: where the last one went, and what it did."""

    def of(self, text: str, media_type: str = "") -> list[Leaf]:
        """The strings of a text, those within strings in their place."""
        leaves = [
            attrs.evolve(leaf, document=number)
            for number, document in enumerate(documents_of(text, media_type))
            for leaf in self._in_document(text, document, (), (), 0)
        ]
        if form_of(text, media_type) == "frames":
            # A frame holds one envelope or several, and any may be the answer's.
            return [attrs.evolve(leaf, address=_of_any_envelope(leaf.address)) for leaf in leaves]
        return leaves

    def _in_document(
        self, text: str, document: Document, path: Path, marks: Marks, depth: int
    ) -> Iterator[Leaf]:
        strings = strings_of(text, document.start, document.end)
        deltas = self._deltas(text, document, path)
        for one in strings:
            said = unescaped(text[one.start : one.end])
            within = Address((*path, *one.path), (*marks, *one.marks))
            if depth < _MAX_DEPTH and _tells(said):
                yield from self._nested(said, one, within, depth)
                continue
            address = deltas.get(one.path if one.path != ("v", "*", "v") else (one.path, _p_of(one)), within)
            yield Leaf(address, said, ((one.start, one.end),), 0)

    def _nested(self, said: str, one: JsonString, within: Address, depth: int) -> Iterator[Leaf]:
        path = (*within.path, NESTED)
        for document in documents_of(said):
            for leaf in self._in_document(said, document, path, within.marks, depth + 1):
                yield attrs.evolve(leaf, spans=((one.start, one.end), *leaf.spans))

    def _deltas(self, text: str, document: Document, path: Path) -> dict[Any, Address]:
        """The addresses of a delta's strings, as they would be had it said all and come alone."""
        if not text.startswith("{", document.start) or '"v"' not in text[document.start : document.end]:
            return {}
        try:
            frame = decode_sparse(text[document.start : document.end].encode("utf-8", "surrogateescape"))
        except ValueError:
            return {}
        if not isinstance(frame, dict) or "v" not in frame or isinstance(frame.get("type"), str):
            return {}
        where, what = self._carried.get(path, ("", "add"))
        value = frame["v"]
        batch = isinstance(value, list) and all(isinstance(one, dict) and "p" in one for one in value)
        if isinstance(value, dict) and not isinstance(frame.get("p"), str):
            where, what = "", "add"
        elif not batch:
            where, what = _or(frame.get("p"), where), _or(frame.get("o"), what)
        addresses: dict[Any, Address] = {}
        if batch:
            base = _or(frame.get("p"), "")
            for one in value:
                own = one["p"] if isinstance(one["p"], str) else ""
                where, what = _joined(base, own), _or(one.get("o"), what)
                addresses[(("v", "*", "v"), fold(own))] = _delta_address(path, where, what)
        elif isinstance(value, str):
            addresses[("v",)] = _delta_address(path, where, what)
        self._carried[path] = (where, what)
        return addresses


def _of_any_envelope(address: Address) -> Address:
    marks = tuple((key.partition(".")[2] or key, value) for key, value in address.marks)
    return Address(("*", *address.path[1:]), marks)


def _delta_address(path: Path, where: str, what: str) -> Address:
    return Address((*path, "v"), (("o", what.lower()), ("p", fold("/" + where.lstrip("/")))))


def _p_of(one: JsonString) -> str:
    return next((value for key, value in one.marks if key == "v.*.p"), "")


def _or(value: Any, other: str) -> str:
    return value if isinstance(value, str) else other


def _joined(base: str, path: str) -> str:
    return f"{base.rstrip('/')}/{path.lstrip('/')}" if base else path


def _tells(said: str) -> bool:
    """Whether a string is a text that tells documents."""
    if len(said) < 2:
        return False
    if said[0] in "{[":
        return said.rstrip()[-1:] in ("}", "]") and _is_json(said)
    return "\ndata:" in said[:4096] or said.startswith("data:") if _EVENTS.match(said) else False


def _is_json(said: str) -> bool:
    try:
        return isinstance(decode_sparse(said.encode("utf-8", "surrogatepass")), list | dict)
    except (ValueError, UnicodeEncodeError):
        return False


# --- changing --------------------------------------------------------------------------------------


def edits_for(text: str, changes: Sequence[tuple[Leaf, str]]) -> list[Edit]:
    """What has to be written where, so that these strings say these words and all else stays as it is."""
    ascii_only = text.isascii() and "\\u" in text
    return _edits(text, [(leaf.spans, said) for leaf, said in changes], ascii_only)


def _edits(
    text: str, changes: Sequence[tuple[tuple[tuple[int, int], ...], str]], ascii_only: bool
) -> list[Edit]:
    edits: list[Edit] = []
    inner: dict[tuple[int, int], list[tuple[tuple[tuple[int, int], ...], str]]] = {}
    for (span, *rest), said in changes:
        if rest:
            inner.setdefault(span, []).append((tuple(rest), said))
        else:
            edits.append(Edit(*span, escaped(said, ascii_only=ascii_only)))
    for (start, end), changed in inner.items():
        raw = text[start:end]
        places = places_of(raw)
        for edit in _edits(unescaped(raw), changed, ascii_only):
            rewritten = escaped(edit.text, ascii_only=ascii_only)
            edits.append(Edit(start + places[edit.start], start + places[edit.end], rewritten))
    return sorted(edits, key=lambda edit: edit.start)


def leaf_values(leaves: Sequence[Leaf]) -> Mapping[Address, list[str]]:
    """What the strings of each address say, in order."""
    values: dict[Address, list[str]] = {}
    for leaf in leaves:
        values.setdefault(leaf.address, []).append(leaf.value)
    return values
